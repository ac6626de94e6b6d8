package control_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
)

// propose makes a proposal of everything into production by the owner, who needs n approvals.
func (x *fixture) propose(t *testing.T, n int) control.Promotion {
	t.Helper()
	x.protect(t, "production", environment.Protection{Approvals: n})
	p := x.ask(t, control.PromotionRequest{To: "production", Message: "up"})
	if p.State != control.PromotionOpen || p.ID == "" || len(p.Commits) != 0 || p.Needed != n {
		t.Fatalf("propose: got %+v, want an open one", p)
	}
	return p
}

func (x *fixture) promotion(t *testing.T, id string) control.Promotion {
	t.Helper()
	p, err := x.GetPromotion(t.Context(), x.developer, id)
	if err != nil {
		t.Fatalf("get promotion: %v", err)
	}
	return p
}

func (x *fixture) approve(t *testing.T, who access.Principal, id string) control.Promotion {
	t.Helper()
	p, err := x.ApprovePromotion(t.Context(), who, id, "")
	if err != nil {
		t.Fatalf("approve as %s: %v", who.Name, err)
	}
	return p
}

func (x *fixture) saved(t *testing.T, key string) {
	t.Helper()
	x.createRoute(t, `{"key":"`+key+`","target_url":"https://example.com"}`)
	x.commit(t)
}

func TestApprovals(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.saved(t, "a")
		p := x.propose(t, 2)
		before := x.state(t)
		_, err := x.ApprovePromotion(t.Context(), x.owner, p.ID, p.Plan.Hash)
		wantFault(t, "by its author", err, fault.Forbidden, "nobody approves a promotion of their own; ask somebody else")
		for _, who := range []access.Principal{x.developer, x.viewer, x.support} {
			_, err = x.ApprovePromotion(t.Context(), who, p.ID, "")
			wantFault(t, "by "+who.Name, err, fault.Forbidden, "")
			_, err = x.RejectPromotion(t.Context(), who, p.ID, "")
			wantFault(t, "rejected by "+who.Name, err, fault.Forbidden, "")
		}
		_, err = x.ApprovePromotion(t.Context(), x.admin, p.ID, "zebra")
		wantFault(t, "of another plan", err, fault.Stale, "")
		if diff := cmp.Diff(before, x.state(t)); diff != "" {
			t.Errorf("refusals changed (-before +after):\n%s", diff)
		}
		second := x.with("second", x.admin.Grants...)
		for range 2 { // one person is one approval
			if got := x.approve(t, x.admin, p.ID); got.State != control.PromotionOpen || len(got.Approvals) != 1 || got.Approvals[0].Void != "" {
				t.Errorf("one of two: got %+v", got)
			}
		}
		if x.environment(t, "production").Head != 0 {
			t.Error("carried out too early")
		}
		n := len(x.entries(t))
		done, err := x.ApprovePromotion(t.Context(), second, p.ID, p.Plan.Hash)
		if err != nil || done.State != control.PromotionDone || len(done.Commits) != 1 || len(done.Approvals) != 2 || len(x.newest(t, n)) != 1 {
			t.Fatalf("the last one: got %+v and %v", done, err)
		}
		if m := done.Commits[0]; m.Author.ID != x.owner.ID || m.Message != "up" || x.root(t, "production") != x.root(t, "development") {
			t.Errorf("got %+v, want its author's commit", m)
		}
		for _, err := range []error{
			func() error { _, err := x.ApprovePromotion(t.Context(), x.admin, p.ID, ""); return err }(),
			func() error { _, err := x.RejectPromotion(t.Context(), x.admin, p.ID, ""); return err }(),
		} {
			wantFault(t, "a closed one", err, fault.Conflict, "the promotion is done already")
		}
		for _, id := range []string{never, "\x00"} {
			_, err = x.ApprovePromotion(t.Context(), x.admin, id, "")
			wantFault(t, "none", err, fault.NotFound, "no such promotion")
		}
		x.saved(t, "b")
		p = x.propose(t, 1)
		got, err := x.RejectPromotion(t.Context(), x.admin, p.ID, "not today")
		if err != nil || got.State != control.PromotionRejected || got.Reason != "not today" || x.promotion(t, p.ID).State != control.PromotionRejected {
			t.Errorf("reject: got %+v and %v", got, err)
		}
		p = x.propose(t, 1)
		_, err = x.RejectPromotion(t.Context(), x.owner, p.ID, "\x00")
		wantFault(t, "a reason", err, fault.Invalid, "")
		if _, err = x.RejectPromotion(t.Context(), x.owner, p.ID, ""); err != nil {
			t.Errorf("withdrawn by its author: %v", err)
		}
		list, _, err := x.ListPromotions(t.Context(), x.developer, "open", all)
		if err != nil || len(list) != 0 {
			t.Errorf("open ones: got %+v and %v, want none", list, err)
		}
	})
}

