package store_test

import (
	"testing"
	"time"

	"github.com/lockage/lockage/internal/store"
)

func TestReveals(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		want := func(what string, r store.Reveal, until time.Time) {
			t.Helper()
			x.read(t, func(tx *store.Tx) error {
				got, err := tx.RevealedUntil(ctx, r.EnvironmentID, r.CallID, r.HolderKind, r.HolderID)
				if !got.Equal(until) {
					t.Errorf("%s: got %v, want %v", what, got, until)
				}
				return err
			})
		}
		long := revealed
		long.ExpiresAt = start.Add(1000 * time.Hour)
		x.write(t, func(tx *store.Tx) error { return tx.PutReveal(ctx, long) })
		want("again", long, long.ExpiresAt)
		for what, change := range map[string]func(*store.Reveal){
			"another environment": func(r *store.Reveal) { r.EnvironmentID = "e2" },
			"another call":        func(r *store.Reveal) { r.CallID = "call2" },
			"a token":             func(r *store.Reveal) { r.HolderKind = "token" },
			"another holder":      func(r *store.Reveal) { r.HolderID = "m2" },
		} {
			other := long
			change(&other)
			want(what, other, time.Time{})
		}
		ended := long
		ended.CallID, ended.ExpiresAt = "call2", start.Add(-time.Hour)
		x.write(t, func(tx *store.Tx) error { return tx.PutReveal(ctx, ended) })
		want("ended", ended, time.Time{})
		next := long
		next.CallID = "call3"
		x.write(t, func(tx *store.Tx) error { return tx.PutReveal(ctx, next) })
		rows := rowsOf(t, x.db, ours)["reveals"]
		if len(rows) != 2 {
			t.Errorf("got %d rows, want the ended one gone: %v", len(rows), rows)
		}
		want("still", long, long.ExpiresAt)
	})
}
