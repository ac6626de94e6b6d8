package store

import (
	"context"
	"time"

	"github.com/lockage/lockage/internal/apikey"
)

// Token is a management credential of a machine, known by its digest.
type Token struct {
	Account   string
	ID        string
	Name      string
	Digest    apikey.Digest
	Prefix    string
	LastFour  string
	CreatedAt time.Time
	CreatedBy string
	ExpiresAt time.Time
	RevokedAt time.Time
}

// Live says whether the token is accepted at an instant.
func (t Token) Live(now time.Time) bool {
	return t.RevokedAt.IsZero() && (t.ExpiresAt.IsZero() || now.Before(t.ExpiresAt))
}

const tokenColumns = `account_id, id, name, digest, prefix, last_four, created_at, created_by, expires_at, revoked_at`

func scanToken(r row) (t Token, err error) {
	var digest []byte
	err = r.Scan(&t.Account, &t.ID, &t.Name, &digest, &t.Prefix, &t.LastFour, instant{&t.CreatedAt}, &t.CreatedBy,
		instant{&t.ExpiresAt}, instant{&t.RevokedAt})
	copy(t.Digest[:], digest)
	return t, err
}

// InsertToken adds a token.
func (tx *Tx) InsertToken(ctx context.Context, t Token) error {
	const insert = `INSERT INTO tokens (` + tokenColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
	return tx.exec(ctx, insert, tx.account, t.ID, t.Name, t.Digest[:], t.Prefix, t.LastFour, ms(t.CreatedAt), t.CreatedBy,
		ms(t.ExpiresAt), ms(t.RevokedAt))
}

// TokenByDigest finds a token in every account; used through ReadAll to authenticate.
func (tx *Tx) TokenByDigest(ctx context.Context, d apikey.Digest) (Token, error) {
	return one(ctx, tx, "token", scanToken, `SELECT `+tokenColumns+` FROM tokens WHERE digest = $1`, d[:])
}

// Tokens lists the account's tokens.
func (tx *Tx) Tokens(ctx context.Context) ([]Token, error) {
	return all(ctx, tx, scanToken, `SELECT `+tokenColumns+` FROM tokens WHERE account_id = $1 ORDER BY id`, tx.account)
}
