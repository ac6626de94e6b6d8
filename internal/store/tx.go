package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// everyAccount opens the second wall: the few reads and batches that serve all accounts.
const everyAccount = "*"

// Tx is a transaction for one account. Its methods are the statements of the product, a file per concept; each names
// the account in its SQL. Now is the one instant of the transaction.
type Tx struct {
	tx      statements
	account string
	now     time.Time
	version int64
	prev    string // audit hash before this transaction
	audited bool
	serve   bool   // the gateway must learn of this
	share   string // at the end of a reading: what was read stays as it is until the transaction ends
	by      func(index string) string
}

// statements is what a transaction is asked to run: a *sql.Tx, or one that a test looks over the shoulder.
type statements interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Account is the account the transaction belongs to.
func (tx *Tx) Account() string { return tx.account }

// Now is the transaction's instant, in UTC with milliseconds.
func (tx *Tx) Now() time.Time { return tx.now }

// Version is the version the account's head row was raised to; 0 outside Write.
func (tx *Tx) Version() int64 { return tx.version }

// Serve marks that the gateway's snapshot of the account must be rebuilt after this transaction.
func (tx *Tx) Serve() { tx.serve = true }

// Served says whether Serve was called.
func (tx *Tx) Served() bool { return tx.serve }

// CreateAccount inserts an account and runs fn as its first audited transaction, all or nothing.
func (s *Store) CreateAccount(ctx context.Context, id, name string, fn func(*Tx) error) error {
	return s.run(ctx, s.writer, nil, id, func(tx *Tx) error {
		const insert = `
			INSERT INTO accounts (id, name, version, snapshot_version, audit_hash, created_at)
			VALUES ($1, $2, 0, 0, '', $3)`
		if err := tx.exec(ctx, insert, id, name, ms(tx.now)); err != nil {
			return err
		}
		return tx.audit(ctx, fn)
	})
}

// Write runs fn in an audited transaction of the account. It first raises the head row, which queues the account's
// writers, and refuses to commit unless fn appended exactly one audit entry. An error of fn undoes everything.
func (s *Store) Write(ctx context.Context, account string, fn func(*Tx) error) error {
	return s.run(ctx, s.writer, nil, account, func(tx *Tx) error { return tx.audit(ctx, fn) })
}

func (tx *Tx) audit(ctx context.Context, fn func(*Tx) error) error {
	const raise = `UPDATE accounts SET version = version + 1 WHERE id = $1 RETURNING version, audit_hash`
	if err := tx.tx.QueryRowContext(ctx, raise, tx.account).Scan(&tx.version, &tx.prev); err != nil {
		return fmt.Errorf("raise the account's version: %w", err)
	}
	if err := fn(tx); err != nil {
		return err
	}
	if !tx.audited {
		return errors.New("a change without an audit entry")
	}
	if !tx.serve {
		return nil
	}
	return tx.exec(ctx, `UPDATE accounts SET snapshot_version = version WHERE id = $1`, tx.account)
}

// Read runs fn on one consistent state of the account.
func (s *Store) Read(ctx context.Context, account string, fn func(*Tx) error) error {
	return s.run(ctx, s.reader, &sql.TxOptions{ReadOnly: true, Isolation: s.readIsolation()}, account, fn)
}

// ReadAll is Read over every account: for finding whose a credential is, and for the snapshot feed.
func (s *Store) ReadAll(ctx context.Context, fn func(*Tx) error) error {
	return s.Read(ctx, everyAccount, fn)
}

// Batch runs fn in a transaction without audit, for frequent writes that change nothing a person decided. It spans
// accounts.
func (s *Store) Batch(ctx context.Context, fn func(*Tx) error) error {
	return s.run(ctx, s.writer, nil, everyAccount, fn)
}

// BatchOf is Batch for what concerns one account: the second wall stays closed, and PostgreSQL knows how much of a table is
// behind it.
func (s *Store) BatchOf(ctx context.Context, account string, fn func(*Tx) error) error {
	return s.run(ctx, s.writer, nil, account, fn)
}

func (s *Store) readIsolation() sql.IsolationLevel {
	if _, ok := s.engine.(*postgres); ok {
		return sql.LevelRepeatableRead
	}
	return sql.LevelDefault // SQLite reads one state anyway
}

func (s *Store) run(ctx context.Context, db *sql.DB, options *sql.TxOptions, account string, fn func(*Tx) error) error {
	raw, err := db.BeginTx(ctx, options)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = raw.Rollback() }() // after a commit this answers ErrTxDone, which says nothing new
	if err := s.engine.enter(ctx, raw, account); err != nil {
		return fmt.Errorf("enter the account: %w", err)
	}
	tx := &Tx{tx: raw, account: account, now: s.now().UTC().Truncate(time.Millisecond), share: s.engine.share(), by: s.engine.by}
	if err := fn(tx); err != nil {
		return err
	}
	if err := raw.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}
