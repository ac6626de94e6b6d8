package api

import (
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockage/lockage/internal/fault"
)

// refine says what the public structs cannot: where null occurs, which texts have a form, and what stands in raw JSON.
func refine(doc *huma.OpenAPI) {
	schemas := doc.Components.Schemas.Map()
	bodies := map[string]bool{}
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Post, item.Put, item.Patch} {
			if op != nil && op.RequestBody != nil {
				mark(bodies, schemas, op.RequestBody.Content["application/json"].Schema)
			}
		}
	}
	for name, schema := range schemas {
		if !bodies[name] && schema.AdditionalProperties == false {
			// Answers may grow: a reader must not take an unknown member for a mistake.
			schema.AdditionalProperties = nil
		}
		for _, property := range schema.Properties {
			if property.Type == huma.TypeArray {
				property.Nullable = false
			}
		}
	}
	for schema, properties := range nullable {
		for _, name := range properties {
			property := schemas[schema].Properties[name]
			if property.Ref != "" {
				schemas[schema].Properties[name] = orNull(property)
				continue
			}
			property.Nullable = true
		}
	}
	for schema, properties := range forms {
		for name, form := range properties {
			form(schemas[schema].Properties[name])
		}
	}
}

// mark notes the named schemas that a body is made of.
func mark(bodies map[string]bool, schemas map[string]*huma.Schema, s *huma.Schema) {
	if s == nil {
		return
	}
	if name := strings.TrimPrefix(s.Ref, schemaPrefix); s.Ref != "" && !bodies[name] {
		bodies[name] = true
		mark(bodies, schemas, schemas[name])
	}
	more, _ := s.AdditionalProperties.(*huma.Schema)
	mark(bodies, schemas, more)
	mark(bodies, schemas, s.Items)
	for _, part := range s.OneOf {
		mark(bodies, schemas, part)
	}
	for _, part := range s.Properties {
		mark(bodies, schemas, part)
	}
}

// nullable lists the properties that may be null: in an answer, when there is nothing to say.
var nullable = map[string][]string{
	"Alert":             {"since", "looked_at"},
	"AlertEvent":        {"ended_at"},
	"AlertDelivery":     {"next_at", "ended_at"},
	"LogDetail":         {"content", "revealed_until"},
	"RouteRecord":       {"record"},
	"RouteStatus":       {"record"},
	"APIKey":            {"last_used_at", "expires_at", "revoked_at"},
	"Environment":       {"hold"},
	"EnvironmentUpdate": {"protection"},
	"Freeze":            {"until"},
	"FreezeWindow":      {"until"},
	"ProviderLink":      {"created_at", "last_used_at"},
	"Promotion":         {"closed_at", "commit", "plan"},
	"PushAnswer":        {"commit"},
	"Route":             {"methods", "inject_body", "rate_limit", "timeout"},
	"RouteOverlay":      {"methods"},
	"RouteUpdate":       {"methods"},
	"RouteEffective":    {"target_url", "methods", "inject_body", "rate_limit", "timeout"},
	"SecondFactor":      {"last_used_at"},
	"SecretEnvironment": {"created_at", "updated_at", "expires_at", "last_used_at"},
	"SecretVersion":     {"expires_at", "last_used_at"},
	"OAuth2":            {"token_expires_at", "obtained_at"},
	"Member":            {"expires_at"},
	"MemberInvited":     {"expires_at"},
	"Token":             {"last_used_at", "expires_at", "revoked_at"},
	"Identity":          {"expires_at"},
	"Permission":        {"grant"},
	"VariableValue":     {"value", "updated_at"},
}

func orNull(s *huma.Schema) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{s, {Type: "null"}}}
}

