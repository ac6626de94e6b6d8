package control_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
)

func (x *fixture) root(t *testing.T, environmentRef string) definition.Hash {
	t.Helper()
	return definition.Hash(x.environment(t, environmentRef).RootHash)
}

// tree is the live tree of an environment: key to hash.
func (x *fixture) tree(t *testing.T, environmentRef string) definition.Tree {
	t.Helper()
	m, err := x.TreeAt(t.Context(), x.owner, environmentRef, "")
	if err != nil {
		t.Fatalf("tree of %s: %v", environmentRef, err)
	}
	return m.Tree
}

func (x *fixture) ask(t *testing.T, r control.PromotionRequest) control.Promotion {
	t.Helper()
	p, err := x.Promote(t.Context(), x.owner, r)
	if err != nil {
		t.Fatalf("promote %+v: %v", r, err)
	}
	return p
}

func TestSelectedDefinitions(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createEnvironment(t, "staging")
		for _, key := range []string{"a", "b", "c"} {
			x.createRoute(t, `{"key":"`+key+`","target_url":"https://example.com"}`)
		}
		first := x.commit(t)
		x.ask(t, control.PromotionRequest{To: "production", Through: "staging", Definitions: refs("a", "b")})
		if got := x.tree(t, "production"); len(got) != 2 || got[ref("c")] != "" || x.root(t, "staging") != got.Root() {
			t.Errorf("two of three: got %v", got)
		}
		x.updateRoute(t, "a", `{"timeout":"1s"}`)
		second := x.commit(t)
		x.updateRoute(t, "a", `{"timeout":"2s"}`)
		x.updateRoute(t, "b", `{"timeout":"2s"}`)
		x.commit(t)
		// a commit brings what it left, not what came after it
		p := x.ask(t, control.PromotionRequest{To: "production", Through: "staging", Commits: []string{second.ID, first.ID}})
		want := definition.Tree{ref("a"): second.Changes[0].After, ref("b"): first.Changes[1].After, ref("c"): first.Changes[2].After}
		if diff := cmp.Diff(want, x.tree(t, "production")); diff != "" || len(p.Commits) != 2 || x.root(t, "staging") != want.Root() {
			t.Errorf("two commits, %d made (-want +got):\n%s", len(p.Commits), diff)
		}
		_, err := x.Promote(t.Context(), x.owner, control.PromotionRequest{To: "production", Commits: []string{second.ID}})
		wantFault(t, "a commit of another environment", err, fault.NotFound, "commits[0]: no such commit in environment 'staging'")
		// a deletion goes up by name, also where a level below is rid of it already
		if err := x.DeleteRoute(t.Context(), x.owner, "c", ptr("away"), ""); err != nil {
			t.Fatal(err)
		}
		x.ask(t, control.PromotionRequest{To: "staging", Definitions: refs("c")})
		if p = x.ask(t, control.PromotionRequest{To: "production", Through: "staging", Definitions: refs("c")}); len(p.Commits) != 1 || p.Commits[0].Environment != "production" {
			t.Errorf("deletion: got %+v, want a step in production alone", p.Commits)
		}
		if got := x.tree(t, "production"); got[ref("c")] != "" || got[ref("a")] != want[ref("a")] {
			t.Errorf("deletion: got %v, want c gone and nothing else touched", got)
		}
		// made and deleted again below: nothing goes up, and least of all everything
		x.createRoute(t, `{"key":"d","target_url":"https://example.com"}`)
		made := x.commit(t)
		if err := x.DeleteRoute(t.Context(), x.owner, "d", nil, ""); err != nil {
			t.Fatal(err)
		}
		gone := x.commit(t)
		before := x.state(t)
		if p := x.ask(t, control.PromotionRequest{To: "production", Through: "staging", Commits: []string{made.ID, gone.ID}}); p.State != control.PromotionUnchanged {
			t.Errorf("nothing in the end: got %+v", p)
		}
		if diff := cmp.Diff(before, x.state(t)); diff != "" {
			t.Errorf("nothing in the end changed (-before +after):\n%s", diff)
		}
	})
}

