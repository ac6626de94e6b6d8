package control_test

import (
	"context"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/route"
)

// ways are the operations of the life of a change after its first promotion, in an order in which each succeeds. The
// route charges is deleted in a draft when they begin.
func (x *fixture) ways() []operation {
	const revealed = "018f0000-0000-7000-8000-00000000ca11"
	var id string // of the proposal or override that is at hand
	propose := func(t *testing.T) {
		t.Helper()
		p, err := x.Promote(t.Context(), x.with("author", x.owner.Grants...), control.PromotionRequest{To: "production", Message: "up"})
		if err != nil || p.State != control.PromotionOpen {
			t.Fatalf("propose: got %q and %v, want an open one", p.State, err)
		}
		id = p.ID
	}
	commit := func(t *testing.T, body string) {
		t.Helper()
		x.updateRoute(t, "accounts", body)
		x.commit(t)
	}
	return []operation{
		{name: "discard", action: access.ChangeDiscard, environment: "development", target: "route charges", run: func(ctx context.Context, who access.Principal) error {
			return x.DiscardChange(ctx, who, ref("charges"))
		}},
		{name: "ask for messages", action: access.AccountUpdate, target: "account " + x.account, run: func(ctx context.Context, who access.Principal) error {
			_, err := x.UpdateAccount(ctx, who, control.AccountFields{CommitMessageRequired: ptr(true)})
			return err
		}},
		{name: "keep the names of orders", action: access.AccountUpdate, target: "account " + x.account, detail: []string{"obfuscation", "0 fields, 1 kept"}, run: func(ctx context.Context, who access.Principal) error {
			_, err := x.UpdateAccount(ctx, who, control.AccountFields{ObfuscationKeep: &[]string{"$.order.name"}})
			return err
		}},
		{name: "show what customers wrote", action: access.EnvironmentUpdate, environment: "production", target: "environment production", detail: []string{"obfuscate_customer_data", "false", "show_message_contents", "true"}, run: func(ctx context.Context, who access.Principal) error {
			_, err := x.UpdateEnvironment(ctx, who, "production", environment.Fields{ObfuscateCustomerData: ptr(false), ShowMessageContents: ptr(true)})
			return err
		}},
		{name: "hide it again", action: access.EnvironmentUpdate, environment: "production", target: "environment production", detail: []string{"obfuscate_customer_data", "true", "show_message_contents", "false"}, run: func(ctx context.Context, who access.Principal) error {
			_, err := x.UpdateEnvironment(ctx, who, "production", environment.Fields{ObfuscateCustomerData: ptr(true), ShowMessageContents: ptr(false)})
			return err
		}},
		{name: "reveal", action: access.LogReveal, environment: "production", target: "call charges", detail: []string{"reason", "the customer has called", "expires_at", "*"}, run: func(ctx context.Context, who access.Principal) error {
			_, err := x.RevealCall(ctx, who, revealed, "the customer has called")
			return err
		}, prepare: func(t *testing.T) {
			x.record(t, route.Call{ID: revealed, Account: x.account, EnvironmentID: x.production, RouteKey: "charges", Path: "/customers/ada@example.com", Status: 200, Time: x.clock.Now()})
		}},
		{name: "replay", action: access.LogReplay, environment: "development", target: "call charges", detail: []string{"source", "production"}, run: func(ctx context.Context, who access.Principal) error {
			_, err := x.ReplayCall(ctx, who, idAt(x.clock.Now(), 4711), "development")
			return err
		}, prepare: func(t *testing.T) {
			x.show(t, "production", true, true)
			c := x.contentCall(4711, x.production)
			c.RouteID, c.RouteKey, c.Content.RequestBody.Truncated = "id-of-charges", "charges", false
			x.record(t, c)
			x.show(t, "production", false, true)
		}},
		{name: "ask for an approval", action: access.EnvironmentUpdate, environment: "production", target: "environment production", detail: []string{"approvals", "1"}, run: func(ctx context.Context, who access.Principal) error {
			_, err := x.UpdateEnvironment(ctx, who, "production", environment.Fields{Protection: &environment.Protection{Approvals: 1}})
			return err
		}},
		{
			name: "propose", action: access.PromotionCreate, environment: "production", target: "environment production",
			detail: []string{"message", "up", "source", "development", "plan", "*", "promotion", "*"},
			prepare: func(t *testing.T) {
				x.createRoute(t, `{"key":"accounts","target_url":"https://example.com"}`)
				x.commit(t)
			},
			run: func(ctx context.Context, who access.Principal) error {
				_, err := x.Promote(ctx, who, control.PromotionRequest{To: "production", Message: "up"})
				return err
			},
		},
		{
			name: "reject", action: access.PromotionReject, environment: "production", target: "promotion production",
			detail: []string{"reason", "not today", "promotion", "*"}, prepare: propose,
			run: func(ctx context.Context, who access.Principal) error {
				_, err := x.RejectPromotion(ctx, who, id, "not today")
				return err
			},
		},
		{
			name: "approve", action: access.PromotionApprove, environment: "production", target: "promotion production",
			detail:  []string{"message", "up", "source", "development", "plan", "*", "promotion", "*", "changes", "2", "commit", "*"},
			prepare: propose,
			run: func(ctx context.Context, who access.Principal) error {
				_, err := x.ApprovePromotion(ctx, who, id, "")
				return err
			},
		},
		{
			name: "approve as one of two", action: access.PromotionApprove, environment: "production", target: "promotion production",
			detail: []string{"plan", "*", "promotion", "*"},
			prepare: func(t *testing.T) {
				commit(t, `{"timeout":"1s"}`)
				x.protect(t, "production", environment.Protection{Approvals: 2})
				propose(t)
			},
			run: func(ctx context.Context, who access.Principal) error {
				_, err := x.ApprovePromotion(ctx, who, id, "")
				return err
			},
		},
		{
			name: "roll back", action: access.RollbackCreate, environment: "production", target: "environment production",
			detail: []string{"message", "away", "source", "0", "plan", "*", "commit", "*", "force", "false"},
			run: func(ctx context.Context, who access.Principal) error {
				_, err := x.Rollback(ctx, who, "production", control.RollbackRequest{To: "0", Message: "away"})
				return err
			},
		},
		{
			name: "lift the hold", action: access.HoldLift, environment: "production", target: "environment production", detail: []string{"reason", "away"},
			run: func(ctx context.Context, who access.Principal) error {
				_, err := x.LiftHold(ctx, who, "production")
				return err
			},
		},
		{
			name: "acknowledge", action: access.FreezeAcknowledge, environment: "production", target: "override api_key.create",
			prepare: func(t *testing.T) {
				x.freeze(t, "production", time.Hour)
				if _, _, err := x.CreateAPIKey(t.Context(), overriding(x.with("second", x.owner.Grants...), "on fire"), "production", "public", noFields); err != nil {
					t.Fatalf("override: %v", err)
				}
				state, err := x.Freeze(t.Context(), x.owner, "production")
				if err != nil || len(state.Overrides) != 1 {
					t.Fatalf("got %+v and %v, want an override", state, err)
				}
				id = state.Overrides[0].ID
			},
			run: func(ctx context.Context, who access.Principal) error {
				return x.AcknowledgeOverride(ctx, who, "production", id)
			},
		},
	}
}

// protect gives an environment a protection in place of the one it has.
func (x *fixture) protect(t *testing.T, environmentRef string, p environment.Protection) {
	t.Helper()
	if _, err := x.UpdateEnvironment(t.Context(), x.owner, environmentRef, environment.Fields{Protection: &p}); err != nil {
		t.Fatalf("protect %s: %v", environmentRef, err)
	}
}

// freeze freezes an environment from now on.
func (x *fixture) freeze(t *testing.T, environmentRef string, d time.Duration) {
	t.Helper()
	now := x.clock.Now()
	x.protect(t, environmentRef, environment.Protection{Freeze: []environment.Window{{Start: now, End: now.Add(d), Reason: "the holidays"}}})
}

// overriding is a principal who asks to go on in spite of a freeze.
func overriding(who access.Principal, reason string) access.Principal {
	who.Request.Override = reason
	return who
}
