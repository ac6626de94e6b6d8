package control_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
)

// The values of these tests are like credentials: what is shorter or plainer is not compared.
const (
	valueA = "sk_live_4eC39HqLyjWDarjtT1zdp7dc"
	valueB = "sk_live_Zx81kQpR0vTn5WcYb2LmH3sd"
)

// slotOf is the state of a secret in an environment.
func (x *fixture) slotOf(t *testing.T, ref, environmentID string) (slot secret.Slot) {
	t.Helper()
	err := x.store.Read(t.Context(), x.account, func(tx *store.Tx) error {
		s, err := tx.Secret(t.Context(), ref)
		if err != nil {
			return err
		}
		slots, err := tx.Slots(t.Context(), s.ID)
		for _, one := range slots {
			if one.EnvironmentID == environmentID {
				slot = one
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return slot
}

// states are the versions of a value with their states, newest first.
func (x *fixture) states(t *testing.T, ref, environmentRef string) map[int64]control.VersionState {
	t.Helper()
	list, err := x.SecretVersions(t.Context(), x.admin, ref, environmentRef)
	if err != nil {
		t.Fatal(err)
	}
	states := map[int64]control.VersionState{}
	for _, v := range list {
		states[v.Version] = v.State
		if v.Sealed.Ciphertext != nil {
			t.Error("a version tells what is sealed")
		}
	}
	return states
}

func (x *fixture) stage(t *testing.T, ref, environmentRef, value string) int64 {
	t.Helper()
	x.hide("a staged value of "+ref, value)
	w, err := x.SetSecretValue(t.Context(), x.owner, ref, environmentRef, control.SecretValue{Value: plaintext(value), Stage: true})
	if err != nil {
		t.Fatalf("stage %s in %s: %v", ref, environmentRef, err)
	}
	return w.Version
}

func TestVersions(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createSecret(t, "stripe")
		check := func(what string, want map[int64]control.VersionState) {
			t.Helper()
			if diff := cmp.Diff(want, x.states(t, "stripe", "production")); diff != "" {
				t.Errorf("%s (-want +got):\n%s", what, diff)
			}
		}
		check("none", map[int64]control.VersionState{})
		if v := x.stage(t, "stripe", "production", valueA); v != 1 {
			t.Errorf("got version %d, want 1", v)
		}
		check("staged first", map[int64]control.VersionState{1: "staged"})
		if slot := x.slotOf(t, "stripe", x.production); slot.Active != 0 {
			t.Errorf("got %+v, want nothing in force", slot)
		}
		activate := func(version int64) error {
			_, err := x.ActivateSecretVersion(t.Context(), x.admin, "stripe", "production", version)
			return err
		}
		if err := activate(1); err != nil {
			t.Fatal(err)
		}
		check("activated", map[int64]control.VersionState{1: "active"})
		x.setValue(t, "stripe", "production", valueB)
		x.stage(t, "stripe", "production", valueA+"3")
		x.stage(t, "stripe", "production", valueA+"4")
		check("staged twice", map[int64]control.VersionState{1: "kept", 2: "active", 3: "kept", 4: "staged"})
		if err := activate(1); err != nil {
			t.Fatal(err)
		}
		check("rolled back", map[int64]control.VersionState{1: "active", 2: "kept", 3: "kept", 4: "staged"})
		wantFault(t, "activate what is in force", activate(1), fault.Conflict, "version 1 is in force already")
		wantFault(t, "activate nothing", activate(9), fault.NotFound, "no such version")
		for range 12 {
			x.setValue(t, "stripe", "production", valueB)
		}
		if err := activate(7); err != nil {
			t.Fatal(err)
		}
		for range 12 {
			x.stage(t, "stripe", "production", valueB)
		}
		states := x.states(t, "stripe", "production")
		if len(states) != 11 || states[7] != control.VersionActive || states[28] != control.VersionStaged || states[18] != "" {
			t.Errorf("pruned: got %v, want the ten newest and the one in force", states)
		}
	})
}

func TestRetire(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		id := x.createSecret(t, "stripe")
		x.setValue(t, "stripe", "production", valueA)
		x.setValue(t, "stripe", "production", valueB)
		retire := func(version int64, quiet time.Duration, force bool) error {
			_, err := x.RetireSecretVersion(t.Context(), x.admin, "stripe", "production", version, quiet, force)
			return err
		}
		call := route.Call{
			ID: "c1", Account: x.account, EnvironmentID: x.production, Time: x.clock.Now(), KeyID: "k", Uses: []route.Use{{SecretID: id, Version: 1}},
		}
		older := call
		older.ID, older.Time = "c2", call.Time.Add(-time.Hour)
		if err := x.RecordCalls(t.Context(), []route.Call{call, older}); err != nil {
			t.Fatal(err)
		}
		list, err := x.SecretVersions(t.Context(), x.admin, "stripe", "production")
		if err != nil || len(list) != 2 || list[1].Uses != 2 || !list[1].LastUsedAt.Equal(call.Time) || list[0].Uses != 0 {
			t.Errorf("uses: got %+v, %v", list, err)
		}
		wantFault(t, "in force", retire(2, 0, true), fault.Conflict, "version 2 is in force; activate another version first, or delete the value")
		wantFault(t, "used a moment ago", retire(1, time.Hour, false), fault.Conflict,
			"version 1 was last injected into a call at 2026-03-01T12:00:00Z, less than 1h0m0s ago; wait, or force it")
		x.clock.pass(time.Hour)
		if err := retire(1, time.Hour, false); err != nil {
			t.Errorf("quiet for an hour: got %v, want nil", err)
		}
		wantFault(t, "gone", retire(1, 0, true), fault.NotFound, "no such version")
		x.stage(t, "stripe", "production", valueA)
		if err := retire(3, time.Hour, false); err != nil {
			t.Errorf("staged: got %v, want nil", err)
		}
		if slot := x.slotOf(t, "stripe", x.production); slot.Staged != 0 || slot.Active != 2 || slot.Last != 3 {
			t.Errorf("got %+v, want nothing staged and version 2 in force", slot)
		}
	})
}

