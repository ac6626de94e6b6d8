package control_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/testkit"
)

func TestDuplicateIntoAnotherSecret(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		const old = "the value of the old secret in production"
		source, target := x.createSecret(t, "stripe_production_key"), x.createSecret(t, "stripe_api_key")
		x.hide("the old value", old)
		until := x.clock.Now().Add(time.Hour)
		hosts := []string{"api.example.com"}
		if _, err := x.SetSecretValue(t.Context(), x.owner, source, "production", control.SecretValue{
			Value: plaintext(old), ExpiresAt: until, Strict: true, Hosts: &hosts,
		}); err != nil {
			t.Fatal(err)
		}
		into := control.SecretDuplicate{Source: "production", Target: "production", Secret: "stripe_api_key"}
		n := len(x.entries(t))
		w, err := x.DuplicateSecretValue(t.Context(), x.admin, "stripe_production_key", into)
		if err != nil || w.Slot.SecretID != target || w.Version != 1 || w.Environment.ID != x.production || len(w.Warnings) > 0 {
			t.Fatalf("got %+v and %v, want version 1 of the other secret, without a warning", w, err)
		}
		if got := x.reveal(t, target, x.production); got != old {
			t.Errorf("got %q, want the copy", got)
		}
		if got := x.reveal(t, source, x.production); got != old {
			t.Errorf("the source: got %q, want it as it was", got)
		}
		_, list, _, err := x.SecretEnvironments(t.Context(), x.owner, target)
		if err != nil || !list[1].Value.ExpiresAt.Equal(until) || !list[1].Value.Strict || !cmp.Equal(list[1].Value.Hosts, hosts) {
			t.Errorf("terms: got %+v and %v, want those of the source", list[1].Value.Terms, err)
		}
		// both secrets' logs tell of it
		var told []string
		for _, e := range x.newest(t, n) {
			detail, _ := json.Marshal(e.Detail)
			told = append(told, e.Action+" "+string(e.Outcome)+" "+e.Target.Name+" in "+e.Environment+" "+string(detail))
		}
		want := []string{
			`secret.value.duplicate allowed stripe_api_key in production {"name":"stripe_production_key","overwrite":"false","source":"production","version":"1"}`,
			`secret.value.duplicate allowed stripe_production_key in production {"name":"stripe_api_key","target":"production","version":"1"}`,
		}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("entries (-want +got):\n%s", diff)
		}
		// once more, by id, and only over what is there
		into.Secret = target
		_, err = x.DuplicateSecretValue(t.Context(), x.admin, source, into)
		wantFault(t, "onto a value", err, fault.Conflict, `the secret already has a value in the target environment; replace it with "overwrite": true, or --overwrite`)
		into.Overwrite = true
		if w, err = x.DuplicateSecretValue(t.Context(), x.admin, source, into); err != nil || w.Version != 2 {
			t.Errorf("overwrite: got %+v and %v, want version 2", w, err)
		}
		into.Target = "development"
		if w, err = x.DuplicateSecretValue(t.Context(), x.admin, source, into); err != nil || !strings.HasPrefix(strings.Join(w.Warnings, "\n"), "secret 'stripe_api_key' has the same value in 'production'\nthe value of 'production' is now in 'development' too") {
			t.Errorf("out of production: got %q and %v, want warnings", w.Warnings, err)
		}
	})
}

func TestDuplicateIntoAnotherSecretIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createSecret(t, "old")
		x.createSecret(t, "new")
		x.setValue(t, "old", "development", "a value that stays where it is")
		if _, err := x.SetSecretValue(t.Context(), x.owner, "old", "production", control.SecretValue{
			Value: plaintext("a value that ends"), ExpiresAt: x.clock.Now().Add(time.Minute),
		}); err != nil {
			t.Fatal(err)
		}
		x.clock.pass(time.Hour)
		if _, err := x.CreateSecret(t.Context(), x.owner, "bank", secret.Certificate, ""); err != nil {
			t.Fatal(err)
		}
		local := x.with("local", access.Grant{Environment: x.development, Role: access.Admin}, access.Grant{Environment: x.production, Role: access.Developer})
		before := x.state(t)
		for what, tt := range map[string]struct {
			who     access.Principal
			d       control.SecretDuplicate
			kind    fault.Kind
			message string
		}{
			"of another type": {
				x.owner,
				control.SecretDuplicate{Source: "development", Target: "development", Secret: "bank"},
				fault.Invalid, "target_secret: is of type certificate and cannot hold a value of type string",
			},
			"never made": {
				x.owner,
				control.SecretDuplicate{Source: "development", Target: "development", Secret: "none"},
				fault.NotFound, "there is no such secret to copy the value to; create it first",
			},
			"of a stranger": {
				x.owner,
				control.SecretDuplicate{Source: "development", Target: "development", Secret: x.foreign.secret},
				fault.NotFound, "there is no such secret to copy the value to; create it first",
			},
			"itself": {
				x.owner,
				control.SecretDuplicate{Source: "development", Target: "development", Secret: "old"},
				fault.Invalid, "target_environment: is the environment the value would be copied from; name another",
			},
			"what has expired": {
				x.owner,
				control.SecretDuplicate{Source: "production", Target: "production", Secret: "new"},
				fault.Conflict, "the value has expired in 'production' and is not copied; set one that has not",
			},
			"where one may not set values":  {local, control.SecretDuplicate{Source: "development", Target: "production", Secret: "new"}, fault.Forbidden, ""},
			"from where one may not copy":   {local, control.SecretDuplicate{Source: "production", Target: "development", Secret: "new"}, fault.Forbidden, ""},
			"by one who may only define":    {x.developer, control.SecretDuplicate{Source: "development", Target: "development", Secret: "new"}, fault.Forbidden, ""},
			"to an environment never there": {x.owner, control.SecretDuplicate{Source: "development", Target: "none", Secret: "new"}, fault.NotFound, "no such environment"},
		} {
			_, err := x.DuplicateSecretValue(t.Context(), tt.who, "old", tt.d)
			wantFault(t, what, err, tt.kind, tt.message)
		}
		if diff := cmp.Diff(before, x.state(t)); diff != "" {
			t.Errorf("refusals changed (-before +after):\n%s", diff)
		}
		entries := x.entries(t)
		if last := entries[len(entries)-1]; last.Outcome != audit.Refused || last.Target.Name != "old" {
			t.Errorf("the last refusal: got %+v, want it with the secret whose value was asked for", last)
		}
	})
}

// Every type goes whole, but for an OAuth2 value's tokens.
func TestDuplicateEveryType(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.online(t)
		p := testkit.NewProvider(t, time.Hour)
		for name, kind := range map[string]secret.Type{"bank": secret.Certificate, "house_bank": secret.Certificate, "calendar": secret.OAuth2} {
			if _, err := x.CreateSecret(t.Context(), x.owner, name, kind, ""); err != nil {
				t.Fatal(err)
			}
		}
		in, _ := clientCertificate(t, x.clock.Now().Add(-time.Minute))
		if _, err := x.SetCertificateValue(t.Context(), x.owner, "bank", "development", in, control.SecretValue{}); err != nil {
			t.Fatal(err)
		}
		const refresh = "a refresh token that stays where it is"
		x.hide("the refresh token", refresh)
		if _, err := x.SetOAuth2Value(t.Context(), x.owner, "google", "development", clientOf(p, secret.RefreshToken), refresh, control.SecretValue{}); err != nil {
			t.Fatal(err)
		}
		x.setOAuth2(t, "production", clientOf(p, secret.AuthorizationCode))
		asked := p.Requests()
		for _, tt := range []struct {
			from, to, source, target, warning string
		}{
			{"bank", "house_bank", "development", "production", ""},
			{"google", "calendar", "development", "development", "tokens are not copied: 'calendar' has none in 'development' before it is set there with a refresh token of its own"},
			{"google", "calendar", "production", "production", "tokens are not copied: 'calendar' has none in 'production' before somebody authorizes it there"},
		} {
			w, err := x.DuplicateSecretValue(t.Context(), x.owner, tt.from, control.SecretDuplicate{Source: tt.source, Target: tt.target, Secret: tt.to})
			if err != nil || strings.Join(w.Warnings, "\n") != tt.warning {
				t.Errorf("%s: got the warnings %q and %v, want %q", tt.to, w.Warnings, err, tt.warning)
			}
			from, to := x.valueIn(t, tt.from, tt.source), x.valueIn(t, tt.to, tt.target)
			if from.Value.Detail != to.Value.Detail || from.Value.Detail == "" || from.Value.Fingerprint != to.Value.Fingerprint {
				t.Errorf("%s: what may be told is %s, want that of its source", tt.to, to.Value.Detail)
			}
			if to.Value.Type == secret.OAuth2 && (to.Connection != secret.NeedsAuthorization || to.Token.Serial != 0) {
				t.Errorf("%s: got %s with serial %d, want no token", tt.to, to.Connection, to.Token.Serial)
			}
		}
		if p.Requests() != asked {
			t.Errorf("the provider was asked %d times more, want none", p.Requests()-asked)
		}
	})
}

func (x *fixture) valueIn(t *testing.T, ref, environment string) control.SecretStatus {
	t.Helper()
	_, list, _, err := x.SecretEnvironments(t.Context(), x.owner, ref)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		if s.Environment.Name == environment {
			return s
		}
	}
	t.Fatalf("%s has no state in %s", ref, environment)
	return control.SecretStatus{}
}
