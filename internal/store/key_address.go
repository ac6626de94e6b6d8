package store

import (
	"context"
	"time"
)

const (
	maxAddresses = 1000             // of a key; further ones are not noted
	learning     = time.Hour        // from the first use of a key on, in which its addresses are nothing new
	noteEvery    = 10 * time.Minute // how exact the last use from an address is
)

// NoteAddress notes that a secret API key was used from an address; of a token or a public key nothing is noted. Called in
// a Batch.
func (tx *Tx) NoteAddress(ctx context.Context, account, environmentID, keyID, address string, at time.Time) error {
	const note = `
		INSERT INTO key_addresses (account_id, environment_id, key_id, address, first_seen, last_seen, learned)
		SELECT k.account_id, k.environment_id, k.id, $4, $5, $5,
			NOT EXISTS (SELECT 1 FROM key_addresses a WHERE a.account_id = $1 AND a.key_id = $3) OR
			EXISTS (SELECT 1 FROM key_addresses a WHERE a.account_id = $1 AND a.key_id = $3 AND a.learned AND a.first_seen > $6)
		FROM api_keys k
		WHERE k.account_id = $1 AND k.environment_id = $2 AND k.id = $3 AND k.kind = 'secret'
			AND (EXISTS (SELECT 1 FROM key_addresses a WHERE a.account_id = $1 AND a.key_id = $3 AND a.address = $4)
				OR (SELECT COUNT(*) FROM key_addresses a WHERE a.account_id = $1 AND a.key_id = $3) < $7)
		ON CONFLICT (account_id, key_id, address) DO UPDATE SET last_seen = excluded.last_seen
			WHERE key_addresses.last_seen < $8`
	return tx.exec(ctx, note, account, environmentID, keyID, plain(address), ms(at), ms(at.Add(-learning)), maxAddresses, ms(at.Add(-noteEvery)))
}

// NewAddress is where a key was used from that was not used from there before.
type NewAddress struct {
	KeyID, Prefix, LastFour, Address string
	FirstSeen                        time.Time
}

// NewAddresses lists where keys of an environment were first used from since a moment, newest first; and counts all.
func (tx *Tx) NewAddresses(ctx context.Context, environmentID string, since time.Time, limit int) (list []NewAddress, n int64, err error) {
	const found = `FROM key_addresses a JOIN api_keys k ON k.account_id = a.account_id AND k.id = a.key_id
		WHERE a.account_id = $1 AND a.environment_id = $2 AND a.first_seen >= $3 AND NOT a.learned`
	if err := tx.tx.QueryRowContext(ctx, `SELECT COUNT(*) `+found, tx.account, environmentID, ms(since)).Scan(&n); err != nil || n == 0 {
		return nil, n, err
	}
	list, err = all(ctx, tx, func(r row) (a NewAddress, err error) {
		return a, r.Scan(&a.KeyID, &a.Prefix, &a.LastFour, &a.Address, instant{&a.FirstSeen})
	}, `SELECT a.key_id, k.prefix, k.last_four, a.address, a.first_seen `+found+` ORDER BY a.first_seen DESC, a.address LIMIT $4`, tx.account, environmentID, ms(since), limit)
	return list, n, err
}

// PruneAddresses forgets where keys were not used from since a moment, but for those of their first hour: of a key that
// rested for long, another address is still new. Called in a Batch.
func (tx *Tx) PruneAddresses(ctx context.Context, before time.Time) error {
	return tx.exec(ctx, `DELETE FROM key_addresses WHERE last_seen < $1 AND NOT learned`, ms(before))
}
