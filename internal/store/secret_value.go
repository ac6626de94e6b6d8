package store

import (
	"context"
	"strings"
	"time"

	"github.com/lockage/lockage/internal/secret"
)

const slotColumns = `environment_id, secret_id, active, staged, last, created_at, updated_at`

func scanSlot(r row) (s secret.Slot, err error) {
	return s, r.Scan(&s.EnvironmentID, &s.SecretID, &s.Active, &s.Staged, &s.Last, instant{&s.CreatedAt}, instant{&s.UpdatedAt})
}

// Slots lists a secret's state in the environments where it ever had a value.
func (tx *Tx) Slots(ctx context.Context, secretID string) ([]secret.Slot, error) {
	return all(ctx, tx, scanSlot, `SELECT `+slotColumns+` FROM secret_slots WHERE account_id = $1 AND secret_id = $2`,
		tx.account, secretID)
}

// PutSlot writes a secret's state in an environment.
func (tx *Tx) PutSlot(ctx context.Context, s secret.Slot) error {
	const upsert = `
		INSERT INTO secret_slots (account_id, ` + slotColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (account_id, environment_id, secret_id) DO UPDATE
		SET active = excluded.active, staged = excluded.staged, last = excluded.last,
		    created_at = excluded.created_at, updated_at = excluded.updated_at`
	return tx.exec(ctx, upsert, tx.account, s.EnvironmentID, s.SecretID, s.Active, s.Staged, s.Last, ms(s.CreatedAt), ms(s.UpdatedAt))
}

const valueColumns = `environment_id, secret_id, version, type, format, ciphertext, nonce, tag, wrapped_key, kek, created_at, created_by,
	fingerprint, sandbox, guessable, expires_at, strict, allowed_hosts, detail`

func scanValue(r row) (v secret.Value, err error) {
	var hosts string
	err = r.Scan(&v.EnvironmentID, &v.SecretID, &v.Version, &v.Type, &v.Format, &v.Sealed.Ciphertext, &v.Sealed.Nonce, &v.Sealed.Tag,
		&v.Sealed.WrappedKey, &v.Sealed.KEK, instant{&v.CreatedAt}, &v.CreatedBy, &v.Fingerprint, &v.Sandbox, &v.Guessable,
		instant{&v.ExpiresAt}, &v.Strict, &hosts, &v.Detail)
	if hosts != "" {
		v.Hosts = strings.Split(hosts, ",") // no host has a comma
	}
	return v, err
}

// InsertValue adds a sealed version of a value.
func (tx *Tx) InsertValue(ctx context.Context, v secret.Value) error {
	const insert = `
		INSERT INTO secret_values (account_id, ` + valueColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`
	if err := tx.fits(ctx, v.Sealed); err != nil {
		return err
	}
	return tx.exec(ctx, insert, tx.account, v.EnvironmentID, v.SecretID, v.Version, v.Type, v.Format, v.Sealed.Ciphertext, v.Sealed.Nonce,
		v.Sealed.Tag, v.Sealed.WrappedKey, v.Sealed.KEK, ms(v.CreatedAt), v.CreatedBy, v.Fingerprint, v.Sandbox, v.Guessable,
		ms(v.ExpiresAt), v.Strict, strings.Join(v.Hosts, ","), v.Detail)
}

// RebindValue writes what may change of a version: its terms and marks, and the data key wrapped for them.
func (tx *Tx) RebindValue(ctx context.Context, v secret.Value) error {
	const update = `
		UPDATE secret_values
		SET format = $5, wrapped_key = $6, kek = $7, fingerprint = $8, sandbox = $9, guessable = $10, expires_at = $11, strict = $12, allowed_hosts = $13
		WHERE account_id = $1 AND environment_id = $2 AND secret_id = $3 AND version = $4`
	if err := tx.fits(ctx, v.Sealed); err != nil {
		return err
	}
	return tx.exec(ctx, update, tx.account, v.EnvironmentID, v.SecretID, v.Version, v.Format, v.Sealed.WrappedKey, v.Sealed.KEK,
		v.Fingerprint, v.Sandbox, v.Guessable, ms(v.ExpiresAt), v.Strict, strings.Join(v.Hosts, ","))
}

// Value finds a sealed version.
func (tx *Tx) Value(ctx context.Context, environmentID, secretID string, version int64) (secret.Value, error) {
	const find = `SELECT ` + valueColumns + ` FROM secret_values
		WHERE account_id = $1 AND environment_id = $2 AND secret_id = $3 AND version = $4`
	return one(ctx, tx, "version", scanValue, find, tx.account, environmentID, secretID, version)
}

// Values lists the versions of a value that are kept, newest first.
func (tx *Tx) Values(ctx context.Context, environmentID, secretID string) ([]secret.Value, error) {
	const list = `SELECT ` + valueColumns + ` FROM secret_values
		WHERE account_id = $1 AND environment_id = $2 AND secret_id = $3 ORDER BY version DESC`
	return all(ctx, tx, scanValue, list, tx.account, environmentID, secretID)
}

// prefixed are the columns of a value in a statement that joins it as v.
var prefixed = "v." + strings.Join(strings.Fields(strings.ReplaceAll(valueColumns, ",", " ")), ", v.")

// ActiveValues lists the sealed value in force of every secret in every environment.
func (tx *Tx) ActiveValues(ctx context.Context) ([]secret.Value, error) {
	return tx.valuesBy(ctx, "active")
}

// StagedValues lists the sealed value that test calls may try of every secret in every environment that has one.
func (tx *Tx) StagedValues(ctx context.Context) ([]secret.Value, error) {
	return tx.valuesBy(ctx, "staged")
}

// valuesBy joins values with their slots by a column of ours.
func (tx *Tx) valuesBy(ctx context.Context, column string) ([]secret.Value, error) {
	list := `
		SELECT ` + prefixed + `
		FROM secret_slots s
		JOIN secret_values v ON v.account_id = s.account_id AND v.environment_id = s.environment_id
		     AND v.secret_id = s.secret_id AND v.version = s.` + column + `
		WHERE s.account_id = $1 AND s.` + column + ` > 0`
	return all(ctx, tx, scanValue, list, tx.account)
}

// ExpiringValues lists the values in force that expire before an instant, soonest first, in the environments of the ids.
func (tx *Tx) ExpiringValues(ctx context.Context, environmentIDs []string, before time.Time) ([]secret.Value, error) {
	var list []secret.Value
	query := `
		SELECT ` + prefixed + `
		FROM secret_values v
		JOIN secret_slots s ON s.account_id = v.account_id AND s.environment_id = v.environment_id
		     AND s.secret_id = v.secret_id AND s.active = v.version
		WHERE v.account_id = $1 AND v.expires_at > 0 AND v.expires_at < $2 AND v.environment_id IN (%s)`
	err := of(query, environmentIDs, []any{tx.account, ms(before)}, func(query string, args []any) error {
		some, err := all(ctx, tx, scanValue, query, args...)
		list = append(list, some...)
		return err
	})
	return list, err
}

// Unbound lists values of every account whose fields are not bound to their data keys yet; used through ReadAll.
func (tx *Tx) Unbound(ctx context.Context) (map[string][]secret.Value, error) {
	type owned struct {
		account string
		value   secret.Value
	}
	scan := func(r row) (o owned, err error) {
		o.value, err = scanValue(behind{r, &o.account})
		return o, err
	}
	list, err := all(ctx, tx, scan, `SELECT account_id, `+valueColumns+` FROM secret_values WHERE format = 1`)
	byAccount := map[string][]secret.Value{}
	for _, o := range list {
		byAccount[o.account] = append(byAccount[o.account], o.value)
	}
	return byAccount, err
}

// behind is a row whose first column is scanned apart.
type behind struct {
	row
	first any
}

func (b behind) Scan(into ...any) error { return b.row.Scan(append([]any{b.first}, into...)...) }

// Bind is RebindValue for another account than the transaction's; called in a Batch.
func (tx *Tx) Bind(ctx context.Context, account string, v secret.Value) error {
	of := *tx
	of.account = account
	return of.RebindValue(ctx, v)
}

// DropValue removes one version of a value, with its tokens.
func (tx *Tx) DropValue(ctx context.Context, environmentID, secretID string, version int64) error {
	const where = ` WHERE account_id = $1 AND environment_id = $2 AND secret_id = $3 AND version = $4`
	if err := tx.exec(ctx, `DELETE FROM oauth2_tokens`+where, tx.account, environmentID, secretID, version); err != nil {
		return err
	}
	return tx.exec(ctx, `DELETE FROM secret_values`+where, tx.account, environmentID, secretID, version)
}

// DropValues removes every version of a value, with their tokens.
func (tx *Tx) DropValues(ctx context.Context, environmentID, secretID string) error {
	const where = ` WHERE account_id = $1 AND environment_id = $2 AND secret_id = $3`
	if err := tx.exec(ctx, `DELETE FROM oauth2_tokens`+where, tx.account, environmentID, secretID); err != nil {
		return err
	}
	return tx.exec(ctx, `DELETE FROM secret_values`+where, tx.account, environmentID, secretID)
}
