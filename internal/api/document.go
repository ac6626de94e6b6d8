package api

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockage/lockage/internal/web"
	"github.com/lockage/lockage/wire"
)

const (
	schemaPrefix = "#/components/schemas/"
	requestIDRef = "#/components/headers/RequestId"
)

// document is the description before any operation.
func document(version string) huma.Config {
	registry := huma.NewMapRegistry(schemaPrefix, func(t reflect.Type, hint string) string {
		return strings.Replace(huma.DefaultSchemaNamer(t, hint), "ApiKey", "APIKey", 1)
	})
	registry.RegisterTypeAlias(reflect.TypeFor[wire.Time](), reflect.TypeFor[instant]())
	registry.RegisterTypeAlias(reflect.TypeFor[clearable](), reflect.TypeFor[clearableInstant]())
	for _, schemas := range []map[string]*huma.Schema{routeSchemas(), protectionSchemas()} {
		for name, schema := range schemas {
			schema.PrecomputeMessages()
			registry.Map()[name] = schema
		}
	}
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Lockage", Version: version,
				Description: "The management API. Errors have one form on each surface; messages never repeat what was refused. " +
					"Every answer carries X-Request-Id.",
			},
			Components: &huma.Components{
				Schemas:   registry,
				Responses: map[string]*huma.Response{},
				Headers: map[string]*huma.Header{
					"RequestId": {
						Description: "Id of the request: a UUID, version 7; the log and the audit log know the request by it.",
						Schema:      &huma.Schema{Type: huma.TypeString, Format: "uuid"},
					},
				},
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"bearer": {
						Type: "http", Scheme: "bearer",
						Description: "A management token (tk_…) or a member's JWT on /v1; on /admin a member's JWT only.",
					},
				},
			},
		},
		Formats:       map[string]huma.Format{"application/json": format()},
		DefaultFormat: "application/json",
	}
}

// instant is the schema of a wire.Time.
type instant struct{}

// Schema implements huma.SchemaProvider.
func (instant) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time"}
}

// clearableInstant is the schema of a clearable.
type clearableInstant struct{}

// Schema implements huma.SchemaProvider.
func (clearableInstant) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Nullable: true}
}

func isInstant(t reflect.Type) bool {
	return t == reflect.TypeFor[wire.Time]() || t == reflect.TypeFor[clearable]() || t == reflect.TypeFor[time.Time]()
}

// shapeOf puts the body of an operation into the description and gives its schema, by which decode checks it.
func (a *API) shapeOf(d *details) *huma.Schema {
	if d.body == nil {
		return nil
	}
	registry := a.huma.OpenAPI().Components.Schemas
	ref := registry.Schema(d.body, true, "")
	d.schema = ref.Ref[len(schemaPrefix):]
	shape := registry.SchemaFromRef(ref.Ref)
	if optional := optionalMembers[d.schema]; optional != nil {
		shape.Required = slices.DeleteFunc(shape.Required, func(name string) bool { return slices.Contains(optional, name) })
		shape.PrecomputeMessages()
	}
	return shape
}

// optionalMembers are members of a body that may be absent although the struct, which serves clients too, always
// writes them.
var optionalMembers = map[string][]string{
	"CommitCreate": {"message"},
}

// documentBefore adds what huma wants to know at registration and cannot see.
func (a *API) documentBefore(d *details, op *huma.Operation) {
	if !d.open {
		op.Security = []map[string][]string{{"bearer": {}}}
	}
	op.Extensions = map[string]any{"x-lockage-action": d.action}
	if len(d.also) > 0 {
		op.Extensions["x-lockage-also"] = d.also
	}
	if d.idempotent() {
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: idempotencyKey, In: "header",
			Description: "Makes the request happen once: for 24 hours the same request with the same key gets the same answer.",
			Schema: &huma.Schema{
				Type: huma.TypeString, MinLength: number(1), MaxLength: number(maxKey), Pattern: "^[!-~]+$",
			},
		})
	}
	if d.frozen {
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: web.OverrideHeader, In: "header",
			Description: "Why an owner goes on in spite of a freeze. It is audited and stays listed until somebody acknowledges it.",
			Schema:      &huma.Schema{Type: huma.TypeString, MinLength: number(1), MaxLength: number(500)},
		})
	}
}

