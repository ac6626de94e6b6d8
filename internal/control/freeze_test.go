package control_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
)

// frozenOperations are what a freeze of production refuses, in an order in which each succeeds without one.
func (x *fixture) frozenOperations(t *testing.T, key, proposal string) []operation {
	t.Helper()
	return []operation{
		{name: "set a value", action: access.SecretValueSet, run: func(ctx context.Context, who access.Principal) error {
			_, err := x.SetSecretValue(ctx, who, "stripe", "production", text("a value in a freeze"))
			return err
		}},
		{name: "set a variable", action: access.VariableSet, run: func(ctx context.Context, who access.Principal) error {
			_, err := x.SetVariable(ctx, who, "region", map[string]*string{"production": ptr("eu")}, nil)
			return err
		}},
		{name: "delete a variable", action: access.VariableDelete, run: func(ctx context.Context, who access.Principal) error {
			return x.DeleteVariable(ctx, who, "region", "production")
		}},
		{name: "stage a value", action: access.SecretValueSet, run: func(ctx context.Context, who access.Principal) error {
			_, err := x.SetSecretValue(ctx, who, "stripe", "production", control.SecretValue{Value: plaintext("a staged value in a freeze"), Stage: true})
			return err
		}},
		{name: "change terms", action: access.SecretValueUpdate, run: func(ctx context.Context, who access.Principal) error {
			_, err := x.UpdateSecretTerms(ctx, who, "stripe", "production", control.SecretTerms{Strict: ptr(false)})
			return err
		}},
		{name: "activate a version", action: access.SecretValueActivate, run: func(ctx context.Context, who access.Principal) error {
			slot := x.slotOf(t, "stripe", x.production)
			version := slot.Staged
			if version == 0 {
				version = slot.Active // refused as the one in force where there is no freeze
			}
			_, err := x.ActivateSecretVersion(ctx, who, "stripe", "production", version)
			return err
		}},
		{name: "copy a value", action: access.SecretValueDuplicate, run: func(ctx context.Context, who access.Principal) error {
			_, err := x.DuplicateSecretValue(ctx, who, "stripe", control.SecretDuplicate{Source: "development", Target: "production", Overwrite: true})
			return err
		}},
		{name: "delete a value", action: access.SecretValueDelete, run: func(ctx context.Context, who access.Principal) error {
			return x.DeleteSecretValue(ctx, who, "stripe", "production")
		}},
		{name: "delete a secret", action: access.SecretDelete, run: func(ctx context.Context, who access.Principal) error {
			return x.DeleteSecret(ctx, who, "other")
		}},
		{name: "create a key", action: access.APIKeyCreate, run: func(ctx context.Context, who access.Principal) error {
			_, _, err := x.CreateAPIKey(ctx, who, "production", apikey.Public, noFields)
			return err
		}},
		{name: "rotate a key", action: access.APIKeyRotate, run: func(ctx context.Context, who access.Principal) error {
			_, _, err := x.RotateAPIKey(ctx, who, key, 0)
			return err
		}},
		{name: "switch on", action: access.RouteSwitch, run: func(ctx context.Context, who access.Principal) error {
			_, err := x.SwitchRoute(ctx, who, "a", "production", true)
			return err
		}},
		{name: "approve", action: access.PromotionApprove, run: func(ctx context.Context, who access.Principal) error {
			_, err := x.ApprovePromotion(ctx, who, proposal, "")
			return err
		}},
		{name: "roll back", action: access.RollbackCreate, run: func(ctx context.Context, who access.Principal) error {
			_, err := x.Rollback(ctx, who, "production", control.RollbackRequest{To: "0"})
			return err
		}},
		{name: "loosen", action: access.EnvironmentUpdate, run: func(ctx context.Context, who access.Principal) error {
			_, err := x.UpdateEnvironment(ctx, who, "production", environment.Fields{Protected: ptr(false)})
			return err
		}},
		{name: "promote through it", action: access.PromotionCreate, run: func(ctx context.Context, who access.Principal) error {
			_, err := x.LiftHold(ctx, x.owner, "production")
			if err != nil && !fault.Is(err, fault.NotFound) {
				return err
			}
			_, err = x.Promote(ctx, who, control.PromotionRequest{To: "production", Message: "up"})
			return err
		}},
	}
}

