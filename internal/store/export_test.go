package store

import (
	"context"
	"database/sql"
)

// Watch has each statement that the transaction runs from now on shown to see, which may ask something in the transaction
// before it is run.
func (tx *Tx) Watch(see func(s Statement)) { tx.tx = watched{tx.tx, see} }

// Statement is what a transaction is about to run.
type Statement struct {
	Query string
	Args  []any
	Ask   func(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

type watched struct {
	statements
	see func(Statement)
}

func (w watched) show(query string, args []any) {
	w.see(Statement{query, args, w.statements.QueryContext})
}

func (w watched) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	w.show(query, args)
	return w.statements.ExecContext(ctx, query, args...)
}

func (w watched) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	w.show(query, args)
	return w.statements.QueryContext(ctx, query, args...)
}

func (w watched) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	w.show(query, args)
	return w.statements.QueryRowContext(ctx, query, args...)
}
