package store

import (
	"context"
	"time"
)

// Reveal lets one holder see one recorded call unmasked until it ends.
type Reveal struct {
	EnvironmentID string
	CallID        string
	HolderKind    string // "member" or "token"
	HolderID      string
	Reason        string
	CreatedAt     time.Time
	ExpiresAt     time.Time
}

// PutReveal keeps a reveal in the place of an earlier one of the same call by the same holder, and forgets those of the
// account that have ended.
func (tx *Tx) PutReveal(ctx context.Context, r Reveal) error {
	if err := tx.exec(ctx, `DELETE FROM reveals WHERE account_id = $1 AND expires_at <= $2`, tx.account, ms(tx.now)); err != nil {
		return err
	}
	const put = `
		INSERT INTO reveals (account_id, environment_id, call_id, holder_kind, holder_id, reason, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (account_id, environment_id, call_id, holder_kind, holder_id)
		DO UPDATE SET reason = excluded.reason, created_at = excluded.created_at, expires_at = excluded.expires_at`
	return tx.exec(ctx, put, tx.account, r.EnvironmentID, r.CallID, r.HolderKind, r.HolderID, r.Reason, ms(r.CreatedAt), ms(r.ExpiresAt))
}

// RevealedUntil is when the reveal of a call for a holder ends; the zero time when there is none that has not ended.
func (tx *Tx) RevealedUntil(ctx context.Context, environmentID, callID, holderKind, holderID string) (time.Time, error) {
	const query = `
		SELECT expires_at FROM reveals
		WHERE account_id = $1 AND environment_id = $2 AND call_id = $3 AND holder_kind = $4 AND holder_id = $5 AND expires_at > $6`
	scan := func(r row) (until time.Time, err error) { return until, r.Scan(instant{&until}) }
	list, err := all(ctx, tx, scan, query, tx.account, environmentID, callID, holderKind, holderID, ms(tx.now))
	if err != nil || len(list) == 0 {
		return time.Time{}, err
	}
	return list[0], nil
}
