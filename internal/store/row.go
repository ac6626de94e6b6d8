package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
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

// batchSize is how many rows one statement carries: enough that the way to the database and back no longer counts, few
// enough for the number of parameters that both engines take.
const batchSize = 200

// insertAll inserts many rows with few statements. The query has %s where the rows go; each begins with the account.
func insertAll[T any](ctx context.Context, tx *Tx, query string, list []T, values func(T) []any) error {
	for some := range slices.Chunk(list, batchSize) {
		w := &where{}
		rows := make([]string, len(some))
		for i, v := range some {
			rows[i] = "(" + w.places(values(v)) + ")"
		}
		if err := tx.exec(ctx, fmt.Sprintf(query, strings.Join(rows, ", ")), w.args...); err != nil {
			return err
		}
	}
	return nil
}

// of fills the values of one column into a query with %s where they go, batchSize at a time, and hands on each query with
// its parameters, the first of which are args.
func of[V ~string](query string, values []V, args []any, fn func(query string, args []any) error) error {
	for some := range slices.Chunk(values, batchSize) {
		w := &where{args: slices.Clone(args)}
		list := make([]any, len(some))
		for i, v := range some {
			list[i] = string(v)
		}
		if err := fn(fmt.Sprintf(query, w.places(list)), w.args); err != nil {
			return err
		}
	}
	return nil
}

// allOf is all for many values of one column; see of.
func allOf[T any, V ~string](ctx context.Context, tx *Tx, scan func(row) (T, error), query string, values []V, args ...any) ([]T, error) {
	list := []T{}
	err := of(query, values, args, func(query string, args []any) error {
		found, err := all(ctx, tx, scan, query, args...)
		list = append(list, found...)
		return err
	})
	return list, err
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
