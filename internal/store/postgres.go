package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// postgres serves reads and writes from one pool. Row-level security is the second wall behind the account in every
// statement: a transaction sees the rows of the account it entered and no others.
type postgres struct {
	url    string
	logger *slog.Logger
	pool   *pgxpool.Pool
}

func (e *postgres) open(ctx context.Context) (writer, reader *sql.DB, err error) {
	config, err := pgxpool.ParseConfig(e.url)
	if err != nil {
		return nil, nil, fmt.Errorf("the database URL is not one PostgreSQL understands") // err would echo a password
	}
	if e.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, nil, err
	}
	db := stdlib.OpenDBFromPool(e.pool)
	if err = db.PingContext(ctx); err != nil {
		return nil, nil, errors.Join(err, db.Close(), e.close())
	}
	return db, db, nil
}

func (e *postgres) close() error {
	if e.pool != nil {
		e.pool.Close()
	}
	return nil
}

func (e *postgres) migrate(ctx context.Context, db *sql.DB) error {
	// a migration that fills a new column must see every account's rows through the second wall
	all := stdlib.OpenDB(*e.pool.Config().ConnConfig, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, `SELECT set_config('lockage.account', '*', false)`)
		return err
	}))
	defer all.Close() //nolint:errcheck // what it did is committed
	// a process that starts beside another asks each second for its turn, for five minutes
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return err
	}
	if err = migrate(ctx, goose.DialectPostgres, all, e.logger, goose.WithSessionLocker(locker)); err != nil {
		return err
	}
	return e.secure(ctx, db)
}

// secure puts the policy on every table that carries an account, also on those a later migration adds. It is forced,
// so that it binds the owner of the tables too (only a superuser passes; do not run Lockage as one).
func (e *postgres) secure(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after the commit it says nothing new
	const lockID = 0x6c6f636b616765      // "lockage": two processes that start together do this one after the other
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(lockID)); err != nil {
		return err
	}
	if err := e.secureTables(ctx, tx); err != nil {
		return err
	}
	var exempt bool
	if err := tx.QueryRowContext(ctx, `SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user`).Scan(&exempt); err != nil {
		return err
	}
	if exempt {
		e.logger.WarnContext(ctx, "the database role passes row-level security, the second wall between accounts; use a role that is no superuser and has no BYPASSRLS")
	}
	return tx.Commit()
}

func (e *postgres) secureTables(ctx context.Context, tx *sql.Tx) error {
	const unsecured = `
		SELECT c.table_name
		FROM information_schema.columns c
		JOIN pg_catalog.pg_class t ON t.oid = to_regclass(quote_ident(c.table_schema) || '.' || quote_ident(c.table_name))
		WHERE c.table_schema = current_schema() AND c.column_name = 'account_id' AND NOT t.relforcerowsecurity`
	rows, err := tx.QueryContext(ctx, unsecured)
	if err != nil {
		return err
	}
	defer rows.Close()
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		tables = append(tables, name)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, name := range tables { // names come from our own migrations
		policy := fmt.Sprintf(`
			ALTER TABLE %[1]s ENABLE ROW LEVEL SECURITY;
			ALTER TABLE %[1]s FORCE ROW LEVEL SECURITY;
			DROP POLICY IF EXISTS account ON %[1]s;
			CREATE POLICY account ON %[1]s
			    USING (account_id = current_setting('lockage.account', true) OR current_setting('lockage.account', true) = '*')`, name)
		if _, err := tx.ExecContext(ctx, policy); err != nil {
			return fmt.Errorf("row-level security on %s: %w", name, err)
		}
	}
	return nil
}

func (e *postgres) enter(ctx context.Context, tx *sql.Tx, account string) error {
	_, err := tx.ExecContext(ctx, `SELECT set_config('lockage.account', $1, true)`, account)
	return err
}

// share is a lock that many may hold at once.
func (e *postgres) share() string { return " FOR SHARE" }

// by has nothing to say: PostgreSQL knows how often each value is there.
func (e *postgres) by(string) string { return "" }
