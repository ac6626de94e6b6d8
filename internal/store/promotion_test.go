package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/mask"
	"github.com/lockage/lockage/internal/store"
)

func TestPromotions(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		done, above := promotion, promotion
		done.State, done.Commits, done.Reason, done.ClosedAt = "done", []string{"c1", "c2"}, "why", start.Add(time.Hour)
		done.Message, done.Needed, done.Plan = "another", 9, "another" // these never change
		above.ID, above.EnvironmentID = "p2", "e2"
		x.write(t, func(tx *store.Tx) error { return tx.PutPromotion(ctx, done) })
		x.write(t, func(tx *store.Tx) error { return tx.PutPromotion(ctx, above) })
		done.Message, done.Needed, done.Plan = promotion.Message, promotion.Needed, promotion.Plan
		x.read(t, func(tx *store.Tx) error {
			got, err := tx.Promotion(ctx, "p1")
			if diff := cmp.Diff(done, got); diff != "" || err != nil {
				t.Errorf("one: %v (-want +got):\n%s", err, diff)
			}
			for _, id := range []string{"p9", "\x00"} {
				if _, err := tx.Promotion(ctx, id); !fault.Is(err, fault.NotFound) {
					t.Errorf("none: got %v, want not found", err)
				}
			}
			for what, tt := range map[string]struct {
				environments  []string
				state, before string
				limit         int
				want          []store.Promotion
			}{
				"all, newest first": {[]string{"e1", "e2"}, "", "", 9, []store.Promotion{above, done}},
				"open":              {[]string{"e1", "e2"}, "open", "", 9, []store.Promotion{above}},
				"of one":            {[]string{"e1"}, "", "", 9, []store.Promotion{done}},
				"before":            {[]string{"e1", "e2"}, "", "p2", 9, []store.Promotion{done}},
				"a page":            {[]string{"e1", "e2"}, "", "", 1, []store.Promotion{above}},
				"of none":           {nil, "", "", 9, []store.Promotion{}},
			} {
				list, err := tx.Promotions(ctx, tt.environments, tt.state, tt.before, tt.limit)
				if diff := cmp.Diff(tt.want, list); diff != "" || err != nil {
					t.Errorf("%s: %v (-want +got):\n%s", what, err, diff)
				}
			}
			return nil
		})
	})
}

func TestApprovals(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		newer, another := approval, approval
		newer.Plan, newer.CreatedAt = "plan-2", start.Add(time.Hour)
		another.ApproverID, another.Approver = "m3", "Kim"
		x.write(t, func(tx *store.Tx) error { return tx.PutApproval(ctx, another) })
		x.write(t, func(tx *store.Tx) error { return tx.PutApproval(ctx, newer) })
		x.read(t, func(tx *store.Tx) error {
			list, err := tx.Approvals(ctx, "p1")
			if diff := cmp.Diff([]store.Approval{another, newer}, list); diff != "" {
				t.Errorf("a newer one takes the place (-want +got):\n%s", diff)
			}
			return err
		})
	})
}

func TestOverrides(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		second := override
		second.ID, second.Action = "o2", "api_key.create"
		x.write(t, func(tx *store.Tx) error { return tx.InsertOverride(ctx, second) })
		open := func(want ...store.Override) {
			t.Helper()
			x.read(t, func(tx *store.Tx) error {
				list, err := tx.Overrides(ctx, "e1")
				if diff := cmp.Diff(append([]store.Override{}, want...), list); diff != "" {
					t.Errorf("unacknowledged (-want +got):\n%s", diff)
				}
				return err
			})
		}
		open(override, second)
		for _, want := range []bool{true, false} {
			x.write(t, func(tx *store.Tx) error {
				marked, err := tx.AcknowledgeOverride(ctx, "e1", "o1", "Ola")
				if marked != want {
					t.Errorf("acknowledge: got %v, want %v", marked, want)
				}
				return err
			})
		}
		x.write(t, func(tx *store.Tx) error {
			if marked, err := tx.AcknowledgeOverride(ctx, "e2", "o2", "Ola"); marked || err != nil {
				t.Errorf("of another environment: got %v and %v, want nothing", marked, err)
			}
			return nil
		})
		open(second)
	})
}

func TestAccountSettings(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		want := store.Account{ID: ours, Name: "renamed", CommitMessageRequired: true, CreatedAt: start, Obfuscation: mask.Rules{
			Fields: []mask.Field{{Path: "$.customer.ref", Class: mask.FreeText}}, Keep: []string{"$.order.name"},
		}}
		x.write(t, func(tx *store.Tx) error { return tx.UpdateAccount(t.Context(), want) })
		x.read(t, func(tx *store.Tx) error {
			got, err := tx.AccountSettings(t.Context())
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
			return err
		})
	})
}
