package store

import (
	"context"
	"time"
)

// Person is somebody who can log in, once in an installation whatever the number of accounts. PasswordHash is an
// argon2id string, "" for a person without a password. The rows belong to no account: whoever reads them names the
// person, and tells an account no more of one than its own membership (Member).
type Person struct {
	ID           string
	Email        string // in its normal form
	Name         string
	PasswordHash string
	Epoch        int64 // of their sessions: those of an earlier one are over
	CreatedAt    time.Time
}

const personColumns = `id, email, name, password_hash, epoch, created_at`

func scanPerson(r row) (p Person, err error) {
	return p, r.Scan(&p.ID, &p.Email, &p.Name, &p.PasswordHash, &p.Epoch, instant{&p.CreatedAt})
}

// InsertPerson adds a person; the e-mail address is already in its normal form.
func (tx *Tx) InsertPerson(ctx context.Context, p Person) error {
	const insert = `INSERT INTO people (` + personColumns + `) VALUES ($1, $2, $3, $4, $5, $6)`
	return tx.exec(ctx, insert, p.ID, p.Email, p.Name, p.PasswordHash, p.Epoch, ms(p.CreatedAt))
}

// Person finds a person by id.
func (tx *Tx) Person(ctx context.Context, id string) (Person, error) {
	return one(ctx, tx, "person", scanPerson, `SELECT `+personColumns+` FROM people WHERE id = $1`, id)
}

// PersonByEmail finds a person by the normal form of the address.
func (tx *Tx) PersonByEmail(ctx context.Context, email string) (Person, error) {
	return one(ctx, tx, "person", scanPerson, `SELECT `+personColumns+` FROM people WHERE email = $1`, email)
}

// EndEpoch begins another epoch of a person's sessions: all that there are end with this transaction, but those that
// KeepSession carries over.
func (tx *Tx) EndEpoch(ctx context.Context, person string) error {
	return tx.exec(ctx, `UPDATE people SET epoch = epoch + 1 WHERE id = $1`, person)
}

// SetPassword puts another hash in place, and forgets the resets that are under way.
func (tx *Tx) SetPassword(ctx context.Context, person, hash string) error {
	if err := tx.exec(ctx, `DELETE FROM password_resets WHERE person_id = $1`, person); err != nil {
		return err
	}
	return tx.exec(ctx, `UPDATE people SET password_hash = $2 WHERE id = $1`, person, hash)
}
