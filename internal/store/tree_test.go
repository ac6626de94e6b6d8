package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
)

var inAnyOrder = cmpopts.SortSlices(func(a, b store.TreeEntry) bool { return a.EnvironmentID+a.ID < b.EnvironmentID+b.ID })

func TestTrees(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		moved, above, other := live, live, live
		moved.Hash, moved.Active = "h2", true
		above.EnvironmentID, above.Active = "e2", true // no switch there: on
		other.ID, other.Ref, other.Active = "d2", definition.Ref{Kind: "route", Key: "alpha"}, true
		x.write(t, func(tx *store.Tx) error { return tx.PutTreeEntry(ctx, moved) })
		x.write(t, func(tx *store.Tx) error { return tx.PutSwitch(ctx, "e1", "d1", true) })
		x.write(t, func(tx *store.Tx) error { return tx.PutTreeEntry(ctx, above) })
		x.write(t, func(tx *store.Tx) error { return tx.PutTreeEntry(ctx, other) })
		x.read(t, func(tx *store.Tx) error {
			got, err := tx.Tree(ctx, "e1")
			if diff := cmp.Diff([]store.TreeEntry{other, moved}, got); diff != "" || err != nil {
				t.Errorf("tree: %v (-want +got):\n%s", err, diff)
			}
			got, err = tx.Trees(ctx)
			if diff := cmp.Diff([]store.TreeEntry{moved, other, above}, got, inAnyOrder); diff != "" || err != nil {
				t.Errorf("trees: %v (-want +got):\n%s", err, diff)
			}
			got, err = tx.Live(ctx, "d1")
			if diff := cmp.Diff([]store.TreeEntry{moved, above}, got, inAnyOrder); diff != "" {
				t.Errorf("live: (-want +got):\n%s", diff)
			}
			return err
		})
		x.write(t, func(tx *store.Tx) error { return tx.DropTreeEntry(ctx, "e1", charges) })
		x.read(t, func(tx *store.Tx) error {
			got, err := tx.Trees(ctx)
			if diff := cmp.Diff([]store.TreeEntry{other, above}, got, inAnyOrder); diff != "" {
				t.Errorf("after a drop (-want +got):\n%s", diff)
			}
			return err
		})
	})
}

func TestUsers(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		above := live
		above.EnvironmentID, above.Active = "e2", true
		byName := secret.Reference{Kind: secret.SecretName, Name: "stripe_api_key"}
		byID := secret.Reference{Kind: secret.SecretID, Name: "s1"}
		x.write(t, func(tx *store.Tx) error { return tx.PutTreeEntry(ctx, above) })
		x.write(t, func(tx *store.Tx) error {
			return tx.PutUsages(ctx, "e2", map[string][]store.Usage{"d1": {
				{Field: "inject_body.a", Reference: byID},
				{Field: "inject_body.b", Reference: byName},
				{Field: "inject_body.b", Reference: byName}, // said twice
			}})
		})
		users := func(id, name string, want ...store.TreeEntry) {
			t.Helper()
			x.read(t, func(tx *store.Tx) error {
				got, err := tx.Users(ctx, id, name)
				if diff := cmp.Diff(append([]store.TreeEntry{}, want...), got); diff != "" {
					t.Errorf("users of %s, %s (-want +got):\n%s", id, name, diff)
				}
				return err
			})
		}
		users("s1", "stripe_api_key", live, above)
		users("s1", "another", above)
		users("another", "stripe_api_key", live, above)
		users("stripe_api_key", "s1") // an id is no name
		x.write(t, func(tx *store.Tx) error { return tx.PutUsages(ctx, "e2", map[string][]store.Usage{"d1": nil}) })
		users("s1", "stripe_api_key", live)
		x.write(t, func(tx *store.Tx) error { return tx.DropTreeEntry(ctx, "e1", charges) })
		users("s1", "stripe_api_key") // a reference counts where the definition is live
	})
}
