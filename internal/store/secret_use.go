package store

import (
	"context"
	"time"

	"github.com/lockage/lockage/internal/secret"
)

// AddSecretUses adds to the use of one version of a value; called in a Batch. Of a value whose environment is gone nothing
// is kept.
func (tx *Tx) AddSecretUses(ctx context.Context, account, environmentID, secretID string, version, count int64, last time.Time) error {
	const upsert = `
		INSERT INTO secret_uses (account_id, environment_id, secret_id, version, last_used_at, uses)
		SELECT e.account_id, e.id, s.id, $4, $5, $6
		FROM environments e JOIN secrets s ON s.account_id = e.account_id
		WHERE e.account_id = $1 AND e.id = $2 AND s.id = $3
		ON CONFLICT (account_id, environment_id, secret_id, version) DO UPDATE
		SET uses = secret_uses.uses + excluded.uses,
		    last_used_at = CASE WHEN excluded.last_used_at > secret_uses.last_used_at THEN excluded.last_used_at ELSE secret_uses.last_used_at END`
	return tx.exec(ctx, upsert, account, environmentID, secretID, version, ms(last), count)
}

// SecretUses lists when the versions of a secret were last injected, in every environment.
func (tx *Tx) SecretUses(ctx context.Context, secretID string) ([]secret.Use, error) {
	scan := func(r row) (u secret.Use, err error) {
		return u, r.Scan(&u.EnvironmentID, &u.Version, instant{&u.LastUsedAt}, &u.Count)
	}
	const list = `
		SELECT environment_id, version, last_used_at, uses FROM secret_uses
		WHERE account_id = $1 AND secret_id = $2 ORDER BY environment_id, version`
	return all(ctx, tx, scan, list, tx.account, secretID)
}
