package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// history is three steps of e1 and one of e2, with the tree of e1 after each.
func (x fixture) history(t *testing.T) (first, second, third, above definition.Commit, trees []definition.Tree) {
	t.Helper()
	ctx, z := t.Context(), definition.Ref{Kind: "layout", Key: "z"}
	first, second, third, above = commit, commit, commit, commit
	second.ID, second.Number, second.Author, second.CreatedAt = "c2", 2, definition.Author{Kind: "token", ID: "t1", Name: "machine"}, start.Add(time.Hour)
	second.Changes = []definition.Change{{Ref: z, After: "h5"}, {Ref: charges, Before: "h1", After: "h2"}}
	third.ID, third.Number, third.Cause, third.CreatedAt = "c3", 3, definition.CauseRollback, start.Add(2*time.Hour)
	third.Changes = []definition.Change{{Ref: charges, Before: "h2"}}
	above.ID, above.EnvironmentID, above.Cause, above.Source = "c4", "e2", definition.CausePromotion, "c1"
	for _, c := range []definition.Commit{second, third, above} {
		x.write(t, func(tx *store.Tx) error { return tx.InsertCommit(ctx, c) })
	}
	return first, second, third, above, []definition.Tree{{}, {charges: "h1"}, {charges: "h2", z: "h5"}, {z: "h5"}}
}

func TestHistory(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		first, second, third, above, trees := x.history(t)
		both := []string{"e1", "e2"}
		x.read(t, func(tx *store.Tx) error {
			for what, tt := range map[string]struct {
				f    store.CommitFilter
				want []definition.Commit
			}{
				"all, newest first": {store.CommitFilter{EnvironmentIDs: both}, []definition.Commit{above, third, second, first}},
				"of one":            {store.CommitFilter{EnvironmentIDs: []string{"e2"}}, []definition.Commit{above}},
				"of none":           {store.CommitFilter{}, []definition.Commit{}},
				"of a definition":   {store.CommitFilter{EnvironmentIDs: both, Definition: definition.Ref{Kind: "layout", Key: "z"}}, []definition.Commit{second}},
				"of another kind":   {store.CommitFilter{EnvironmentIDs: both, Definition: definition.Ref{Kind: "route", Key: "z"}}, []definition.Commit{}},
				"by a name":         {store.CommitFilter{EnvironmentIDs: both, Author: "machine"}, []definition.Commit{second}},
				"by an id":          {store.CommitFilter{EnvironmentIDs: []string{"e1"}, Author: "m1"}, []definition.Commit{third, first}},
				"of a cause":        {store.CommitFilter{EnvironmentIDs: both, Cause: definition.CauseRollback}, []definition.Commit{third}},
				"everything at once": {
					store.CommitFilter{EnvironmentIDs: both, Cause: definition.CauseCommit, Author: "Mira", Definition: charges, Before: "c2"},
					[]definition.Commit{first},
				},
				"what no row can hold": {store.CommitFilter{EnvironmentIDs: both, Author: "\x00"}, []definition.Commit{}},
			} {
				if tt.f.Limit == 0 {
					tt.f.Limit = 9
				}
				got, err := tx.Commits(ctx, tt.f)
				if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
					t.Errorf("%s: %v (-want +got):\n%s", what, err, diff)
				}
			}
			got, err := tx.CommitByID(ctx, "c4")
			if diff := cmp.Diff(above, got); diff != "" || err != nil {
				t.Errorf("by id: %v (-want +got):\n%s", err, diff)
			}
			if _, err := tx.CommitByID(ctx, "c9"); !fault.Is(err, fault.NotFound) {
				t.Errorf("by no id: got %v, want not found", err)
			}
			for at, want := range map[time.Duration]int64{0: 1, time.Hour - time.Millisecond: 1, time.Hour: 2, 9 * time.Hour: 3} {
				if got, err := tx.CommitAt(ctx, "e1", start.Add(at)); err != nil || got.Number != want {
					t.Errorf("after %s: got %d and %v, want %d", at, got.Number, err, want)
				}
			}
			if _, err := tx.CommitAt(ctx, "e1", start.Add(-1)); !fault.Is(err, fault.NotFound) {
				t.Errorf("before the first: got %v, want not found", err)
			}
			for number, want := range trees {
				got, err := tx.TreeAt(ctx, "e1", int64(number))
				if diff := cmp.Diff(want, got); diff != "" || err != nil {
					t.Errorf("tree after %d: %v (-want +got):\n%s", number, err, diff)
				}
			}
			return nil
		})
	})
}
