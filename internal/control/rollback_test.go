package control_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/fault"
)

func TestRollback(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		made := x.past(t)
		request := control.RollbackRequest{To: "1", Message: "it broke"}
		plan, err := x.PlanRollback(t.Context(), x.developer, "production", request)
		if err != nil || plan.Kind != definition.PlanRollback || len(plan.Steps) != 1 || len(plan.Steps[0].Changes) != 2 || plan.Steps[0].From != plan.Steps[0].To {
			t.Fatalf("plan: got %+v and %v", plan, err)
		}
		request.Plan = plan.Hash
		x.switchRoute(t, "b", "production", false)
		done, err := x.Rollback(t.Context(), x.owner, "production", request)
		if err != nil || done.Cause != definition.CauseRollback || done.Source != made[1].ID || done.Message != "it broke" || done.After != made[1].After || done.Number != 3 {
			t.Fatalf("got %+v and %v", done, err)
		}
		e := x.environment(t, "production")
		if e.RootHash != string(made[1].After) || e.Hold == nil || e.Hold.Reason != "it broke" || e.Hold.By != "owner" || !e.Hold.At.Equal(x.clock.Now()) {
			t.Errorf("got %+v with hold %+v, want the old tree, held", e, e.Hold)
		}
		if state, ok := x.settings.Holder.Account(x.account); !ok {
			t.Error("the gateway does not know the account")
		} else if there, ok := state.Environment("production"); !ok || there.Name != "production" {
			t.Errorf("the gateway: got %+v", there)
		}
		x.replay(t, x.production)
		_, err = x.Rollback(t.Context(), x.owner, "production", request)
		wantFault(t, "with the plan of before", err, fault.Stale, "what the plan was made of has changed since ('production' is now at commit 3); make the plan again")

		// held: nothing goes up, whoever asks, and it says who and why
		const held = "environment 'production' is on hold since 2026-03-02T14:00:00Z by owner: it broke; lift the hold to promote into it again"
		before := x.state(t)
		_, err = x.Promote(t.Context(), x.owner, control.PromotionRequest{To: "production"})
		wantFault(t, "held", err, fault.OnHold, held)
		now := x.plan(t, x.owner, control.PromotionRequest{To: "production"})
		if b := now.Blockers(); len(b) != 1 || b[0].Kind != definition.BlockerHold || b[0].Message != held {
			t.Errorf("the plan's blockers: got %+v", b)
		}
		_, err = x.LiftHold(t.Context(), x.viewer, "production")
		wantFault(t, "lifted by a viewer", err, fault.Forbidden, "")
		_, err = x.LiftHold(t.Context(), x.owner, "development")
		wantFault(t, "lifting none", err, fault.NotFound, "the environment is not on hold")
		if diff := cmp.Diff(before, x.state(t)); diff != "" {
			t.Errorf("refusals changed (-before +after):\n%s", diff)
		}
		if e, err := x.LiftHold(t.Context(), x.admin, "production"); err != nil || e.Hold != nil || x.environment(t, "production").Hold != nil {
			t.Errorf("lift: got %+v and %v", e, err)
		}
		x.promote(t, "production")
		if got := x.root(t, "production"); got != made[3].After {
			t.Errorf("after lifting and promoting: got %s, want the newest, %s", got, made[3].After)
		}
	})
}

func TestRollbacksAreRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		made := x.past(t)
		before := x.state(t)
		for what, tt := range map[string]struct {
			who  access.Principal
			e    string
			r    control.RollbackRequest
			kind fault.Kind
			want string
		}{
			"to nothing":          {x.owner, "production", control.RollbackRequest{}, fault.Invalid, ""},
			"too far":             {x.owner, "production", control.RollbackRequest{To: "3"}, fault.NotFound, "no such commit in environment 'production'; its newest is 2"},
			"negative":            {x.owner, "production", control.RollbackRequest{To: "-1"}, fault.NotFound, ""},
			"another's":           {x.owner, "production", control.RollbackRequest{To: made[0].ID}, fault.NotFound, "no such commit in environment 'production'"},
			"none":                {x.owner, "production", control.RollbackRequest{To: "zebra"}, fault.NotFound, "no such commit in environment 'production'"},
			"to where it is":      {x.owner, "production", control.RollbackRequest{To: "2"}, fault.Conflict, "the environment has that tree already"},
			"force, not said why": {x.owner, "production", control.RollbackRequest{To: "1", Force: true}, fault.Invalid, ""},
			"another plan":        {x.owner, "production", control.RollbackRequest{To: "1", Plan: "zebra"}, fault.Stale, ""},
			"a message":           {x.owner, "production", control.RollbackRequest{To: "1", Message: "\x01"}, fault.Invalid, ""},
			"a viewer":            {x.viewer, "production", control.RollbackRequest{To: "1"}, fault.Forbidden, ""},
			"nowhere":             {x.owner, "zebra", control.RollbackRequest{To: "1"}, fault.NotFound, "no such environment"},
		} {
			done, err := x.Rollback(t.Context(), tt.who, tt.e, tt.r)
			wantFault(t, what, err, tt.kind, tt.want)
			if diff := cmp.Diff(control.Commit{}, done); diff != "" {
				t.Errorf("%s: something is told (-want +got):\n%s", what, diff)
			}
		}
		if diff := cmp.Diff(before, x.state(t)); diff != "" {
			t.Errorf("refusals changed (-before +after):\n%s", diff)
		}
	})
}

// A version whose secret is gone comes back by force, which must be explained.
func TestForcedRollback(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createSecret(t, "old")
		x.setValue(t, "old", "production", "the value of an old secret")
		x.createRoute(t, `{"key":"a","target_url":"https://example.com","inject_headers":{"A":"{{secret:old}}"}}`)
		x.commit(t)
		x.promote(t, "production")
		x.updateRoute(t, "a", `{"inject_headers":null}`)
		x.commit(t)
		x.promote(t, "production")
		if err := x.DeleteSecret(t.Context(), x.owner, "old"); err != nil {
			t.Fatal(err)
		}
		r := control.RollbackRequest{To: "1", Message: "it was better"}
		_, err := x.Rollback(t.Context(), x.owner, "production", r)
		wantFault(t, "without force", err, fault.NotReady, "route 'a' refers to secret 'old' in inject_headers.A, which does not exist; create it")
		n := len(x.entries(t))
		r.Force = true
		if _, err := x.Rollback(t.Context(), x.owner, "production", r); err != nil {
			t.Errorf("with force: %v", err)
		}
		if e := x.newest(t, n); len(e) != 1 || e[0].Detail["force"] != "true" || e[0].Detail["message"] != "it was better" {
			t.Errorf("audit: got %+v, want force and why", e)
		}
	})
}

// In the first environment what is saved survives, but for what the rollback itself brought about.
func TestDraftsSurviveARollback(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		body := func(key string, seconds int) string {
			return fmt.Sprintf(`{"key":%q,"target_url":"https://example.com","timeout":"%ds"}`, key, seconds)
		}
		for _, key := range []string{"a", "b", "c"} {
			x.createRoute(t, body(key, 1))
		}
		x.commit(t)
		for _, key := range []string{"a", "b", "c"} {
			x.updateRoute(t, key, `{"timeout":"2s"}`)
		}
		x.createRoute(t, body("later", 1))
		x.commit(t)
		x.updateRoute(t, "a", `{"timeout":"3s"}`)
		x.updateRoute(t, "b", `{"timeout":"1s"}`) // what the rollback brings back
		if err := x.DeleteRoute(t.Context(), x.owner, "later", nil, ""); err != nil {
			t.Fatal(err)
		}
		x.createRoute(t, body("new", 1))
		if _, err := x.Rollback(t.Context(), x.developer, "development", control.RollbackRequest{To: "1"}); err != nil {
			t.Fatal(err)
		}
		want := []string{"changed a by owner, replace timeout", "added new by owner, add "}
		if diff := cmp.Diff(want, tell(x.changes(t, x.owner))); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
		if done := x.commit(t); len(done.Changes) != 2 {
			t.Errorf("commit: got %+v, want both", done.Changes)
		}
		x.replay(t, x.development)
	})
}
