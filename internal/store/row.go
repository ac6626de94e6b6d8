package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/lockage/lockage/internal/fault"
)

// row is what a scan function reads: a *sql.Row or one step of *sql.Rows.
type row interface{ Scan(into ...any) error }

// one reads a single row, or answers fault.NotFound with the noun.
func one[T any](ctx context.Context, tx *Tx, noun string, scan func(row) (T, error), query string, args ...any) (T, error) {
	var none T
	if !storable(args) {
		return none, fault.New(fault.NotFound, "no such %s", noun)
	}
	v, err := scan(tx.tx.QueryRowContext(ctx, query, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return none, fault.New(fault.NotFound, "no such %s", noun)
	}
	return v, err
}

// all reads every row; none is an empty, non-nil list.
func all[T any](ctx context.Context, tx *Tx, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	list := []T{}
	if !storable(args) {
		return list, nil
	}
	rows, err := tx.tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// storable says whether a row could hold every text among the arguments. PostgreSQL takes neither NUL nor broken UTF-8,
// not even in a question, and ends the transaction; no row matches such a text on either engine.
func storable(args []any) bool {
	for _, arg := range args {
		if text, ok := arg.(string); ok && text != plain(text) {
			return false
		}
	}
	return true
}

// plain is a text as a row can hold it, with U+FFFD for what it cannot.
func plain(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

func (tx *Tx) exec(ctx context.Context, query string, args ...any) error {
	_, err := tx.tx.ExecContext(ctx, query, args...)
	return err
}

// affected runs a statement and answers how many rows it touched.
func (tx *Tx) affected(ctx context.Context, query string, args ...any) (int64, error) {
	r, err := tx.tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// ms is an instant as stored: milliseconds since 1970, 0 for the zero time.
func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// at is the inverse of ms.
func at(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// instant scans a stored time.
type instant struct{ into *time.Time }

func (i instant) Scan(v any) error {
	var n sql.NullInt64
	if err := n.Scan(v); err != nil {
		return err
	}
	*i.into = at(n.Int64)
	return nil
}