func TestTerms(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createSecret(t, "stripe")
		x.setValue(t, "stripe", "production", valueA)
		terms := func(to control.SecretTerms) error {
			_, err := x.UpdateSecretTerms(t.Context(), x.admin, "stripe", "production", to)
			return err
		}
		inForce := func() secret.Terms {
			_, list, _, err := x.SecretEnvironments(t.Context(), x.admin, "stripe")
			if err != nil {
				t.Fatal(err)
			}
			return list[len(list)-1].Value.Terms
		}
		end := x.clock.Now().Add(time.Hour)
		for what, step := range map[string]struct {
			to   control.SecretTerms
			want secret.Terms
		}{
			"1": {control.SecretTerms{ExpiresAt: &end, Strict: ptr(true), Hosts: &[]string{"API.example.com"}}, secret.Terms{ExpiresAt: end, Strict: true, Hosts: []string{"api.example.com"}}},
		} {
			if err := terms(step.to); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if diff := cmp.Diff(step.want, inForce()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", what, diff)
			}
		}
		if slot := x.slotOf(t, "stripe", x.production); slot.Active != 1 || slot.Last != 1 {
			t.Errorf("got %+v, want the version to stay", slot)
		}
		past := x.clock.Now().Add(-time.Hour)
		wantFault(t, "past", terms(control.SecretTerms{ExpiresAt: &past}), fault.Invalid, "")
		wantFault(t, "hosts", terms(control.SecretTerms{Hosts: &[]string{"https://x"}}), fault.Invalid, "")
		list, err := x.ExpiringSecrets(t.Context(), x.admin, "", 2*time.Hour)
		if err != nil || len(list) != 1 || list[0].Expired || list[0].Secret.Name != "stripe" || list[0].Environment.Name != "production" {
			t.Errorf("expiring: got %+v, %v", list, err)
		}
		if list, err := x.ExpiringSecrets(t.Context(), x.admin, "", time.Minute); err != nil || len(list) != 0 {
			t.Errorf("expiring in a minute: got %+v, %v, want none", list, err)
		}
		x.clock.pass(2 * time.Hour)
		if list, err := x.ExpiringSecrets(t.Context(), x.admin, "production", 0); err != nil || len(list) != 1 || !list[0].Expired {
			t.Errorf("expired: got %+v, %v", list, err)
		}
		if err := terms(control.SecretTerms{Hosts: &[]string{}}); err != nil { // an expiry that stays may be past
			t.Errorf("hosts of an expired value: got %v, want nil", err)
		}
		if err := terms(control.SecretTerms{ExpiresAt: new(time.Time)}); err != nil {
			t.Errorf("no expiry any more: got %v, want nil", err)
		}
		if diff := cmp.Diff(secret.Terms{}, inForce()); diff != "" {
			t.Errorf("at the end (-want +got):\n%s", diff)
		}
		// a new value keeps the hosts and has an expiry of its own
		if err := terms(control.SecretTerms{Hosts: &[]string{"api.example.com"}}); err != nil {
			t.Fatal(err)
		}
		x.setValue(t, "stripe", "production", valueB)
		if diff := cmp.Diff(secret.Terms{Hosts: []string{"api.example.com"}}, inForce()); diff != "" {
			t.Errorf("of the next value (-want +got):\n%s", diff)
		}
		wantFault(t, "no value", func() error {
			_, err := x.UpdateSecretTerms(t.Context(), x.admin, "stripe", "development", control.SecretTerms{Strict: ptr(false)})
			return err
		}(), fault.NotFound, "the secret has no value in this environment")
	})
}

