package control_test

import (
	"errors"
	"testing"

	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
)

// The steps of the tests: operations by the owner that must succeed.

func (x *fixture) environments(t *testing.T) []environment.Environment {
	t.Helper()
	list, err := x.ListEnvironments(t.Context(), x.owner)
	if err != nil {
		t.Fatalf("list environments: %v", err)
	}
	return list
}

func (x *fixture) environment(t *testing.T, ref string) environment.Environment {
	t.Helper()
	e, err := x.GetEnvironment(t.Context(), x.owner, ref)
	if err != nil {
		t.Fatalf("get environment %s: %v", ref, err)
	}
	return e
}

func (x *fixture) createEnvironment(t *testing.T, name string) environment.Environment {
	t.Helper()
	e, err := x.CreateEnvironment(t.Context(), x.owner, environment.Fields{Name: &name})
	if err != nil {
		t.Fatalf("create environment %s: %v", name, err)
	}
	return e
}

func (x *fixture) createKey(t *testing.T, environmentRef string) control.APIKey {
	t.Helper()
	k, shown, err := x.CreateAPIKey(t.Context(), x.owner, environmentRef, apikey.Secret, apikey.Fields{})
	if err != nil {
		t.Fatalf("create an API key in %s: %v", environmentRef, err)
	}
	x.hide("an API key", shown.Reveal())
	return k
}

func (x *fixture) createSecret(t *testing.T, name string) (id string) {
	t.Helper()
	s, err := x.CreateSecret(t.Context(), x.owner, name, secret.String, "")
	if err != nil {
		t.Fatalf("create secret %s: %v", name, err)
	}
	return s.ID
}

func (x *fixture) setValue(t *testing.T, ref, environmentRef, value string) secret.Slot {
	t.Helper()
	x.hide("a value of "+ref, value)
	w, err := x.SetSecretValue(t.Context(), x.owner, ref, environmentRef, text(value))
	if err != nil {
		t.Fatalf("set %s in %s: %v", ref, environmentRef, err)
	}
	return w.Slot
}

// text is a string secret's value, to be in force at once.
func text(value string) control.SecretValue { return control.SecretValue{Value: plaintext(value)} }

func plaintext(value string) secret.Plaintext { return secret.NewPlaintext([]byte(value)) }

func (x *fixture) createRoute(t *testing.T, body string) control.Route {
	t.Helper()
	r, err := x.CreateRoute(t.Context(), x.owner, []byte(body), nil)
	if err != nil {
		t.Fatalf("create a route: %v", err)
	}
	return r
}

func (x *fixture) updateRoute(t *testing.T, ref, body string) control.Route {
	t.Helper()
	r, err := x.UpdateRoute(t.Context(), x.owner, ref, []byte(body), nil, "")
	if err != nil {
		t.Fatalf("update route %s: %v", ref, err)
	}
	return r
}

func (x *fixture) route(t *testing.T, ref string) control.Route {
	t.Helper()
	r, err := x.GetRoute(t.Context(), x.owner, ref)
	if err != nil {
		t.Fatalf("get route %s: %v", ref, err)
	}
	return r
}

func (x *fixture) commit(t *testing.T) control.Commit {
	t.Helper()
	c, err := x.Commit(t.Context(), x.owner, "a step", nil)
	if err != nil {
		t.Fatalf("commit: %v", err)
	}
	return c
}

func (x *fixture) promote(t *testing.T, to string) *control.Commit {
	t.Helper()
	p, err := x.Promote(t.Context(), x.owner, control.PromotionRequest{To: to, Message: "up"})
	if err != nil {
		t.Fatalf("promote to %s: %v", to, err)
	}
	if len(p.Commits) == 0 {
		return nil
	}
	return &p.Commits[len(p.Commits)-1]
}

func (x *fixture) switchRoute(t *testing.T, ref, environmentRef string, active bool) {
	t.Helper()
	if _, err := x.SwitchRoute(t.Context(), x.owner, ref, environmentRef, active); err != nil {
		t.Fatalf("switch %s in %s: %v", ref, environmentRef, err)
	}
}

// entries is the whole audit log of the account, oldest first.
func (x *fixture) entries(t *testing.T) (all []audit.Entry) {
	t.Helper()
	f := control.AuditFilter{Ascending: true, Page: control.Page{Limit: 200}}
	for {
		list, next, err := x.ListAudit(t.Context(), x.owner, f)
		if err != nil {
			t.Fatalf("audit log: %v", err)
		}
		if all = append(all, list...); next == "" {
			return all
		}
		f.Cursor = next
	}
}

// wantFault says whether an error has a kind and, unless "", exactly a message.
func wantFault(t *testing.T, what string, err error, kind fault.Kind, message string) {
	t.Helper()
	if !fault.Is(err, kind) || message != "" && err.Error() != message {
		t.Errorf("%s: got %s (%v), want %s (%s)", what, fault.KindOf(err), err, kind, message)
	}
}

func ptr[T any](v T) *T { return &v }

// all is the largest page.
var all = control.Page{Limit: 200}

// asFault finds the fault in an error.
func asFault(err error, into **fault.Error) bool { return errors.As(err, into) }
