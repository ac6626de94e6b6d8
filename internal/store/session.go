package store

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
)

// Session is what a person opened by logging in. It acts in one account, as the member the person is there.
type Session struct {
	ID        string
	Account   string
	PersonID  string
	Digest    apikey.Digest // of the secret that a browser keeps
	Epoch     int64         // the person's when it began; a session of an earlier one is over
	Methods   []string      // what proved who it is
	Address   string        // from where it began
	Agent     string        // with which program
	CreatedAt time.Time
	SeenAt    time.Time
	ProvedAt  time.Time // of the newest proof
	ExpiresAt time.Time

	Member Member // who it acts as

	// What the account it acts in demands of whoever acts there.
	SecondFactor bool
	OIDC         access.GroupLogin
}

// selectSession finds no session of an earlier epoch, and none of a person who is not in the account any more.
const selectSession = `
	SELECT s.account_id, s.id, s.person_id, s.digest, s.epoch, s.methods, s.address, s.agent, s.created_at, s.seen_at, s.proved_at, s.expires_at,
		m.id, m.created_at, p.email, p.name, a.second_factor, a.oidc
	FROM sessions s
	JOIN accounts a ON a.id = s.account_id
	JOIN people p ON p.id = s.person_id AND p.epoch = s.epoch
	JOIN members m ON m.account_id = s.account_id AND m.person_id = s.person_id`

func scanSession(r row) (s Session, err error) {
	var digest []byte
	var methods, oidc string
	err = r.Scan(&s.Account, &s.ID, &s.PersonID, &digest, &s.Epoch, &methods, &s.Address, &s.Agent, instant{&s.CreatedAt}, instant{&s.SeenAt},
		instant{&s.ProvedAt}, instant{&s.ExpiresAt}, &s.Member.ID, instant{&s.Member.CreatedAt}, &s.Member.Email, &s.Member.Name, &s.SecondFactor, &oidc)
	copy(s.Digest[:], digest)
	s.Methods = strings.Fields(methods)
	s.Member.Account, s.Member.PersonID = s.Account, s.PersonID
	if err != nil || oidc == "" {
		return s, err
	}
	return s, json.Unmarshal([]byte(oidc), &s.OIDC)
}

// InsertSession adds a session of a person in the account.
func (tx *Tx) InsertSession(ctx context.Context, s Session) error {
	const insert = `
		INSERT INTO sessions (account_id, id, person_id, digest, epoch, methods, address, agent, created_at, seen_at, proved_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`
	return tx.exec(ctx, insert, tx.account, s.ID, s.PersonID, s.Digest[:], s.Epoch, strings.Join(s.Methods, " "), plain(s.Address), plain(s.Agent),
		ms(s.CreatedAt), ms(s.SeenAt), ms(s.ProvedAt), ms(s.ExpiresAt))
}

// Session finds a session that acts in the account, by id.
func (tx *Tx) Session(ctx context.Context, id string) (Session, error) {
	return one(ctx, tx, "session", scanSession, selectSession+` WHERE s.account_id = $1 AND s.id = $2`, tx.account, id)
}

// SessionByDigest finds a session in whatever account it acts; used through ReadAll to authenticate.
func (tx *Tx) SessionByDigest(ctx context.Context, d apikey.Digest) (Session, error) {
	return one(ctx, tx, "session", scanSession, selectSession+` WHERE s.digest = $1`, d[:])
}

// SessionsOf lists the sessions of a person that act in the account, the newest first.
func (tx *Tx) SessionsOf(ctx context.Context, person string) ([]Session, error) {
	return all(ctx, tx, scanSession, selectSession+` WHERE s.account_id = $1 AND s.person_id = $2 ORDER BY s.id DESC`, tx.account, person)
}

// AllSessionsOf lists the sessions of a person in all accounts, the newest first; used through ReadAll.
func (tx *Tx) AllSessionsOf(ctx context.Context, person string) ([]Session, error) {
	return all(ctx, tx, scanSession, selectSession+` WHERE s.person_id = $1 ORDER BY s.id DESC`, person)
}

// ProveSession notes that it was proven anew whose session it is.
func (tx *Tx) ProveSession(ctx context.Context, id string, methods []string) error {
	return tx.exec(ctx, `UPDATE sessions SET proved_at = $3, methods = $4 WHERE account_id = $1 AND id = $2`, tx.account, id, ms(tx.now), strings.Join(methods, " "))
}

// KeepSession carries a session of the account into the person's epoch, which ends all others.
func (tx *Tx) KeepSession(ctx context.Context, id string) error {
	return tx.exec(ctx, `
		UPDATE sessions SET epoch = (SELECT epoch FROM people WHERE people.id = sessions.person_id)
		WHERE account_id = $1 AND id = $2`, tx.account, id)
}

// DeleteSession removes a session that acts in the account; false when there is none of the id.
func (tx *Tx) DeleteSession(ctx context.Context, id string) (bool, error) {
	n, err := tx.affected(ctx, `DELETE FROM sessions WHERE account_id = $1 AND id = $2`, tx.account, id)
	return n == 1, err
}

// DeleteSessionsOf removes the sessions of a person that act in the account, and answers how many there were.
func (tx *Tx) DeleteSessionsOf(ctx context.Context, person string) (int64, error) {
	return tx.affected(ctx, `DELETE FROM sessions WHERE account_id = $1 AND person_id = $2`, tx.account, person)
}

// SeeSession notes when a session was last used; called in a Batch.
func (tx *Tx) SeeSession(ctx context.Context, account, id string, seen time.Time) error {
	return tx.exec(ctx, `UPDATE sessions SET seen_at = $3 WHERE account_id = $1 AND id = $2 AND seen_at < $3`, account, id, ms(seen))
}

// ExpireSessions removes the sessions that are over: past their end, unused since an instant, of an earlier epoch, or of
// a person who left the account; called in a Batch.
func (tx *Tx) ExpireSessions(ctx context.Context, unused time.Time) (int64, error) {
	return tx.affected(ctx, `
		DELETE FROM sessions WHERE expires_at <= $1 OR seen_at <= $2
		OR epoch <> (SELECT p.epoch FROM people p WHERE p.id = sessions.person_id)
		OR NOT EXISTS (SELECT 1 FROM members m WHERE m.account_id = sessions.account_id AND m.person_id = sessions.person_id)`,
		ms(tx.now), ms(unused))
}
