package store

import (
	"context"

	"github.com/lockage/lockage/internal/definition"
)

// TreeEntry is a definition that is live in an environment, with its switch.
type TreeEntry struct {
	EnvironmentID string
	ID            string
	Ref           definition.Ref
	Hash          definition.Hash
	Active        bool
}

const treeQuery = `
	SELECT t.environment_id, t.definition_id, t.kind, t.key, t.hash, COALESCE(s.active, TRUE)
	FROM tree_entries t
	LEFT JOIN switches s ON s.account_id = t.account_id AND s.environment_id = t.environment_id
	     AND s.definition_id = t.definition_id
	WHERE t.account_id = $1`

func scanTreeEntry(r row) (t TreeEntry, err error) {
	return t, r.Scan(&t.EnvironmentID, &t.ID, &t.Ref.Kind, &t.Ref.Key, &t.Hash, &t.Active)
}

// Tree lists what is live in an environment.
func (tx *Tx) Tree(ctx context.Context, environmentID string) ([]TreeEntry, error) {
	return all(ctx, tx, scanTreeEntry, treeQuery+` AND t.environment_id = $2 ORDER BY t.kind, t.key`, tx.account, environmentID)
}

// Trees lists what is live in every environment, for the snapshot.
func (tx *Tx) Trees(ctx context.Context) ([]TreeEntry, error) {
	return all(ctx, tx, scanTreeEntry, treeQuery, tx.account)
}

// Live lists where a definition is live.
func (tx *Tx) Live(ctx context.Context, definitionID string) ([]TreeEntry, error) {
	return all(ctx, tx, scanTreeEntry, treeQuery+` AND t.definition_id = $2`, tx.account, definitionID)
}

// PutTreeEntry makes content live in an environment, or several, each definition at most once in an environment.
func (tx *Tx) PutTreeEntry(ctx context.Context, list ...TreeEntry) error {
	const upsert = `
		INSERT INTO tree_entries (account_id, environment_id, kind, key, definition_id, hash) VALUES %s
		ON CONFLICT (account_id, environment_id, kind, key) DO UPDATE SET hash = excluded.hash`
	return insertAll(ctx, tx, upsert, list, func(t TreeEntry) []any {
		return []any{tx.account, t.EnvironmentID, t.Ref.Kind, t.Ref.Key, t.ID, t.Hash}
	})
}

// DropTreeEntry takes a definition out of an environment.
func (tx *Tx) DropTreeEntry(ctx context.Context, environmentID string, ref definition.Ref) error {
	const drop = `DELETE FROM tree_entries WHERE account_id = $1 AND environment_id = $2 AND kind = $3 AND key = $4`
	return tx.exec(ctx, drop, tx.account, environmentID, ref.Kind, ref.Key)
}

// PutSwitch switches a definition on or off in an environment.
func (tx *Tx) PutSwitch(ctx context.Context, environmentID, definitionID string, active bool) error {
	const upsert = `
		INSERT INTO switches (account_id, environment_id, definition_id, active) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account_id, environment_id, definition_id) DO UPDATE SET active = excluded.active`
	return tx.exec(ctx, upsert, tx.account, environmentID, definitionID, active)
}

// Contents reads the bodies of everything that is live anywhere in the account, by hash, for the snapshot.
func (tx *Tx) Contents(ctx context.Context, kind string) (map[definition.Hash][]byte, error) {
	const list = `
		SELECT c.hash, c.body FROM contents c
		WHERE c.account_id = $1 AND c.kind = $2
		  AND c.hash IN (SELECT t.hash FROM tree_entries t WHERE t.account_id = $1 AND t.kind = $2)`
	rows, err := all(ctx, tx, scanContent, list, tx.account, kind)
	return byHash(rows), err
}
