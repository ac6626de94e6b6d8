package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/store"
)

func (x fixture) environments(t *testing.T) (list []environment.Environment) {
	t.Helper()
	x.read(t, func(tx *store.Tx) (err error) {
		list, err = tx.Environments(t.Context())
		return err
	})
	return list
}

func TestEnvironments(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		changed := environment.Environment{
			ID: "e1", Name: "dev", DisplayName: "Dév", Description: "line\nline", Color: "#000000", Level: 3, Protected: true,
			ObfuscateCustomerData: true, RootHash: "root-9", Head: 9, CreatedAt: start, UpdatedAt: start.Add(time.Hour),
		}
		x.write(t, func(tx *store.Tx) error { return tx.UpdateEnvironment(t.Context(), changed) })
		if diff := cmp.Diff([]environment.Environment{changed, production}, x.environments(t)); diff != "" {
			t.Errorf("after an update, in order of creation (-want +got):\n%s", diff)
		}
	})
}

func TestTheDatabaseKeepsTheDefaultAndTheNamesUnique(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		second, namesake := development, development
		second.ID, second.Name, second.IsDefault = "e3", "staging", true
		namesake.ID = "e4"
		for what, e := range map[string]environment.Environment{"a second default": second, "a name twice": namesake} {
			err := x.Write(t.Context(), ours, func(tx *store.Tx) error {
				return errors.Join(tx.InsertEnvironment(t.Context(), e), tx.AppendAudit(t.Context(), entry()))
			})
			if err == nil {
				t.Errorf("%s: got no error, want a refusal", what)
			}
		}
		if diff := cmp.Diff([]environment.Environment{development, production}, x.environments(t)); diff != "" {
			t.Errorf("environments (-want +got):\n%s", diff)
		}
	})
}

// Whatever names the environment goes with it, but for its keys, which stay as revoked, and the audit log.
func TestDeleteEnvironment(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		x.write(t, func(tx *store.Tx) error { return tx.DeleteEnvironment(t.Context(), "e1") })
		if diff := cmp.Diff([]environment.Environment{production}, x.environments(t)); diff != "" {
			t.Errorf("environments (-want +got):\n%s", diff)
		}
		for table, rows := range rowsOf(t, x.db, ours) {
			for _, row := range rows {
				if !strings.Contains("|"+row, "|environment_id=e1|") {
					continue
				}
				switch {
				case table == "audit_entries":
				case table == "api_keys" && strings.Contains(row, "|revoked_at=1772366400000|"):
				default:
					t.Errorf("%s still has %s", table, row)
				}
			}
		}
	})
}
