package store

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
)

const oauth2Columns = `environment_id, secret_id, version, serial, ciphertext, nonce, tag, wrapped_key, kek,
	refresh_ciphertext, refresh_nonce, refresh_tag, refresh_wrapped_key, refresh_kek, token_type, obtained_at, expires_at, refresh_at,
	needs, error_code, attempts, next_attempt_at`

func scanOAuth2(r row) (t secret.Token, err error) {
	return t, r.Scan(&t.EnvironmentID, &t.SecretID, &t.Version, &t.Serial, &t.Access.Ciphertext, &t.Access.Nonce, &t.Access.Tag,
		&t.Access.WrappedKey, &t.Access.KEK, &t.Refresh.Ciphertext, &t.Refresh.Nonce, &t.Refresh.Tag, &t.Refresh.WrappedKey, &t.Refresh.KEK,
		&t.Type, instant{&t.ObtainedAt}, instant{&t.ExpiresAt}, instant{&t.RefreshAt}, &t.Needs, &t.ErrorCode, &t.Attempts, instant{&t.NextAttempt})
}

// PutOAuth2Token writes the tokens of a version of a value, and gives the lease on them back.
func (tx *Tx) PutOAuth2Token(ctx context.Context, t secret.Token) error {
	const upsert = `
		INSERT INTO oauth2_tokens (account_id, ` + oauth2Columns + `, lease, lease_until)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, '', 0)
		ON CONFLICT (account_id, environment_id, secret_id, version) DO UPDATE
		SET serial = excluded.serial, ciphertext = excluded.ciphertext, nonce = excluded.nonce, tag = excluded.tag,
		    wrapped_key = excluded.wrapped_key, kek = excluded.kek, refresh_ciphertext = excluded.refresh_ciphertext,
		    refresh_nonce = excluded.refresh_nonce, refresh_tag = excluded.refresh_tag, refresh_wrapped_key = excluded.refresh_wrapped_key,
		    refresh_kek = excluded.refresh_kek, token_type = excluded.token_type, obtained_at = excluded.obtained_at,
		    expires_at = excluded.expires_at, refresh_at = excluded.refresh_at, needs = excluded.needs, error_code = excluded.error_code,
		    attempts = excluded.attempts, next_attempt_at = excluded.next_attempt_at, lease = '', lease_until = 0`
	if err := tx.fits(ctx, t.Access, t.Refresh); err != nil {
		return err
	}
	a, r := bytesOf(t.Access), bytesOf(t.Refresh)
	return tx.exec(ctx, upsert, tx.account, t.EnvironmentID, t.SecretID, t.Version, t.Serial, a.Ciphertext, a.Nonce, a.Tag, a.WrappedKey, a.KEK,
		r.Ciphertext, r.Nonce, r.Tag, r.WrappedKey, r.KEK, t.Type, ms(t.ObtainedAt), ms(t.ExpiresAt), ms(t.RefreshAt), t.Needs, t.ErrorCode,
		t.Attempts, ms(t.NextAttempt))
}

// FailOAuth2Token notes that tokens of a version of a value could not be renewed, and gives the lease on them back. What
// is sealed stays as it is.
func (tx *Tx) FailOAuth2Token(ctx context.Context, t secret.Token) error {
	const update = `
		UPDATE oauth2_tokens SET needs = $5, error_code = $6, attempts = $7, next_attempt_at = $8, lease = '', lease_until = 0
		WHERE account_id = $1 AND environment_id = $2 AND secret_id = $3 AND version = $4`
	return tx.exec(ctx, update, tx.account, t.EnvironmentID, t.SecretID, t.Version, t.Needs, t.ErrorCode, t.Attempts, ms(t.NextAttempt))
}

// bytesOf is a sealed value whose columns are empty instead of null where it is none.
func bytesOf(s secret.Sealed) secret.Sealed {
	for _, column := range []*[]byte{&s.Ciphertext, &s.Nonce, &s.Tag, &s.WrappedKey} {
		if *column == nil {
			*column = []byte{}
		}
	}
	return s
}

// OAuth2Token finds the tokens of a version of a value.
func (tx *Tx) OAuth2Token(ctx context.Context, environmentID, secretID string, version int64) (secret.Token, error) {
	const find = `SELECT ` + oauth2Columns + ` FROM oauth2_tokens
		WHERE account_id = $1 AND environment_id = $2 AND secret_id = $3 AND version = $4`
	return one(ctx, tx, "token", scanOAuth2, find, tx.account, environmentID, secretID, version)
}

// OAuth2Tokens lists the tokens of every value, for the snapshot.
func (tx *Tx) OAuth2Tokens(ctx context.Context) ([]secret.Token, error) {
	return all(ctx, tx, scanOAuth2, `SELECT `+oauth2Columns+` FROM oauth2_tokens WHERE account_id = $1`, tx.account)
}

// DueToken names tokens that are to be renewed.
type DueToken struct {
	Account, EnvironmentID, SecretID string
	Version, Serial                  int64
}

