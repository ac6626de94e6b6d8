package store_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/store"
)

// What is written and read many at a time is whole, also where one statement does not carry it.
func TestManyAtOnce(t *testing.T) {
	const many = 501
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		c := commit
		c.ID, c.Number, c.Changes = "c2", 2, nil
		entries, usages := make([]store.TreeEntry, many), map[string][]store.Usage{"d1": nil}
		hashes, keys := []definition.Hash{"missing"}, []string{"missing"}
		for i := range many {
			ref := definition.Ref{Kind: definition.KindRoute, Key: fmt.Sprintf("many-%03d", i)}
			id, hash := "id-of-"+ref.Key, definition.Hash("hash-"+ref.Key)
			entries[i] = store.TreeEntry{EnvironmentID: "e2", ID: id, Ref: ref, Hash: hash, Active: true}
			usages[id] = []store.Usage{usage}
			hashes, keys = append(hashes, hash), append(keys, ref.Key)
			c.Changes = append(c.Changes, definition.Change{Ref: ref, After: hash})
		}
		x.write(t, func(tx *store.Tx) error {
			for _, e := range entries {
				if err := tx.InsertIdentity(ctx, definition.Identity{ID: e.ID, Ref: e.Ref, CreatedAt: start}); err != nil {
					return err
				}
				if err := tx.PutContent(ctx, e.Ref.Kind, e.Hash, []byte(e.ID)); err != nil {
					return err
				}
			}
			if err := tx.PutTreeEntry(ctx, entries...); err != nil {
				return err
			}
			if err := tx.PutUsages(ctx, "e2", usages); err != nil {
				return err
			}
			return tx.InsertCommit(ctx, c)
		})
		x.read(t, func(tx *store.Tx) error {
			tree, err := tx.Tree(ctx, "e2")
			if diff := cmp.Diff(entries, tree); diff != "" || err != nil {
				t.Errorf("tree: %v (-want +got):\n%s", err, diff)
			}
			users, err := tx.Users(ctx, "s1", "stripe_api_key")
			if len(users) != many+1 || err != nil { // and the one that was there in e1
				t.Errorf("users: got %d and %v, want %d", len(users), err, many+1)
			}
			bodies, err := tx.ContentsOf(ctx, definition.KindRoute, hashes)
			if string(bodies[entries[many-1].Hash]) != entries[many-1].ID || len(bodies) != many || err != nil {
				t.Errorf("contents: got %d and %v, want %d", len(bodies), err, many)
			}
			identities, err := tx.IdentitiesOf(ctx, definition.KindRoute, keys)
			if len(identities) != many || err != nil {
				t.Errorf("identities: got %d and %v, want %d", len(identities), err, many)
			}
			got, err := tx.CommitByID(ctx, "c2")
			if diff := cmp.Diff(c, got); diff != "" {
				t.Errorf("commit (-want +got):\n%s", diff)
			}
			return err
		})
		for id := range usages {
			usages[id] = nil
		}
		x.write(t, func(tx *store.Tx) error { return tx.PutUsages(ctx, "e2", usages) })
		x.read(t, func(tx *store.Tx) error {
			users, err := tx.Users(ctx, "s1", "stripe_api_key")
			if len(users) != 1 {
				t.Errorf("users afterwards: got %d, want 1", len(users))
			}
			return err
		})
	})
}
