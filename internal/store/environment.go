package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/lockage/lockage/internal/environment"
)

const environmentColumns = `id, name, display_name, description, color, is_default, level, protected,
	obfuscate_customer_data, show_message_contents, root_hash, head, created_at, updated_at,
	approvals, freezes, hold_reason, hold_by, hold_at, distinct_values, log_retention_ms, record_content, cut_fields`

func scanEnvironment(r row) (e environment.Environment, err error) {
	var freeze, cut []byte
	var retention int64
	var hold environment.Hold
	err = r.Scan(&e.ID, &e.Name, &e.DisplayName, &e.Description, &e.Color, &e.IsDefault, &e.Level, &e.Protected,
		&e.ObfuscateCustomerData, &e.ShowMessageContents, &e.RootHash, &e.Head, instant{&e.CreatedAt}, instant{&e.UpdatedAt},
		&e.Protection.Approvals, &freeze, &hold.Reason, &hold.By, instant{&hold.At}, &e.DistinctValues, &retention, &e.Logs.Record, &cut)
	e.Logs.Retention = time.Duration(retention) * time.Millisecond
	if !hold.At.IsZero() {
		e.Hold = &hold
	}
	if err == nil {
		err = errors.Join(json.Unmarshal(freeze, &e.Protection.Freeze), json.Unmarshal(cut, &e.Logs.Cut))
	}
	if len(e.Logs.Cut) == 0 {
		e.Logs.Cut = nil // likewise
	}
	if len(e.Protection.Freeze) == 0 {
		e.Protection.Freeze = nil // as one without windows is made
	}
	return e, err
}

// cutFields are the fields that are cut out of what is recorded, as stored.
func cutFields(e environment.Environment) (string, error) {
	if e.Logs.Cut == nil {
		return "[]", nil
	}
	text, err := json.Marshal(e.Logs.Cut)
	return string(text), err
}

// guards are the columns of an environment's protection and hold, as stored.
func guards(e environment.Environment) (approvals int, freeze string, hold environment.Hold, err error) {
	windows := e.Protection.Freeze
	if windows == nil {
		windows = []environment.Window{}
	}
	text, err := json.Marshal(windows)
	if e.Hold != nil {
		hold = *e.Hold
	}
	return e.Protection.Approvals, string(text), hold, err
}

// Environments lists the account's environments in order of creation.
func (tx *Tx) Environments(ctx context.Context) ([]environment.Environment, error) {
	return all(ctx, tx, scanEnvironment,
		`SELECT `+environmentColumns+` FROM environments WHERE account_id = $1 ORDER BY id`, tx.account)
}

// InsertEnvironment adds an environment; levels and the default are the caller's to keep.
func (tx *Tx) InsertEnvironment(ctx context.Context, e environment.Environment) error {
	approvals, freeze, hold, err := guards(e)
	if err != nil {
		return err
	}
	cut, err := cutFields(e)
	if err != nil {
		return err
	}
	const insert = `
		INSERT INTO environments (account_id, ` + environmentColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)`
	return tx.exec(ctx, insert, tx.account, e.ID, e.Name, e.DisplayName, e.Description, e.Color, e.IsDefault, e.Level, e.Protected,
		e.ObfuscateCustomerData, e.ShowMessageContents, e.RootHash, e.Head, ms(e.CreatedAt), ms(e.UpdatedAt), approvals, freeze, hold.Reason, hold.By, ms(hold.At), e.DistinctValues,
		e.Logs.Retention.Milliseconds(), e.Logs.Record, cut)
}

// UpdateEnvironment writes every field of an environment that may change.
func (tx *Tx) UpdateEnvironment(ctx context.Context, e environment.Environment) error {
	approvals, freeze, hold, err := guards(e)
	if err != nil {
		return err
	}
	cut, err := cutFields(e)
	if err != nil {
		return err
	}
	const update = `
		UPDATE environments
		SET name = $3, display_name = $4, description = $5, color = $6, is_default = $7, level = $8, protected = $9,
		    obfuscate_customer_data = $10, show_message_contents = $11, root_hash = $12, head = $13, updated_at = $14,
		    approvals = $15, freezes = $16, hold_reason = $17, hold_by = $18, hold_at = $19, distinct_values = $20,
		    log_retention_ms = $21, record_content = $22, cut_fields = $23
		WHERE account_id = $1 AND id = $2`
	return tx.exec(ctx, update, tx.account, e.ID, e.Name, e.DisplayName, e.Description, e.Color, e.IsDefault, e.Level, e.Protected,
		e.ObfuscateCustomerData, e.ShowMessageContents, e.RootHash, e.Head, ms(e.UpdatedAt), approvals, freeze, hold.Reason, hold.By, ms(hold.At), e.DistinctValues,
		e.Logs.Retention.Milliseconds(), e.Logs.Record, cut)
}

// DeleteEnvironment removes an environment with all that is its own: tree, history, switches, references, values and
// recorded calls. Its API keys stay as revoked rows, so that a deleted key can still be told from an unknown one.
func (tx *Tx) DeleteEnvironment(ctx context.Context, id string) error {
	const revoke = `UPDATE api_keys SET revoked_at = $3 WHERE account_id = $1 AND environment_id = $2 AND revoked_at = 0`
	if err := tx.exec(ctx, revoke, tx.account, id, ms(tx.now)); err != nil {
		return err
	}
	for _, statement := range []string{
		`DELETE FROM tree_entries WHERE account_id = $1 AND environment_id = $2`,
		`DELETE FROM commit_changes WHERE account_id = $1 AND environment_id = $2`,
		`DELETE FROM commits WHERE account_id = $1 AND environment_id = $2`,
		`DELETE FROM switches WHERE account_id = $1 AND environment_id = $2`,
		`DELETE FROM usages WHERE account_id = $1 AND environment_id = $2`,
		`DELETE FROM secret_values WHERE account_id = $1 AND environment_id = $2`,
		`DELETE FROM variable_values WHERE account_id = $1 AND environment_id = $2`,
		`DELETE FROM secret_uses WHERE account_id = $1 AND environment_id = $2`,
		`DELETE FROM oauth2_tokens WHERE account_id = $1 AND environment_id = $2`,
		`DELETE FROM oauth2_authorizations WHERE account_id = $1 AND environment_id = $2`,
		`DELETE FROM secret_slots WHERE account_id = $1 AND environment_id = $2`,
		`DELETE FROM call_contents WHERE account_id = $1 AND environment_id = $2`,
		`DELETE FROM reveals WHERE account_id = $1 AND environment_id = $2`,
		`DELETE FROM calls WHERE account_id = $1 AND environment_id = $2`,
		`DELETE FROM content_keys WHERE account_id = $1 AND environment_id = $2`,
		`DELETE FROM recordings WHERE account_id = $1 AND environment_id = $2`,
		`DELETE FROM grants WHERE account_id = $1 AND environment_id = $2`,
		`DELETE FROM overrides WHERE account_id = $1 AND environment_id = $2`,
		`DELETE FROM approvals WHERE account_id = $1
		 AND promotion_id IN (SELECT p.id FROM promotions p WHERE p.account_id = $1 AND p.environment_id = $2)`,
		`DELETE FROM promotions WHERE account_id = $1 AND environment_id = $2`,
		`DELETE FROM environments WHERE account_id = $1 AND id = $2`,
	} {
		if err := tx.exec(ctx, statement, tx.account, id); err != nil {
			return err
		}
	}
	return nil
}
