package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

func TestDefinitions(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		drafted := definition.Identity{ID: "d2", Ref: definition.Ref{Kind: "route", Key: "alpha"}, CreatedAt: start, CreatedBy: "Mira"}
		gone := definition.Identity{ID: "d3", Ref: definition.Ref{Kind: "route", Key: "gone"}, CreatedAt: start, CreatedBy: "Mira"}
		namesake := definition.Identity{ID: "d4", Ref: definition.Ref{Kind: "route", Key: "d1"}, CreatedAt: start, CreatedBy: "Mira"}
		x.write(t, func(tx *store.Tx) error { return tx.InsertIdentity(ctx, drafted) })
		x.write(t, func(tx *store.Tx) error { return tx.InsertIdentity(ctx, gone) })
		x.write(t, func(tx *store.Tx) error { return tx.InsertIdentity(ctx, namesake) })
		fresh := definition.Draft{ID: "d2", Ref: drafted.Ref, Hash: "h1", SavedBy: "Mira", SavedAt: start}
		x.write(t, func(tx *store.Tx) error { return tx.PutDraft(ctx, fresh) })
		x.read(t, func(tx *store.Tx) error {
			for ref, want := range map[string]definition.Identity{"d1": identity, "charges": identity, "alpha": drafted, "d4": namesake} {
				got, err := tx.Identity(ctx, "route", ref)
				if err != nil {
					return err
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", ref, diff)
				}
			}
			byKey, err := tx.IdentityOf(ctx, namesake.Ref)
			if diff := cmp.Diff(namesake, byKey); diff != "" || err != nil {
				t.Errorf("by key alone: %v (-want +got):\n%s", err, diff)
			}
			for _, err := range []error{
				func() error { _, err := tx.IdentityOf(ctx, definition.Ref{Kind: "route", Key: "d4"}); return err }(),
				func() error { _, err := tx.Identity(ctx, "route", "none"); return err }(),
			} {
				if !fault.Is(err, fault.NotFound) || err.Error() != "no such route" {
					t.Errorf("unknown: got %v, want no such route", err)
				}
			}
			if _, err := tx.Identity(ctx, "layout", "charges"); !fault.Is(err, fault.NotFound) {
				t.Errorf("of another kind: got %v, want not found", err)
			}
			list, err := tx.Identities(ctx, "route", "", 9)
			if diff := cmp.Diff([]definition.Identity{drafted, identity}, list); diff != "" || err != nil {
				t.Errorf("drafted or live: %v (-want +got):\n%s", err, diff)
			}
			list, err = tx.Identities(ctx, "route", "alpha", 1)
			if diff := cmp.Diff([]definition.Identity{identity}, list); diff != "" {
				t.Errorf("a page (-want +got):\n%s", diff)
			}
			return err
		})
	})
}

func TestDraftsAndContents(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		changed := draft
		changed.Base, changed.Hash, changed.SavedBy, changed.SavedAt = "h2", "", "Ola", start.Add(time.Hour)
		x.write(t, func(tx *store.Tx) error { return tx.PutDraft(ctx, changed) })
		x.write(t, func(tx *store.Tx) error { return tx.PutContent(ctx, "route", "h1", []byte(`another`)) })
		x.read(t, func(tx *store.Tx) error {
			got, err := tx.Draft(ctx, charges)
			if diff := cmp.Diff(changed, got); diff != "" || err != nil {
				t.Errorf("draft: %v (-want +got):\n%s", err, diff)
			}
			list, err := tx.Drafts(ctx)
			if diff := cmp.Diff([]definition.Draft{changed}, list); diff != "" || err != nil {
				t.Errorf("drafts: %v (-want +got):\n%s", err, diff)
			}
			body, err := tx.Content(ctx, "route", "h1")
			if string(body) != `{"name":"one"}` || err != nil {
				t.Errorf("content: got %s and %v, want what was kept first", body, err)
			}
			for _, missing := range []struct{ kind, hash string }{{"layout", "h1"}, {"route", "h9"}} {
				if _, err := tx.Content(ctx, missing.kind, definition.Hash(missing.hash)); !fault.Is(err, fault.NotFound) {
					t.Errorf("content %v: got %v, want not found", missing, err)
				}
			}
			contents, err := tx.Contents(ctx, "route")
			want := map[definition.Hash][]byte{"h1": []byte(`{"name":"one"}`)} // h2 is drafted only
			if diff := cmp.Diff(want, contents); diff != "" {
				t.Errorf("live contents (-want +got):\n%s", diff)
			}
			return err
		})
		x.write(t, func(tx *store.Tx) error { return tx.DropDraft(ctx, charges) })
		x.read(t, func(tx *store.Tx) error {
			if _, err := tx.Draft(ctx, charges); !fault.Is(err, fault.NotFound) {
				t.Errorf("dropped: got %v, want not found", err)
			}
			return nil
		})
	})
}

func TestCommits(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		second := commit
		second.ID, second.Number, second.Cause, second.Source, second.Message = "c2", 2, definition.CausePromotion, "c1", "two\nlines"
		second.Changes = []definition.Change{
			{Ref: definition.Ref{Kind: "layout", Key: "z"}, After: "h5"}, {Ref: charges, Before: "h1", After: ""},
		}
		x.write(t, func(tx *store.Tx) error { return tx.InsertCommit(ctx, second) })
		x.read(t, func(tx *store.Tx) error {
			for _, want := range []definition.Commit{commit, second} {
				got, err := tx.Commit(ctx, "e1", want.Number)
				if diff := cmp.Diff(want, got); diff != "" || err != nil {
					t.Errorf("commit %d: %v (-want +got):\n%s", want.Number, err, diff)
				}
			}
			for _, missing := range []struct {
				environment string
				number      int64
			}{{"e1", 3}, {"e2", 1}} {
				if _, err := tx.Commit(ctx, missing.environment, missing.number); !fault.Is(err, fault.NotFound) {
					t.Errorf("commit %v: got %v, want not found", missing, err)
				}
			}
			return nil
		})
	})
}
