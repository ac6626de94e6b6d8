package store

import (
	"context"

	"github.com/lockage/lockage/internal/variable"
)

const variableColumns = `key, description, created_at, created_by, updated_at`

func scanVariable(r row) (v variable.Variable, err error) {
	return v, r.Scan(&v.Key, &v.Description, instant{&v.CreatedAt}, &v.CreatedBy, instant{&v.UpdatedAt})
}

// PutVariable adds a variable, or writes what may change of it.
func (tx *Tx) PutVariable(ctx context.Context, v variable.Variable) error {
	const upsert = `
		INSERT INTO variables (account_id, ` + variableColumns + `) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (account_id, key) DO UPDATE SET description = excluded.description, updated_at = excluded.updated_at`
	return tx.exec(ctx, upsert, tx.account, v.Key, v.Description, ms(v.CreatedAt), v.CreatedBy, ms(v.UpdatedAt))
}

// Variable finds a variable by its key.
func (tx *Tx) Variable(ctx context.Context, key string) (variable.Variable, error) {
	return one(ctx, tx, "variable", scanVariable,
		`SELECT `+variableColumns+` FROM variables WHERE account_id = $1 AND key = $2`, tx.account, key)
}

// Variables lists variables by key, after a key, at most limit.
func (tx *Tx) Variables(ctx context.Context, after string, limit int) ([]variable.Variable, error) {
	return all(ctx, tx, scanVariable,
		`SELECT `+variableColumns+` FROM variables WHERE account_id = $1 AND key > $2 ORDER BY key LIMIT $3`, tx.account, after, limit)
}

// DeleteVariable removes a variable with its values in every environment.
func (tx *Tx) DeleteVariable(ctx context.Context, key string) error {
	if err := tx.exec(ctx, `DELETE FROM variable_values WHERE account_id = $1 AND key = $2`, tx.account, key); err != nil {
		return err
	}
	return tx.exec(ctx, `DELETE FROM variables WHERE account_id = $1 AND key = $2`, tx.account, key)
}

const variableValueColumns = `environment_id, key, value, updated_at, updated_by`

func scanVariableValue(r row) (v variable.Value, err error) {
	return v, r.Scan(&v.EnvironmentID, &v.Key, &v.Value, instant{&v.UpdatedAt}, &v.UpdatedBy)
}

// PutVariableValue sets what a variable holds in an environment.
func (tx *Tx) PutVariableValue(ctx context.Context, v variable.Value) error {
	const upsert = `
		INSERT INTO variable_values (account_id, ` + variableValueColumns + `) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (account_id, environment_id, key) DO UPDATE
		SET value = excluded.value, updated_at = excluded.updated_at, updated_by = excluded.updated_by`
	return tx.exec(ctx, upsert, tx.account, v.EnvironmentID, v.Key, v.Value, ms(v.UpdatedAt), v.UpdatedBy)
}

// VariableValues lists what a variable holds in the environments where it holds anything.
func (tx *Tx) VariableValues(ctx context.Context, key string) ([]variable.Value, error) {
	return all(ctx, tx, scanVariableValue,
		`SELECT `+variableValueColumns+` FROM variable_values WHERE account_id = $1 AND key = $2`, tx.account, key)
}

// AllVariableValues lists every value of every variable, for the snapshot and for plans.
func (tx *Tx) AllVariableValues(ctx context.Context) ([]variable.Value, error) {
	return all(ctx, tx, scanVariableValue,
		`SELECT `+variableValueColumns+` FROM variable_values WHERE account_id = $1 ORDER BY key, environment_id`, tx.account)
}

// DropVariableValue removes what a variable holds in an environment.
func (tx *Tx) DropVariableValue(ctx context.Context, environmentID, key string) error {
	return tx.exec(ctx, `DELETE FROM variable_values WHERE account_id = $1 AND environment_id = $2 AND key = $3`,
		tx.account, environmentID, key)
}

// VariableUsers lists the definitions that refer to a variable, in every environment where they are live, each once.
func (tx *Tx) VariableUsers(ctx context.Context, key string) ([]TreeEntry, error) {
	return all(ctx, tx, scanTreeEntry, usersQuery+` AND u.reference_kind = 'variable' AND u.reference = $2
		ORDER BY t.kind, t.key, t.environment_id`, tx.account, key)
}
