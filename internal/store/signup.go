package store

import (
	"context"
	"time"

	"github.com/lockage/lockage/internal/apikey"
)

// Signup is an account that somebody asked for, and that is made when they prove the address. It is known by the digest of
// what the mailed link carries; the rows belong to no account.
type Signup struct {
	Digest    apikey.Digest
	Email     string // in its normal form
	Name      string // of the account
	CreatedAt time.Time
	ExpiresAt time.Time
}

func scanSignup(r row) (s Signup, err error) {
	var digest []byte
	err = r.Scan(&digest, &s.Email, &s.Name, instant{&s.CreatedAt}, instant{&s.ExpiresAt})
	copy(s.Digest[:], digest)
	return s, err
}

// InsertSignup adds a sign-up, and forgets those that are over.
func (tx *Tx) InsertSignup(ctx context.Context, s Signup) error {
	if err := tx.exec(ctx, `DELETE FROM signups WHERE expires_at <= $1`, ms(tx.now)); err != nil {
		return err
	}
	const insert = `INSERT INTO signups (digest, email, name, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)`
	return tx.exec(ctx, insert, s.Digest[:], s.Email, s.Name, ms(s.CreatedAt), ms(s.ExpiresAt))
}

// Signup finds a sign-up that may still be used.
func (tx *Tx) Signup(ctx context.Context, d apikey.Digest) (Signup, error) {
	const query = `SELECT digest, email, name, created_at, expires_at FROM signups WHERE digest = $1 AND expires_at > $2`
	return one(ctx, tx, "sign-up", scanSignup, query, d[:], ms(tx.now))
}

// SignupsOf counts the sign-ups for an address that may still be used.
func (tx *Tx) SignupsOf(ctx context.Context, email string) (int64, error) {
	const query = `SELECT COUNT(*) FROM signups WHERE email = $1 AND expires_at > $2`
	return one(ctx, tx, "sign-up", func(r row) (n int64, err error) { return n, r.Scan(&n) }, query, email, ms(tx.now))
}

// TakeSignup removes a sign-up that may still be used; false when there is none, also when another was first.
func (tx *Tx) TakeSignup(ctx context.Context, d apikey.Digest) (bool, error) {
	n, err := tx.affected(ctx, `DELETE FROM signups WHERE digest = $1 AND expires_at > $2`, d[:], ms(tx.now))
	return n == 1, err
}
