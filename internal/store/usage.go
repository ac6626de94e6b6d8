package store

import (
	"context"
	"maps"
	"slices"

	"github.com/lockage/lockage/internal/secret"
)

// What a definition refers to, as stored: a secret by its name or its id, or a variable.
const (
	byName     = "name"
	byID       = "id"
	ofVariable = "variable"
)

// PutUsages replaces what definitions refer to in an environment: usages has each by its id.
func (tx *Tx) PutUsages(ctx context.Context, environmentID string, usages map[string][]Usage) error {
	type line struct {
		id string
		Usage
	}
	ids := slices.Sorted(maps.Keys(usages))
	var lines []line
	for _, id := range ids {
		for _, u := range usages[id] {
			lines = append(lines, line{id, u})
		}
	}
	const drop = `DELETE FROM usages WHERE account_id = $1 AND environment_id = $2 AND definition_id IN (%s)`
	err := of(drop, ids, []any{tx.account, environmentID}, func(query string, args []any) error {
		return tx.exec(ctx, query, args...)
	})
	if err != nil {
		return err
	}
	const insert = `
		INSERT INTO usages (account_id, environment_id, definition_id, field, reference_kind, reference)
		VALUES %s ON CONFLICT DO NOTHING`
	return insertAll(ctx, tx, insert, lines, func(l line) []any {
		kind := byName
		switch l.Reference.Kind {
		case secret.SecretID:
			kind = byID
		case secret.Variable:
			kind = ofVariable
		}
		return []any{tx.account, environmentID, l.id, l.Field, kind, l.Reference.Name}
	})
}

// Usage is a reference to a secret or a variable through a field of a definition.
type Usage struct {
	Field     string
	Reference secret.Reference
}

// usersQuery finds the definitions behind references, in every environment where they are live.
const usersQuery = `
		SELECT DISTINCT t.environment_id, t.definition_id, t.kind, t.key, t.hash, COALESCE(s.active, TRUE)
		FROM usages u
		JOIN tree_entries t ON t.account_id = u.account_id AND t.environment_id = u.environment_id
		     AND t.definition_id = u.definition_id
		LEFT JOIN switches s ON s.account_id = t.account_id AND s.environment_id = t.environment_id
		     AND s.definition_id = t.definition_id
		WHERE u.account_id = $1`

// Users lists the definitions that refer to a secret, in every environment where they are live, each once.
func (tx *Tx) Users(ctx context.Context, secretID, name string) ([]TreeEntry, error) {
	const list = usersQuery + `
		  AND ((u.reference_kind = 'name' AND u.reference = $2) OR (u.reference_kind = 'id' AND u.reference = $3))
		ORDER BY t.kind, t.key, t.environment_id`
	return all(ctx, tx, scanTreeEntry, list, tx.account, name, secretID)
}
