package store

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
)

// Token is a management credential of a machine, known by its digest.
type Token struct {
	Account    string
	ID         string
	Name       string
	Digest     apikey.Digest
	Prefix     string
	LastFour   string
	CreatedAt  time.Time
	CreatedBy  string
	ExpiresAt  time.Time
	RevokedAt  time.Time
	GiverKind  access.ActorKind // who set its grants last, and holds no less: a member, a token, or the system ("" too)
	GiverID    string
	Giver      string
	Addresses  []netip.Prefix // where it may be used from; none: from everywhere
	LastUsedAt time.Time
}

// Live says whether the token itself is accepted at an instant; whoever gave it what it holds is another question.
func (t Token) Live(now time.Time) bool {
	return t.RevokedAt.IsZero() && (t.ExpiresAt.IsZero() || now.Before(t.ExpiresAt))
}

const tokenColumns = `account_id, id, name, digest, prefix, last_four, created_at, created_by, expires_at, revoked_at,
	giver_kind, giver_id, giver, addresses, last_used_at`

func scanToken(r row) (t Token, err error) {
	var digest []byte
	var addresses string
	err = r.Scan(&t.Account, &t.ID, &t.Name, &digest, &t.Prefix, &t.LastFour, instant{&t.CreatedAt}, &t.CreatedBy,
		instant{&t.ExpiresAt}, instant{&t.RevokedAt}, &t.GiverKind, &t.GiverID, &t.Giver, &addresses, instant{&t.LastUsedAt})
	copy(t.Digest[:], digest)
	if err == nil && addresses != "" {
		for text := range strings.SplitSeq(addresses, ",") {
			prefix, err := netip.ParsePrefix(text)
			if err != nil {
				return t, err
			}
			t.Addresses = append(t.Addresses, prefix)
		}
	}
	return t, err
}

func joined(addresses []netip.Prefix) string {
	texts := make([]string, len(addresses))
	for i, a := range addresses {
		texts[i] = a.String()
	}
	return strings.Join(texts, ",")
}

// InsertToken adds a token.
func (tx *Tx) InsertToken(ctx context.Context, t Token) error {
	const insert = `INSERT INTO tokens (` + tokenColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`
	return tx.exec(ctx, insert, tx.account, t.ID, t.Name, t.Digest[:], t.Prefix, t.LastFour, ms(t.CreatedAt), t.CreatedBy,
		ms(t.ExpiresAt), ms(t.RevokedAt), t.GiverKind, t.GiverID, t.Giver, joined(t.Addresses), ms(t.LastUsedAt))
}

// UpdateToken writes what may change of a token: name, expiry, addresses, who gave its grants, and revocation.
func (tx *Tx) UpdateToken(ctx context.Context, t Token) error {
	const update = `
		UPDATE tokens SET name = $3, expires_at = $4, revoked_at = $5, giver_kind = $6, giver_id = $7, giver = $8, addresses = $9
		WHERE account_id = $1 AND id = $2`
	return tx.exec(ctx, update, tx.account, t.ID, t.Name, ms(t.ExpiresAt), ms(t.RevokedAt), t.GiverKind, t.GiverID, t.Giver, joined(t.Addresses))
}

// Token finds a token of the account by id.
func (tx *Tx) Token(ctx context.Context, id string) (Token, error) {
	return tx.TokenOf(ctx, tx.account, id)
}

// TokenOf finds a token of an account by id, also through ReadAll.
func (tx *Tx) TokenOf(ctx context.Context, account, id string) (Token, error) {
	return one(ctx, tx, "token", scanToken, `SELECT `+tokenColumns+` FROM tokens WHERE account_id = $1 AND id = $2`, account, id)
}

// TokenByDigest finds a token in every account; used through ReadAll to authenticate.
func (tx *Tx) TokenByDigest(ctx context.Context, d apikey.Digest) (Token, error) {
	return one(ctx, tx, "token", scanToken, `SELECT `+tokenColumns+` FROM tokens WHERE digest = $1`, d[:])
}

// Tokens lists the account's tokens.
func (tx *Tx) Tokens(ctx context.Context) ([]Token, error) {
	return all(ctx, tx, scanToken, `SELECT `+tokenColumns+` FROM tokens WHERE account_id = $1 ORDER BY id`, tx.account)
}

// TokensAfter lists tokens of the account in order of creation, after a token's id, at most limit.
func (tx *Tx) TokensAfter(ctx context.Context, after string, limit int) ([]Token, error) {
	return all(ctx, tx, scanToken,
		`SELECT `+tokenColumns+` FROM tokens WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3`, tx.account, after, limit)
}

// UseToken records when a token was used; called in a Batch. An id of no token is none.
func (tx *Tx) UseToken(ctx context.Context, account, id string, last time.Time) error {
	return tx.exec(ctx, `UPDATE tokens SET last_used_at = $3 WHERE account_id = $1 AND id = $2 AND last_used_at < $3`, account, id, ms(last))
}