// Several levels are one transaction: what stands in the way at the top keeps all of them as they are.
func TestThroughSeveralLevels(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createEnvironment(t, "staging")
		x.createEnvironment(t, "qa")
		x.createSecret(t, "stripe")
		x.createRoute(t, `{"key":"a","target_url":"https://example.com","environments":{"production":{"inject_headers":{"A":"{{secret:stripe}}"}}}}`)
		committed := x.commit(t)
		whole := control.PromotionRequest{To: "production", Through: "staging", Message: "all the way"}
		before := x.state(t)
		_, err := x.Promote(t.Context(), x.owner, whole)
		wantFault(t, "a blocker at the top", err, fault.NotReady, "secret 'stripe' has no value in environment 'production', where route 'a' needs it; set it")
		_, err = x.Promote(t.Context(), x.developer, whole)
		wantFault(t, "a developer, though only the top is protected", err, fault.Forbidden, "")
		below := x.with("below", access.Grant{Environment: x.production, Role: access.Owner}, access.Grant{Environment: x.development, Role: access.Owner},
			access.Grant{Environment: x.environment(t, "staging").ID, Role: access.Owner})
		_, err = x.Promote(t.Context(), below, whole)
		wantFault(t, "past what is not seen", err, fault.NotFound, "no such environment")
		if diff := cmp.Diff(before, x.state(t)); diff != "" {
			t.Errorf("refusals changed (-before +after):\n%s", diff)
		}
		x.setValue(t, "stripe", "production", "a value at the top")
		plan := x.plan(t, x.owner, whole)
		if len(plan.Steps) != 3 {
			t.Fatalf("got %d steps, want 3", len(plan.Steps))
		}
		whole.Plan = plan.Hash
		n := len(x.entries(t))
		p := x.ask(t, whole)
		if p.State != control.PromotionDone || len(p.Commits) != 3 || p.From.Name != "development" || p.To.Name != "production" || len(x.newest(t, n)) != 1 {
			t.Fatalf("got %+v, want three commits and one audit entry", p)
		}
		source := committed.ID
		for i, name := range []string{"staging", "qa", "production"} {
			m := p.Commits[i]
			if m.Environment != name || m.Source != source || m.Message != "all the way" || x.root(t, name) != committed.After {
				t.Errorf("step %d: got %+v from %s, want %s from %s", i, m, m.Source, name, source)
			}
			source = m.ID
		}
		// skipping is not possible: each level takes what is directly below
		x.updateRoute(t, "a", `{"timeout":"1s"}`)
		x.commit(t)
		if p := x.ask(t, control.PromotionRequest{To: "production"}); p.State != control.PromotionUnchanged {
			t.Errorf("from qa: got %+v, want nothing", p)
		}
		if p := x.ask(t, control.PromotionRequest{To: "production", Through: "production"}); p.State != control.PromotionUnchanged {
			t.Errorf("through the target: got %+v, want nothing", p)
		}
		got, err := x.GetPromotion(t.Context(), x.developer, p.ID)
		if err != nil || len(got.Commits) != 3 || got.Message != "all the way" || got.State != control.PromotionDone || got.From.Name != "development" {
			t.Errorf("kept: got %+v and %v", got, err)
		}
		list, _, err := x.ListPromotions(t.Context(), x.developer, "done", all)
		if err != nil || len(list) != 1 || list[0].ID != p.ID {
			t.Errorf("listed: got %+v and %v", list, err)
		}
		// levels that were passed may be deleted; what happened stays told
		x.switchRoute(t, "a", "qa", false)
		if err := x.DeleteEnvironment(t.Context(), x.owner, "qa"); err != nil {
			t.Fatal(err)
		}
		list, _, err = x.ListPromotions(t.Context(), x.developer, "", all)
		if err != nil || len(list) != 1 || len(list[0].Commits) != 2 {
			t.Errorf("after a deletion: got %+v and %v, want the two commits that are left", list, err)
		}
		for _, state := range []string{"unchanged", "zebra"} {
			_, _, err = x.ListPromotions(t.Context(), x.developer, state, all)
			wantFault(t, "state "+state, err, fault.Invalid, "")
		}
	})
}