// forms are the texts with a form. They inform readers; the rules themselves are those of the concepts.
var forms = map[string]map[string]func(*huma.Schema){
	"EnvironmentCreate": {"name": environmentName, "display_name": longest(255), "description": longest(1000), "color": color},
	"EnvironmentUpdate": {
		"name": environmentName, "display_name": longest(255), "description": longest(1000), "color": color,
		"protection": protectionOrNull,
	},
	"APIKeyCreate":     {"type": oneOf("secret", "public"), "description": longest(500)},
	"APIKeyUpdate":     {"description": longest(500)},
	"APIKey":           {"type": oneOf("secret", "public")},
	"SecretCreate":     {"name": pattern("^[A-Za-z0-9_-]{1,128}$"), "type": oneOf("string"), "description": longest(1000)},
	"SecretUpdate":     {"description": longest(1000)},
	"SecretValue":      {"value": secretText},
	"Login":            {"password": secretText, "passkey": anyObject},
	"PasskeyLogin":     {"credential": anyObject},
	"PasskeyCreate":    {"credential": anyObject, "name": longest(64)},
	"PasskeyQuestion":  {"public_key": anyObject},
	"TOTPCreate":       {"name": longest(64)},
	"Prove":            {"password": secretText, "code": secretText, "passkey": anyObject},
	"PasswordChange":   {"current": secretText, "password": secretText},
	"ResetConfirm":     {"token": secretText, "password": secretText},
	"CommitCreate":     {"message": longest(2000)},
	"PromotionCreate":  {"message": longest(2000)},
	"PromotionReject":  {"reason": longest(2000)},
	"RollbackCreate":   {"message": longest(2000)},
	"Commit":           {"cause": oneOf("commit", "promotion", "rollback")},
	"DraftChange":      {"change": oneOf("added", "changed", "deleted")},
	"Environment":      {"protection": protection},
	"Edit":             {"op": oneOf("add", "remove", "replace", "order")},
	"Promotion":        {"state": oneOf("unchanged", "done", "open", "rejected")},
	"Plan":             {"kind": oneOf("promotion", "rollback")},
	"PlanReference":    {"kind": oneOf("secret"), "state": oneOf("set", "unset", "missing", "expired")},
	"AuditEntry":       {"outcome": oneOf("allowed", "refused")},
	"AuditActor":       {"kind": oneOf("member", "token", "system", "operator")},
	"AccountCreate":    {"name": longest(100), "email": longest(320)},
	"AccountConfirm":   {"token": secretText, "name": longest(100), "password": secretText},
	"Route":            {"inject_body": anyObject, "environments": overlays},
	"RouteEffective":   {"inject_body": anyObject, "source": oneOf("committed", "draft")},
	"Grant":            {"role": oneOf("owner", "admin", "developer", "support", "viewer")},
	"Member":           {"status": oneOf("active", "invited")},
	"MemberInvite":     {"email": longest(320), "name": longest(100)},
	"MemberUpdate":     {"name": longest(100)},
	"TokenCreate":      {"name": longest(100)},
	"TokenUpdate":      {"name": longest(100)},
	"Token":            {"status": oneOf("active", "expired", "revoked", "ended")},
	"InvitationAccept": {"token": secretText, "password": secretText},
	"Permission":       {"scope": oneOf("environment", "anywhere", "account", "self")},
	"Problem":          {"type": problemTypes},
}

func environmentName(s *huma.Schema) {
	s.Pattern, s.MinLength, s.MaxLength = "^[a-z0-9_-]+$", number(1), number(64)
}

func color(s *huma.Schema) { s.Pattern = "^#[0-9a-fA-F]{6}$" }

func secretText(s *huma.Schema) { s.Format, s.WriteOnly = "password", true }

func longest(characters int) func(*huma.Schema) {
	return func(s *huma.Schema) { s.MaxLength = number(characters) }
}

func pattern(p string) func(*huma.Schema) { return func(s *huma.Schema) { s.Pattern = p } }

func oneOf(texts ...any) func(*huma.Schema) { return func(s *huma.Schema) { s.Enum = texts } }

func anyObject(s *huma.Schema) { s.Type, s.AdditionalProperties = huma.TypeObject, true }

func protection(s *huma.Schema) { *s = *reference("Protection") }

func protectionOrNull(s *huma.Schema) {
	*s = *protectionSchemas()["Protection"]
	s.Nullable, s.Description = true, "What it is to ask from now on, as a whole; null: nothing."
}

func overlays(s *huma.Schema) { s.AdditionalProperties = reference("RouteOverlay") }

func problemTypes(s *huma.Schema) {
	s.Enum = []any{
		fault.Invalid, fault.Unauthenticated, fault.Forbidden, fault.PlanLimit, fault.NotFound, fault.MethodDenied,
		fault.Conflict, fault.InUse, fault.Stale, fault.NotReady, fault.OnHold, fault.Frozen, fault.TooLarge, fault.Limited,
		fault.Internal, fault.Unavailable,
	}
}