func TestAFreeze(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.hide("a value in a freeze", "a value in a freeze")
		x.createSecret(t, "stripe")
		x.setValue(t, "stripe", "development", "a value below")
		x.setValue(t, "stripe", "production", "a value above")
		x.createSecret(t, "other")
		x.setValue(t, "other", "production", "another value")
		x.saved(t, "a")
		key := x.createKey(t, "production")
		x.protect(t, "production", environment.Protection{Approvals: 1})
		proposal, err := x.Promote(t.Context(), x.with("author", x.owner.Grants...), control.PromotionRequest{To: "production", Message: "up"})
		if err != nil {
			t.Fatal(err)
		}
		now := x.clock.Now()
		frozen := environment.Protection{Approvals: 1, Freeze: []environment.Window{
			{Start: now, End: now.Add(time.Hour), Reason: "the holidays"}, {Start: now.Add(30 * time.Minute), End: now.Add(2 * time.Hour)},
		}}
		x.protect(t, "production", frozen)
		const refused = "environment 'production' is frozen until 2026-03-01T14:00:00Z: the holidays; wait, or have an owner override it with a reason"
		operations := x.frozenOperations(t, key.ID, proposal.ID)
		for _, o := range operations {
			before := x.state(t)
			err := o.run(t.Context(), x.owner)
			wantFault(t, o.name, err, fault.Frozen, refused)
			var told *fault.Error
			if asFault(err, &told) && told.RetryAfter != 2*time.Hour {
				t.Errorf("%s: got retry after %s, want 2h", o.name, told.RetryAfter)
			}
			wantFault(t, o.name+" as an admin who overrides", o.run(t.Context(), overriding(x.admin, "please")), fault.Forbidden, "only an owner may override a freeze")
			if diff := cmp.Diff(before, x.state(t)); diff != "" {
				t.Errorf("%s: the refusal changed (-before +after):\n%s", o.name, diff)
			}
		}
		// what reduces risk, and what concerns no one here, goes on
		x.switchRoute(t, "a", "production", false)
		if err := x.RevokeAPIKey(t.Context(), x.owner, x.createKey(t, "development").ID); err != nil {
			t.Errorf("another environment: %v", err)
		}
		if _, err := x.UpdateEnvironment(t.Context(), x.admin, "production", environment.Fields{Description: ptr("frozen")}); err != nil {
			t.Errorf("describe: %v", err)
		}
		x.plan(t, x.owner, control.PromotionRequest{To: "production"})

		// an owner goes on with a reason, which stays until another has seen it
		rushed := overriding(x.with("rushed", x.owner.Grants...), "production is on fire")
		for i, o := range operations {
			n := len(x.entries(t))
			if err := o.run(t.Context(), rushed); err != nil {
				t.Fatalf("%s, overridden: %v", o.name, err)
			}
			entries := x.newest(t, n)
			if e := entries[len(entries)-1]; e.Action != string(o.action) || e.Detail["reason"] != "production is on fire" || e.Outcome != audit.Allowed {
				t.Errorf("%s: got %+v, want the reason audited", o.name, e)
			}
			state, err := x.Freeze(t.Context(), x.support, "production")
			if err != nil || len(state.Overrides) != i+1 || len(state.Active) != 1 {
				t.Fatalf("%s: got %+v and %v, want one override more", o.name, state, err)
			}
			if got := state.Overrides[i]; got.Action != string(o.action) || got.Author != "rushed" || got.Reason != "production is on fire" || !got.CreatedAt.Equal(x.clock.Now()) {
				t.Errorf("%s: got %+v", o.name, got)
			}
		}
		state, err := x.Freeze(t.Context(), x.viewer, "production")
		if err != nil {
			t.Fatal(err)
		}
		id := state.Overrides[0].ID
		wantFault(t, "acknowledged by its author", x.AcknowledgeOverride(t.Context(), rushed, "production", id), fault.Forbidden, "")
		wantFault(t, "by a developer", x.AcknowledgeOverride(t.Context(), x.developer, "production", id), fault.Forbidden, "")
		wantFault(t, "elsewhere", x.AcknowledgeOverride(t.Context(), x.admin, "development", id), fault.NotFound, "no such override")
		namesake := x.with("rushed", x.owner.Grants...)
		namesake.ID = "id-of-another"
		if err := x.AcknowledgeOverride(t.Context(), namesake, "production", id); err != nil {
			t.Errorf("by another of the same name: %v", err)
		}
		wantFault(t, "twice", x.AcknowledgeOverride(t.Context(), x.admin, "production", id), fault.NotFound, "no such override")
		if state, err = x.Freeze(t.Context(), x.viewer, "production"); err != nil || len(state.Overrides) != len(operations)-1 {
			t.Errorf("acknowledged: got %+v and %v", state.Overrides, err)
		}
		wantFault(t, "the environment with its values", x.DeleteEnvironment(t.Context(), x.owner, "production"), fault.Frozen, "")
		x.clock.pass(2 * time.Hour)
		if state, err = x.Freeze(t.Context(), x.viewer, "production"); err != nil || state.Active != nil || state.Refuses != nil {
			t.Errorf("afterwards: got %+v and %v", state, err)
		}
		x.createKey(t, "production")
		n := len(x.entries(t))
		if _, _, err := x.CreateAPIKey(t.Context(), rushed, "production", apikey.Public, noFields); err != nil || x.newest(t, n)[0].Detail["reason"] != "" {
			t.Errorf("a reason without a freeze: got %+v and %v, want it to mean nothing", x.newest(t, n), err)
		}
	})
}

