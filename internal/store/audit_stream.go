package store

import (
	"context"
	"time"

	"github.com/lockage/lockage/internal/audit"
)

const streamColumns = `id, name, kind, target, ca, facility, created_at, created_by, ciphertext, nonce, tag, wrapped_key, kek,
	paused, updated_at, position, sending, skipped, delivered_at, failing_since, failure, attempts, next_attempt_at`

func scanStream(r row) (s audit.Stream, err error) {
	return s, r.Scan(&s.ID, &s.Name, &s.Kind, &s.Target, &s.CA, &s.Facility, instant{&s.CreatedAt}, &s.CreatedBy,
		&s.Key.Ciphertext, &s.Key.Nonce, &s.Key.Tag, &s.Key.WrappedKey, &s.Key.KEK, &s.Paused, instant{&s.UpdatedAt},
		&s.Position, &s.Sending, &s.Skipped, instant{&s.DeliveredAt}, instant{&s.FailingSince}, &s.Failure, &s.Attempts, instant{&s.NextAttempt})
}

// InsertAuditStream adds a stream.
func (tx *Tx) InsertAuditStream(ctx context.Context, s audit.Stream) error {
	const insert = `
		INSERT INTO audit_streams (account_id, ` + streamColumns + `, lease, lease_until)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 0, 0, 0, 0, '', 0, 0, '', 0)`
	if err := tx.fits(ctx, s.Key); err != nil {
		return err
	}
	return tx.exec(ctx, insert, tx.account, s.ID, s.Name, s.Kind, s.Target, s.CA, s.Facility, ms(s.CreatedAt), s.CreatedBy,
		s.Key.Ciphertext, s.Key.Nonce, s.Key.Tag, s.Key.WrappedKey, s.Key.KEK, s.Paused, ms(s.UpdatedAt), s.Position)
}

// UpdateAuditStream writes what people set of a stream, with its key as it is sealed for that. A stream that failed is
// tried again at once, and a batch under way is made anew.
func (tx *Tx) UpdateAuditStream(ctx context.Context, s audit.Stream) error {
	const update = `
		UPDATE audit_streams SET name = $3, target = $4, ca = $5, facility = $6, ciphertext = $7, nonce = $8, tag = $9, wrapped_key = $10,
		       kek = $11, paused = $12, updated_at = $13, next_attempt_at = 0
		WHERE account_id = $1 AND id = $2`
	if err := tx.fits(ctx, s.Key); err != nil {
		return err
	}
	return tx.exec(ctx, update, tx.account, s.ID, s.Name, s.Target, s.CA, s.Facility, s.Key.Ciphertext, s.Key.Nonce, s.Key.Tag,
		s.Key.WrappedKey, s.Key.KEK, s.Paused, ms(s.UpdatedAt))
}

// AuditStream finds a stream.
func (tx *Tx) AuditStream(ctx context.Context, id string) (audit.Stream, error) {
	return one(ctx, tx, "stream", scanStream, `SELECT `+streamColumns+` FROM audit_streams WHERE account_id = $1 AND id = $2`, tx.account, id)
}

// AuditStreams lists the account's streams, oldest first.
func (tx *Tx) AuditStreams(ctx context.Context) ([]audit.Stream, error) {
	return all(ctx, tx, scanStream, `SELECT `+streamColumns+` FROM audit_streams WHERE account_id = $1 ORDER BY id`, tx.account)
}

// DeleteAuditStream removes a stream.
func (tx *Tx) DeleteAuditStream(ctx context.Context, id string) error {
	return tx.exec(ctx, `DELETE FROM audit_streams WHERE account_id = $1 AND id = $2`, tx.account, id)
}

// StreamState is how far a stream is behind its log.
type StreamState struct {
	Account string
	audit.Stream
	Backlog      int64     // entries that wait to be delivered
	WaitingSince time.Time // when the first of them was recorded; zero: none waits
	Leased       bool      // somebody sends now
	Holding      bool      // entries whose time is over are kept, because the stream did not deliver them yet
}

const stateQuery = `
	SELECT s.account_id, a.version - s.position, COALESCE((
	           SELECT MIN(e.time) FROM audit_entries e WHERE e.account_id = s.account_id AND e.sequence = s.position + 1), 0),
	       s.lease <> '' AND s.lease_until > $1, a.audit_retention_ms, ` + streamColumns + `
	FROM audit_streams s JOIN (SELECT id AS head, version, audit_retention_ms FROM accounts) a ON a.head = s.account_id `

