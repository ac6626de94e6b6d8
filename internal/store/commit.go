package store

import (
	"context"
	"time"

	"github.com/lockage/lockage/internal/definition"
)

const commitColumns = `environment_id, number, id, cause, message, author_kind, author_id, author_name, before_root, after_root,
	source, created_at`

func scanCommit(r row) (c definition.Commit, err error) {
	return c, r.Scan(&c.EnvironmentID, &c.Number, &c.ID, &c.Cause, &c.Message, &c.Author.Kind, &c.Author.ID, &c.Author.Name,
		&c.Before, &c.After, &c.Source, instant{&c.CreatedAt})
}

// InsertCommit adds a step to an environment's history, with its changes. A commit never changes afterwards.
func (tx *Tx) InsertCommit(ctx context.Context, c definition.Commit) error {
	const insert = `
		INSERT INTO commits (account_id, ` + commitColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`
	err := tx.exec(ctx, insert, tx.account, c.EnvironmentID, c.Number, c.ID, c.Cause, c.Message, c.Author.Kind, c.Author.ID,
		c.Author.Name, c.Before, c.After, c.Source, ms(c.CreatedAt))
	if err != nil {
		return err
	}
	const changes = `INSERT INTO commit_changes (account_id, environment_id, kind, key, number, before_hash, after_hash) VALUES %s`
	return insertAll(ctx, tx, changes, c.Changes, func(d definition.Change) []any {
		return []any{tx.account, c.EnvironmentID, d.Ref.Kind, d.Ref.Key, c.Number, d.Before, d.After}
	})
}

// Changed is when a definition last changed in an environment; the zero time where it never did.
func (tx *Tx) Changed(ctx context.Context, environmentID string, ref definition.Ref) (time.Time, error) {
	const newest = `
		SELECT c.created_at FROM commit_changes d
		JOIN commits c ON c.account_id = d.account_id AND c.environment_id = d.environment_id AND c.number = d.number
		WHERE d.account_id = $1 AND d.environment_id = $2 AND d.kind = $3 AND d.key = $4
		ORDER BY d.number DESC LIMIT 1`
	list, err := all(ctx, tx, func(r row) (at time.Time, err error) { return at, r.Scan(instant{&at}) }, newest,
		tx.account, environmentID, ref.Kind, ref.Key)
	if err != nil || len(list) == 0 {
		return time.Time{}, err
	}
	return list[0], nil
}

// Commit finds a step of an environment's history by its number, with its changes.
func (tx *Tx) Commit(ctx context.Context, environmentID string, number int64) (definition.Commit, error) {
	c, err := one(ctx, tx, "commit", scanCommit,
		`SELECT `+commitColumns+` FROM commits WHERE account_id = $1 AND environment_id = $2 AND number = $3`,
		tx.account, environmentID, number)
	if err == nil {
		c.Changes, err = tx.changes(ctx, environmentID, number)
	}
	return c, err
}

// CommitID finds the id of a step of an environment's history by its number.
func (tx *Tx) CommitID(ctx context.Context, environmentID string, number int64) (string, error) {
	scan := func(r row) (id string, err error) { return id, r.Scan(&id) }
	return one(ctx, tx, "commit", scan, `SELECT id FROM commits WHERE account_id = $1 AND environment_id = $2 AND number = $3`,
		tx.account, environmentID, number)
}

// CommitByID finds a step of any environment's history, with its changes.
func (tx *Tx) CommitByID(ctx context.Context, id string) (definition.Commit, error) {
	c, err := one(ctx, tx, "commit", scanCommit,
		`SELECT `+commitColumns+` FROM commits WHERE account_id = $1 AND id = $2`, tx.account, id)
	if err == nil {
		c.Changes, err = tx.changes(ctx, c.EnvironmentID, c.Number)
	}
	return c, err
}

// CommitAt finds the newest step of an environment's history that was there at an instant, without its changes.
func (tx *Tx) CommitAt(ctx context.Context, environmentID string, t time.Time) (definition.Commit, error) {
	const find = `SELECT ` + commitColumns + ` FROM commits
		WHERE account_id = $1 AND environment_id = $2 AND created_at <= $3 ORDER BY number DESC LIMIT 1`
	return one(ctx, tx, "commit", scanCommit, find, tx.account, environmentID, ms(t))
}

// TreeAt is the tree an environment had after a step of its history; the empty one after 0.
func (tx *Tx) TreeAt(ctx context.Context, environmentID string, number int64) (definition.Tree, error) {
	const list = `
		SELECT c.kind, c.key, c.before_hash, c.after_hash FROM commit_changes c
		WHERE c.account_id = $1 AND c.environment_id = $2 AND c.number = (
		    SELECT MAX(d.number) FROM commit_changes d
		    WHERE d.account_id = c.account_id AND d.environment_id = c.environment_id AND d.kind = c.kind AND d.key = c.key
		      AND d.number <= $3)`
	changes, err := all(ctx, tx, scanChange, list, tx.account, environmentID, number)
	tree := make(definition.Tree, len(changes))
	for _, d := range changes {
		if d.After != "" {
			tree[d.Ref] = d.After
		}
	}
	return tree, err
}

func scanChange(r row) (d definition.Change, err error) {
	return d, r.Scan(&d.Ref.Kind, &d.Ref.Key, &d.Before, &d.After)
}

func (tx *Tx) changes(ctx context.Context, environmentID string, number int64) ([]definition.Change, error) {
	const changes = `
		SELECT kind, key, before_hash, after_hash FROM commit_changes
		WHERE account_id = $1 AND environment_id = $2 AND number = $3 ORDER BY kind, key`
	return all(ctx, tx, scanChange, changes, tx.account, environmentID, number)
}
