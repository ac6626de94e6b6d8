package store

import (
	"context"

	"github.com/lockage/lockage/internal/secret"
)

const secretColumns = `id, name, type, description, created_at, created_by, updated_at`

func scanSecret(r row) (s secret.Secret, err error) {
	return s, r.Scan(&s.ID, &s.Name, &s.Type, &s.Description, instant{&s.CreatedAt}, &s.CreatedBy, instant{&s.UpdatedAt})
}

// InsertSecret adds a secret without any value.
func (tx *Tx) InsertSecret(ctx context.Context, s secret.Secret) error {
	const insert = `INSERT INTO secrets (account_id, ` + secretColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	return tx.exec(ctx, insert, tx.account, s.ID, s.Name, s.Type, s.Description, ms(s.CreatedAt), s.CreatedBy, ms(s.UpdatedAt))
}

// UpdateSecret writes what may change of a secret.
func (tx *Tx) UpdateSecret(ctx context.Context, s secret.Secret) error {
	const update = `UPDATE secrets SET description = $3, updated_at = $4 WHERE account_id = $1 AND id = $2`
	return tx.exec(ctx, update, tx.account, s.ID, s.Description, ms(s.UpdatedAt))
}

// Secret finds a secret by id or name.
func (tx *Tx) Secret(ctx context.Context, ref string) (secret.Secret, error) {
	// the id first: a name in the form of another secret's id must not stand in its way
	const find = `
		SELECT ` + secretColumns + ` FROM secrets WHERE account_id = $1 AND (id = $2 OR name = $2)
		ORDER BY CASE WHEN id = $2 THEN 0 ELSE 1 END LIMIT 1`
	return one(ctx, tx, "secret", scanSecret, find, tx.account, ref)
}

// Secrets lists secrets by name, after a name, at most limit.
func (tx *Tx) Secrets(ctx context.Context, after string, limit int) ([]secret.Secret, error) {
	return all(ctx, tx, scanSecret,
		`SELECT `+secretColumns+` FROM secrets WHERE account_id = $1 AND name > $2 ORDER BY name LIMIT $3`, tx.account, after, limit)
}

// AllSecrets lists every secret of the account, for the snapshot.
func (tx *Tx) AllSecrets(ctx context.Context) ([]secret.Secret, error) {
	return all(ctx, tx, scanSecret, `SELECT `+secretColumns+` FROM secrets WHERE account_id = $1 ORDER BY id`, tx.account)
}

// DeleteSecret removes a secret with its values in every environment.
func (tx *Tx) DeleteSecret(ctx context.Context, id string) error {
	for _, statement := range []string{
		`DELETE FROM secret_uses WHERE account_id = $1 AND secret_id = $2`,
		`DELETE FROM oauth2_tokens WHERE account_id = $1 AND secret_id = $2`,
		`DELETE FROM oauth2_authorizations WHERE account_id = $1 AND secret_id = $2`,
		`DELETE FROM secret_values WHERE account_id = $1 AND secret_id = $2`,
		`DELETE FROM secret_slots WHERE account_id = $1 AND secret_id = $2`,
		`DELETE FROM secrets WHERE account_id = $1 AND id = $2`,
	} {
		if err := tx.exec(ctx, statement, tx.account, id); err != nil {
			return err
		}
	}
	return nil
}
