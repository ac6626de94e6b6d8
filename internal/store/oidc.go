package store

import (
	"context"
	"time"
)

// OIDCLink says that somebody of a login provider is a person here. The e-mail address is what the provider said when
// it was linked; it decides nothing afterwards.
type OIDCLink struct {
	Issuer, Subject string
	PersonID        string
	Email           string
	CreatedAt       time.Time
	UsedAt          time.Time
}

const oidcColumns = `issuer, subject, person_id, email, created_at, used_at`

func scanOIDCLink(r row) (i OIDCLink, err error) {
	return i, r.Scan(&i.Issuer, &i.Subject, &i.PersonID, &i.Email, instant{&i.CreatedAt}, instant{&i.UsedAt})
}

// InsertOIDCLink links somebody of a provider to a person; false when they are linked already, to whomever.
func (tx *Tx) InsertOIDCLink(ctx context.Context, i OIDCLink) (bool, error) {
	const insert = `
		INSERT INTO oidc_links (` + oidcColumns + `) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (issuer, subject) DO NOTHING`
	n, err := tx.affected(ctx, insert, i.Issuer, i.Subject, i.PersonID, i.Email, ms(i.CreatedAt), ms(i.UsedAt))
	return n == 1, err
}

// OIDCLink finds who somebody of a provider is here; used through ReadAll.
func (tx *Tx) OIDCLink(ctx context.Context, issuer, subject string) (OIDCLink, error) {
	return one(ctx, tx, "link", scanOIDCLink, `SELECT `+oidcColumns+` FROM oidc_links WHERE issuer = $1 AND subject = $2`, issuer, subject)
}

// OIDCLinks lists at which providers a person logs in, the oldest link first.
func (tx *Tx) OIDCLinks(ctx context.Context, person string) ([]OIDCLink, error) {
	return all(ctx, tx, scanOIDCLink, `SELECT `+oidcColumns+` FROM oidc_links WHERE person_id = $1 ORDER BY created_at, issuer, subject`, person)
}

// UseOIDCLink notes a login; called in a Batch.
func (tx *Tx) UseOIDCLink(ctx context.Context, issuer, subject string) error {
	return tx.exec(ctx, `UPDATE oidc_links SET used_at = $3 WHERE issuer = $1 AND subject = $2`, issuer, subject, ms(tx.now))
}

// DeleteOIDCLinks unlinks a person from a provider, and answers how many links there were.
func (tx *Tx) DeleteOIDCLinks(ctx context.Context, person, issuer string) (int64, error) {
	return tx.affected(ctx, `DELETE FROM oidc_links WHERE person_id = $1 AND issuer = $2`, person, issuer)
}
