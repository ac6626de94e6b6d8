package store

import (
	"context"
	"database/sql"
	"errors"
)

// Setting reads a value of the whole installation (the KEK's id, the sealed signing key); nil when it was never set.
func (tx *Tx) Setting(ctx context.Context, name string) ([]byte, error) {
	var value []byte
	err := tx.tx.QueryRowContext(ctx, `SELECT value FROM installation WHERE name = $1`, name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return value, err
}

// SetSetting writes a value of the whole installation unless it is there already; the first writer wins.
func (tx *Tx) SetSetting(ctx context.Context, name string, value []byte) error {
	return tx.exec(ctx, `INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name, value)
}
