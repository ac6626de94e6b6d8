package store

import (
	"context"
	"time"

	"github.com/lockage/lockage/internal/secret"
)

// ContentKey seals what is recorded of the calls of one environment, for a day.
type ContentKey struct {
	EnvironmentID string
	ID            string
	CreatedAt     time.Time
	Sealed        secret.Sealed
}

// Binding is the place the key is sealed for.
func (k ContentKey) Binding(account string) secret.Binding {
	return secret.Binding{
		Account: account, Environment: k.EnvironmentID, Secret: k.ID, Version: 1, Type: secret.ContentKey,
		Facts: secret.Facts(k.CreatedAt.UTC().Format(time.RFC3339Nano)),
	}
}

const contentKeyColumns = `environment_id, id, created_at, ciphertext, nonce, tag, wrapped_key, kek`

func scanContentKey(r row) (k ContentKey, err error) {
	return k, r.Scan(&k.EnvironmentID, &k.ID, instant{&k.CreatedAt}, &k.Sealed.Ciphertext, &k.Sealed.Nonce, &k.Sealed.Tag,
		&k.Sealed.WrappedKey, &k.Sealed.KEK)
}

// InsertContentKey keeps a key of an account, if its environment is still there; false when it is not. Called in a Batch.
func (tx *Tx) InsertContentKey(ctx context.Context, account string, k ContentKey) (bool, error) {
	if err := tx.fits(ctx, k.Sealed); err != nil {
		return false, err
	}
	const insert = `
		INSERT INTO content_keys (account_id, ` + contentKeyColumns + `)
		SELECT e.account_id, e.id, $3, $4, $5, $6, $7, $8, $9
		FROM environments e WHERE e.account_id = $1 AND e.id = $2`
	n, err := tx.affected(ctx, insert, account, k.EnvironmentID, k.ID, ms(k.CreatedAt), k.Sealed.Ciphertext, k.Sealed.Nonce, k.Sealed.Tag,
		k.Sealed.WrappedKey, k.Sealed.KEK)
	return n == 1, err
}

// ContentKey finds a key by its id.
func (tx *Tx) ContentKey(ctx context.Context, environmentID, id string) (ContentKey, error) {
	const query = `SELECT ` + contentKeyColumns + ` FROM content_keys WHERE account_id = $1 AND environment_id = $2 AND id = $3`
	return one(ctx, tx, "content key", scanContentKey, query, tx.account, environmentID, id)
}

// NewestContentKey finds the youngest key of an environment.
func (tx *Tx) NewestContentKey(ctx context.Context, environmentID string) (ContentKey, error) {
	const query = `SELECT ` + contentKeyColumns + ` FROM content_keys
		WHERE account_id = $1 AND environment_id = $2 ORDER BY created_at DESC, id DESC LIMIT 1`
	return one(ctx, tx, "content key", scanContentKey, query, tx.account, environmentID)
}

// CallContent is what is recorded of a call, sealed.
type CallContent struct {
	EnvironmentID string
	CallID        string
	KeyID         string
	Record        secret.Record
}

// Place is what the record is sealed for.
func (c CallContent) Place(account string) secret.RecordPlace {
	return secret.RecordPlace{Account: account, Environment: c.EnvironmentID, Call: c.CallID, Key: c.KeyID}
}

const callContentColumns = `environment_id, call_id, key_id, ciphertext, nonce, tag`

func scanCallContent(r row) (c CallContent, err error) {
	return c, r.Scan(&c.EnvironmentID, &c.CallID, &c.KeyID, &c.Record.Ciphertext, &c.Record.Nonce, &c.Record.Tag)
}

// InsertContent keeps the content of a call of an account, if the call was recorded. Called in a Batch.
func (tx *Tx) InsertContent(ctx context.Context, account string, c CallContent) error {
	const insert = `
		INSERT INTO call_contents (account_id, ` + callContentColumns + `)
		SELECT k.account_id, k.environment_id, k.id, $4, $5, $6, $7
		FROM calls k WHERE k.account_id = $1 AND k.environment_id = $2 AND k.id = $3`
	return tx.exec(ctx, insert, account, c.EnvironmentID, c.CallID, c.KeyID, c.Record.Ciphertext, c.Record.Nonce, c.Record.Tag)
}

// CallContent finds the content of a call.
func (tx *Tx) CallContent(ctx context.Context, environmentID, callID string) (CallContent, error) {
	const query = `SELECT ` + callContentColumns + ` FROM call_contents WHERE account_id = $1 AND environment_id = $2 AND call_id = $3`
	return one(ctx, tx, "content of a call", scanCallContent, query, tx.account, environmentID, callID)
}
