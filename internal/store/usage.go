package store

import (
	"context"

	"github.com/lockage/lockage/internal/secret"
)

// The two ways a definition names a secret, as stored.
const (
	byName = "name"
	byID   = "id"
)

// PutUsages replaces what a definition refers to in an environment.
func (tx *Tx) PutUsages(ctx context.Context, environmentID, definitionID string, usages []Usage) error {
	const drop = `DELETE FROM usages WHERE account_id = $1 AND environment_id = $2 AND definition_id = $3`
	if err := tx.exec(ctx, drop, tx.account, environmentID, definitionID); err != nil {
		return err
	}
	const insert = `
		INSERT INTO usages (account_id, environment_id, definition_id, field, reference_kind, reference)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`
	for _, u := range usages {
		kind := byName
		if u.Reference.Kind == secret.SecretID {
			kind = byID
		}
		if err := tx.exec(ctx, insert, tx.account, environmentID, definitionID, u.Field, kind, u.Reference.Name); err != nil {
			return err
		}
	}
	return nil
}

// Usage is a reference to a secret through a field of a definition.
type Usage struct {
	Field     string
	Reference secret.Reference
}

// Users lists the definitions that refer to a secret, in every environment where they are live, each once.
func (tx *Tx) Users(ctx context.Context, secretID, name string) ([]TreeEntry, error) {
	const list = `
		SELECT DISTINCT t.environment_id, t.definition_id, t.kind, t.key, t.hash, COALESCE(s.active, TRUE)
		FROM usages u
		JOIN tree_entries t ON t.account_id = u.account_id AND t.environment_id = u.environment_id
		     AND t.definition_id = u.definition_id
		LEFT JOIN switches s ON s.account_id = t.account_id AND s.environment_id = t.environment_id
		     AND s.definition_id = t.definition_id
		WHERE u.account_id = $1
		  AND ((u.reference_kind = 'name' AND u.reference = $2) OR (u.reference_kind = 'id' AND u.reference = $3))
		ORDER BY t.kind, t.key, t.environment_id`
	return all(ctx, tx, scanTreeEntry, list, tx.account, name, secretID)
}
