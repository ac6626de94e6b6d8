package store

import (
	"context"

	"github.com/lockage/lockage/internal/secret"
)

const secretColumns = `id, name, type, description, created_at, created_by, updated_at`

func scanSecret(r row) (s secret.Secret, err error) {
	return s, r.Scan(&s.ID, &s.Name, &s.Type, &s.Description, instant{&s.CreatedAt}, &s.CreatedBy, instant{&s.UpdatedAt})
}

// InsertSecret adds a secret without any value.
func (tx *Tx) InsertSecret(ctx context.Context, s secret.Secret) error {
	const insert = `INSERT INTO secrets (account_id, ` + secretColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	return tx.exec(ctx, insert, tx.account, s.ID, s.Name, s.Type, s.Description, ms(s.CreatedAt), s.CreatedBy, ms(s.UpdatedAt))
}

// UpdateSecret writes what may change of a secret.
func (tx *Tx) UpdateSecret(ctx context.Context, s secret.Secret) error {
	const update = `UPDATE secrets SET description = $3, updated_at = $4 WHERE account_id = $1 AND id = $2`
	return tx.exec(ctx, update, tx.account, s.ID, s.Description, ms(s.UpdatedAt))
}

// Secret finds a secret by id or name.
func (tx *Tx) Secret(ctx context.Context, ref string) (secret.Secret, error) {
	// the id first: a name in the form of another secret's id must not stand in its way
	const find = `
		SELECT ` + secretColumns + ` FROM secrets WHERE account_id = $1 AND (id = $2 OR name = $2)
		ORDER BY CASE WHEN id = $2 THEN 0 ELSE 1 END LIMIT 1`
	return one(ctx, tx, "secret", scanSecret, find, tx.account, ref)
}

// Secrets lists secrets by name, after a name, at most limit.
func (tx *Tx) Secrets(ctx context.Context, after string, limit int) ([]secret.Secret, error) {
	return all(ctx, tx, scanSecret,
		`SELECT `+secretColumns+` FROM secrets WHERE account_id = $1 AND name > $2 ORDER BY name LIMIT $3`, tx.account, after, limit)
}

// AllSecrets lists every secret of the account, for the snapshot.
func (tx *Tx) AllSecrets(ctx context.Context) ([]secret.Secret, error) {
	return all(ctx, tx, scanSecret, `SELECT `+secretColumns+` FROM secrets WHERE account_id = $1 ORDER BY id`, tx.account)
}

// DeleteSecret removes a secret with its values in every environment.
func (tx *Tx) DeleteSecret(ctx context.Context, id string) error {
	for _, statement := range []string{
		`DELETE FROM secret_values WHERE account_id = $1 AND secret_id = $2`,
		`DELETE FROM secret_slots WHERE account_id = $1 AND secret_id = $2`,
		`DELETE FROM secrets WHERE account_id = $1 AND id = $2`,
	} {
		if err := tx.exec(ctx, statement, tx.account, id); err != nil {
			return err
		}
	}
	return nil
}

const slotColumns = `environment_id, secret_id, active, last, created_at, updated_at`

func scanSlot(r row) (s secret.Slot, err error) {
	return s, r.Scan(&s.EnvironmentID, &s.SecretID, &s.Active, &s.Last, instant{&s.CreatedAt}, instant{&s.UpdatedAt})
}

// Slots lists a secret's state in the environments where it ever had a value.
func (tx *Tx) Slots(ctx context.Context, secretID string) ([]secret.Slot, error) {
	return all(ctx, tx, scanSlot, `SELECT `+slotColumns+` FROM secret_slots WHERE account_id = $1 AND secret_id = $2`,
		tx.account, secretID)
}