// Of several who promote the same plan at once one wins; the others are told that it is stale, and where the target is.
func TestPromotersAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createRoute(t, `{"key":"a","target_url":"https://example.com"}`)
		for round := range 3 {
			x.updateRoute(t, "a", fmt.Sprintf(`{"timeout":"%ds"}`, round+1))
			x.commit(t)
			r := control.PromotionRequest{To: "production"}
			r.Plan = x.plan(t, x.owner, r).Hash
			errs := make([]error, 4)
			var wait sync.WaitGroup
			for i := range errs {
				wait.Go(func() { _, errs[i] = x.Promote(t.Context(), x.with(fmt.Sprint(i), x.owner.Grants...), r) })
			}
			wait.Wait()
			won := 0
			for _, err := range errs {
				if err == nil {
					won++
					continue
				}
				wantFault(t, "who came late", err, fault.Stale, fmt.Sprintf("what the plan was made of has changed since ('production' is now at commit %d); make the plan again", round+1))
				var told *fault.Error
				if asFault(err, &told) {
					if plan, ok := told.Detail.(definition.Plan); !ok || plan.Steps[0].To.Head != int64(round+1) || !plan.Empty() {
						t.Errorf("got %+v, want the plan as it is now", told.Detail)
					}
				}
			}
			if won != 1 || x.environment(t, "production").Head != int64(round+1) {
				t.Errorf("round %d: got %d winners, want one", round, won)
			}
		}
		x.replay(t, x.production)
	})
}

// Protecting is by role: a developer promotes and rolls back where an environment is not protected, and only there.
func TestProtectedEnvironments(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createRoute(t, `{"key":"a","target_url":"https://example.com"}`)
		x.commit(t)
		up, down := control.PromotionRequest{To: "production"}, control.RollbackRequest{To: "0"}
		_, err := x.Promote(t.Context(), x.developer, up)
		wantFault(t, "promote", err, fault.Forbidden, "")
		if _, err = x.Promote(t.Context(), x.admin, up); err != nil {
			t.Errorf("an admin: %v", err)
		}
		_, err = x.Rollback(t.Context(), x.developer, "production", down)
		wantFault(t, "roll back", err, fault.Forbidden, "")
		if _, err = x.Rollback(t.Context(), x.admin, "production", down); err != nil {
			t.Errorf("an admin: %v", err)
		}
		_, err = x.LiftHold(t.Context(), x.developer, "production")
		wantFault(t, "lift", err, fault.Forbidden, "")
		open := environment.Fields{Protected: ptr(false)}
		_, err = x.UpdateEnvironment(t.Context(), x.developer, "production", open)
		wantFault(t, "unprotect", err, fault.Forbidden, "")
		if e, err := x.UpdateEnvironment(t.Context(), x.admin, "production", open); err != nil || e.Protected || x.environment(t, "production").Protected {
			t.Errorf("unprotect: got %+v and %v", e, err)
		}
		if _, err = x.LiftHold(t.Context(), x.developer, "production"); err != nil {
			t.Errorf("lift: %v", err)
		}
		if _, err = x.Promote(t.Context(), x.developer, up); err != nil {
			t.Errorf("promote where it is not protected: %v", err)
		}
		for _, who := range []access.Principal{x.viewer, x.support} {
			_, err = x.Promote(t.Context(), who, up)
			wantFault(t, "promote as "+who.Name, err, fault.Forbidden, "")
		}
		_, err = x.UpdateEnvironment(t.Context(), x.owner, "production", environment.Fields{Protection: &environment.Protection{Approvals: 11}})
		wantFault(t, "too many approvals", err, fault.Invalid, "")
	})
}
