package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/lockage/lockage/internal/secret"
)

// Idempotent is a request that carried an Idempotency-Key: reserved while it runs, then done with its sealed answer.
type Idempotent struct {
	Holder      string
	Key         string
	Fingerprint string
	CreatedAt   time.Time
	Done        bool
	Answer      secret.Sealed
}

// Binding is the place the answer is sealed for: this key of this holder, for this request.
func (i Idempotent) Binding(account string) secret.Binding {
	return secret.Binding{
		Account: account, Environment: i.Holder, Secret: i.Key, Version: 1, Type: secret.Answer, Facts: secret.Facts(i.Fingerprint),
	}
}

const idempotentColumns = `holder_id, key, fingerprint, created_at, done, ciphertext, nonce, tag, wrapped_key, kek`

func scanIdempotent(r row) (i Idempotent, err error) {
	return i, r.Scan(&i.Holder, &i.Key, &i.Fingerprint, instant{&i.CreatedAt}, &i.Done, &i.Answer.Ciphertext, &i.Answer.Nonce,
		&i.Answer.Tag, &i.Answer.WrappedKey, &i.Answer.KEK)
}

// ReserveIdempotent takes the key for a request of the account, or answers what stands there already with taken false.
func (tx *Tx) ReserveIdempotent(ctx context.Context, account string, i Idempotent) (found Idempotent, taken bool, err error) {
	const insert = `
		INSERT INTO idempotency (account_id, ` + idempotentColumns + `) VALUES ($1, $2, $3, $4, $5, FALSE, $6, $6, $6, $6, '')
		ON CONFLICT (account_id, holder_id, key) DO NOTHING`
	n, err := tx.affected(ctx, insert, account, i.Holder, i.Key, i.Fingerprint, ms(i.CreatedAt), []byte{})
	if err != nil || n == 1 {
		return i, n == 1, err
	}
	found, err = scanIdempotent(tx.tx.QueryRowContext(ctx,
		`SELECT `+idempotentColumns+` FROM idempotency WHERE account_id = $1 AND holder_id = $2 AND key = $3`, account, i.Holder, i.Key))
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return found, false, err
}

// FinishIdempotent keeps the sealed answer of a reserved request.
func (tx *Tx) FinishIdempotent(ctx context.Context, account, holder, key string, s secret.Sealed) error {
	const update = `
		UPDATE idempotency SET done = TRUE, ciphertext = $4, nonce = $5, tag = $6, wrapped_key = $7, kek = $8
		WHERE account_id = $1 AND holder_id = $2 AND key = $3`
	if err := tx.fits(ctx, s); err != nil {
		return err
	}
	return tx.exec(ctx, update, account, holder, key, s.Ciphertext, s.Nonce, s.Tag, s.WrappedKey, s.KEK)
}

// DropIdempotent frees a key after a request that was refused.
func (tx *Tx) DropIdempotent(ctx context.Context, account, holder, key string) error {
	return tx.exec(ctx, `DELETE FROM idempotency WHERE account_id = $1 AND holder_id = $2 AND key = $3`, account, holder, key)
}

// ExpireIdempotent forgets what is older than an instant, in every account.
func (tx *Tx) ExpireIdempotent(ctx context.Context, before time.Time) error {
	return tx.exec(ctx, `DELETE FROM idempotency WHERE created_at < $1`, ms(before))
}
