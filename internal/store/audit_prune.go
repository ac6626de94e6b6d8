package store

import (
	"context"
	"time"

	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
)

// anchored is the entry up to which an anchor took an account's log: what was pruned is gone for every reader at once, though
// it is deleted bit by bit. It is asked for by itself: PostgreSQL takes a range whose one end it does not know for tiny.
func (tx *Tx) anchored(ctx context.Context, account string) (entries int64, err error) {
	const query = `SELECT COALESCE(MAX(entries), 0) FROM audit_anchors WHERE account_id = $1`
	return entries, tx.tx.QueryRowContext(ctx, query, account).Scan(&entries)
}

// AuditAnchor is up to where a log was pruned, and the note that proves it; zero where it never was.
type AuditAnchor struct {
	Entries int64
	Note    string
}

func scanAnchor(r row) (a AuditAnchor, err error) { return a, r.Scan(&a.Entries, &a.Note) }

// AuditAnchor answers up to where the account's log was pruned.
func (tx *Tx) AuditAnchor(ctx context.Context) (AuditAnchor, error) {
	a, err := one(ctx, tx, "anchor", scanAnchor, `SELECT entries, note FROM audit_anchors WHERE account_id = $1`, tx.account)
	if fault.Is(err, fault.NotFound) {
		return AuditAnchor{}, nil
	}
	return a, err
}

// PutAuditAnchor prunes the account's log for all its readers.
func (tx *Tx) PutAuditAnchor(ctx context.Context, a AuditAnchor) error {
	const put = `
		INSERT INTO audit_anchors (account_id, entries, note) VALUES ($1, $2, $3)
		ON CONFLICT (account_id) DO UPDATE SET entries = excluded.entries, note = excluded.note`
	return tx.exec(ctx, put, tx.account, a.Entries, a.Note)
}

// AuditRetention is for how long an account keeps its log; 0: for ever.
type AuditRetention struct {
	Account string
	For     time.Duration
}

// AuditRetentions are those of the accounts that do not keep their log for ever, or did not; used through ReadAll.
func (tx *Tx) AuditRetentions(ctx context.Context) ([]AuditRetention, error) {
	const query = `
		SELECT a.id, a.audit_retention_ms FROM accounts a
		WHERE a.audit_retention_ms > 0 OR EXISTS (SELECT 1 FROM audit_anchors p WHERE p.account_id = a.id) ORDER BY a.id`
	return all(ctx, tx, func(r row) (k AuditRetention, err error) {
		var n int64
		err = r.Scan(&k.Account, &n)
		k.For = time.Duration(n) * time.Millisecond
		return k, err
	}, query)
}

// DeleteAudit deletes the oldest entries of an account that its anchor took, at most as many as the limit, and answers how
// many. What is behind the anchor it does not touch. Called in a BatchOf.
func (tx *Tx) DeleteAudit(ctx context.Context, account string, limit int) (int64, error) {
	const oldest = `
		SELECT COALESCE(MAX(sequence), 0) FROM (
		    SELECT e.sequence FROM audit_entries e WHERE e.account_id = $1 AND e.sequence <= $2 ORDER BY e.sequence LIMIT $3) AS o`
	anchored, err := tx.anchored(ctx, account)
	if err != nil {
		return 0, err
	}
	var last int64
	if err := tx.tx.QueryRowContext(ctx, oldest, account, anchored, limit).Scan(&last); err != nil || last == 0 {
		return 0, err
	}
	return tx.affected(ctx, `DELETE FROM audit_entries WHERE account_id = $1 AND sequence <= $2`, account, last)
}

// SkipAuditStream has a stream go on behind an entry, past those it did not deliver. It answers false where somebody
// delivers for the stream at the moment.
func (tx *Tx) SkipAuditStream(ctx context.Context, s audit.Stream, to int64) (free bool, err error) {
	const skip = `
		UPDATE audit_streams SET position = $3, sending = 0, skipped = skipped + $4
		WHERE account_id = $1 AND id = $2 AND position = $5 AND (lease = '' OR lease_until <= $6)`
	n, err := tx.affected(ctx, skip, tx.account, s.ID, to, to-s.Position, s.Position, ms(tx.now))
	return n == 1, err
}
