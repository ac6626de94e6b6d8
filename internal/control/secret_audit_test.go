package control_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
)

// told is an entry as a reader of the secret's log sees it.
type told struct {
	Action, Environment, Version, Actor string
	Outcome                             audit.Outcome
}

// secretLog is the whole log of a secret, oldest first, read in pages of two.
func (x *fixture) secretLog(t *testing.T, ref string, f control.AuditFilter) (all []told) {
	t.Helper()
	f.Limit = 2
	for {
		list, next, err := x.SecretAudit(t.Context(), x.admin, ref, f)
		if err != nil {
			t.Fatalf("the log of %s: %v", ref, err)
		}
		for _, e := range list {
			if e.Target.Kind != "secret" || e.Address != "192.0.2.1" || e.RequestID == "" || e.Time.IsZero() {
				t.Errorf("got %+v, want an entry about a secret that tells when and from where", e)
			}
			all = append([]told{{e.Action, e.Environment, e.Detail["version"], e.Actor.Name, e.Outcome}}, all...)
		}
		if f.Cursor = next; next == "" {
			return all
		}
	}
}

func TestTheAuditOfASecret(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		id := x.createSecret(t, "stripe")
		other := x.createSecret(t, "other")
		x.setValue(t, "stripe", "development", "a value of stripe")
		x.setValue(t, "other", "development", "a value of the other")
		_, err := x.SetSecretValue(ctx, x.developer, "stripe", "production", text("zebra"))
		wantFault(t, "set by a developer", err, fault.Forbidden, "")
		_, err = x.DuplicateSecretValue(ctx, x.owner, "stripe", control.SecretDuplicate{Source: "development", Target: "production"})
		if err != nil {
			t.Fatal(err)
		}
		want := []told{
			{"secret.create", "", "", "owner", audit.Allowed},
			{"secret.value.set", "development", "1", "owner", audit.Allowed},
			{"secret.value.set", "production", "", "developer", audit.Refused},
			{"secret.value.duplicate", "production", "1", "owner", audit.Allowed},
		}
		for _, ref := range []string{"stripe", id} {
			if diff := cmp.Diff(want, x.secretLog(t, ref, control.AuditFilter{})); diff != "" {
				t.Errorf("by %s (-want +got):\n%s", ref, diff)
			}
		}
		if diff := cmp.Diff(want[2:], x.secretLog(t, "stripe", control.AuditFilter{Environment: "production"})); diff != "" {
			t.Errorf("in production (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want[2:3], x.secretLog(t, "stripe", control.AuditFilter{Outcome: "refused"})); diff != "" {
			t.Errorf("refused (-want +got):\n%s", diff)
		}

		// A look that is forbidden stands in the secret's own log.
		for _, who := range []access.Principal{
			x.developer, x.support, x.viewer, x.with("local", access.Grant{Environment: x.production, Role: access.Owner}),
		} {
			_, _, err := x.SecretAudit(ctx, who, "stripe", control.AuditFilter{})
			wantFault(t, "read by "+who.Name, err, fault.Forbidden, "")
			want = append(want, told{"audit.read", "", "", who.Name, audit.Refused})
		}
		if diff := cmp.Diff(want, x.secretLog(t, id, control.AuditFilter{})); diff != "" {
			t.Errorf("with forbidden looks (-want +got):\n%s", diff)
		}

		// One that is deleted is found by its id; its name may be another's by then.
		if err := x.DeleteSecret(ctx, x.owner, "stripe"); err != nil {
			t.Fatal(err)
		}
		want = append(want, told{"secret.delete", "", "", "owner", audit.Allowed})
		if diff := cmp.Diff(want, x.secretLog(t, id, control.AuditFilter{})); diff != "" {
			t.Errorf("deleted (-want +got):\n%s", diff)
		}
		_, _, err = x.SecretAudit(ctx, x.admin, "stripe", control.AuditFilter{})
		wantFault(t, "deleted, by its name", err, fault.NotFound, "no such secret")
		x.createSecret(t, "stripe")
		if got := x.secretLog(t, "stripe", control.AuditFilter{}); len(got) != 1 {
			t.Errorf("another of the same name: got %v, want its creation", got)
		}
		if got := x.secretLog(t, other, control.AuditFilter{}); len(got) != 2 {
			t.Errorf("the other secret: got %v, want its creation and its value", got)
		}
	})
}

func TestTheAuditOfNoSecret(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createSecret(t, "stripe")
		key := x.createKey(t, "development").ID
		for what, ref := range map[string]string{
			"nothing": "", "an id that never was": never, "an environment": x.production, "a key": key, "a secret of others": x.foreign.secret, "no text": "\xff",
		} {
			_, _, err := x.SecretAudit(t.Context(), x.owner, ref, control.AuditFilter{})
			wantFault(t, what, err, fault.NotFound, "no such secret")
		}
		_, _, err := x.SecretAudit(t.Context(), x.owner, "stripe", control.AuditFilter{Environment: "none"})
		wantFault(t, "no environment", err, fault.NotFound, "no such environment")
		for what, f := range map[string]control.AuditFilter{"outcome": {Outcome: "zebra"}, "cursor": {Page: control.Page{Cursor: "emVicmE"}}} {
			_, _, err := x.SecretAudit(t.Context(), x.owner, "stripe", f)
			wantFault(t, what, err, fault.Invalid, "")
		}
	})
}
