package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

func TestContents(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		err := x.Read(ctx, ours, func(tx *store.Tx) error {
			for _, find := range []func() (store.ContentKey, error){
				func() (store.ContentKey, error) { return tx.ContentKey(ctx, "e1", "n1") },
				func() (store.ContentKey, error) { return tx.NewestContentKey(ctx, "e1") },
			} {
				if k, err := find(); err != nil || !cmp.Equal(contentKey, k) {
					t.Errorf("key: got %+v and %v, want %+v", k, err, contentKey)
				}
			}
			if c, err := tx.CallContent(ctx, "e1", "019ca945-0a00-7000-8000-000000000001"); err != nil || !cmp.Equal(callContent, c) {
				t.Errorf("content: got %+v and %v, want %+v", c, err, callContent)
			}
			if c, err := tx.CallContent(ctx, "e2", "019ca945-0a00-7000-8000-000000000001"); !fault.Is(err, fault.NotFound) {
				t.Errorf("in another environment: got %+v and %v, want none", c, err)
			}
			if c, err := tx.Call(ctx, "019ca945-0a00-7000-8000-000000000001"); err != nil || c.RequestID != "r1" {
				t.Errorf("call: got %+v and %v", c, err)
			}
			if _, err := tx.Call(ctx, "019ca945-f460-7000-8000-000000000002"); !fault.Is(err, fault.NotFound) {
				t.Errorf("no call: got %v, want %s", err, fault.NotFound)
			}
			recordings, err := tx.Recordings(ctx)
			if diff := cmp.Diff(map[store.Recording]bool{{EnvironmentID: "e1", DefinitionID: "d1"}: true}, recordings); diff != "" {
				t.Errorf("recordings (-want +got):\n%s", diff)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		err = x.Batch(ctx, func(tx *store.Tx) error {
			odd := contentKey
			odd.ID, odd.EnvironmentID = "n2", "gone"
			if kept, err := tx.InsertContentKey(ctx, ours, odd); err != nil || kept {
				t.Errorf("of no environment: got kept %v and %v, want false", kept, err)
			}
			lost := callContent
			lost.CallID = "019ca945-0a00-7000-8000-000000000009"
			return tx.InsertContent(ctx, ours, lost) // of no call: it is not kept, and breaks nothing
		})
		if err != nil {
			t.Error(err)
		}
	})
}
