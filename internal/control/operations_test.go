package control_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/alert"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/syslog"
	"github.com/lockage/lockage/internal/testkit"
)

// operation is one that changes something, and what the audit log says of it.
type operation struct {
	name        string
	action      access.Action
	environment string // its name; "" for the account
	target      string // kind and name; of a key its kind only
	detail      []string
	run         func(context.Context, access.Principal) error
	prepare     func(*testing.T) // before it is asked for; may be nil
}

// operations are all that change something, in an order in which each succeeds. Each is to be run by one who may not,
// before it is run by the owner.
func (x *fixture) operations(t *testing.T) []operation {
	key := x.createKey(t, "development").ID
	stream := never
	hooks, _ := x.telling(t, testkit.MailConfig{})
	rule := never
	return append([]operation{
		{"create an environment", access.EnvironmentCreate, "qa", "environment qa", nil, func(ctx context.Context, who access.Principal) error {
			_, err := x.CreateEnvironment(ctx, who, environment.Fields{Name: ptr("qa")})
			return err
		}, nil},
		{"rename it", access.EnvironmentUpdate, "qa", "environment qa", []string{"name", "test"}, func(ctx context.Context, who access.Principal) error {
			_, err := x.UpdateEnvironment(ctx, who, "qa", environment.Fields{Name: ptr("test")})
			return err
		}, nil},
		{"create a key", access.APIKeyCreate, "development", "api_key", []string{"type", "public"}, func(ctx context.Context, who access.Principal) error {
			_, _, err := x.CreateAPIKey(ctx, who, "development", apikey.Public, noFields)
			return err
		}, nil},
		{"change it", access.APIKeyUpdate, "development", "api_key", nil, func(ctx context.Context, who access.Principal) error {
			_, err := x.UpdateAPIKey(ctx, who, key, apikey.Fields{Description: ptr("changed")})
			return err
		}, nil},
		{"rotate it", access.APIKeyRotate, "development", "api_key", []string{"grace", "0s"}, func(ctx context.Context, who access.Principal) error {
			_, _, err := x.RotateAPIKey(ctx, who, key, 0)
			return err
		}, nil},
		{"revoke it", access.APIKeyRevoke, "development", "api_key", nil, func(ctx context.Context, who access.Principal) error {
			return x.RevokeAPIKey(ctx, who, key)
		}, nil},
		{"create a secret", access.SecretCreate, "", "secret stripe", []string{"type", "string"}, func(ctx context.Context, who access.Principal) error {
			_, err := x.CreateSecret(ctx, who, "stripe", secret.String, "")
			return err
		}, nil},
		{"describe it", access.SecretUpdate, "", "secret stripe", nil, func(ctx context.Context, who access.Principal) error {
			_, err := x.UpdateSecret(ctx, who, "stripe", ptr("pays"))
			return err
		}, nil},
		{"set its value", access.SecretValueSet, "development", "secret stripe", []string{"version", "1"}, func(ctx context.Context, who access.Principal) error {
			_, err := x.SetSecretValue(ctx, who, "stripe", "development", text("a value of the operations"))
			return err
		}, nil},
		{"stage another", access.SecretValueSet, "development", "secret stripe", []string{"version", "2", "staged", "true"}, func(ctx context.Context, who access.Principal) error {
			_, err := x.SetSecretValue(ctx, who, "stripe", "development", control.SecretValue{Value: plaintext("a staged value of the operations"), Stage: true})
			return err
		}, nil},
		{"change its terms", access.SecretValueUpdate, "development", "secret stripe", []string{"version", "1", "expires_at", "never", "strict", "false", "hosts", "api.example.com"}, func(ctx context.Context, who access.Principal) error {
			_, err := x.UpdateSecretTerms(ctx, who, "stripe", "development", control.SecretTerms{Hosts: &[]string{"api.example.com"}})
			return err
		}, nil},
		{"activate it", access.SecretValueActivate, "development", "secret stripe", []string{"version", "2", "source", "1"}, func(ctx context.Context, who access.Principal) error {
			_, err := x.ActivateSecretVersion(ctx, who, "stripe", "development", 2)
			return err
		}, nil},
		{"retire the first", access.SecretValueRetire, "development", "secret stripe", []string{"version", "1", "force", "true"}, func(ctx context.Context, who access.Principal) error {
			_, err := x.RetireSecretVersion(ctx, who, "stripe", "development", 1, 0, true)
			return err
		}, nil},
		{"compare it", access.SecretValueCompare, "development", "secret stripe", []string{"source", "production"}, func(ctx context.Context, who access.Principal) error {
			_, err := x.CompareSecretValues(ctx, who, "stripe", "development", "production")
			return err
		}, nil},
		{"duplicate it", access.SecretValueDuplicate, "production", "secret stripe", []string{"version", "1", "source", "development", "overwrite", "true"}, func(ctx context.Context, who access.Principal) error {
			_, err := x.DuplicateSecretValue(ctx, who, "stripe", control.SecretDuplicate{Source: "development", Target: "production", Overwrite: true})
			return err
		}, nil},
		{"delete its value", access.SecretValueDelete, "production", "secret stripe", []string{"version", "1"}, func(ctx context.Context, who access.Principal) error {
			return x.DeleteSecretValue(ctx, who, "stripe", "production")
		}, nil},
		{"create an oauth2 secret", access.SecretCreate, "", "secret google", []string{"type", "oauth2"}, func(ctx context.Context, who access.Principal) error {
			_, err := x.CreateSecret(ctx, who, "google", secret.OAuth2, "")
			return err
		}, nil},
		{"set its client", access.SecretValueSet, "development", "secret google", []string{"version", "1"}, func(ctx context.Context, who access.Principal) error {
			_, err := x.SetOAuth2Value(ctx, who, "google", "development", authorizing, "", control.SecretValue{})
			return err
		}, nil},
		{"authorize it", access.SecretAuthorize, "development", "secret google", nil, func(ctx context.Context, who access.Principal) error {
			_, _, err := x.Authorize(ctx, who, "google", "development")
			return err
		}, nil},
		{"delete it", access.SecretDelete, "", "secret stripe", nil, func(ctx context.Context, who access.Principal) error {
			return x.DeleteSecret(ctx, who, "stripe")
		}, nil},
		{"set a variable", access.VariableSet, "development", "variable region", []string{"name", "development"}, func(ctx context.Context, who access.Principal) error {
			_, err := x.SetVariable(ctx, who, "region", map[string]*string{"development": ptr("eu")}, nil)
			return err
		}, nil},
		{"delete it", access.VariableDelete, "development", "variable region", nil, func(ctx context.Context, who access.Principal) error {
			return x.DeleteVariable(ctx, who, "region", "development")
		}, nil},
		{"create an alert", access.AlertCreate, "development", "alert fails", []string{"type", "hard_fail", "target", hooks.URL}, func(ctx context.Context, who access.Principal) error {
			a, err := x.CreateAlert(ctx, who, "development", alert.HardFail, control.AlertInput{Fields: alert.Fields{Name: ptr("fails")}, To: &[]control.AlertTarget{{Webhook: hooks.URL + hookPath}}})
			rule = a.ID
			return err
		}, nil},
		{"change it", access.AlertUpdate, "development", "alert refused", []string{"type", "hard_fail", "target", hooks.URL}, func(ctx context.Context, who access.Principal) error {
			_, err := x.UpdateAlert(ctx, who, rule, control.AlertInput{Fields: alert.Fields{Name: ptr("refused")}})
			return err
		}, nil},
		{"test it", access.AlertTest, "development", "alert refused", nil, func(ctx context.Context, who access.Principal) error {
			_, err := x.TestAlert(ctx, who, rule)
			return err
		}, nil},
		{"delete it", access.AlertDelete, "development", "alert refused", nil, func(ctx context.Context, who access.Principal) error {
			return x.DeleteAlert(ctx, who, rule)
		}, nil},
		{"create a route", access.RouteSave, "development", "route charges", nil, func(ctx context.Context, who access.Principal) error {
			_, err := x.CreateRoute(ctx, who, []byte(`{"key":"charges","target_url":"https://example.com"}`), nil)
			return err
		}, nil},
		{"change it", access.RouteSave, "development", "route charges", nil, func(ctx context.Context, who access.Principal) error {
			_, err := x.UpdateRoute(ctx, who, "charges", []byte(`{"timeout":"1s"}`), nil, "")
			return err
		}, nil},
		{"switch it", access.RouteSwitch, "production", "route charges", []string{"active", "false"}, func(ctx context.Context, who access.Principal) error {
			_, err := x.SwitchRoute(ctx, who, "charges", "production", false)
			return err
		}, nil},
		{"export the audit log", access.AuditExport, "", "account " + x.account, []string{"format", "csv", "field", "action,outcome"}, func(ctx context.Context, who access.Principal) error {
			_, err := x.ExportAudit(ctx, who, control.AuditFilter{Action: "secret.create", Outcome: "allowed"}, control.ExportCSV)
			return err
		}, nil},
		{"record its calls", access.RouteRecord, "production", "route charges", []string{"record", "true"}, func(ctx context.Context, who access.Principal) error {
			_, err := x.RecordRoute(ctx, who, "charges", "production", new(true))
			return err
		}, nil},
		{"make a stream", access.AuditStreamCreate, "", "audit_stream siem", []string{"type", "syslog"}, func(ctx context.Context, who access.Principal) error {
			s, _, err := x.CreateAuditStream(ctx, who, audit.Syslog, control.AuditStreamFields{Name: ptr("siem"), Address: ptr("tcp://127.0.0.1:1")}, false)
			if err == nil {
				stream = s.ID
			}
			return err
		}, nil},
		{"pause it", access.AuditStreamUpdate, "", "audit_stream siem", []string{"active", "false"}, func(ctx context.Context, who access.Principal) error {
			_, err := x.UpdateAuditStream(ctx, who, stream, control.AuditStreamFields{Paused: ptr(true)})
			return err
		}, nil},
		{"test it", access.AuditStreamTest, "", "audit_stream siem", nil, func(ctx context.Context, who access.Principal) error {
			r, err := x.TestAuditStream(ctx, who, stream)
			if err == nil && (r.Delivered || r.Failure != syslog.CodeUnreachable) {
				t.Errorf("nobody is there: got %+v", r)
			}
			return err
		}, nil},
		{"end it", access.AuditStreamDelete, "", "audit_stream siem", nil, func(ctx context.Context, who access.Principal) error {
			return x.DeleteAuditStream(ctx, who, stream)
		}, nil},
		{"commit", access.DefinitionCommit, "development", "commit 1", []string{"message", "begin", "changes", "1"}, func(ctx context.Context, who access.Principal) error {
			_, err := x.Commit(ctx, who, "begin", nil)
			return err
		}, nil},
		{"promote", access.PromotionCreate, "test", "environment test", []string{"message", "up", "changes", "1", "source", "development", "plan", "*", "promotion", "*", "commit", "*"}, func(ctx context.Context, who access.Principal) error {
			_, err := x.Promote(ctx, who, control.PromotionRequest{To: "test", Message: "up"})
			return err
		}, nil},
		{"promote nothing", access.PromotionCreate, "test", "environment test", []string{"message", "", "source", "development", "plan", "*"}, func(ctx context.Context, who access.Principal) error {
			_, err := x.Promote(ctx, who, control.PromotionRequest{To: "test"})
			return err
		}, nil},
		{"delete the route", access.RouteDelete, "development", "route charges", nil, func(ctx context.Context, who access.Principal) error {
			return x.DeleteRoute(ctx, who, "charges", nil, "")
		}, nil},
		{"switch it", access.RouteSwitch, "test", "route charges", []string{"active", "false"}, func(ctx context.Context, who access.Principal) error {
			_, err := x.SwitchRoute(ctx, who, "charges", "test", false)
			return err
		}, nil},
		{"end a member's sessions", access.MemberSessionEnd, "", "member owner@example.com", []string{"count", "0"}, func(ctx context.Context, who access.Principal) error {
			_, err := x.EndMemberSessions(ctx, who, x.ownerID(t))
			return err
		}, nil},
		{"delete the environment", access.EnvironmentDelete, "test", "environment test", nil, func(ctx context.Context, who access.Principal) error {
			return x.DeleteEnvironment(ctx, who, "test")
		}, nil},
	}, slices.Concat(x.ways(), x.people())...)
}

