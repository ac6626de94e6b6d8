package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

func TestSessions(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		gone := func(what string, find func(*store.Tx) error) {
			t.Helper()
			x.read(t, func(tx *store.Tx) error {
				if err := find(tx); !fault.Is(err, fault.NotFound) {
					t.Errorf("%s: got %v, want not found", what, err)
				}
				return nil
			})
		}
		same := func(what string, want, got any, err error) {
			t.Helper()
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%s: %v (-want +got):\n%s", what, err, diff)
			}
		}
		x.read(t, func(tx *store.Tx) error {
			got, err := tx.Session(ctx, "n1")
			same("by id", sessionOf(ours), got, err)
			list, err := tx.SessionsOf(ctx, mira.ID)
			same("in the account", []store.Session{sessionOf(ours)}, list, err)
			return nil
		})
		err := x.ReadAll(ctx, func(tx *store.Tx) error {
			got, err := tx.SessionByDigest(ctx, digest(theirs, 3))
			same("by digest", sessionOf(theirs), got, err)
			list, err := tx.AllSessionsOf(ctx, mira.ID)
			if len(list) != 2 || err != nil {
				t.Errorf("in all accounts: got %v and %v, want both", list, err)
			}
			accounts, err := tx.AccountsOf(ctx, mira.ID)
			if len(accounts) != 2 || accounts[0].Name == accounts[1].Name || err != nil {
				t.Errorf("accounts: got %v and %v, want both", accounts, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		gone("another id", func(tx *store.Tx) error { _, err := tx.Session(ctx, "n2"); return err })

		x.write(t, func(tx *store.Tx) error { return tx.ProveSession(ctx, "n1", []string{"webauthn"}) }) // at the transaction's instant, start
		if err := x.Batch(ctx, func(tx *store.Tx) error {
			for _, at := range []time.Duration{time.Minute, time.Second} { // an earlier sighting that comes late changes nothing
				if err := tx.SeeSession(ctx, ours, "n1", start.Add(at)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		x.read(t, func(tx *store.Tx) error {
			got, err := tx.Session(ctx, "n1")
			want := sessionOf(ours)
			want.Methods, want.ProvedAt, want.SeenAt = []string{"webauthn"}, start, start.Add(time.Minute)
			same("proven and seen", want, got, err)
			return nil
		})

		// another person, whose epochs are their own
		ola := store.Person{ID: "person2", Email: "ola@example.com", Name: "Ola", CreatedAt: start}
		of := func(id string, n byte) store.Session {
			return store.Session{
				ID: id, Account: ours, PersonID: ola.ID, Digest: digest(ours, n), CreatedAt: start, SeenAt: start, ProvedAt: start, ExpiresAt: start.Add(time.Hour),
			}
		}
		x.write(t, func(tx *store.Tx) error {
			return errors.Join(
				tx.InsertPerson(ctx, ola), tx.InsertMember(ctx, store.Member{ID: "m9", PersonID: ola.ID, CreatedAt: start}),
				tx.InsertSession(ctx, of("o1", 11)), tx.InsertSession(ctx, of("o2", 12)),
				tx.EndEpoch(ctx, ola.ID), tx.KeepSession(ctx, "o2"),
			)
		})
		gone("of an earlier epoch", func(tx *store.Tx) error { _, err := tx.Session(ctx, "o1"); return err })
		x.read(t, func(tx *store.Tx) error {
			got, err := tx.Session(ctx, "o2")
			if got.Epoch != 1 || err != nil {
				t.Errorf("kept: got %+v and %v, want epoch 1", got, err)
			}
			_, err = tx.Session(ctx, "n1")
			return err
		})
		ended := of("o3", 13)
		ended.ExpiresAt, ended.Epoch = start, 1
		unused := of("o4", 14)
		unused.SeenAt, unused.Epoch = start.Add(-time.Hour), 1
		x.write(t, func(tx *store.Tx) error {
			return errors.Join(tx.InsertSession(ctx, ended), tx.InsertSession(ctx, unused))
		})
		if err := x.Batch(ctx, func(tx *store.Tx) error {
			n, err := tx.ExpireSessions(ctx, start.Add(-time.Minute))
			if n != 3 { // o1, o3 and o4
				t.Errorf("expired: got %d, want 3", n)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		x.write(t, func(tx *store.Tx) error {
			there, err := tx.DeleteSession(ctx, "o2")
			again, err2 := tx.DeleteSession(ctx, "o2")
			if !there || again || err != nil || err2 != nil {
				t.Errorf("delete: got %t and %t, %v, %v", there, again, err, err2)
			}
			n, err := tx.DeleteSessionsOf(ctx, mira.ID)
			if n != 1 || err != nil {
				t.Errorf("delete all: got %d and %v, want 1", n, err)
			}
			return nil
		})
	})
}