// routeSchemas describe the bodies that the route package reads itself, because absent, null and a value differ there.
func routeSchemas() map[string]*huma.Schema {
	create := routeMembers(false)
	create["key"] = &huma.Schema{Type: huma.TypeString, Pattern: "^[a-z0-9][a-z0-9_-]{0,62}$", Description: "Immutable."}
	create["environments"] = &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: reference("RouteOverlay"), Description: "Overlays by environment name.",
	}
	update := routeMembers(true)
	update["environments"] = &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: orNull(reference("RouteOverlay")),
		Description: "Overlays by environment name: an object replaces that overlay, null removes it, the others stay.",
	}
	overlay := overridable(true)
	for _, s := range []string{"inject_headers", "inject_query"} {
		overlay[s].Description = "Merged by name; null for a name takes it away, null for all takes all away."
		overlay[s].AdditionalProperties = &huma.Schema{Type: huma.TypeString, Nullable: true}
	}
	return map[string]*huma.Schema{
		"RouteCreate": {
			Type: huma.TypeObject, Properties: create, Required: []string{"key", "target_url"}, AdditionalProperties: false,
		},
		"RouteUpdate": {
			Type: huma.TypeObject, Properties: update, AdditionalProperties: false,
			Description: "A field that is sent replaces; null resets it to its default.",
		},
		"RouteOverlay": {
			Type: huma.TypeObject, Properties: overlay, AdditionalProperties: false,
			Description: "What differs in one environment: an absent field inherits, a value overrides, null switches off.",
		},
	}
}

// routeMembers are the members of a route's body, without its overlays.
func routeMembers(null bool) map[string]*huma.Schema {
	m := overridable(null)
	m["target_url"].Nullable = false
	m["name"] = &huma.Schema{Type: huma.TypeString, MaxLength: number(255)}
	m["description"] = &huma.Schema{Type: huma.TypeString, MaxLength: number(1000), Nullable: null}
	m["public"] = &huma.Schema{Type: huma.TypeBoolean, Nullable: null, Description: "Whether public keys may call it."}
	m["active_environment"] = &huma.Schema{
		Type: huma.TypeString, Nullable: null, Description: "The environment of callers that belong to none; production by default.",
	}
	return m
}

// overridable are the members that an overlay may have too.
func overridable(null bool) map[string]*huma.Schema {
	method := &huma.Schema{Type: huma.TypeString, Enum: []any{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}}
	templates := func(what string) *huma.Schema {
		return &huma.Schema{
			Type: huma.TypeObject, Nullable: null, MaxProperties: number(64), Description: what,
			AdditionalProperties: &huma.Schema{Type: huma.TypeString},
		}
	}
	rateLimit := &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: false, Required: []string{"requests", "window"}, Nullable: null,
		Description: "A token bucket per environment and key.",
		Properties: map[string]*huma.Schema{
			"requests": {Type: huma.TypeInteger, Minimum: number(1.0), Maximum: number(1e6)},
			"window":   {Type: huma.TypeString, Description: "A Go duration from 1s to 24h."},
			"burst":    {Type: huma.TypeInteger, Minimum: number(0.0), Maximum: number(1e6), Description: "0: as many as requests."},
		},
	}
	return map[string]*huma.Schema{
		"target_url": {
			Type: huma.TypeString, MaxLength: number(2048), Nullable: null,
			Description: "Absolute http or https URL without credentials, query and fragment; {{var:KEY}} may stand in it.",
		},
		"methods":        {Type: huma.TypeArray, Items: method, MinItems: number(1), UniqueItems: true, Nullable: null},
		"inject_headers": templates("Header names and templates: {{secret:NAME}}, {{secret_id:UUID}}, {{var:KEY}}, {{hmac_sha256: NAME, …}}, {{environment}}, {{route}}, {{request_id}}, {{timestamp}}."),
		"inject_query":   templates("Query parameters and templates."),
		"inject_body": {
			Type: huma.TypeObject, AdditionalProperties: true, Nullable: null,
			Description: "Merged into JSON bodies of POST, PUT and PATCH; its strings are templates.",
		},
		"rate_limit":         rateLimit,
		"timeout":            {Type: huma.TypeString, Nullable: null, Description: "A Go duration from 1ms to 10m; 30s by default."},
		"client_certificate": {Type: huma.TypeString, Nullable: null, Description: "{{secret:NAME}} of a certificate secret to show to the target."},
		"echo_guard":         {Type: huma.TypeBoolean, Nullable: null, Description: "Whether injected values are taken out of answers that are text; true by default."},
	}
}