// newest is what the log got since it had n entries.
func (x *fixture) newest(t *testing.T, n int) []audit.Entry { return x.entries(t)[n:] }

func TestEveryChangeLeavesOneEntry(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.hide("a value of the operations", "a value of the operations")
		seen := map[access.Action]bool{}
		for _, o := range x.operations(t) {
			seen[o.action] = true
			if o.prepare != nil {
				o.prepare(t)
			}
			before, n := x.state(t), len(x.entries(t))
			err := o.run(t.Context(), x.viewer)
			wantFault(t, o.name+" as a viewer", err, fault.Forbidden, "")
			if diff := cmp.Diff(before, x.state(t)); diff != "" {
				t.Errorf("%s: the refusal changed (-before +after):\n%s", o.name, diff)
			}
			x.wantEntry(t, o, x.newest(t, n), x.viewer, audit.Refused)

			n = len(x.entries(t))
			if err := o.run(t.Context(), x.owner); err != nil {
				t.Fatalf("%s: %v", o.name, err)
			}
			x.wantEntry(t, o, x.newest(t, n), x.owner, audit.Allowed)
		}
		for _, a := range access.Actions() {
			switch a {
			case access.EnvironmentList, access.EnvironmentRead, access.APIKeyList, access.APIKeyRead, access.SecretList, access.SecretRead,
				access.SecretStatus, access.ReadinessRead, access.VariableRead, access.ChangeList, access.CommitRead, access.TreeRead, access.PromotionPlan, access.PromotionRead,
				access.RollbackPlan, access.FreezeRead, access.AccountRead, access.RouteList, access.RouteRead, access.RouteEffective, access.LogRead, access.AuditRead, access.AuditStreamRead, access.GatewayCall, access.AlertList, access.AlertRead,
				access.SigningKeyRotate, access.SigningKeyRotated, // these have theirs in signingkey_test.go
				access.EncryptionKeyRead, access.EncryptionKeyRotated, access.EncryptionKeyRotate, // the last has its test in rotate_test.go
				access.SessionList, access.SessionEnd, access.SessionLogout, access.SessionRefresh, access.SessionSwitch, access.SessionProve, access.SessionLend, // no role is asked for: see sessions_test.go
				access.FactorList, access.FactorCreate, access.FactorConfirm, access.FactorDelete, access.RecoveryCodesRenew, // the same: see factor_test.go
				access.ProviderRead, access.ProviderLink, access.ProviderUnlink, access.MemberSync, // the same: see oidc_test.go
				access.PasswordChange, access.PasswordResetRequest, access.PasswordReset, access.PasswordResetMake, access.MemberSessionList,
				access.EnvironmentRename, access.AuditRetain, // decided beside environment.update and account.update
				access.RequestRefuse, access.SecretTokenRefresh, access.SecretEcho, access.AuditPrune, access.SessionLogin, access.AccountCreate, access.AccountRequest, access.MemberJoin, // accounts have theirs in opening_test.go and signup_test.go
				access.MemberList, access.MemberRead, access.TokenList, access.TokenRead,
				access.IdentityRead, access.PermissionRead, access.AccountList: // these change nothing, or are the system's
			default:
				if !seen[a] {
					t.Errorf("%s has no operation here, want one", a)
				}
			}
		}
	})
}