// An approval never survives a change of what it approved.
func TestApprovalsAreVoided(t *testing.T) {
	for what, change := range map[string]func(*testing.T, *fixture){
		"a commit below":   func(t *testing.T, x *fixture) { x.saved(t, "later") },
		"the policy":       func(t *testing.T, x *fixture) { x.protect(t, "production", environment.Protection{Approvals: 3}) },
		"protection":       func(t *testing.T, x *fixture) { x.update(t, "production", environment.Fields{Protected: ptr(false)}) },
		"a secret's value": func(t *testing.T, x *fixture) { x.setValue(t, "stripe", "production", "another value") },
		"a value gone": func(t *testing.T, x *fixture) {
			if err := x.DeleteSecretValue(t.Context(), x.owner, "stripe", "production"); err != nil {
				t.Fatal(err)
			}
		},
		"the target": func(t *testing.T, x *fixture) {
			x.protect(t, "production", environment.Protection{})
			x.ask(t, control.PromotionRequest{To: "production", Definitions: refs("b")})
			x.protect(t, "production", environment.Protection{Approvals: 2})
		},
		"a level between": func(t *testing.T, x *fixture) { x.createEnvironment(t, "staging") },
		"a rollback below": func(t *testing.T, x *fixture) {
			if _, err := x.Rollback(t.Context(), x.owner, "development", control.RollbackRequest{To: "1"}); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			onBoth(t, func(t *testing.T, x *fixture) {
				x.createSecret(t, "stripe")
				x.setValue(t, "stripe", "production", "a value")
				x.createRoute(t, `{"key":"a","target_url":"https://example.com","inject_headers":{"A":"{{secret:stripe}}"}}`)
				x.commit(t)
				x.saved(t, "b")
				p := x.propose(t, 2)
				x.approve(t, x.admin, p.ID)
				change(t, x)
				now := x.promotion(t, p.ID)
				if len(now.Approvals) != 1 || !strings.HasPrefix(now.Approvals[0].Void, "what was approved has changed since: ") {
					t.Fatalf("got %+v, want it void, with why", now.Approvals)
				}
				_, err := x.ApprovePromotion(t.Context(), x.with("second", x.admin.Grants...), p.ID, p.Plan.Hash)
				wantFault(t, "the plan of before", err, fault.Stale, "")
				if x.root(t, "production") == x.root(t, "development") && what != "a level between" {
					t.Error("it was carried out")
				}
			})
		})
	}
}

func (x *fixture) update(t *testing.T, environmentRef string, f environment.Fields) {
	t.Helper()
	if _, err := x.UpdateEnvironment(t.Context(), x.owner, environmentRef, f); err != nil {
		t.Fatalf("update %s: %v", environmentRef, err)
	}
}