// DueOAuth2Tokens lists tokens of every account that are to be renewed and may be tried now, of versions that are in
// force or staged; used through ReadAll.
func (tx *Tx) DueOAuth2Tokens(ctx context.Context, now time.Time, limit int) ([]DueToken, error) {
	const due = `
		SELECT t.account_id, t.environment_id, t.secret_id, t.version, t.serial
		FROM oauth2_tokens t
		JOIN secret_slots s ON s.account_id = t.account_id AND s.environment_id = t.environment_id AND s.secret_id = t.secret_id
		     AND (s.active = t.version OR s.staged = t.version)
		WHERE t.refresh_at > 0 AND t.refresh_at <= $1 AND t.next_attempt_at <= $1 AND t.lease_until <= $1 AND NOT t.needs
		ORDER BY t.refresh_at LIMIT $2`
	scan := func(r row) (d DueToken, err error) {
		return d, r.Scan(&d.Account, &d.EnvironmentID, &d.SecretID, &d.Version, &d.Serial)
	}
	return all(ctx, tx, scan, due, ms(now), limit)
}

// LeaseOAuth2Token takes the right to renew tokens of a serial until a time; false when somebody else has it, or they are
// of another serial by now. Called in a Batch.
func (tx *Tx) LeaseOAuth2Token(ctx context.Context, d DueToken, lease string, until time.Time) (bool, error) {
	const take = `
		UPDATE oauth2_tokens SET lease = $6, lease_until = $7
		WHERE account_id = $1 AND environment_id = $2 AND secret_id = $3 AND version = $4 AND serial = $5
		  AND (lease = '' OR lease_until <= $8)`
	result, err := tx.tx.ExecContext(ctx, take, d.Account, d.EnvironmentID, d.SecretID, d.Version, d.Serial, lease, ms(until), ms(tx.now))
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

// HoldsOAuth2Lease says whether a lease on tokens of a serial is still held.
func (tx *Tx) HoldsOAuth2Lease(ctx context.Context, d DueToken, lease string) (bool, error) {
	const ask = `SELECT COUNT(*) FROM oauth2_tokens
		WHERE account_id = $1 AND environment_id = $2 AND secret_id = $3 AND version = $4 AND serial = $5 AND lease = $6`
	var n int
	err := tx.tx.QueryRowContext(ctx, ask, tx.account, d.EnvironmentID, d.SecretID, d.Version, d.Serial, lease).Scan(&n)
	return n == 1, err
}

// Authorization is one that is under way.
type Authorization struct {
	Account, EnvironmentID, SecretID string
	Version                          int64
	State                            []byte
	Verifier                         secret.Sealed
	Redirect                         string
	MemberID, Member                 string
	ExpiresAt                        time.Time // to the millisecond
}

// Binding is the place the verifier is sealed for: the whole row.
func (a Authorization) Binding() secret.Binding {
	return secret.Binding{
		Account: a.Account, Environment: a.EnvironmentID, Secret: a.SecretID, Version: a.Version, Type: secret.Verifier,
		Facts: secret.Facts(string(a.State), a.Redirect, a.MemberID, a.Member, strconv.FormatInt(a.ExpiresAt.UnixMilli(), 10)),
	}
}

const authorizationColumns = `environment_id, secret_id, version, state, ciphertext, nonce, tag, wrapped_key, kek, redirect, member_id, member, expires_at`

func scanAuthorization(r row) (a Authorization, err error) {
	v := &a.Verifier
	return a, r.Scan(&a.EnvironmentID, &a.SecretID, &a.Version, &a.State, &v.Ciphertext, &v.Nonce, &v.Tag, &v.WrappedKey, &v.KEK,
		&a.Redirect, &a.MemberID, &a.Member, instant{&a.ExpiresAt})
}

// InsertAuthorization begins an authorization, and forgets those that ended unused.
func (tx *Tx) InsertAuthorization(ctx context.Context, a Authorization) error {
	const insert = `
		INSERT INTO oauth2_authorizations (account_id, ` + authorizationColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`
	v := a.Verifier
	return errors.Join(
		tx.fits(ctx, v),
		tx.exec(ctx, `DELETE FROM oauth2_authorizations WHERE account_id = $1 AND expires_at <= $2`, tx.account, ms(tx.now)),
		tx.exec(ctx, insert, tx.account, a.EnvironmentID, a.SecretID, a.Version, a.State, v.Ciphertext, v.Nonce, v.Tag, v.WrappedKey, v.KEK,
			a.Redirect, a.MemberID, a.Member, ms(a.ExpiresAt)))
}

// ExpireAuthorizations forgets those that ended unused, in every account.
func (tx *Tx) ExpireAuthorizations(ctx context.Context) error {
	return tx.exec(ctx, `DELETE FROM oauth2_authorizations WHERE expires_at <= $1`, ms(tx.now))
}

// TakeAuthorization finds an authorization by its state and removes it: it is used once. Called in a Batch.
func (tx *Tx) TakeAuthorization(ctx context.Context, state []byte) (a Authorization, err error) {
	const take = `
		DELETE FROM oauth2_authorizations WHERE state = $1
		RETURNING account_id, ` + authorizationColumns
	scan := func(r row) (Authorization, error) {
		var account string
		a, err := scanAuthorization(behind{r, &account})
		a.Account = account
		return a, err
	}
	if a, err = one(ctx, tx, "authorization", scan, take, state); err == nil && !a.ExpiresAt.After(tx.now) {
		return a, fault.New(fault.NotFound, "no such authorization")
	}
	return a, err
}
