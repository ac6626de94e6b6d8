// Package api is the management API: JSON over HTTP under /v1 for machines and people, the bare form of /admin for
// members, and the description of both in /openapi.json. A handler decodes, calls one operation of control, and
// encodes; it holds no rule. It promises that every answer carries a request id, that no refused value is repeated,
// and that an answer is complete or not sent. Unknown fields, unknown query parameters, fields given twice and anything
// that is not strict JSON are refused.
package api

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/web"
	"github.com/lockage/lockage/wire"
)

// Config is what the API is made of.
type Config struct {
	Control  *control.Control // required
	Logger   *slog.Logger     // required: receives one event per request
	Ready    func() error     // what GET /readyz asks; nil: always ready
	Degraded func() string    // what GET /readyz tells of a server that serves, but not all is well with; nil: nothing
	Metrics  http.Handler     // what answers GET /metrics; nil: nothing does
	Now      func() time.Time // nil: the real clock
	Proxies  web.Proxies      // whose word on where a request comes from is taken; none: nobody's
	Ending   <-chan struct{}  // closed when the server begins to shut down, which ends streams; nil: it never does
	Version  string           // of the program, for the description
}

// API holds what the handlers use.
type API struct {
	control     *control.Control
	now         func() time.Time
	ready       func() error
	degraded    func() string
	ending      <-chan struct{}
	mux         *http.ServeMux
	huma        huma.API
	description []byte
	outsiders   []string // the patterns of what is no operation
	problems    []error  // of the table of operations
	handler     http.Handler
}

// New makes the handler of /v1, /admin, /openapi.json, /healthz, /readyz and /metrics. It fails when a required part of
// the configuration is missing, and when an operation does not name what it decides.
func New(c Config) (*API, error) {
	if c.Control == nil {
		return nil, errors.New("api: a control is needed")
	}
	front, err := web.New(web.Config{Logger: c.Logger, Refuse: refuse, Now: c.Now, Large: large, Proxies: c.Proxies, Long: long})
	if err != nil {
		return nil, err
	}
	installErrors()
	a := &API{control: c.Control, now: c.Now, ready: c.Ready, degraded: c.Degraded, ending: c.Ending, mux: http.NewServeMux()}
	if a.now == nil {
		a.now = time.Now
	}
	if a.ready == nil {
		a.ready = func() error { return nil }
	}
	if a.degraded == nil {
		a.degraded = func() string { return "" }
	}
	a.huma = humago.New(a.mux, document(c.Version))
	a.routes(c.Metrics)
	if err := errors.Join(a.problems...); err != nil {
		return nil, err
	}
	refine(a.huma.OpenAPI())
	if a.description, err = json.Marshal(a.huma.OpenAPI()); err != nil {
		return nil, fmt.Errorf("api: describe the operations: %w", err)
	}
	a.handler = front.Wrap(web.Routes(a.mux, refuse))
	return a, nil
}

// ServeHTTP answers a request, or refuses it in the form of the surface its path belongs to.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// Owns says whether a request is the API's to answer: its path is below /v1 or /admin, where there is nothing else, or one
// that is answered here.
func (a *API) Owns(r *http.Request) bool {
	if isAdmin(r.URL.Path) || r.URL.Path == "/v1" || strings.HasPrefix(r.URL.Path, "/v1/") {
		return true
	}
	for _, pattern := range a.outsiders {
		if _, path, _ := strings.Cut(pattern, " "); path == r.URL.Path {
			return true
		}
	}
	return false
}

// large gives a folder of definitions more room than other bodies: its 10,000 routes have about 400 bytes each.
func large(r *http.Request) int64 {
	if r.URL.Path == definitions {
		return 32 << 20
	}
	return 0
}

// long are the requests whose answer flows, and takes as long as there is something to send.
func long(r *http.Request) bool { return r.URL.Path == export || r.URL.Path == logEvents }

// export is where the audit log is exported from.
const export = "/v1/audit-logs/export"

// logEvents is where the log of calls is followed.
const logEvents = "/v1/logs/stream"

// definitions is where a whole folder of definitions is pushed to.
const definitions = "/v1/definitions"

// refuse answers a failure in the form of the surface the path belongs to.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	if isAdmin(r.URL.Path) {
		web.AdminProblem(w, r, err)
		return
	}
	web.Problem(w, r, err)
}