func (x *fixture) wantEntry(t *testing.T, o operation, got []audit.Entry, who access.Principal, outcome audit.Outcome) {
	t.Helper()
	if len(got) != 1 {
		t.Errorf("%s: got %d entries, want one", o.name, len(got))
		return
	}
	e := got[0]
	detail := audit.Detail(o.detail...)
	for key, text := range detail {
		if text == "*" && e.Detail[key] != "" { // an id or a hash
			detail[key] = e.Detail[key]
		}
	}
	if outcome == audit.Refused {
		detail = audit.Detail("error", string(fault.Forbidden))
	}
	if e.Action != string(o.action) || e.Outcome != outcome || e.Actor != (audit.Actor{Kind: "member", ID: who.ID, Name: who.Name}) ||
		e.RequestID != who.Request.ID || e.Address != who.Request.Address || !e.Time.Equal(x.clock.Now()) {
		t.Errorf("%s: got %+v, want %s, %s by %s", o.name, e, o.action, outcome, who.Name)
	}
	if diff := cmp.Diff(detail, e.Detail); diff != "" {
		t.Errorf("%s: detail (-want +got):\n%s", o.name, diff)
	}
	target := e.Target.Kind
	if target != "api_key" {
		target += " " + e.Target.Name
	}
	if outcome == audit.Allowed && (target != o.target || e.Target.ID == "" || e.Environment != o.environment || (e.EnvironmentID == "") != (o.environment == "")) {
		t.Errorf("%s: got target %q (%s) in %q, want %q in %q", o.name, target, e.Target.ID, e.Environment, o.target, o.environment)
	}
}

// authorizing is a client that somebody has to authorize; nothing is asked of its provider before.
var authorizing = secret.OAuth2Config{
	GrantType: secret.AuthorizationCode, ClientID: "id", TokenURL: "https://provider.example/token", AuthURL: "https://provider.example/authorize",
}
