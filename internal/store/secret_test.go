package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
)

func TestSecrets(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		trap := another("s1") // its name is the other one's id
		changed := stripe
		changed.Description, changed.UpdatedAt = "pays\nwell", start.Add(time.Hour)
		x.write(t, func(tx *store.Tx) error { return tx.InsertSecret(ctx, trap) })
		x.write(t, func(tx *store.Tx) error { return tx.UpdateSecret(ctx, changed) })
		x.read(t, func(tx *store.Tx) error {
			for ref, want := range map[string]secret.Secret{"s1": changed, "stripe_api_key": changed, trap.ID: trap} {
				got, err := tx.Secret(ctx, ref)
				if err != nil {
					return err
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", ref, diff)
				}
			}
			for _, ref := range []string{"none", "", "STRIPE_API_KEY", "stripe_api_key\x00", "\xff"} {
				if _, err := tx.Secret(ctx, ref); !fault.Is(err, fault.NotFound) || err.Error() != "no such secret" {
					t.Errorf("%q: got %v, want no such secret", ref, err)
				}
			}
			page, err := tx.Secrets(ctx, "", 1)
			if diff := cmp.Diff([]secret.Secret{trap}, page); diff != "" || err != nil {
				t.Errorf("first page: %v (-want +got):\n%s", err, diff)
			}
			page, err = tx.Secrets(ctx, "s1", 9)
			if diff := cmp.Diff([]secret.Secret{changed}, page); diff != "" || err != nil {
				t.Errorf("second page: %v (-want +got):\n%s", err, diff)
			}
			all, err := tx.AllSecrets(ctx)
			if diff := cmp.Diff([]secret.Secret{trap, changed}, all); diff != "" { // by id
				t.Errorf("all (-want +got):\n%s", diff)
			}
			return err
		})
	})
}

func TestValues(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		second, elsewhere := value, value
		second.Version, second.Sealed.Ciphertext = 2, []byte("ciphertext of the second")
		elsewhere.EnvironmentID = "e2"
		slots := []secret.Slot{
			{SecretID: "s1", EnvironmentID: "e1", Active: 2, Last: 2, CreatedAt: start, UpdatedAt: start.Add(time.Hour)},
			{SecretID: "s1", EnvironmentID: "e2", Active: 1, Last: 1, CreatedAt: start, UpdatedAt: start},
		}
		x.write(t, func(tx *store.Tx) error { return tx.InsertValue(ctx, second) })
		x.write(t, func(tx *store.Tx) error { return tx.InsertValue(ctx, elsewhere) })
		x.write(t, func(tx *store.Tx) error { return tx.PutSlot(ctx, slots[0]) })
		x.write(t, func(tx *store.Tx) error { return tx.PutSlot(ctx, slots[1]) })
		check := func(want []secret.Slot, active map[string]int64, versions map[int64]bool) {
			t.Helper()
			x.read(t, func(tx *store.Tx) error {
				got, err := tx.Slots(ctx, "s1")
				if diff := cmp.Diff(want, got); diff != "" || err != nil {
					t.Errorf("slots: %v (-want +got):\n%s", err, diff)
				}
				values, err := tx.ActiveValues(ctx)
				inForce := map[string]int64{}
				for _, v := range values {
					inForce[v.EnvironmentID] = v.Version
				}
				if diff := cmp.Diff(active, inForce); diff != "" || err != nil {
					t.Errorf("active: %v (-want +got):\n%s", err, diff)
				}
				for version, there := range versions {
					v, err := tx.Value(ctx, "e1", "s1", version)
					if there != (err == nil) || !there && !fault.Is(err, fault.NotFound) {
						t.Errorf("version %d: got %v, want there: %v", version, err, there)
					}
					if there && version == 2 {
						if diff := cmp.Diff(second, v); diff != "" {
							t.Errorf("version 2 (-want +got):\n%s", diff)
						}
					}
				}
				return nil
			})
		}
		check(slots, map[string]int64{"e1": 2, "e2": 1}, map[int64]bool{1: true, 2: true, 3: false})
		x.write(t, func(tx *store.Tx) error { return tx.DropValue(ctx, "e1", "s1", 1) })
		check(slots, map[string]int64{"e1": 2, "e2": 1}, map[int64]bool{1: false, 2: true})
		slots[0].Active = 0
		x.write(t, func(tx *store.Tx) error { return tx.PutSlot(ctx, slots[0]) })
		x.write(t, func(tx *store.Tx) error { return tx.DropValues(ctx, "e1", "s1") })
		check(slots, map[string]int64{"e2": 1}, map[int64]bool{1: false, 2: false})
		x.write(t, func(tx *store.Tx) error { return tx.DeleteSecret(ctx, "s1") })
		check([]secret.Slot{}, map[string]int64{}, map[int64]bool{1: false, 2: false})
		rows := rowsOf(t, x.db, ours)
		for _, table := range []string{"secrets", "secret_slots", "secret_values"} {
			if len(rows[table]) != 0 {
				t.Errorf("%s after the deletion: got %v, want nothing", table, rows[table])
			}
		}
	})
}

func TestSettings(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		ctx := t.Context()
		err := x.Batch(ctx, func(tx *store.Tx) error {
			if got, err := tx.Setting(ctx, "none"); got != nil || err != nil {
				t.Errorf("never set: got %q and %v, want nothing", got, err)
			}
			for _, v := range []string{"first\x00\xff", "second"} {
				if err := tx.SetSetting(ctx, "pepper_check", []byte(v)); err != nil {
					return err
				}
			}
			got, err := tx.Setting(ctx, "pepper_check")
			if string(got) != "first\x00\xff" {
				t.Errorf("got %q, want what came first", got)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