// scanState scans the state of a stream as it is at the transaction's instant.
func (tx *Tx) scanState(r row) (s StreamState, err error) {
	var retention int64
	s.Stream, err = scanStream(ahead{r, []any{&s.Account, &s.Backlog, instant{&s.WaitingSince}, &s.Leased, &retention}})
	cut := audit.Cut(tx.now, time.Duration(retention)*time.Millisecond)
	s.Holding = !s.WaitingSince.IsZero() && s.WaitingSince.Before(cut)
	return s, err
}

// ahead is a row with columns before those that a scan function knows.
type ahead struct {
	row
	into []any
}

func (a ahead) Scan(into ...any) error {
	return a.row.Scan(append(append([]any{}, a.into...), into...)...)
}

// AuditStreamState finds a stream, with how far it is behind.
func (tx *Tx) AuditStreamState(ctx context.Context, id string) (StreamState, error) {
	return one(ctx, tx, "stream", tx.scanState, stateQuery+`WHERE s.account_id = $2 AND s.id = $3`, ms(tx.now), tx.account, id)
}

// AuditStreamStates lists the account's streams, oldest first, with how far each is behind.
func (tx *Tx) AuditStreamStates(ctx context.Context) ([]StreamState, error) {
	return all(ctx, tx, tx.scanState, stateQuery+`WHERE s.account_id = $2 ORDER BY s.id`, ms(tx.now), tx.account)
}

// AllAuditStreamStates lists the streams of every account; used through ReadAll.
func (tx *Tx) AllAuditStreamStates(ctx context.Context) ([]StreamState, error) {
	return all(ctx, tx, tx.scanState, stateQuery+`ORDER BY s.account_id, s.id`, ms(tx.now))
}

// LeaseAuditStream takes, or keeps, the right to send what a stream delivers until a time, and answers the stream; false
// when somebody else has it, when it is paused, or when there is no such stream any more. Called in a Batch.
func (tx *Tx) LeaseAuditStream(ctx context.Context, account, id, lease string, until time.Time) (s audit.Stream, taken bool, err error) {
	const take = `
		UPDATE audit_streams SET lease = $3, lease_until = $4
		WHERE account_id = $1 AND id = $2 AND NOT paused AND (lease = $3 OR lease = '' OR lease_until <= $5)
		RETURNING ` + streamColumns
	list, err := all(ctx, tx, scanStream, take, account, id, lease, ms(until), ms(tx.now))
	if err != nil || len(list) == 0 {
		return s, false, err
	}
	return list[0], true, nil
}

// AuditOf reads entries of an account's log behind one, oldest first; used in a BatchOf.
func (tx *Tx) AuditOf(ctx context.Context, account string, after int64, limit int) ([]audit.Entry, error) {
	anchored, err := tx.anchored(ctx, account)
	if err != nil {
		return nil, err
	}
	const query = `SELECT ` + auditColumns + ` FROM audit_entries WHERE account_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3`
	return all(ctx, tx, scanAudit, query, account, max(after, anchored), limit)
}

// MoveAuditStream notes, under a lease, how far a stream delivered and what it sends next. Called in a Batch.
func (tx *Tx) MoveAuditStream(ctx context.Context, account string, s audit.Stream, lease string) (moved bool, err error) {
	const update = `
		UPDATE audit_streams SET position = $4, sending = $5, skipped = $6, delivered_at = $7, failing_since = $8, failure = $9, attempts = $10,
		       next_attempt_at = $11
		WHERE account_id = $1 AND id = $2 AND lease = $3`
	n, err := tx.affected(ctx, update, account, s.ID, lease, s.Position, s.Sending, s.Skipped, ms(s.DeliveredAt), ms(s.FailingSince), s.Failure,
		s.Attempts, ms(s.NextAttempt))
	return n == 1, err
}

// ReleaseAuditStream gives a lease back. Called in a Batch.
func (tx *Tx) ReleaseAuditStream(ctx context.Context, account, id, lease string) error {
	return tx.exec(ctx, `UPDATE audit_streams SET lease = '', lease_until = 0 WHERE account_id = $1 AND id = $2 AND lease = $3`, account, id, lease)
}