func isAdmin(path string) bool { return path == "/admin" || strings.HasPrefix(path, "/admin/") }

// routes is the table of everything that is answered here.
func (a *API) routes(metrics http.Handler) {
	type op = operation
	const (
		accounts     = "/v1/accounts"
		environments = "/v1/environments"
		keys         = "/v1/api-keys"
		secrets      = "/v1/secrets"
		values       = "/v1/secrets/{id}/environments"
		routes       = "/v1/routes"
		variables    = "/v1/variables"
		promotions   = "/v1/promotions"
		sessions     = "/v1/sessions"
		factors      = "/v1/second-factors"
		provider     = "/v1/login-provider"
		streams      = "/v1/audit-streams"
		alerts       = "/v1/alerts"
		members      = "/v1/members"
		tokens       = "/v1/tokens"
		adminValues  = "/admin/secrets/{secret_id}/environments"
	)
	answer(a, op{"GET", environments, "list-environments", access.EnvironmentList, "List all environments, oldest first"}, a.listEnvironments)
	answer(a, op{"POST", environments, "create-environment", access.EnvironmentCreate, "Create an environment one level below production"}, a.createEnvironment, created, takes[wire.EnvironmentCreate](), fails(403, 409))
	answer(a, op{"GET", environments + "/{id}", "get-environment", access.EnvironmentRead, "Get an environment"}, a.getEnvironment)
	answer(a, op{"PATCH", environments + "/{id}", "update-environment", access.EnvironmentUpdate, "Change an environment"}, a.updateEnvironment, takes[wire.EnvironmentUpdate](), freezes, also(access.EnvironmentRename))
	answer(a, op{"DELETE", environments + "/{id}", "delete-environment", access.EnvironmentDelete, "Delete an environment, its values, keys and data"}, a.deleteEnvironment, freezes)

	answer(a, op{"GET", keys, "list-api-keys", access.APIKeyList, "List API keys"}, a.listAPIKeys, fails(404))
	answer(a, op{"POST", keys, "create-api-key", access.APIKeyCreate, "Create an API key; the answer shows it once"}, a.createAPIKey, created, takes[wire.APIKeyCreate](), fails(404), freezes)
	answer(a, op{"GET", keys + "/{id}", "get-api-key", access.APIKeyRead, "Get an API key"}, a.getAPIKey)
	answer(a, op{"PATCH", keys + "/{id}", "update-api-key", access.APIKeyUpdate, "Change an API key's description or expiry"}, a.updateAPIKey, takes[apiKeyUpdate]())
	answer(a, op{"DELETE", keys + "/{id}", "revoke-api-key", access.APIKeyRevoke, "Revoke an API key, at once and for good"}, a.revokeAPIKey, fails(409))
	answer(a, op{"POST", keys + "/{id}/rotate", "rotate-api-key", access.APIKeyRotate, "Replace an API key; the answer shows the new one once"}, a.rotateAPIKey, created, takes[wire.APIKeyRotate](), freezes)

	answer(a, op{"GET", "/v1/encryption-keys", "list-encryption-keys", access.EncryptionKeyRead, "Show which key-encryption keys wrap what, and how far a rotation is"}, a.listEncryptionKeys)
	answer(a, op{"POST", "/v1/encryption-keys/rotate", "rotate-encryption-key", access.EncryptionKeyRotate, "Make the key the server was started for the one that wraps, and wrap everything with it"}, a.rotateEncryptionKey, fails(409))
	answer(a, op{"POST", "/v1/signing-keys/rotate", "rotate-signing-key", access.SigningKeyRotate, "Replace the key that signs JWTs at once: those that others signed are refused"}, a.rotateSigningKey)

	answer(a, op{"GET", secrets, "list-secrets", access.SecretList, "List secrets"}, a.listSecrets)
	answer(a, op{"POST", secrets, "create-secret", access.SecretCreate, "Create a secret without values"}, a.createSecret, created, takes[wire.SecretCreate](), fails(409))
	answer(a, op{"GET", secrets + "/expiring", "list-expiring-secrets", access.SecretStatus, "List values that have expired or soon will"}, a.listExpiringSecrets, fails(404))
	answer(a, op{"GET", secrets + "/{id}", "get-secret", access.SecretRead, "Get a secret"}, a.getSecret)
	answer(a, op{"GET", secrets + "/{id}/compare", "compare-secret-values", access.SecretValueCompare, "Say whether a secret has the same value in two environments"}, a.compareSecretValues, fails(409, 429))
	answer(a, op{"GET", secrets + "/{id}/audit", "list-secret-audit", access.AuditRead, "List what was decided about a secret, newest first"}, a.listSecretAudit)
	answer(a, op{"PATCH", secrets + "/{id}", "update-secret", access.SecretUpdate, "Change a secret's description"}, a.updateSecret, takes[wire.SecretUpdate]())
	answer(a, op{"DELETE", secrets + "/{id}", "delete-secret", access.SecretDelete, "Delete a secret that nothing uses, and its values"}, a.deleteSecret, freezes)
	answer(a, op{"GET", values, "list-secret-environments", access.SecretStatus, "Show in which environments a secret has a value"}, a.listSecretEnvironments)
	answer(a, op{"PUT", values + "/{environment}", "set-secret-value", access.SecretValueSet, "Set a secret's value in an environment"}, a.setSecretValue, takes[wire.SecretValue](), freezes)
	answer(a, op{"PUT", values + "/{environment}/certificate", "set-certificate-value", access.SecretValueSet, "Set a certificate secret's value in an environment"}, a.setCertificateValue, takes[wire.SecretCertificate](), freezes)
	answer(a, op{"PUT", values + "/{environment}/oauth2", "set-oauth2-value", access.SecretValueSet, "Set an oauth2 secret's client in an environment"}, a.setOAuth2Value, takes[wire.SecretOAuth2](), freezes)
	answer(a, op{"POST", values + "/{environment}/oauth2/authorize", "authorize-oauth2", access.SecretAuthorize, "Begin an authorization; the answer is the URL where somebody authorizes"}, a.authorizeOAuth2, fails(409))
	answer(a, op{"PATCH", values + "/{environment}", "update-secret-terms", access.SecretValueUpdate, "Change the terms of a secret's value in an environment"}, a.updateSecretTerms, takes[secretTermsUpdate](), freezes)
	answer(a, op{"GET", values + "/{environment}/versions", "list-secret-versions", access.SecretStatus, "List the versions of a secret's value that are kept"}, a.listSecretVersions)
	answer(a, op{"POST", values + "/{environment}/versions/{version}/activate", "activate-secret-version", access.SecretValueActivate, "Make a kept or staged version the one in force"}, a.activateSecretVersion, freezes)
	answer(a, op{"DELETE", values + "/{environment}/versions/{version}", "retire-secret-version", access.SecretValueRetire, "Remove a version that is not in force, for good"}, a.retireSecretVersion, fails(409))
	answer(a, op{"DELETE", values + "/{environment}", "delete-secret-value", access.SecretValueDelete, "Delete a secret's value in an environment"}, a.deleteSecretValue, freezes)
	answer(a, op{"POST", values + "/{source}/duplicate", "duplicate-secret-value", access.SecretValueDuplicate, "Copy a secret's value to another environment"}, a.duplicateSecretValue, takes[wire.SecretDuplicate](), freezes, also(access.SecretValueSet))

	answer(a, op{"GET", variables, "list-variables", access.VariableRead, "List variables with their values"}, a.listVariables)
	answer(a, op{"GET", variables + "/{key}", "get-variable", access.VariableRead, "Get a variable with its values"}, a.getVariable)
	answer(a, op{"PUT", variables + "/{key}", "put-variable", access.VariableSet, "Set what a variable holds in environments, and make it where there is none"}, a.putVariable, takes[wire.VariablePut](), freezes)
	answer(a, op{"DELETE", variables + "/{key}", "delete-variable", access.VariableDelete, "Delete a variable that nothing uses, or its value in one environment"}, a.deleteVariable, freezes)
	answer(a, op{"GET", "/v1/readiness", "get-readiness", access.ReadinessRead, "Show what every definition of an environment lacks there"}, a.getReadiness, fails(404))

	answer(a, op{"GET", routes, "list-routes", access.RouteList, "List routes"}, a.listRoutes)
	answer(a, op{"POST", routes, "create-route", access.RouteSave, "Create a route as a draft, or commit it at once"}, a.createRoute, created, tagged, takesSchema("RouteCreate"), fails(409))
	answer(a, op{"GET", routes + "/{key}", "get-route", access.RouteRead, "Get a route"}, a.getRoute, tagged)
	answer(a, op{"PATCH", routes + "/{key}", "update-route", access.RouteSave, "Change a route's draft, or commit the change at once"}, a.updateRoute, tagged, takesSchema("RouteUpdate"), fails(409))
	answer(a, op{"DELETE", routes + "/{key}", "delete-route", access.RouteDelete, "Delete a route as a draft, or commit the deletion at once"}, a.deleteRoute, fails(409))
	answer(a, op{"GET", routes + "/{key}/effective", "get-effective-route", access.RouteEffective, "Resolve a route for an environment"}, a.effectiveRoute)
	answer(a, op{"PUT", routes + "/{key}/environments/{environment}/status", "switch-route", access.RouteSwitch, "Switch a route on or off in an environment"}, a.switchRoute, takes[wire.RouteSwitch](), freezes)
	answer(a, op{"PUT", routes + "/{key}/environments/{environment}/recording", "record-route", access.RouteRecord, "Say whether the content of a route's calls is recorded in an environment"}, a.recordRoute, takes[wire.RouteRecord]())

	answer(a, op{"GET", "/v1/changes", "list-changes", access.ChangeList, "List what is saved and uncommitted"}, a.listChanges, also(access.TreeRead))
	answer(a, op{"DELETE", "/v1/changes/{kind}/{key}", "discard-change", access.ChangeDiscard, "Discard what is saved of a definition"}, a.discardChange)
	answer(a, op{"GET", "/v1/commits", "list-commits", access.CommitRead, "List the history of environments, newest first"}, a.listCommits, fails(404))
	answer(a, op{"POST", "/v1/commits", "create-commit", access.DefinitionCommit, "Make saved definitions live in the first environment"}, a.createCommit, created, takes[wire.CommitCreate](), fails(404, 409))
	answer(a, op{"GET", "/v1/commits/{id}", "get-commit", access.CommitRead, "Get a commit, with what it changed inside each definition"}, a.getCommit)
	answer(a, op{"GET", "/v1/diff", "compare", access.TreeRead, "Compare environments, or moments of one"}, a.compare, fails(404))
	answer(a, op{"GET", environments + "/{id}/tree", "get-tree", access.TreeRead, "List what is or was live in an environment"}, a.getTree)

	answer(a, op{"PUT", definitions, "push-definitions", access.RouteSave, "Save any number of definitions, all or none"}, a.pushDefinitions, takes[wire.Push](), fails(404, 409))

	answer(a, op{"GET", promotions, "list-promotions", access.PromotionRead, "List promotions, newest first"}, a.listPromotions)
	answer(a, op{"POST", promotions, "create-promotion", access.PromotionCreate, "Make an environment equal to the one below it, or propose to"}, a.createPromotion, created, takes[wire.PromotionCreate](), fails(404), freezes, also(access.TreeRead))
	answer(a, op{"POST", promotions + "/plan", "plan-promotion", access.PromotionPlan, "Show what a promotion would do and what stands in its way"}, a.planPromotion, looks, takes[wire.PromotionCreate](), fails(404), also(access.TreeRead))
	answer(a, op{"GET", promotions + "/{id}", "get-promotion", access.PromotionRead, "Get a promotion, an open one with its plan as it stands now"}, a.getPromotion)
	answer(a, op{"POST", promotions + "/{id}/approve", "approve-promotion", access.PromotionApprove, "Approve an open promotion; the last approval carries it out"}, a.approvePromotion, takes[wire.PromotionApprove](), freezes)
	answer(a, op{"POST", promotions + "/{id}/reject", "reject-promotion", access.PromotionReject, "Close an open promotion without carrying it out"}, a.rejectPromotion, takes[wire.PromotionReject](), fails(409))
	answer(a, op{"POST", environments + "/{id}/rollback", "create-rollback", access.RollbackCreate, "Give an environment an earlier tree of its own, and hold it"}, a.createRollback, created, takes[rollbackCreate](), freezes)
	answer(a, op{"POST", environments + "/{id}/rollback/plan", "plan-rollback", access.RollbackPlan, "Show what a rollback would do and what stands in its way"}, a.planRollback, looks, takes[rollbackCreate]())
	answer(a, op{"DELETE", environments + "/{id}/hold", "lift-hold", access.HoldLift, "Let promotions into an environment again"}, a.liftHold)

	answer(a, op{"GET", environments + "/{id}/freeze", "get-freeze", access.FreezeRead, "Show what a freeze refuses, until when, and its overrides"}, a.getFreeze)
	answer(a, op{"POST", environments + "/{id}/freeze/overrides/{override}/acknowledge", "acknowledge-override", access.FreezeAcknowledge, "Mark an override of a freeze as seen"}, a.acknowledgeOverride)
	answer(a, op{"GET", accounts, "list-accounts", access.AccountList, "List the accounts that the caller belongs to; to the operator, all there are"}, a.listAccounts, operators)
	answer(a, op{"POST", accounts, "create-account", access.AccountCreate, "Create an account: as the operator, or where that is open to all for oneself; who is unknown is mailed a link that opens it"}, a.createAccount, open, recognizes, created, accepts, takes[wire.AccountCreate](), fails(401, 403, 429), also(access.AccountRequest))
	answer(a, op{"POST", accounts + "/confirm", "confirm-account", access.AccountCreate, "Create the account that a mailed link is for; whoever has a login proves it by its password, or comes with a session"}, a.confirmAccount, open, recognizes, created, takes[wire.AccountConfirm](), fails(401, 404, 409, 429))
	answer(a, op{"GET", "/v1/account", "get-account", access.AccountRead, "Get what the account sets for itself"}, a.getAccount)
	answer(a, op{"PATCH", "/v1/account", "update-account", access.AccountUpdate, "Change the account's settings"}, a.updateAccount, takes[wire.AccountUpdate](), also(access.AuditRetain))

	answer(a, op{"GET", factors, "list-second-factors", access.FactorList, "List one's own second factors"}, a.listFactors)
	answer(a, op{"POST", factors + "/totp", "create-totp", access.FactorCreate, "Make a key for an authenticator, which proves nothing until it is confirmed; the answer shows it once"}, a.createTOTP, created, unkept, takes[wire.TOTPCreate](), fails(409))
	answer(a, op{"POST", factors + "/totp/{id}/confirm", "confirm-totp", access.FactorConfirm, "Show that an authenticator makes the right codes; from then on logging in asks for them"}, a.confirmTOTP, unkept, takes[wire.TOTPConfirm](), fails(409, 429))
	answer(a, op{"POST", factors + "/passkeys/begin", "begin-passkey", access.FactorCreate, "Get the question that a new passkey answers"}, a.beginPasskey, looks, fails(409))
	answer(a, op{"POST", factors + "/passkeys", "create-passkey", access.FactorCreate, "Keep a new passkey"}, a.createPasskey, created, unkept, takes[wire.PasskeyCreate](), fails(409))
	answer(a, op{"POST", factors + "/recovery-codes", "renew-recovery-codes", access.RecoveryCodesRenew, "Put new recovery codes in place of the old; the answer shows them once"}, a.renewRecoveryCodes, unkept, fails(409))
	answer(a, op{"DELETE", factors + "/{id}", "delete-second-factor", access.FactorDelete, "Remove one of one's own second factors"}, a.deleteFactor)

	answer(a, op{"GET", provider, "get-provider-link", access.ProviderRead, "See who one is at the login provider"}, a.getProviderLink)
	answer(a, op{"POST", provider + "/begin", "begin-provider-link", access.ProviderLink, "Get where a browser goes to link who one is at the login provider"}, a.beginProviderLink, looks, fails(409))
	answer(a, op{"POST", provider, "link-provider", access.ProviderLink, "Link who one is at the login provider, with what the browser came back with"}, a.linkProvider, takes[wire.ProviderAnswer]())
	answer(a, op{"DELETE", provider, "unlink-provider", access.ProviderUnlink, "Unlink the login provider"}, a.unlinkProvider, fails(404, 409))

	answer(a, op{"GET", sessions, "list-sessions", access.SessionList, "List one's own sessions, newest first"}, a.listSessions)
	answer(a, op{"DELETE", sessions, "end-other-sessions", access.SessionEnd, "End all of one's own sessions but the one that asks"}, a.endOtherSessions)
	answer(a, op{"DELETE", sessions + "/{id}", "end-session", access.SessionEnd, "End one of one's own sessions"}, a.endSession)
	answer(a, op{"GET", "/v1/members/{id}/sessions", "list-member-sessions", access.MemberSessionList, "List the sessions of a member in this account, newest first"}, a.listMemberSessions)
	answer(a, op{"POST", "/v1/members/{id}/reset", "create-password-reset", access.PasswordResetMake, "Make a link with which a member chooses a new password; it is shown once"}, a.createReset, created, unkept, fails(409))
	answer(a, op{"DELETE", "/v1/members/{id}/sessions", "end-member-sessions", access.MemberSessionEnd, "End all sessions of a member in this account"}, a.endMemberSessions)
	answer(a, op{"GET", alerts, "list-alerts", access.AlertList, "List alerts"}, a.listAlerts, fails(404))
	answer(a, op{"POST", alerts, "create-alert", access.AlertCreate, "Create an alert; the answer shows the keys of its webhooks once"}, a.createAlert, created, takes[wire.AlertCreate](), fails(404, 409))
	answer(a, op{"GET", alerts + "/{id}", "get-alert", access.AlertRead, "Get an alert and how it stands"}, a.getAlert)
	answer(a, op{"PATCH", alerts + "/{id}", "update-alert", access.AlertUpdate, "Change an alert"}, a.updateAlert, takes[wire.AlertUpdate]())
	answer(a, op{"DELETE", alerts + "/{id}", "delete-alert", access.AlertDelete, "Delete an alert and its history"}, a.deleteAlert)
	answer(a, op{"POST", alerts + "/{id}/test", "test-alert", access.AlertTest, "Send a test to every receiver of an alert"}, a.testAlert, created)
	answer(a, op{"GET", alerts + "/{id}/history", "list-alert-history", access.AlertRead, "List when an alert fired, and what became of its messages, newest first"}, a.alertHistory)
	answer(a, op{"GET", members, "list-members", access.MemberList, "List members, and who is invited"}, a.listMembers)
	answer(a, op{"POST", members, "invite-member", access.MemberInvite, "Invite somebody; the link is mailed, or the answer shows it once"}, a.inviteMember, created, takes[wire.MemberInvite](), fails(409))
	answer(a, op{"GET", members + "/{id}", "get-member", access.MemberRead, "Get a member"}, a.getMember)
	answer(a, op{"PATCH", members + "/{id}", "update-member", access.MemberUpdate, "Change what a member is called and holds"}, a.updateMember, takes[wire.MemberUpdate](), fails(409))
	answer(a, op{"DELETE", members + "/{id}", "remove-member", access.MemberRemove, "Remove a member, or take an invitation back; their tokens end with them"}, a.removeMember, fails(409))
	answer(a, op{"POST", members + "/{id}/resend", "resend-invitation", access.MemberInvite, "Make a new link for who is invited; the one before is dead"}, a.resendInvitation, fails(409))
	answer(a, op{"GET", tokens, "list-tokens", access.TokenList, "List management tokens"}, a.listTokens)
	answer(a, op{"POST", tokens, "create-token", access.TokenCreate, "Create a management token; the answer shows it once"}, a.createToken, created, takes[wire.TokenCreate](), fails(409))
	answer(a, op{"GET", tokens + "/{id}", "get-token", access.TokenRead, "Get a management token"}, a.getToken)
	answer(a, op{"PATCH", tokens + "/{id}", "update-token", access.TokenUpdate, "Change a management token, and answer for its grants"}, a.updateToken, takes[tokenUpdate](), fails(409))
	answer(a, op{"DELETE", tokens + "/{id}", "revoke-token", access.TokenRevoke, "Revoke a management token and those it made, at once and for good"}, a.revokeToken)
	answer(a, op{"GET", "/v1/whoami", "who-am-i", access.IdentityRead, "Say who the credential stands for and what it holds"}, a.whoAmI)
	answer(a, op{"GET", "/v1/permissions", "list-permissions", access.PermissionRead, "Explain each action: whether it is allowed, and why"}, a.listPermissions, fails(404), also(access.MemberRead))

	answer(a, op{"GET", "/v1/logs", "list-logs", access.LogRead, "List calls through the gateway, newest first"}, a.listLogs, fails(404))
	answer(a, op{"GET", logEvents, "stream-logs", access.LogRead, "Follow the calls through the gateway as server-sent events"}, a.streamLogs, flows("text/event-stream"), fails(404, 429))
	answer(a, op{"GET", "/v1/logs/{id}", "get-log", access.LogRead, "Get a call through the gateway, with what is recorded of its content"}, a.getLog)
	answer(a, op{"POST", "/v1/logs/{id}/reveal", "reveal-log", access.LogReveal, "Show one call unmasked to who asks, for 15 minutes and with a reason"}, a.revealLog, unkept, takes[wire.LogRevealCreate](), fails(409))
	answer(a, op{"POST", "/v1/logs/{id}/replay", "replay-log", access.LogReplay, "Make a recorded call once more in an environment of a lower level"}, a.replayLog, takes[wire.LogReplayCreate](), fails(409), also(access.LogRead))
	answer(a, op{"GET", "/v1/audit-logs", "list-audit-logs", access.AuditRead, "List recorded decisions, newest first"}, a.listAudit, fails(404))
	answer(a, op{"GET", "/v1/audit-logs/actions", "list-audit-actions", access.AuditRead, "List the names of all actions that decisions are recorded under"}, a.listAuditActions)
	answer(a, op{"GET", export, "export-audit-logs", access.AuditExport, "Export the recorded decisions, oldest first"}, a.exportAudit, flows("application/jsonl", "text/csv"), fails(404))
	answer(a, op{"GET", streams, "list-audit-streams", access.AuditStreamRead, "List where the audit log is carried"}, a.listAuditStreams)
	answer(a, op{"POST", streams, "create-audit-stream", access.AuditStreamCreate, "Have the audit log carried to a webhook or a collector of syslog; the answer shows the webhook's key once"}, a.createAuditStream, created, takes[wire.AuditStreamCreate](), fails(409))
	answer(a, op{"GET", streams + "/{id}", "get-audit-stream", access.AuditStreamRead, "Get a stream, and how far it is"}, a.getAuditStream)
	answer(a, op{"PATCH", streams + "/{id}", "update-audit-stream", access.AuditStreamUpdate, "Change, pause or resume a stream"}, a.updateAuditStream, takes[wire.AuditStreamUpdate]())
	answer(a, op{"DELETE", streams + "/{id}", "delete-audit-stream", access.AuditStreamDelete, "End a stream"}, a.deleteAuditStream)
	answer(a, op{"POST", streams + "/{id}/test", "test-audit-stream", access.AuditStreamTest, "Send a message without entries to where a stream delivers"}, a.testAuditStream)
	answer(a, op{"GET", "/v1/audit-logs/checkpoint", "get-audit-checkpoint", access.AuditRead, "Sign how far the audit log has come"}, a.getAuditCheckpoint)

	bare(a, op{"POST", "/admin/auth/login", "login", access.SessionLogin, "Log in as a member; the answer is a JWT for one hour"}, a.login, open, takes[wire.Login](), fails(401, 429))
	bare(a, op{"POST", "/admin/auth/passkey/begin", "begin-passkey-login", access.SessionLogin, "Get a question that any passkey known here may answer once, for 5 minutes"}, a.askPasskey, open, fails(409))
	bare(a, op{"POST", "/admin/auth/passkey", "login-with-passkey", access.SessionLogin, "Log in with a passkey, which counts as both factors"}, a.loginWithPasskey, open, takes[wire.PasskeyLogin](), fails(401, 409, 429))
	bare(a, op{"POST", "/admin/auth/provider/begin", "begin-provider-login", access.SessionLogin, "Get where a browser goes to log in at the login provider"}, a.beginProviderLogin, open, fails(409))
	bare(a, op{"POST", "/admin/auth/provider", "login-at-provider", access.SessionLogin, "Log in with what a browser came back with from the login provider"}, a.loginAtProvider, open, takes[wire.ProviderProof](), fails(401, 404, 409, 429))
	bare(a, op{"POST", "/admin/auth/lent", "take-lent-session", access.SessionLogin, "Open a session by the code that a browser was given for a command line"}, a.takeLentSession, open, takes[wire.LentSession](), fails(401, 429))
	bare(a, op{"POST", "/admin/auth/logout", "logout", access.SessionLogout, "End the session at once, with all its JWTs"}, a.logout)
	bare(a, op{"POST", "/admin/auth/refresh", "refresh", access.SessionRefresh, "Get another JWT of the session, for one hour"}, a.refresh)
	bare(a, op{"POST", "/admin/auth/switch", "switch-account", access.SessionSwitch, "Go on in another account that the person belongs to"}, a.switchAccount, takes[wire.Switch](), fails(404))
	bare(a, op{"POST", "/admin/auth/prove", "prove", access.SessionProve, "Show again who one is, for what the account demands a fresh proof for"}, a.prove, takes[wire.Prove](), fails(409, 429))
	bare(a, op{"POST", "/admin/auth/password", "change-password", access.PasswordChange, "Change one's own password, and end all other sessions"}, a.changePassword, takes[wire.PasswordChange](), fails(429))
	bare(a, op{"POST", "/admin/auth/reset", "request-password-reset", access.PasswordResetRequest, "Have a link for a new password mailed; the answer is the same for everyone"}, a.requestReset, open, takes[wire.ResetRequest](), fails(409, 429))
	bare(a, op{"POST", "/admin/auth/reset/confirm", "reset-password", access.PasswordReset, "Set a new password with a link, and end all sessions"}, a.confirmReset, open, takes[wire.ResetConfirm](), fails(404, 429))
	bare(a, op{"POST", "/admin/invitations/accept", "accept-invitation", access.MemberJoin, "Accept an invitation; whoever has a login proves it by its password, or comes with a session"}, a.acceptInvitation, open, recognizes, takes[wire.InvitationAccept](), fails(401, 404, 409, 429))
	bare(a, op{"GET", adminValues, "admin-list-secret-environments", access.SecretStatus, "List the environments in which a secret has a value"}, a.adminListValues)
	bare(a, op{"PUT", adminValues + "/{environment_name}", "admin-set-secret-value", access.SecretValueSet, "Set a string secret's value in an environment"}, a.adminSetValue, takes[wire.SecretValue](), freezes)
	bare(a, op{"PUT", adminValues + "/{environment_name}/oauth2", "admin-set-oauth2-value", access.SecretValueSet, "Set an oauth2 secret's client in an environment"}, a.adminSetOAuth2, takes[wire.SecretOAuth2](), freezes)
	bare(a, op{"PUT", adminValues + "/{environment_name}/certificate", "admin-set-certificate-value", access.SecretValueSet, "Set a certificate secret's value in an environment"}, a.adminSetCertificate, takes[wire.SecretCertificate](), freezes)
	bare(a, op{"DELETE", adminValues + "/{environment_name}", "admin-delete-secret-value", access.SecretValueDelete, "Delete a secret's value in an environment"}, a.adminDeleteValue, freezes)
	bare(a, op{"POST", adminValues + "/{source_env}/duplicate", "admin-duplicate-secret-value", access.SecretValueDuplicate, "Copy a secret's value to another environment"}, a.adminDuplicateValue, takes[wire.SecretDuplicate](), freezes, also(access.SecretValueSet, access.EnvironmentRead))

	a.outside("GET /oauth/callback", "a browser comes with the state, which is the proof of who began", http.HandlerFunc(a.callback))
	a.outside("GET /.well-known/jwks.json", "the public keys that verify JWTs are public", http.HandlerFunc(a.verificationKeys))
	a.outside("GET /openapi.json", "the description is public", http.HandlerFunc(a.describe))
	a.outside("GET /healthz", "a probe tells nothing of an account", http.HandlerFunc(a.healthy))
	a.outside("GET /readyz", "a probe tells nothing of an account", http.HandlerFunc(a.isReady))
	if metrics != nil {
		a.outside("GET /metrics", "counts tell nothing of an account", metrics)
	}
}

// status is the answer of the probes.
type status struct {
	Status string `json:"status"`
}

func (a *API) healthy(w http.ResponseWriter, r *http.Request) {
	web.WriteJSON(w, r, http.StatusOK, status{"ok"})
}

func (a *API) isReady(w http.ResponseWriter, r *http.Request) {
	if err := a.ready(); err != nil {
		refuse(w, r, &fault.Error{
			Kind: fault.Unavailable, Message: "not ready to serve yet; try again", RetryAfter: time.Second, Err: err,
		})
		return
	}
	web.WriteJSON(w, r, http.StatusOK, status{cmp.Or(a.degraded(), "ok")})
}

func (a *API) describe(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/openapi+json")
	// A failure here is the caller's: there is nobody left to tell.
	_, _ = w.Write(a.description)
}
