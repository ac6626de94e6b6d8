package store

import (
	"context"
	"time"

	"github.com/lockage/lockage/internal/apikey"
)

// Reset lets a person choose a new password, once. It is known by the digest of what a link carries.
type Reset struct {
	Digest    apikey.Digest
	PersonID  string
	MadeIn    string // the account whose manager made it; "": the person asked for it
	CreatedAt time.Time
	ExpiresAt time.Time
}

func scanReset(r row) (x Reset, err error) {
	var digest []byte
	err = r.Scan(&digest, &x.PersonID, &x.MadeIn, instant{&x.CreatedAt}, instant{&x.ExpiresAt})
	copy(x.Digest[:], digest)
	return x, err
}

// InsertReset adds a reset, and forgets those that are over.
func (tx *Tx) InsertReset(ctx context.Context, x Reset) error {
	if err := tx.exec(ctx, `DELETE FROM password_resets WHERE expires_at <= $1`, ms(tx.now)); err != nil {
		return err
	}
	const insert = `INSERT INTO password_resets (digest, person_id, made_in, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)`
	return tx.exec(ctx, insert, x.Digest[:], x.PersonID, x.MadeIn, ms(x.CreatedAt), ms(x.ExpiresAt))
}

// Reset finds a reset that may still be used; the rows belong to no account.
func (tx *Tx) Reset(ctx context.Context, d apikey.Digest) (Reset, error) {
	const query = `SELECT digest, person_id, made_in, created_at, expires_at FROM password_resets WHERE digest = $1 AND expires_at > $2`
	return one(ctx, tx, "reset", scanReset, query, d[:], ms(tx.now))
}

// ResetsOf counts the resets a person asked for that may still be used.
func (tx *Tx) ResetsOf(ctx context.Context, person string) (int64, error) {
	const query = `SELECT COUNT(*) FROM password_resets WHERE person_id = $1 AND made_in = '' AND expires_at > $2`
	return one(ctx, tx, "reset", func(r row) (n int64, err error) { return n, r.Scan(&n) }, query, person, ms(tx.now))
}

// TakeReset removes a reset that may still be used; false when there is none, also when another was first.
func (tx *Tx) TakeReset(ctx context.Context, d apikey.Digest) (bool, error) {
	n, err := tx.affected(ctx, `DELETE FROM password_resets WHERE digest = $1 AND expires_at > $2`, d[:], ms(tx.now))
	return n == 1, err
}

// BelongsElsewhere says whether a member of an account belongs to another one too; used through ReadAll.
func (tx *Tx) BelongsElsewhere(ctx context.Context, account, member string) (bool, error) {
	const query = `
		SELECT COUNT(*) FROM members o JOIN members m ON m.person_id = o.person_id AND m.account_id <> o.account_id
		WHERE o.account_id = $1 AND o.id = $2`
	n, err := one(ctx, tx, "member", func(r row) (n int64, err error) { return n, r.Scan(&n) }, query, account, member)
	return n > 0, err
}
