package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/lockage/lockage/internal/secret"
)

// Setting reads a value of the whole installation (the KEK's id, the sealed signing key); nil when it was never set.
func (tx *Tx) Setting(ctx context.Context, name string) ([]byte, error) {
	return scanBytes(tx.tx.QueryRowContext(ctx, `SELECT value FROM installation WHERE name = $1`, name))
}

func scanBytes(r row) (value []byte, err error) {
	if err = r.Scan(&value); errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return value, err
}

// SetSetting writes a value of the whole installation unless it is there already; the first writer wins.
func (tx *Tx) SetSetting(ctx context.Context, name string, value []byte) error {
	return tx.exec(ctx, `INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name, value)
}

// PutSetting writes a value of the whole installation over the one that is there.
func (tx *Tx) PutSetting(ctx context.Context, name string, value []byte) error {
	return tx.exec(ctx, `INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
}

// SetSealedSetting is SetSetting for a value that holds what is sealed.
func (tx *Tx) SetSealedSetting(ctx context.Context, name string, value []byte, sealed secret.Sealed) error {
	if err := tx.fits(ctx, sealed); err != nil {
		return err
	}
	return tx.SetSetting(ctx, name, value)
}

// SwapSetting puts a value in place of the one that the caller thinks is there; false when another is.
func (tx *Tx) SwapSetting(ctx context.Context, name string, from, to []byte) (bool, error) {
	n, err := tx.affected(ctx, `UPDATE installation SET value = $3 WHERE name = $1 AND value = $2`, name, from, to)
	return n == 1, err
}

// SwapSealedSetting is SwapSetting for a value that holds what is sealed.
func (tx *Tx) SwapSealedSetting(ctx context.Context, name string, from, to []byte, sealed secret.Sealed) (bool, error) {
	if err := tx.fits(ctx, sealed); err != nil {
		return false, err
	}
	return tx.SwapSetting(ctx, name, from, to)
}
