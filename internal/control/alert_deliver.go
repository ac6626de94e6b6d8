package control

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/lockage/lockage/internal/alert"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/mail"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/webhook"
)

const (
	deliverLease  = time.Minute // more than an attempt may take: then another process may try
	deliverLimit  = 45 * time.Second
	deliverAtOnce = 8
	deliverBatch  = 100
)

// AlertStats are for the metrics.
type AlertStats struct {
	Delivered, Failed, Retried int64         // messages that arrived, that were given up, and attempts that failed
	Pending                    int64         // messages on their way
	Behind                     time.Duration // for how long the first of them is
}

// AlertStats tells how delivering goes.
func (c *Control) AlertStats() AlertStats {
	a := &c.alerts
	return AlertStats{a.delivered.Load(), a.failed.Load(), a.retried.Load(), a.pending.Load(), time.Duration(a.behind.Load())}
}

// DeliverAlerts delivers messages until ctx ends: at once when one is made here, and at each interval those of others and
// those that are tried again.
func (c *Control) DeliverAlerts(ctx context.Context, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if err := c.DeliverDue(ctx); err != nil && ctx.Err() == nil {
			c.logger.WarnContext(ctx, "messages of alerts could not be delivered; it is tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-c.alerts.due:
		case <-ticker.C:
		}
	}
}

// DeliverDue attempts once each message that is due.
func (c *Control) DeliverDue(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "control: deliver alerts")
	for {
		var due []store.AlertDelivery
		err := c.store.ReadAll(ctx, func(tx *store.Tx) error {
			n, since, err := tx.CountPendingAlerts(ctx)
			if err != nil {
				return err
			}
			behind := time.Duration(0)
			if n > 0 {
				behind = tx.Now().Sub(since)
			}
			c.alerts.pending.Store(n)
			c.alerts.behind.Store(int64(behind))
			due, err = tx.DueAlertDeliveries(ctx, deliverBatch)
			return err
		})
		if err != nil || len(due) == 0 {
			return err
		}
		var group sync.WaitGroup
		slots := make(chan struct{}, deliverAtOnce)
		failures := make(chan error, len(due))
		for _, d := range due {
			slots <- struct{}{}
			group.Go(func() {
				defer func() { <-slots }()
				failures <- c.deliver(ctx, d)
			})
		}
		group.Wait()
		close(failures)
		for failure := range failures {
			err = errors.Join(err, failure)
		}
		if err != nil || ctx.Err() != nil {
			return err
		}
	}
}

// deliver makes an attempt its own, makes it, and writes what it came to; a message whose receiver took it just before the
// process died is sent again, with the same id.
func (c *Control) deliver(ctx context.Context, d store.AlertDelivery) error {
	mine := false
	err := c.store.Batch(ctx, func(tx *store.Tx) (err error) {
		mine, err = tx.ClaimAlertDelivery(ctx, d, tx.Now().Add(deliverLease))
		return err
	})
	if err != nil || !mine {
		return err
	}
	d.Attempts++
	limited, cancel := context.WithTimeout(ctx, deliverLimit)
	failure := c.send(limited, d)
	cancel()
	if ctx.Err() != nil {
		return ctx.Err() // this server ends; the lease runs out, and it is tried again
	}
	d = c.outcome(ctx, d, failure)
	return c.store.Batch(ctx, func(tx *store.Tx) error { return tx.EndAlertDelivery(ctx, d) })
}

// outcome is a delivery after an attempt.
func (c *Control) outcome(ctx context.Context, d store.AlertDelivery, failure error) store.AlertDelivery {
	now := c.now()
	if failure == nil {
		c.alerts.delivered.Add(1)
		d.State, d.Error, d.EndedAt = store.DeliveryDelivered, "", now
		return d
	}
	retry, asked := true, time.Duration(0)
	var byHook *webhook.Error
	var byMail *mail.Error
	var final *undeliverableError
	switch {
	case errors.As(failure, &byHook):
		retry, asked, d.Error = byHook.Retry, byHook.After, byHook.Error()
	case errors.As(failure, &byMail):
		retry, d.Error = byMail.Retry, byMail.Error()
	case errors.As(failure, &final):
		retry, d.Error = final.retry, final.message
	default: // ours
		d.Error = "internal error"
		c.logger.WarnContext(ctx, "a message of an alert could not be sent", "account", d.Account, "alert", d.AlertID, "error", failure)
	}
	d.NextAt = now.Add(alert.Pause(d.Attempts, asked))
	if !retry || d.NextAt.After(d.CreatedAt.Add(alert.GiveUp)) {
		c.alerts.failed.Add(1)
		d.State, d.EndedAt = store.DeliveryFailed, now
		return d
	}
	c.alerts.retried.Add(1)
	return d
}

// undeliverableError is why a message was not sent at all.
type undeliverableError struct {
	message string
	retry   bool
}

func (e *undeliverableError) Error() string { return e.message }

// send hands a message to its receiver.
func (c *Control) send(ctx context.Context, d store.AlertDelivery) error {
	var to alert.Target
	var hook store.AlertWebhook
	err := c.store.Read(ctx, d.Account, func(tx *store.Tx) error {
		r, err := tx.Alert(ctx, d.AlertID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(r.Targets, func(t alert.Target) bool { return t.ID == d.Target })
		if i < 0 {
			return fault.New(fault.NotFound, "no such receiver")
		}
		if to = r.Targets[i]; to.Webhook != "" {
			hook, err = tx.AlertWebhook(ctx, d.EnvironmentID, d.AlertID, to.ID)
		}
		return err
	})
	switch {
	case fault.Is(err, fault.NotFound):
		return &undeliverableError{message: "the receiver was removed"}
	case err != nil:
		return err
	case to.Webhook == "":
		return c.mailAlert(ctx, d, to.Email)
	case c.webhooks == nil:
		return &undeliverableError{message: "this server delivers no webhooks", retry: true}
	}
	target, err := c.unhook(ctx, d.Account, hook)
	if err != nil {
		return err
	}
	defer clear(target.Key)
	return c.webhooks.Send(ctx, target, d.ID, []byte(d.Body))
}

func (c *Control) mailAlert(ctx context.Context, d store.AlertDelivery, to string) error {
	if c.mail == nil {
		return &undeliverableError{message: "this server sends no mail", retry: true}
	}
	var m alert.Message
	if err := json.Unmarshal([]byte(d.Body), &m); err != nil {
		return err
	}
	return c.mail.Send(ctx, mail.Message{To: to, Subject: m.Subject(), Text: m.Text(), ID: d.ID})
}