// A proposal outlives what happens to names; where it cannot be planned any more it says so and hinders nobody.
func TestProposalsAmongChangingEnvironments(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createEnvironment(t, "staging")
		x.protect(t, "staging", environment.Protection{Approvals: 1})
		x.createRoute(t, `{"key":"a","target_url":"https://example.com","environments":{"staging":{"timeout":"1s"}}}`)
		x.commit(t)
		p := x.ask(t, control.PromotionRequest{To: "production", Through: "staging", Message: "up"})
		renamed := "renamed"
		x.update(t, "staging", environment.Fields{Name: &renamed})
		x.update(t, "production", environment.Fields{Name: ptr("live")})
		if got := x.promotion(t, p.ID); len(got.Plan.Steps) != 2 || got.To.Name != "live" || got.Needed != 1 {
			t.Errorf("renamed: got %+v", got)
		}
		// an approval counts by one hash, whatever each of them sees; who does not see the way is not told of it
		above := x.with("above", access.Grant{Environment: x.production, Role: access.Developer})
		got, err := x.GetPromotion(t.Context(), above, p.ID)
		if err != nil || got.Plan.Hash != "" || got.From.ID != "" {
			t.Errorf("to one of production: got %+v and %v, want no plan", got, err)
		}
		x.update(t, "renamed", environment.Fields{Protection: &environment.Protection{Approvals: 2}})
		x.approve(t, x.admin, p.ID)
		got, err = x.GetPromotion(t.Context(), above, p.ID)
		if err != nil || len(got.Approvals) != 1 || got.Approvals[0].Void != "" {
			t.Errorf("approved, to one of production: got %+v and %v, want it to count", got, err)
		}
		x.updateRoute(t, "a", `{"environments":null}`)
		x.commit(t)
		if err := x.DeleteEnvironment(t.Context(), x.owner, "renamed"); err != nil {
			t.Fatal(err)
		}
		got = x.promotion(t, p.ID)
		if got.State != control.PromotionOpen || len(got.Approvals) != 1 || !strings.HasPrefix(got.Approvals[0].Void, "the promotion cannot be planned any more: ") {
			t.Errorf("its way is gone: got %+v", got)
		}
		if list, _, err := x.ListPromotions(t.Context(), x.developer, "", all); err != nil || len(list) != 1 {
			t.Errorf("list: got %d and %v", len(list), err)
		}
		_, err = x.ApprovePromotion(t.Context(), x.admin, p.ID, "")
		wantFault(t, "approve", err, fault.NotFound, "")
		if _, err := x.RejectPromotion(t.Context(), x.admin, p.ID, "gone"); err != nil {
			t.Errorf("reject: %v", err)
		}
	})
}

// The last two approvals at once carry it out once.
func TestApproversAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.saved(t, "a")
		p := x.propose(t, 2)
		errs := make([]error, 4)
		var wait sync.WaitGroup
		for i := range errs {
			who := x.with(string(rune('a'+i)), x.admin.Grants...)
			wait.Go(func() { _, errs[i] = x.ApprovePromotion(t.Context(), who, p.ID, "") })
		}
		wait.Wait()
		for _, err := range errs {
			if err != nil {
				wantFault(t, "late", err, fault.Conflict, "the promotion is done already")
			}
		}
		if got := x.promotion(t, p.ID); got.State != control.PromotionDone || len(got.Approvals) != 2 || x.environment(t, "production").Head != 1 {
			t.Errorf("got %+v, want it carried out once", got)
		}
	})
}

// A blocker that appears under an approved proposal stops it, and the last approval is not kept.
func TestABlockedProposal(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createSecret(t, "stripe")
		x.setValue(t, "stripe", "production", "a value")
		x.createRoute(t, `{"key":"a","target_url":"https://example.com","inject_headers":{"A":"{{secret:stripe}}"}}`)
		x.commit(t)
		p := x.propose(t, 1)
		if err := x.DeleteSecretValue(t.Context(), x.owner, "stripe", "production"); err != nil {
			t.Fatal(err)
		}
		before := x.state(t)
		_, err := x.ApprovePromotion(t.Context(), x.admin, p.ID, "")
		wantFault(t, "approve", err, fault.NotReady, "")
		if diff := cmp.Diff(before, x.state(t)); diff != "" {
			t.Errorf("the refusal changed (-before +after):\n%s", diff)
		}
		x.setValue(t, "stripe", "production", "a value again")
		if got := x.approve(t, x.admin, p.ID); got.State != control.PromotionDone {
			t.Errorf("unblocked: got %+v", got)
		}
	})
}