// PutSlot writes a secret's state in an environment.
func (tx *Tx) PutSlot(ctx context.Context, s secret.Slot) error {
	const upsert = `
		INSERT INTO secret_slots (account_id, ` + slotColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (account_id, environment_id, secret_id) DO UPDATE
		SET active = excluded.active, last = excluded.last, created_at = excluded.created_at, updated_at = excluded.updated_at`
	return tx.exec(ctx, upsert, tx.account, s.EnvironmentID, s.SecretID, s.Active, s.Last, ms(s.CreatedAt), ms(s.UpdatedAt))
}

const valueColumns = `environment_id, secret_id, version, type, ciphertext, nonce, tag, wrapped_key, kek, created_at, created_by,
	fingerprint, sandbox`

func scanValue(r row) (v secret.Value, err error) {
	return v, r.Scan(&v.EnvironmentID, &v.SecretID, &v.Version, &v.Type, &v.Sealed.Ciphertext, &v.Sealed.Nonce, &v.Sealed.Tag,
		&v.Sealed.WrappedKey, &v.Sealed.KEK, instant{&v.CreatedAt}, &v.CreatedBy, &v.Fingerprint, &v.Sandbox)
}

// InsertValue adds a sealed version of a value.
func (tx *Tx) InsertValue(ctx context.Context, v secret.Value) error {
	const insert = `
		INSERT INTO secret_values (account_id, ` + valueColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`
	return tx.exec(ctx, insert, tx.account, v.EnvironmentID, v.SecretID, v.Version, v.Type, v.Sealed.Ciphertext, v.Sealed.Nonce,
		v.Sealed.Tag, v.Sealed.WrappedKey, v.Sealed.KEK, ms(v.CreatedAt), v.CreatedBy, v.Fingerprint, v.Sandbox)
}

// Value finds a sealed version.
func (tx *Tx) Value(ctx context.Context, environmentID, secretID string, version int64) (secret.Value, error) {
	const find = `SELECT ` + valueColumns + ` FROM secret_values
		WHERE account_id = $1 AND environment_id = $2 AND secret_id = $3 AND version = $4`
	return one(ctx, tx, "value", scanValue, find, tx.account, environmentID, secretID, version)
}

// ActiveValues lists the sealed value in force of every secret in every environment, for the snapshot.
func (tx *Tx) ActiveValues(ctx context.Context) ([]secret.Value, error) {
	const list = `
		SELECT v.environment_id, v.secret_id, v.version, v.type, v.ciphertext, v.nonce, v.tag, v.wrapped_key, v.kek,
		       v.created_at, v.created_by, v.fingerprint, v.sandbox
		FROM secret_slots s
		JOIN secret_values v ON v.account_id = s.account_id AND v.environment_id = s.environment_id
		     AND v.secret_id = s.secret_id AND v.version = s.active
		WHERE s.account_id = $1 AND s.active > 0`
	return all(ctx, tx, scanValue, list, tx.account)
}

// Unmarked lists values of every account that were sealed before fingerprints were kept; used through ReadAll.
func (tx *Tx) Unmarked(ctx context.Context) (map[string][]secret.Value, error) {
	type owned struct {
		account string
		value   secret.Value
	}
	scan := func(r row) (o owned, err error) {
		v := &o.value
		return o, r.Scan(&o.account, &v.EnvironmentID, &v.SecretID, &v.Version, &v.Type, &v.Sealed.Ciphertext, &v.Sealed.Nonce,
			&v.Sealed.Tag, &v.Sealed.WrappedKey, &v.Sealed.KEK)
	}
	list, err := all(ctx, tx, scan, `
		SELECT account_id, environment_id, secret_id, version, type, ciphertext, nonce, tag, wrapped_key, kek
		FROM secret_values WHERE fingerprint = ''`)
	byAccount := map[string][]secret.Value{}
	for _, o := range list {
		byAccount[o.account] = append(byAccount[o.account], o.value)
	}
	return byAccount, err
}

// Mark keeps the fingerprint of a value; called in a Batch.
func (tx *Tx) Mark(ctx context.Context, account string, v secret.Value) error {
	const update = `
		UPDATE secret_values SET fingerprint = $5, sandbox = $6
		WHERE account_id = $1 AND environment_id = $2 AND secret_id = $3 AND version = $4`
	return tx.exec(ctx, update, account, v.EnvironmentID, v.SecretID, v.Version, v.Fingerprint, v.Sandbox)
}

// DropValues removes the versions of a value up to and including one; the active version is never below it but when
// the value itself goes.
func (tx *Tx) DropValues(ctx context.Context, environmentID, secretID string, upTo int64) error {
	const drop = `DELETE FROM secret_values WHERE account_id = $1 AND environment_id = $2 AND secret_id = $3 AND version <= $4`
	return tx.exec(ctx, drop, tx.account, environmentID, secretID, upTo)
}