// documentAfter adds what huma must not know: were a body declared to it, it would read and check it itself.
func (a *API) documentAfter(d *details) {
	item := a.huma.OpenAPI().Paths[d.path]
	op := map[string]*huma.Operation{
		http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put,
		http.MethodPatch: item.Patch, http.MethodDelete: item.Delete,
	}[d.method]
	if d.takesBody() {
		op.RequestBody = &huma.RequestBody{Required: d.needsBody(a), Content: content(d.schema)}
	}
	for _, p := range op.Parameters {
		// huma writes it for query parameters only to say that lists are not repeated; there are no lists.
		p.Explode = nil
	}
	for _, status := range d.refusals(op.Parameters) {
		op.Responses[strconv.Itoa(status)] = a.failure(status, isAdmin(d.path))
	}
	delete(op.Responses, "default") // huma's, which stands for failures that are not listed; all are
	success := op.Responses[strconv.Itoa(d.status)]
	success.Headers = map[string]*huma.Header{"X-Request-Id": {Ref: requestIDRef}}
	if d.flows != nil {
		success.Content = map[string]*huma.MediaType{}
		for _, kind := range d.flows {
			success.Content[kind] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
		}
	}
	if d.tagged {
		success.Headers["ETag"] = &huma.Header{
			Description: "Tag of the draft, to be sent as If-Match with the next change.",
			Schema:      &huma.Schema{Type: huma.TypeString},
		}
	}
	if d.later {
		accepted := *success
		accepted.Description = http.StatusText(http.StatusAccepted)
		op.Responses[strconv.Itoa(http.StatusAccepted)] = &accepted
	}
	if d.idempotent() {
		success.Headers[replayed] = &huma.Header{
			Description: "\"true\" on an answer that was kept from an earlier request with the same key.",
			Schema:      &huma.Schema{Type: huma.TypeString, Enum: []any{"true"}},
		}
	}
}

// needsBody says whether an absent body is refused.
func (d *details) needsBody(a *API) bool {
	shape := a.huma.OpenAPI().Components.Schemas.SchemaFromRef(schemaPrefix + d.schema)
	return d.body == nil || len(shape.Required) > 0
}

// failure refers to the answer of a status, which all operations of a surface share.
func (a *API) failure(status int, admin bool) *huma.Response {
	components := a.huma.OpenAPI().Components
	form, prefix := reflect.TypeFor[wire.Failure](), ""
	if admin {
		form, prefix = reflect.TypeFor[wire.AdminFailure](), "Admin"
	}
	name := prefix + strings.ReplaceAll(http.StatusText(status), " ", "")
	components.Responses[name] = &huma.Response{
		Description: http.StatusText(status),
		Content:     map[string]*huma.MediaType{"application/json": {Schema: components.Schemas.Schema(form, true, "")}},
		Headers:     failureHeaders(status),
	}
	return &huma.Response{Ref: "#/components/responses/" + name}
}

func failureHeaders(status int) map[string]*huma.Header {
	headers := map[string]*huma.Header{"X-Request-Id": {Ref: requestIDRef}}
	switch status {
	case http.StatusUnauthorized:
		headers["WWW-Authenticate"] = &huma.Header{Schema: &huma.Schema{Type: huma.TypeString, Enum: []any{"Bearer"}}}
	case http.StatusConflict, http.StatusTooManyRequests, http.StatusServiceUnavailable:
		headers["Retry-After"] = &huma.Header{
			Description: "Seconds to wait, when known; on a conflict, how long a freeze lasts.", Schema: &huma.Schema{Type: huma.TypeInteger},
		}
	}
	return headers
}

func content(schema string) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{"application/json": {Schema: reference(schema)}}
}

func reference(schema string) *huma.Schema { return &huma.Schema{Ref: schemaPrefix + schema} }

func number[N int | float64](n N) *N { return &n }
