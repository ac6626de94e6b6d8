package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/lockage/lockage/internal/alert"
	"github.com/lockage/lockage/internal/secret"
)

const alertColumns = `environment_id, id, name, kind, route, threshold, window_ms, minimum_calls, quiet_ms, targets, active, created_at,
	created_by, updated_at, firing, since, event, told, told_at, value, looked_at`

func scanAlert(r row) (a alert.Rule, err error) {
	var window, quiet int64
	var targets []byte
	err = r.Scan(&a.EnvironmentID, &a.ID, &a.Name, &a.Kind, &a.Route, &a.Threshold, &window, &a.Minimum, &quiet, &targets, &a.Active,
		instant{&a.CreatedAt}, &a.CreatedBy, instant{&a.UpdatedAt}, &a.Firing, instant{&a.Since}, &a.Event, &a.Told, instant{&a.ToldAt},
		&a.Value, instant{&a.LookedAt})
	a.Window, a.Quiet = time.Duration(window)*time.Millisecond, time.Duration(quiet)*time.Millisecond
	if err == nil {
		err = json.Unmarshal(targets, &a.Targets)
	}
	return a, err
}

// InsertAlert adds a rule that has not fired yet.
func (tx *Tx) InsertAlert(ctx context.Context, a alert.Rule) error {
	targets, err := json.Marshal(a.Targets)
	if err != nil {
		return err
	}
	const insert = `
		INSERT INTO alerts (account_id, ` + alertColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, FALSE, 0, '', FALSE, 0, 0, 0)`
	return tx.exec(ctx, insert, tx.account, a.EnvironmentID, a.ID, a.Name, a.Kind, a.Route, a.Threshold, a.Window.Milliseconds(), a.Minimum,
		a.Quiet.Milliseconds(), string(targets), a.Active, ms(a.CreatedAt), a.CreatedBy, ms(a.UpdatedAt))
}

// UpdateAlert writes what people set of a rule.
func (tx *Tx) UpdateAlert(ctx context.Context, a alert.Rule) error {
	targets, err := json.Marshal(a.Targets)
	if err != nil {
		return err
	}
	const update = `
		UPDATE alerts SET name = $4, route = $5, threshold = $6, window_ms = $7, minimum_calls = $8, quiet_ms = $9, targets = $10,
			active = $11, updated_at = $12
		WHERE account_id = $1 AND environment_id = $2 AND id = $3`
	return tx.exec(ctx, update, tx.account, a.EnvironmentID, a.ID, a.Name, a.Route, a.Threshold, a.Window.Milliseconds(), a.Minimum,
		a.Quiet.Milliseconds(), string(targets), a.Active, ms(a.UpdatedAt))
}

// StepAlert writes how a rule stands, if it still stands as it was when it was read; false when it does not. Called in a
// Batch.
func (tx *Tx) StepAlert(ctx context.Context, account string, was alert.Rule, s alert.State) (bool, error) {
	const update = `
		UPDATE alerts SET firing = $4, since = $5, event = $6, told = $7, told_at = $8, value = $9, looked_at = $10
		WHERE account_id = $1 AND environment_id = $2 AND id = $3 AND firing = $11 AND event = $12 AND told_at = $13 AND updated_at = $14`
	n, err := tx.affected(ctx, update, account, was.EnvironmentID, was.ID, s.Firing, ms(s.Since), s.Event, s.Told, ms(s.ToldAt), s.Value,
		ms(s.LookedAt), was.Firing, was.Event, ms(was.ToldAt), ms(was.UpdatedAt))
	return n == 1, err
}

// DeleteAlert removes a rule with all that belongs to it.
func (tx *Tx) DeleteAlert(ctx context.Context, environmentID, id string) error {
	for _, table := range []string{"alert_deliveries", "alert_events", "alert_webhooks"} {
		if err := tx.exec(ctx, `DELETE FROM `+table+` WHERE account_id = $1 AND environment_id = $2 AND alert_id = $3`, tx.account, environmentID, id); err != nil {
			return err
		}
	}
	return tx.exec(ctx, `DELETE FROM alerts WHERE account_id = $1 AND environment_id = $2 AND id = $3`, tx.account, environmentID, id)
}

// Alert finds a rule by id.
func (tx *Tx) Alert(ctx context.Context, id string) (alert.Rule, error) {
	return one(ctx, tx, "alert", scanAlert, `SELECT `+alertColumns+` FROM alerts WHERE account_id = $1 AND id = $2`, tx.account, id)
}

// Alerts lists rules of the environments in order of creation, after a rule's id, at most limit.
func (tx *Tx) Alerts(ctx context.Context, environmentIDs []string, after string, limit int) ([]alert.Rule, error) {
	w := newWhere(tx.account)
	w.in("environment_id", environmentIDs)
	w.add("id > %s", after)
	query := `SELECT ` + alertColumns + ` FROM alerts WHERE ` + w.text() + ` ORDER BY id LIMIT ` + w.arg(limit)
	return all(ctx, tx, scanAlert, query, w.args...)
}

// AccountAlert is a rule and whose it is.
type AccountAlert struct {
	Account string
	Rule    alert.Rule
}

// ActiveAlerts lists the rules that are to be looked at, of all accounts, after one of them; used through ReadAll.
func (tx *Tx) ActiveAlerts(ctx context.Context, after AccountAlert, limit int) ([]AccountAlert, error) {
	const query = `
		SELECT account_id, ` + alertColumns + ` FROM alerts
		WHERE (account_id, id) > ($1, $2) AND (active OR firing) ORDER BY account_id, id LIMIT $3`
	return all(ctx, tx, func(r row) (a AccountAlert, err error) {
		a.Rule, err = scanAlert(behind{r, &a.Account})
		return a, err
	}, query, after.Account, after.Rule.ID, limit)
}

// AlertWebhook is the URL of a receiver and the key of its messages, sealed together.
type AlertWebhook struct {
	EnvironmentID, AlertID, ID string
	Sealed                     secret.Sealed
}

// Binding is the place that URL and key are sealed for.
func (h AlertWebhook) Binding(account string) secret.Binding {
	return secret.Binding{
		Account: account, Environment: h.EnvironmentID, Secret: h.ID, Version: 1, Type: secret.AlertWebhook, Facts: secret.Facts(h.AlertID),
	}
}

const alertWebhookColumns = `environment_id, alert_id, id, ciphertext, nonce, tag, wrapped_key, kek`

func scanAlertWebhook(r row) (h AlertWebhook, err error) {
	return h, r.Scan(&h.EnvironmentID, &h.AlertID, &h.ID, &h.Sealed.Ciphertext, &h.Sealed.Nonce, &h.Sealed.Tag, &h.Sealed.WrappedKey, &h.Sealed.KEK)
}

// InsertAlertWebhook keeps the URL and key of a receiver.
func (tx *Tx) InsertAlertWebhook(ctx context.Context, h AlertWebhook) error {
	if err := tx.fits(ctx, h.Sealed); err != nil {
		return err
	}
	const insert = `INSERT INTO alert_webhooks (account_id, ` + alertWebhookColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
	return tx.exec(ctx, insert, tx.account, h.EnvironmentID, h.AlertID, h.ID, h.Sealed.Ciphertext, h.Sealed.Nonce, h.Sealed.Tag, h.Sealed.WrappedKey, h.Sealed.KEK)
}

// AlertWebhook finds the URL and key of a receiver.
func (tx *Tx) AlertWebhook(ctx context.Context, environmentID, alertID, id string) (AlertWebhook, error) {
	const query = `SELECT ` + alertWebhookColumns + ` FROM alert_webhooks WHERE account_id = $1 AND environment_id = $2 AND alert_id = $3 AND id = $4`
	return one(ctx, tx, "webhook", scanAlertWebhook, query, tx.account, environmentID, alertID, id)
}

// DeleteAlertWebhook forgets the URL and key of a receiver.
func (tx *Tx) DeleteAlertWebhook(ctx context.Context, environmentID, alertID, id string) error {
	const query = `DELETE FROM alert_webhooks WHERE account_id = $1 AND environment_id = $2 AND alert_id = $3 AND id = $4`
	return tx.exec(ctx, query, tx.account, environmentID, alertID, id)
}
