package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/route"
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

// A batch of calls may be on its way while their environment is deleted: none of them may stay behind.
func TestDeleteEnvironmentTakesCallsOnTheirWay(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		late := callOf(ours)
		late.ID = "late"
		stored, release := make(chan struct{}), make(chan struct{})
		batched, deleted := make(chan error, 1), make(chan error, 1)
		go func() {
			batched <- x.Batch(t.Context(), func(tx *store.Tx) error {
				err := tx.InsertCalls(t.Context(), []route.Call{late})
				close(stored)
				<-release
				return err
			})
		}()
		<-stored
		go func() {
			deleted <- x.Write(t.Context(), ours, func(tx *store.Tx) error {
				if err := tx.DeleteEnvironment(t.Context(), late.EnvironmentID); err != nil {
					return err
				}
				return tx.AppendAudit(t.Context(), audit.Entry{})
			})
		}()
		// on PostgreSQL the deletion goes as far as it can beside the batch; SQLite has one writer, so it has not begun
		const waiting = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
		for n := 0; n == 0 && len(deleted) == 0; {
			if err := x.db.QueryRowContext(t.Context(), waiting).Scan(&n); err != nil {
				break // SQLite
			}
		}
		close(release)
		if err := errors.Join(<-batched, <-deleted); err != nil {
			t.Fatal(err)
		}
		for _, row := range rowsOf(t, x.db, ours)["calls"] {
			if strings.Contains("|"+row, "|environment_id="+late.EnvironmentID+"|") {
				t.Errorf("a call of the deleted environment stayed: %s", row)
			}
		}
	})
}