func TestCompare(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createSecret(t, "stripe")
		compare := func(want control.SecretComparison) {
			t.Helper()
			got, err := x.CompareSecretValues(t.Context(), x.admin, "stripe", "development", "production")
			if got != want || err != nil {
				t.Errorf("got %q, %v, want %q", got, err, want)
			}
		}
		compare(control.Lacks)
		x.setValue(t, "stripe", "development", valueA)
		compare(control.Lacks)
		x.setValue(t, "stripe", "production", valueB)
		compare(control.Differs)
		x.setValue(t, "stripe", "production", valueA)
		compare(control.Same)
		x.setValue(t, "stripe", "production", "hunter2")
		_, err := x.CompareSecretValues(t.Context(), x.admin, "stripe", "development", "production")
		wantFault(t, "a plain value", err, fault.Conflict, "one of the values is so short or plain that comparing would help to guess it; it is not compared")
		_, err = x.CompareSecretValues(t.Context(), x.admin, "stripe", "development", "development")
		wantFault(t, "with itself", err, fault.Invalid, "")
		_, err = x.CompareSecretValues(t.Context(), x.developer, "stripe", "development", "production")
		wantFault(t, "a developer", err, fault.Forbidden, "")
		for range 20 {
			if _, err = x.CompareSecretValues(t.Context(), x.owner, "stripe", "development", "production"); !fault.Is(err, fault.Conflict) {
				t.Fatalf("got %v, want a refusal for the plain value", err)
			}
		}
		_, err = x.CompareSecretValues(t.Context(), x.owner, "stripe", "development", "production")
		wantFault(t, "too often", err, fault.Limited, "too many comparisons of values; wait before the next")
		x.clock.pass(time.Minute)
		_, err = x.CompareSecretValues(t.Context(), x.owner, "stripe", "development", "production")
		wantFault(t, "after a minute", err, fault.Conflict, "")
	})
}

