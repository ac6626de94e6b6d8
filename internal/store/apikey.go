package store

import (
	"context"
	"time"

	"github.com/lockage/lockage/internal/apikey"
)

const apiKeyColumns = `id, environment_id, kind, description, prefix, last_four, digest, created_at, created_by,
	last_used_at, uses, expires_at, revoked_at, replaced_by`

func scanAPIKey(r row) (k apikey.APIKey, err error) {
	var digest []byte
	err = r.Scan(&k.ID, &k.EnvironmentID, &k.Kind, &k.Description, &k.Prefix, &k.LastFour, &digest, instant{&k.CreatedAt},
		&k.CreatedBy, instant{&k.LastUsedAt}, &k.Uses, instant{&k.ExpiresAt}, instant{&k.RevokedAt}, &k.ReplacedBy)
	copy(k.Digest[:], digest)
	return k, err
}

// InsertAPIKey adds a key, known by its digest.
func (tx *Tx) InsertAPIKey(ctx context.Context, k apikey.APIKey) error {
	const insert = `
		INSERT INTO api_keys (account_id, ` + apiKeyColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`
	return tx.exec(ctx, insert, tx.account, k.ID, k.EnvironmentID, k.Kind, k.Description, k.Prefix, k.LastFour, k.Digest[:],
		ms(k.CreatedAt), k.CreatedBy, ms(k.LastUsedAt), k.Uses, ms(k.ExpiresAt), ms(k.RevokedAt), k.ReplacedBy)
}

// UpdateAPIKey writes what may change of a key: description, expiry, revocation and successor.
func (tx *Tx) UpdateAPIKey(ctx context.Context, k apikey.APIKey) error {
	const update = `
		UPDATE api_keys SET description = $4, expires_at = $5, revoked_at = $6, replaced_by = $7
		WHERE account_id = $1 AND environment_id = $2 AND id = $3`
	return tx.exec(ctx, update, tx.account, k.EnvironmentID, k.ID, k.Description, ms(k.ExpiresAt), ms(k.RevokedAt), k.ReplacedBy)
}

// APIKey finds a key of the account by id.
func (tx *Tx) APIKey(ctx context.Context, id string) (apikey.APIKey, error) {
	return one(ctx, tx, "API key", scanAPIKey,
		`SELECT `+apiKeyColumns+` FROM api_keys WHERE account_id = $1 AND id = $2`, tx.account, id)
}

// APIKeys lists keys of the environments in order of creation, after a key's id, at most limit.
func (tx *Tx) APIKeys(ctx context.Context, environmentIDs []string, after string, limit int) ([]apikey.APIKey, error) {
	w := newWhere(tx.account)
	w.in("environment_id", environmentIDs)
	w.add("id > %s", after)
	query := `SELECT ` + apiKeyColumns + ` FROM api_keys WHERE ` + w.text() + ` ORDER BY id LIMIT ` + w.arg(limit)
	return all(ctx, tx, scanAPIKey, query, w.args...)
}

// LiveAPIKeys lists what the gateway accepts now or will until it expires: every key that is not revoked.
func (tx *Tx) LiveAPIKeys(ctx context.Context) ([]apikey.APIKey, error) {
	return all(ctx, tx, scanAPIKey,
		`SELECT `+apiKeyColumns+` FROM api_keys WHERE account_id = $1 AND revoked_at = 0 ORDER BY id`, tx.account)
}

// AddUses records how often and when a key was used; called in a Batch.
func (tx *Tx) AddUses(ctx context.Context, account, environmentID, id string, uses int64, last time.Time) error {
	const update = `
		UPDATE api_keys SET uses = uses + $4, last_used_at = CASE WHEN last_used_at < $5 THEN $5 ELSE last_used_at END
		WHERE account_id = $1 AND environment_id = $2 AND id = $3`
	return tx.exec(ctx, update, account, environmentID, id, uses, ms(last))
}
