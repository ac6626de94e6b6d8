package store

import (
	"context"
	"encoding/json"
	"time"
)

// AlertEvent is an episode in which a rule fired, or a test of its receivers.
type AlertEvent struct {
	EnvironmentID, AlertID, ID string
	State                      string // firing, resolved or test
	Value                      float64
	Details                    []string
	StartedAt, EndedAt         time.Time
}

const alertEventColumns = `environment_id, alert_id, id, state, value, details, started_at, ended_at`

func scanAlertEvent(r row) (e AlertEvent, err error) {
	var details []byte
	err = r.Scan(&e.EnvironmentID, &e.AlertID, &e.ID, &e.State, &e.Value, &details, instant{&e.StartedAt}, instant{&e.EndedAt})
	if err == nil {
		err = json.Unmarshal(details, &e.Details)
	}
	return e, err
}

// PutAlertEvent writes an event, whether it is there or not.
func (tx *Tx) PutAlertEvent(ctx context.Context, account string, e AlertEvent) error {
	if e.Details == nil {
		e.Details = []string{}
	}
	details, err := json.Marshal(e.Details)
	if err != nil {
		return err
	}
	const put = `
		INSERT INTO alert_events (account_id, ` + alertEventColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (account_id, id) DO UPDATE SET state = excluded.state, value = excluded.value, details = excluded.details, ended_at = excluded.ended_at`
	return tx.exec(ctx, put, account, e.EnvironmentID, e.AlertID, e.ID, e.State, e.Value, plain(string(details)), ms(e.StartedAt), ms(e.EndedAt))
}

// AlertEvents lists what happened to a rule, newest first, before an event's id.
func (tx *Tx) AlertEvents(ctx context.Context, environmentID, alertID, before string, limit int) ([]AlertEvent, error) {
	w := newWhere(tx.account)
	w.add("environment_id = %s", environmentID)
	w.add("alert_id = %s", alertID)
	if before != "" {
		w.add("id < %s", before)
	}
	query := `SELECT ` + alertEventColumns + ` FROM alert_events WHERE ` + w.text() + ` ORDER BY id DESC LIMIT ` + w.arg(limit)
	return all(ctx, tx, scanAlertEvent, query, w.args...)
}

// The states of a delivery.
const (
	DeliveryPending   = "pending"
	DeliveryDelivered = "delivered"
	DeliveryFailed    = "failed"
)

// AlertDelivery is a message on its way to one receiver.
type AlertDelivery struct {
	Account, EnvironmentID, AlertID, EventID, ID string
	Target                                       string // id
	Type                                         string // firing, resolved or test
	Body                                         string // the message as JSON
	State                                        string
	Attempts                                     int64
	NextAt                                       time.Time
	Error                                        string // why the last attempt failed, without a word of the receiver's
	CreatedAt, EndedAt                           time.Time
}

const alertDeliveryColumns = `account_id, environment_id, alert_id, event_id, id, target, type, body, state, attempts, next_at, error, created_at, ended_at`

func scanAlertDelivery(r row) (d AlertDelivery, err error) {
	return d, r.Scan(&d.Account, &d.EnvironmentID, &d.AlertID, &d.EventID, &d.ID, &d.Target, &d.Type, &d.Body, &d.State, &d.Attempts,
		instant{&d.NextAt}, &d.Error, instant{&d.CreatedAt}, instant{&d.EndedAt})
}

// InsertAlertDelivery keeps a message until it is delivered.
func (tx *Tx) InsertAlertDelivery(ctx context.Context, d AlertDelivery) error {
	const insert = `INSERT INTO alert_deliveries (` + alertDeliveryColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`
	return tx.exec(ctx, insert, d.Account, d.EnvironmentID, d.AlertID, d.EventID, d.ID, d.Target, d.Type, d.Body, d.State, d.Attempts,
		ms(d.NextAt), d.Error, ms(d.CreatedAt), ms(d.EndedAt))
}

// AlertDeliveries lists the messages of an event, oldest first.
func (tx *Tx) AlertDeliveries(ctx context.Context, environmentID, eventID string) ([]AlertDelivery, error) {
	const query = `SELECT ` + alertDeliveryColumns + ` FROM alert_deliveries WHERE account_id = $1 AND environment_id = $2 AND event_id = $3 ORDER BY id LIMIT 200`
	return all(ctx, tx, scanAlertDelivery, query, tx.account, environmentID, eventID)
}

// DueAlertDeliveries lists messages that are to be tried now, of all accounts, longest waiting first; used through ReadAll.
func (tx *Tx) DueAlertDeliveries(ctx context.Context, limit int) ([]AlertDelivery, error) {
	const query = `SELECT ` + alertDeliveryColumns + ` FROM alert_deliveries WHERE state = 'pending' AND next_at <= $1 ORDER BY next_at, id LIMIT $2`
	return all(ctx, tx, scanAlertDelivery, query, ms(tx.now), limit)
}

// ClaimAlertDelivery makes an attempt one's own until a moment; false when another process made it its own. Called in a
// Batch.
func (tx *Tx) ClaimAlertDelivery(ctx context.Context, d AlertDelivery, until time.Time) (bool, error) {
	const claim = `
		UPDATE alert_deliveries SET attempts = attempts + 1, next_at = $5
		WHERE account_id = $1 AND environment_id = $2 AND id = $3 AND attempts = $4 AND state = 'pending'`
	n, err := tx.affected(ctx, claim, d.Account, d.EnvironmentID, d.ID, d.Attempts, ms(until))
	return n == 1, err
}

// EndAlertDelivery writes what an attempt came to, unless another one was begun meanwhile. Called in a Batch.
func (tx *Tx) EndAlertDelivery(ctx context.Context, d AlertDelivery) error {
	const update = `
		UPDATE alert_deliveries SET state = $5, next_at = $6, error = $7, ended_at = $8
		WHERE account_id = $1 AND environment_id = $2 AND id = $3 AND attempts = $4 AND state = 'pending'`
	return tx.exec(ctx, update, d.Account, d.EnvironmentID, d.ID, d.Attempts, d.State, ms(d.NextAt), d.Error, ms(d.EndedAt))
}

// CountPendingAlerts counts messages that are on their way, of all accounts, and tells since when the first is; used through
// ReadAll.
func (tx *Tx) CountPendingAlerts(ctx context.Context) (n int64, since time.Time, err error) {
	const query = `SELECT COUNT(*), COALESCE(MIN(created_at), 0) FROM alert_deliveries WHERE state = 'pending'`
	return n, since, tx.tx.QueryRowContext(ctx, query).Scan(&n, instant{&since})
}

// PruneAlerts removes events that are over, and their messages, from before a moment. Called in a Batch.
func (tx *Tx) PruneAlerts(ctx context.Context, before time.Time) error {
	err := tx.exec(ctx, `DELETE FROM alert_deliveries WHERE state <> 'pending' AND created_at < $1`, ms(before))
	if err != nil {
		return err
	}
	return tx.exec(ctx, `DELETE FROM alert_events WHERE state <> 'firing' AND started_at < $1`, ms(before))
}