func TestDistinctValues(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createSecret(t, "stripe")
		x.setValue(t, "stripe", "development", valueA)
		x.hide("a value in both", valueA)
		set := func(environmentRef, value string) (control.SecretWrite, error) {
			return x.SetSecretValue(t.Context(), x.owner, "stripe", environmentRef, text(value))
		}
		w, err := set("production", valueA)
		if diff := cmp.Diff([]string{"secret 'stripe' has the same value in 'development'"}, w.Warnings); diff != "" || err != nil {
			t.Errorf("production begins with a warning: %v (-want +got):\n%s", err, diff)
		}
		w, err = set("development", valueA)
		if diff := cmp.Diff([]string{"secret 'stripe' has the same value in 'production'"}, w.Warnings); diff != "" || err != nil {
			t.Errorf("from below: %v (-want +got):\n%s", err, diff)
		}
		if _, err := x.UpdateEnvironment(t.Context(), x.owner, "production", environment.Fields{DistinctValues: ptr(environment.DistinctBlock)}); err != nil {
			t.Fatal(err)
		}
		_, err = set("production", valueA)
		wantFault(t, "blocked", err, fault.Conflict, "secret 'stripe' has the same value in 'development', which the rule distinct_values refuses; send another value")
		x.createRoute(t, `{"key":"a","target_url":"https://example.com","inject_headers":{"A":"{{secret:stripe}}"}}`)
		x.commit(t)
		plan := x.plan(t, x.owner, control.PromotionRequest{To: "production"})
		if b := plan.Blockers(); len(b) != 1 || b[0].Kind != "same_value" {
			t.Errorf("blockers: got %+v, want same_value", b)
		}
		if _, err = set("production", valueB); err != nil {
			t.Errorf("another value: got %v, want nil", err)
		}
		_, err = x.ActivateSecretVersion(t.Context(), x.owner, "stripe", "production", 1)
		wantFault(t, "back to the same", err, fault.Conflict, "")
		// what could be guessed is refused where it is written, and is not told from below
		if _, err := x.UpdateEnvironment(t.Context(), x.owner, "production", environment.Fields{DistinctValues: ptr(environment.DistinctWarn)}); err != nil {
			t.Fatal(err)
		}
		x.setValue(t, "stripe", "production", "hunter2 of production")
		if w, err = set("development", "hunter2 of production"); err != nil || len(w.Warnings) != 0 {
			t.Errorf("a guess from below: got %v, %v, want silence", w.Warnings, err)
		}
		if w, err = set("production", "hunter2 of production"); err != nil || len(w.Warnings) != 1 {
			t.Errorf("in production: got %v, %v, want a warning", w.Warnings, err)
		}
		if plan := x.plan(t, x.owner, control.PromotionRequest{To: "production"}); len(plan.Steps[0].Warnings) != 0 {
			t.Errorf("the plan: got %+v, want silence on what could be guessed", plan.Steps[0].Warnings)
		}
	})
}

func TestReadiness(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		for _, name := range []string{"good", "unset", "ended", "elsewhere"} {
			x.createSecret(t, name)
		}
		x.setValue(t, "good", "development", valueA)
		end := x.clock.Now().Add(time.Minute)
		for name, in := range map[string]control.SecretValue{
			"ended":     {Value: plaintext(valueA), ExpiresAt: end, Strict: true},
			"elsewhere": {Value: plaintext(valueB), Hosts: &[]string{"api.example.org"}},
		} {
			if _, err := x.SetSecretValue(t.Context(), x.owner, name, "development", in); err != nil {
				t.Fatal(err)
			}
		}
		x.createRoute(t, `{"key":"ok","target_url":"https://api.example.com","inject_headers":{"A":"{{secret:good}}"}}`)
		x.createRoute(t, `{"key":"bad","target_url":"https://api.example.com","inject_headers":{"A":"{{secret:unset}}","B":"{{secret:ended}}","C":"{{secret:elsewhere}}","D":"{{secret:none}}"}}`)
		x.commit(t)
		x.clock.pass(time.Hour)
		r, err := x.Readiness(t.Context(), x.developer, "development")
		if err != nil {
			t.Fatal(err)
		}
		got := map[string][]string{}
		for _, d := range r.Definitions {
			for _, f := range d.References {
				got[d.Ref.Key] = append(got[d.Ref.Key], f.Name+" "+string(f.State))
			}
			if d.Ready != (len(d.Problems) == 0) {
				t.Errorf("%s: got ready %v and %d problems", d.Ref.Key, d.Ready, len(d.Problems))
			}
		}
		want := map[string][]string{"ok": {"good set"}, "bad": {"unset unset", "ended expired", "elsewhere host_refused", "none missing"}}
		if diff := cmp.Diff(want, got); diff != "" || r.Ready {
			t.Errorf("ready %v (-want +got):\n%s", r.Ready, diff)
		}
		x.switchRoute(t, "bad", "development", false)
		if r, err := x.Readiness(t.Context(), x.developer, "development"); err != nil || !r.Ready {
			t.Errorf("switched off: got ready %v, %v, want true", r.Ready, err)
		}
		_, err = x.Readiness(t.Context(), x.support, "development")
		wantFault(t, "support", err, fault.Forbidden, "")
		_, err = x.Readiness(t.Context(), x.owner, "")
		wantFault(t, "nowhere", err, fault.Invalid, "")
	})
}
