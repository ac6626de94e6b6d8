package store

import (
	"context"
	"time"
)

// Passkey is one that a person registered. Its rows belong to no account; whoever reads them names the person.
type Passkey struct {
	PersonID   string
	ID         string
	Credential []byte // what the device calls it
	Name       string
	Record     []byte // what checking an answer needs
	Counted    int64  // answers, where the device counts
	BackedUp   bool
	CreatedAt  time.Time
	UsedAt     time.Time
}

const passkeyColumns = `person_id, id, credential, name, record, counted, backed_up, created_at, used_at`

func scanPasskey(r row) (p Passkey, err error) {
	return p, r.Scan(&p.PersonID, &p.ID, &p.Credential, &p.Name, &p.Record, &p.Counted, &p.BackedUp, instant{&p.CreatedAt}, instant{&p.UsedAt})
}

// InsertPasskey adds a passkey; false when there is one of the same credential, whoever's it is.
func (tx *Tx) InsertPasskey(ctx context.Context, p Passkey) (bool, error) {
	const insert = `
		INSERT INTO passkeys (` + passkeyColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (credential) DO NOTHING`
	n, err := tx.affected(ctx, insert, p.PersonID, p.ID, p.Credential, p.Name, p.Record, p.Counted, p.BackedUp, ms(p.CreatedAt), ms(p.UsedAt))
	return n == 1, err
}

// Passkeys lists a person's passkeys, the oldest first.
func (tx *Tx) Passkeys(ctx context.Context, person string) ([]Passkey, error) {
	return all(ctx, tx, scanPasskey, `SELECT `+passkeyColumns+` FROM passkeys WHERE person_id = $1 ORDER BY id`, person)
}

// UsePasskey notes what an answer changed; false when another answer was faster, so that a counter never goes back.
func (tx *Tx) UsePasskey(ctx context.Context, p Passkey) (bool, error) {
	const use = `
		UPDATE passkeys SET record = $3, counted = $4, backed_up = $5, used_at = $6
		WHERE person_id = $1 AND id = $2 AND (counted < $4 OR counted = 0 AND $4 = 0)`
	n, err := tx.affected(ctx, use, p.PersonID, p.ID, p.Record, p.Counted, p.BackedUp, ms(tx.now))
	return n == 1, err
}

// DeletePasskey removes a passkey; false when there is none.
func (tx *Tx) DeletePasskey(ctx context.Context, person, id string) (bool, error) {
	n, err := tx.affected(ctx, `DELETE FROM passkeys WHERE person_id = $1 AND id = $2`, person, id)
	return n == 1, err
}