// A level on the way that is frozen stops all of it; one override is one entry for each frozen level.
func TestAFrozenLevelOnTheWay(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createEnvironment(t, "staging")
		x.saved(t, "a")
		x.freeze(t, "staging", time.Hour)
		r := control.PromotionRequest{To: "production", Through: "staging"}
		before := x.state(t)
		_, err := x.Promote(t.Context(), x.owner, r)
		wantFault(t, "promote", err, fault.Frozen, "")
		if diff := cmp.Diff(before, x.state(t)); diff != "" {
			t.Errorf("the refusal changed (-before +after):\n%s", diff)
		}
		x.freeze(t, "production", time.Hour)
		if _, err := x.Promote(t.Context(), overriding(x.owner, "now"), r); err != nil {
			t.Fatal(err)
		}
		for _, e := range []string{"staging", "production"} {
			if state, err := x.Freeze(t.Context(), x.viewer, e); err != nil || len(state.Overrides) != 1 {
				t.Errorf("%s: got %+v and %v, want one override", e, state, err)
			}
		}
	})
}

// Every Friday afternoon in Berlin, across the change of the clocks; rollbacks are let through.
func TestAWeeklyFreeze(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.past(t)
		x.protect(t, "production", environment.Protection{Freeze: []environment.Window{{
			Weekly: &environment.Weekly{Days: []time.Weekday{time.Friday}, From: "16:00", To: "24:00", TimeZone: "Europe/Berlin"},
			Reason: "the weekend", AllowRollback: true,
		}}})
		for _, tt := range []struct {
			now   string
			until string // "": open
		}{
			{"2026-03-06T14:59:59Z", ""},
			{"2026-03-06T15:00:00Z", "2026-03-06T23:00:00Z"},
			{"2026-03-06T22:59:59Z", "2026-03-06T23:00:00Z"},
			{"2026-03-06T23:00:00Z", ""},
			{"2026-04-03T13:59:59Z", ""}, // summer time
			{"2026-04-03T14:00:00Z", "2026-04-03T22:00:00Z"},
			{"2026-04-04T14:00:00Z", ""},
		} {
			at, err := time.Parse(time.RFC3339, tt.now)
			if err != nil {
				t.Fatal(err)
			}
			x.clock.pass(at.Sub(x.clock.Now()))
			_, err = x.Promote(t.Context(), x.owner, control.PromotionRequest{To: "production"})
			if tt.until == "" {
				if err != nil {
					t.Errorf("at %s: got %v, want it open", tt.now, err)
				}
				continue
			}
			wantFault(t, "at "+tt.now, err, fault.Frozen, fmt.Sprintf("environment 'production' is frozen until %s: the weekend; wait, or have an owner override it with a reason", tt.until))
		}
		friday := time.Date(2026, 4, 10, 15, 0, 0, 0, time.UTC)
		x.clock.pass(friday.Sub(x.clock.Now()))
		if _, err := x.Rollback(t.Context(), x.owner, "production", control.RollbackRequest{To: "1"}); err != nil {
			t.Errorf("a rollback in the window: %v", err)
		}
		state, err := x.Freeze(t.Context(), x.viewer, "production")
		if err != nil || len(state.Active) != 1 || len(state.Overrides) != 0 {
			t.Fatalf("got %+v and %v, want the window", state, err)
		}
		for _, a := range state.Refuses {
			if a == access.RollbackCreate {
				t.Error("the state says that rollbacks are refused")
			}
		}
	})
}

// A freeze without an end says no time.
func TestAFreezeWithoutEnd(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		every := []time.Weekday{0, 1, 2, 3, 4, 5, 6}
		x.protect(t, "production", environment.Protection{Freeze: []environment.Window{{Weekly: &environment.Weekly{Days: every, From: "00:00", To: "24:00"}}}})
		_, _, err := x.CreateAPIKey(t.Context(), x.owner, "production", apikey.Public, noFields)
		wantFault(t, "create a key", err, fault.Frozen, "environment 'production' is frozen; wait, or have an owner override it with a reason")
		var told *fault.Error
		if asFault(err, &told) && told.RetryAfter != 0 {
			t.Errorf("got retry after %s, want none", told.RetryAfter)
		}
	})
}
