package store

import (
	"context"
	"strconv"
	"time"

	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/secret"
)

// TOTP is an authenticator that a person set up. Its rows belong to no account; whoever reads them names the person.
type TOTP struct {
	PersonID    string
	ID          string
	Name        string
	Key         secret.Sealed
	CreatedAt   time.Time // to the millisecond
	ConfirmedAt time.Time // zero: it proves nothing yet
	UsedAt      time.Time
	LastStep    int64 // the newest step a code of which was used
}

// Binding is the place the key is sealed for: the person's factor.
func (f TOTP) Binding() secret.Binding {
	return secret.Binding{
		Secret: f.ID, Version: 1, Type: secret.OneTimeKey,
		Facts: secret.Facts(f.PersonID, f.Name, strconv.FormatInt(f.CreatedAt.UnixMilli(), 10)),
	}
}

const totpColumns = `person_id, id, name, ciphertext, nonce, tag, wrapped_key, kek, created_at, confirmed_at, used_at, last_step`

func scanTOTP(r row) (f TOTP, err error) {
	k := &f.Key
	return f, r.Scan(&f.PersonID, &f.ID, &f.Name, &k.Ciphertext, &k.Nonce, &k.Tag, &k.WrappedKey, &k.KEK,
		instant{&f.CreatedAt}, instant{&f.ConfirmedAt}, instant{&f.UsedAt}, &f.LastStep)
}

// InsertTOTP adds an authenticator that proves nothing until it is confirmed, and forgets those that never were.
func (tx *Tx) InsertTOTP(ctx context.Context, f TOTP, abandoned time.Time) error {
	const insert = `INSERT INTO totp_factors (` + totpColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`
	k := f.Key
	if err := tx.fits(ctx, k); err != nil {
		return err
	}
	if err := tx.exec(ctx, `DELETE FROM totp_factors WHERE person_id = $1 AND confirmed_at = 0 AND created_at <= $2`, f.PersonID, ms(abandoned)); err != nil {
		return err
	}
	return tx.exec(ctx, insert, f.PersonID, f.ID, f.Name, k.Ciphertext, k.Nonce, k.Tag, k.WrappedKey, k.KEK, ms(f.CreatedAt), ms(f.ConfirmedAt), ms(f.UsedAt), f.LastStep)
}

// TOTPs lists a person's authenticators, the oldest first, also those that are not confirmed.
func (tx *Tx) TOTPs(ctx context.Context, person string) ([]TOTP, error) {
	return all(ctx, tx, scanTOTP, `SELECT `+totpColumns+` FROM totp_factors WHERE person_id = $1 ORDER BY id`, person)
}

// TOTP finds an authenticator of a person.
func (tx *Tx) TOTP(ctx context.Context, person, id string) (TOTP, error) {
	return one(ctx, tx, "second factor", scanTOTP, `SELECT `+totpColumns+` FROM totp_factors WHERE person_id = $1 AND id = $2`, person, id)
}

// UseTOTP notes that a code of a step was used; false when one of it or of a later one was, by whoever was faster.
func (tx *Tx) UseTOTP(ctx context.Context, person, id string, step int64) (bool, error) {
	const use = `UPDATE totp_factors SET last_step = $3, used_at = $4 WHERE person_id = $1 AND id = $2 AND last_step < $3`
	n, err := tx.affected(ctx, use, person, id, step, ms(tx.now))
	return n == 1, err
}

// ConfirmTOTP has an authenticator prove who its person is from now on; false when it did already.
func (tx *Tx) ConfirmTOTP(ctx context.Context, person, id string) (bool, error) {
	n, err := tx.affected(ctx, `UPDATE totp_factors SET confirmed_at = $3 WHERE person_id = $1 AND id = $2 AND confirmed_at = 0`, person, id, ms(tx.now))
	return n == 1, err
}

// DeleteTOTP removes an authenticator; false when there is none.
func (tx *Tx) DeleteTOTP(ctx context.Context, person, id string) (bool, error) {
	n, err := tx.affected(ctx, `DELETE FROM totp_factors WHERE person_id = $1 AND id = $2`, person, id)
	return n == 1, err
}

// PutRecoveryCodes puts codes in place of those a person has; none leaves them without.
func (tx *Tx) PutRecoveryCodes(ctx context.Context, person string, digests []apikey.Digest) error {
	if err := tx.exec(ctx, `DELETE FROM recovery_codes WHERE person_id = $1`, person); err != nil {
		return err
	}
	for _, d := range digests {
		if err := tx.exec(ctx, `INSERT INTO recovery_codes (person_id, digest) VALUES ($1, $2)`, person, d[:]); err != nil {
			return err
		}
	}
	return nil
}

// CountRecoveryCodes is how many codes of a person were not used.
func (tx *Tx) CountRecoveryCodes(ctx context.Context, person string) (int, error) {
	return one(ctx, tx, "recovery code", func(r row) (n int, err error) { return n, r.Scan(&n) },
		`SELECT COUNT(*) FROM recovery_codes WHERE person_id = $1`, person)
}

// UseRecoveryCode uses a code up; false when it is none of the person's, or was used, by whoever was faster.
func (tx *Tx) UseRecoveryCode(ctx context.Context, person string, d apikey.Digest) (bool, error) {
	n, err := tx.affected(ctx, `DELETE FROM recovery_codes WHERE person_id = $1 AND digest = $2`, person, d[:])
	return n == 1, err
}

// Spend notes that something which may be used once was; false when it was before, by whoever was faster.
func (tx *Tx) Spend(ctx context.Context, d apikey.Digest, expires time.Time) (bool, error) {
	n, err := tx.affected(ctx, `INSERT INTO spent (digest, expires_at) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING`, d[:], ms(expires))
	return n == 1, err
}

// ForgetSpent forgets what has expired and could not be used again anyway; called in a Batch.
func (tx *Tx) ForgetSpent(ctx context.Context) error {
	return tx.exec(ctx, `DELETE FROM spent WHERE expires_at <= $1`, ms(tx.now))
}
