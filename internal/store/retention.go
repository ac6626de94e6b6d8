package store

import (
	"context"
	"fmt"
	"time"
)

// Retention is for how long the calls of an environment are kept.
type Retention struct {
	Account       string
	EnvironmentID string
	For           time.Duration
}

func scanRetention(r row) (k Retention, err error) {
	var n int64
	err = r.Scan(&k.Account, &k.EnvironmentID, &n)
	k.For = time.Duration(n) * time.Millisecond
	return k, err
}

// Retentions are those of every environment; used through ReadAll.
func (tx *Tx) Retentions(ctx context.Context) ([]Retention, error) {
	return all(ctx, tx, scanRetention, `SELECT account_id, id, log_retention_ms FROM environments ORDER BY account_id, id`)
}

// PruneCalls deletes the oldest calls of an environment that came before a time, with their contents, at most as many as
// the limit, and answers how many it deleted. Called in a BatchOf.
func (tx *Tx) PruneCalls(ctx context.Context, account, environmentID string, before time.Time, limit int) (int64, error) {
	const oldest = `
		SELECT COALESCE(MAX(id), '') FROM (
		    SELECT c.id FROM calls c WHERE c.account_id = $1 AND c.environment_id = $2 AND c.id < $3 ORDER BY c.id LIMIT $4) AS o`
	var last string
	if err := tx.tx.QueryRowContext(ctx, oldest, account, environmentID, firstID(before), limit).Scan(&last); err != nil || last == "" {
		return 0, err
	}
	return tx.affected(ctx, `DELETE FROM calls WHERE account_id = $1 AND environment_id = $2 AND id <= $3`, account, environmentID, last)
}

// firstID is the first id that a call of a time can have: ids are UUIDs of version 7 (RFC 9562), in the order of time, so
// that an index leads to the oldest.
func firstID(at time.Time) string {
	n := max(ms(at), 0)
	return fmt.Sprintf("%08x-%04x-7000-8000-000000000000", n>>16, n&0xffff)
}

// PruneContentKeys deletes the keys of an environment that were made before a time: what they sealed does not open any
// more. Called in a Batch.
func (tx *Tx) PruneContentKeys(ctx context.Context, account, environmentID string, before time.Time) (int64, error) {
	const prune = `DELETE FROM content_keys WHERE account_id = $1 AND environment_id = $2 AND created_at < $3`
	return tx.affected(ctx, prune, account, environmentID, ms(before))
}
