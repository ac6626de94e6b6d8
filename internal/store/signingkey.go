package store

import (
	"context"
	"strconv"
	"time"

	"github.com/lockage/lockage/internal/secret"
)

// SigningKey signs the JWTs of sessions. Its rows belong to no account.
type SigningKey struct {
	ID        string
	Key       secret.Sealed
	CreatedAt time.Time // to the millisecond, like the next
	ActiveAt  time.Time // from when on it signs
	Alone     bool      // those from before it verify nothing any more
}

// Binding is the place the key is sealed for.
func (k SigningKey) Binding() secret.Binding {
	return secret.Binding{
		Secret: k.ID, Version: 1, Type: secret.SigningKey,
		Facts: secret.Facts(strconv.FormatInt(k.CreatedAt.UnixMilli(), 10), strconv.FormatInt(k.ActiveAt.UnixMilli(), 10), strconv.FormatBool(k.Alone)),
	}
}

const signingKeyColumns = `id, created_at, active_at, alone, ciphertext, nonce, tag, wrapped_key, kek`

func scanSigningKey(r row) (k SigningKey, err error) {
	s := &k.Key
	return k, r.Scan(&k.ID, instant{&k.CreatedAt}, instant{&k.ActiveAt}, &k.Alone, &s.Ciphertext, &s.Nonce, &s.Tag, &s.WrappedKey, &s.KEK)
}

// SigningKeys lists them, in the order in which they sign.
func (tx *Tx) SigningKeys(ctx context.Context) ([]SigningKey, error) {
	return all(ctx, tx, scanSigningKey, `SELECT `+signingKeyColumns+` FROM signing_keys ORDER BY active_at, id`)
}

// InsertSigningKey adds a key, unless another process added one after an instant; false then. Two that do so at the same
// moment may both add theirs, which is one more that signs for a while.
func (tx *Tx) InsertSigningKey(ctx context.Context, k SigningKey, after time.Time) (bool, error) {
	s := k.Key
	if err := tx.fits(ctx, s); err != nil {
		return false, err
	}
	newer, err := one(ctx, tx, "signing key", func(r row) (n int64, err error) { return n, r.Scan(&n) }, `SELECT COUNT(*) FROM signing_keys WHERE created_at > $1`, ms(after))
	if err != nil || newer > 0 {
		return false, err
	}
	const insert = `INSERT INTO signing_keys (` + signingKeyColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
	return true, tx.exec(ctx, insert, k.ID, ms(k.CreatedAt), ms(k.ActiveAt), k.Alone, s.Ciphertext, s.Nonce, s.Tag, s.WrappedKey, s.KEK)
}

// DeleteSigningKey removes a key that is over.
func (tx *Tx) DeleteSigningKey(ctx context.Context, id string) error {
	return tx.exec(ctx, `DELETE FROM signing_keys WHERE id = $1`, id)
}

// DeleteSigningKeys removes all of them.
func (tx *Tx) DeleteSigningKeys(ctx context.Context) error {
	return tx.exec(ctx, `DELETE FROM signing_keys`)
}
