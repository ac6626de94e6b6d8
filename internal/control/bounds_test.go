package control_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
)

// The first environment changes by commits, which nobody approves: it cannot be protected.
func TestTheFirstEnvironmentIsNotProtected(t *testing.T) {
	testkit.EngineConfigs(t, func(t *testing.T, c store.Config) {
		x := newFixture(t, c)
		protected := true
		for name, f := range map[string]environment.Fields{
			"protected": {Protected: &protected},
			"approvals": {Protection: &environment.Protection{Approvals: 1}},
		} {
			_, err := x.UpdateEnvironment(t.Context(), x.owner, "development", f)
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: got %v, want a refusal", name, err)
			}
		}
	})
}

// A freeze refuses a key that would come back to life, and lets one be cut short.
func TestAFreezeRefusesToProlongAKey(t *testing.T) {
	testkit.EngineConfigs(t, func(t *testing.T, c store.Config) {
		x := newFixture(t, c)
		k := x.createKey(t, "production")
		soon, later := x.clock.Now().Add(time.Hour), x.clock.Now().Add(48*time.Hour)
		if _, err := x.UpdateAPIKey(t.Context(), x.owner, k.ID, apikey.Fields{ExpiresAt: &soon}); err != nil {
			t.Fatal(err)
		}
		window := environment.Window{Start: x.clock.Now().Add(-time.Hour), End: x.clock.Now().Add(24 * time.Hour), Reason: "holidays"}
		if _, err := x.UpdateEnvironment(t.Context(), x.owner, "production", environment.Fields{
			Protection: &environment.Protection{Freeze: []environment.Window{window}},
		}); err != nil {
			t.Fatal(err)
		}
		for name, at := range map[string]time.Time{"later": later, "for good": {}} {
			if _, err := x.UpdateAPIKey(t.Context(), x.owner, k.ID, apikey.Fields{ExpiresAt: &at}); fault.KindOf(err) != fault.Frozen {
				t.Errorf("%s: got %v, want frozen", name, err)
			}
		}
		sooner := x.clock.Now().Add(time.Minute)
		if _, err := x.UpdateAPIKey(t.Context(), x.owner, k.ID, apikey.Fields{ExpiresAt: &sooner}); err != nil {
			t.Errorf("sooner: %v", err)
		}
	})
}

// Who changes what an environment asks for is told in the audit log, with what it asks from then on.
func TestAProtectionsChangeIsTold(t *testing.T) {
	testkit.EngineConfigs(t, func(t *testing.T, c store.Config) {
		x := newFixture(t, c)
		protected := false
		if _, err := x.UpdateEnvironment(t.Context(), x.owner, "production", environment.Fields{
			Protected: &protected,
			Protection: &environment.Protection{Approvals: 2, Freeze: []environment.Window{{
				Start: x.clock.Now().Add(time.Hour), End: x.clock.Now().Add(2 * time.Hour), Reason: "holidays",
			}}},
		}); err != nil {
			t.Fatal(err)
		}
		list, _, err := x.ListAudit(t.Context(), x.owner, control.AuditFilter{Action: "environment.update"})
		if err != nil || len(list) != 1 {
			t.Fatalf("got %d entries, %v; want one", len(list), err)
		}
		want := map[string]string{"protected": "false", "approvals": "2", "freeze": "1 windows"}
		if diff := cmp.Diff(want, list[0].Detail); diff != "" {
			t.Errorf("detail (-want +got):\n%s", diff)
		}
	})
}

// Promoting what an earlier commit had, when the source has moved on, is worth a look.
func TestAPlanTellsOfOlderContent(t *testing.T) {
	testkit.EngineConfigs(t, func(t *testing.T, c store.Config) {
		x := newFixture(t, c)
		x.createRoute(t, `{"key":"a","target_url":"https://example.com/1"}`)
		first, err := x.Commit(t.Context(), x.owner, "one", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x.UpdateRoute(t.Context(), x.owner, "a", []byte(`{"timeout":"1s"}`), nil, ""); err != nil {
			t.Fatal(err)
		}
		second, err := x.Commit(t.Context(), x.owner, "two", nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, tt := range map[string]struct {
			commits []string
			want    []string
		}{
			"the earlier one": {[]string{first.ID}, []string{definition.WarningOlderContent}},
			"both":            {[]string{first.ID, second.ID}, nil},
			"everything":      {nil, nil},
		} {
			plan, err := x.PlanPromotion(t.Context(), x.owner, control.PromotionRequest{To: "production", Commits: tt.commits})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range plan.Steps[0].Warnings {
				got = append(got, w.Kind)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s: warnings (-want +got):\n%s", name, diff)
			}
		}
	})
}

// Creating a route anew takes back its saved deletion, but not behind the back of whoever saved that.
func TestAnothersDeletionIsNotReplaced(t *testing.T) {
	testkit.EngineConfigs(t, func(t *testing.T, c store.Config) {
		x := newFixture(t, c)
		body := `{"key":"a","target_url":"https://example.com/1"}`
		x.createRoute(t, body)
		if _, err := x.Commit(t.Context(), x.owner, "one", nil); err != nil {
			t.Fatal(err)
		}
		if err := x.DeleteRoute(t.Context(), x.developer, "a", nil, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := x.CreateRoute(t.Context(), x.owner, []byte(body), nil); fault.KindOf(err) != fault.Conflict {
			t.Errorf("somebody else: got %v, want a conflict", err)
		}
		if list, err := x.ListChanges(t.Context(), x.owner); err != nil || len(list) != 1 || list[0].Kind() != "deleted" {
			t.Errorf("changes: got %+v, %v; want the deletion as it was", list, err)
		}
		if _, err := x.CreateRoute(t.Context(), x.developer, []byte(body), nil); err != nil {
			t.Errorf("who saved it: %v", err)
		}
	})
}
