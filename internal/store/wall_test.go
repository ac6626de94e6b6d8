package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
)

// behindWall is a PostgreSQL database with both accounts, and its tables that carry an account: the database names
// them, so that a new one is tested without being added here.
func behindWall(t *testing.T) (x fixture, guarded []string) {
	t.Helper()
	c := store.Config{URL: testkit.Postgres(t)}
	x = fixture{Store: testkit.Open(t, c), config: c, db: direct(t, c)}
	fill(t, x.Store, ours)
	fill(t, x.Store, theirs)
	guarded = names(t, x.db, `
		SELECT c.table_name FROM information_schema.columns c WHERE c.table_schema = current_schema() AND c.column_name = 'account_id'`)
	if len(guarded) == 0 {
		t.Fatal("no table carries an account")
	}
	return x, guarded
}

// as runs fn in a transaction that entered the account, and undoes it; "" enters none.
func (x fixture) as(t *testing.T, account string, fn func(context.Context, *sql.Tx)) {
	t.Helper()
	tx, err := x.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(t.Context(), `SELECT set_config('lockage.account', $1, true)`, account); err != nil {
		t.Fatal(err)
	}
	fn(t.Context(), tx)
}

func count(t *testing.T, tx *sql.Tx, query string) (n int) {
	t.Helper()
	if err := tx.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func affected(t *testing.T, tx *sql.Tx, statement string) int64 {
	t.Helper()
	r, err := tx.ExecContext(t.Context(), statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	n, err := r.RowsAffected()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// refused wants a statement to meet the wall.
func refused(t *testing.T, tx *sql.Tx, statement string) {
	t.Helper()
	_, err := tx.ExecContext(t.Context(), statement)
	var denied *pgconn.PgError
	if !errors.As(err, &denied) || denied.Code != "42501" {
		t.Errorf("%s: got %v, want code 42501 (row-level security)", statement, err)
	}
}

// The statements here forget the account on purpose.
func TestTheSecondWall(t *testing.T) {
	x, guarded := behindWall(t)
	for _, table := range guarded {
		t.Run(table, func(t *testing.T) {
			foreign := fmt.Sprintf("%s WHERE account_id = '%s'", table, theirs)
			x.as(t, "*", func(_ context.Context, tx *sql.Tx) {
				if n := count(t, tx, `SELECT count(*) FROM `+foreign); n == 0 {
					t.Fatal("the other account has no row here; fill_test.go should make one")
				}
			})
			x.as(t, ours, func(_ context.Context, tx *sql.Tx) {
				own := count(t, tx, fmt.Sprintf(`SELECT count(*) FROM %s WHERE account_id = '%s'`, table, ours))
				if all := count(t, tx, `SELECT count(*) FROM `+table); own == 0 || all != own {
					t.Errorf("got %d rows of which %d ours, want only ours", all, own)
				}
				if n := count(t, tx, `SELECT count(*) FROM `+foreign); n != 0 {
					t.Errorf("got %d foreign rows, want none", n)
				}
				if n := affected(t, tx, `DELETE FROM `+foreign); n != 0 {
					t.Errorf("deleted %d foreign rows, want none", n)
				}
				if n := affected(t, tx, fmt.Sprintf(`UPDATE %s SET account_id = account_id WHERE account_id = '%s'`, table, theirs)); n != 0 {
					t.Errorf("updated %d foreign rows, want none", n)
				}
			})
			x.as(t, ours, func(_ context.Context, tx *sql.Tx) {
				refused(t, tx, fmt.Sprintf(`UPDATE %s SET account_id = '%s'`, table, theirs))
			})
			x.as(t, "*", func(ctx context.Context, tx *sql.Tx) {
				for _, statement := range []string{
					`CREATE TEMPORARY TABLE kept ON COMMIT DROP AS SELECT * FROM ` + foreign,
					`DELETE FROM ` + foreign, // so that nothing but the wall refuses the rows
					fmt.Sprintf(`SELECT set_config('lockage.account', '%s', true)`, ours),
				} {
					if _, err := tx.ExecContext(ctx, statement); err != nil {
						t.Fatalf("%s: %v", statement, err)
					}
				}
				refused(t, tx, fmt.Sprintf(`INSERT INTO %s SELECT * FROM kept`, table))
			})
		})
	}
}

func TestTheSecondWallIsClosedUntilAnAccountIsEntered(t *testing.T) {
	x, guarded := behindWall(t)
	never := direct(t, x.config) // a connection that never entered any
	if _, err := never.ExecContext(t.Context(), `RESET lockage.account`); err != nil {
		t.Fatal(err)
	}
	for _, table := range guarded {
		var n int
		if err := never.QueryRowContext(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil || n != 0 {
			t.Errorf("%s: got %d rows and %v, want none", table, n, err)
		}
		x.as(t, "", func(_ context.Context, tx *sql.Tx) {
			if n := count(t, tx, `SELECT count(*) FROM `+table); n != 0 {
				t.Errorf("%s, with an empty account: got %d rows, want none", table, n)
			}
		})
	}
}

// What a transaction entered ends with it: the next user of the pooled connection starts outside.
func TestTheEnteredAccountEndsWithTheTransaction(t *testing.T) {
	x, guarded := behindWall(t)
	x.read(t, func(*store.Tx) error { return nil })
	x.as(t, ours, func(context.Context, *sql.Tx) {})
	db := direct(t, x.config)
	for _, statement := range []string{
		`RESET lockage.account`, `BEGIN`, `SELECT set_config('lockage.account', '` + ours + `', true)`, `COMMIT`,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	for _, table := range guarded {
		var n int
		if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil || n != 0 {
			t.Errorf("%s: got %d rows and %v after the transaction, want none", table, n, err)
		}
	}
}
