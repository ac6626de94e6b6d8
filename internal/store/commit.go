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
	const change = `
		INSERT INTO commit_changes (account_id, environment_id, kind, key, number, before_hash, after_hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`
	for _, d := range c.Changes {
		if err := tx.exec(ctx, change, tx.account, c.EnvironmentID, d.Ref.Kind, d.Ref.Key, c.Number, d.Before, d.After); err != nil {
			return err
		}
	}
	return nil
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
	if err != nil {
		return c, err
	}
	const changes = `
		SELECT kind, key, before_hash, after_hash FROM commit_changes
		WHERE account_id = $1 AND environment_id = $2 AND number = $3 ORDER BY kind, key`
	scan := func(r row) (d definition.Change, err error) {
		return d, r.Scan(&d.Ref.Kind, &d.Ref.Key, &d.Before, &d.After)
	}
	c.Changes, err = all(ctx, tx, scan, changes, tx.account, environmentID, number)
	return c, err
}
