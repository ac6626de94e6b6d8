package store

import (
	"context"
	"time"
)

// Override is a change that an owner made during a freeze; it stays visible until somebody acknowledges it.
type Override struct {
	ID             string
	EnvironmentID  string
	Action         string
	Author         string
	AuthorID       string
	Reason         string
	CreatedAt      time.Time
	AcknowledgedBy string
	AcknowledgedAt time.Time
}

const overrideColumns = `id, environment_id, action, author, author_id, reason, created_at, acknowledged_by, acknowledged_at`

func scanOverride(r row) (o Override, err error) {
	return o, r.Scan(&o.ID, &o.EnvironmentID, &o.Action, &o.Author, &o.AuthorID, &o.Reason, instant{&o.CreatedAt}, &o.AcknowledgedBy,
		instant{&o.AcknowledgedAt})
}

// InsertOverride keeps an override.
func (tx *Tx) InsertOverride(ctx context.Context, o Override) error {
	const insert = `INSERT INTO overrides (account_id, ` + overrideColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
	return tx.exec(ctx, insert, tx.account, o.ID, o.EnvironmentID, o.Action, o.Author, o.AuthorID, o.Reason, ms(o.CreatedAt), o.AcknowledgedBy,
		ms(o.AcknowledgedAt))
}

// Overrides lists an environment's overrides that nobody acknowledged, oldest first.
func (tx *Tx) Overrides(ctx context.Context, environmentID string) ([]Override, error) {
	return all(ctx, tx, scanOverride,
		`SELECT `+overrideColumns+` FROM overrides WHERE account_id = $1 AND environment_id = $2 AND acknowledged_at = 0 ORDER BY id`,
		tx.account, environmentID)
}

// AcknowledgeOverride marks an override as seen; false when there is none to mark.
func (tx *Tx) AcknowledgeOverride(ctx context.Context, environmentID, id, by string) (bool, error) {
	const update = `
		UPDATE overrides SET acknowledged_by = $4, acknowledged_at = $5
		WHERE account_id = $1 AND environment_id = $2 AND id = $3 AND acknowledged_at = 0`
	n, err := tx.affected(ctx, update, tx.account, environmentID, id, by, ms(tx.now))
	return n == 1, err
}
