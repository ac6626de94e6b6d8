package control

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"

	"github.com/lockage/lockage/internal/alert"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/webhook"
)

// AlertTarget is a receiver as people name it: by the id of one that is there, or a new one by its address or URL.
type AlertTarget struct{ ID, Email, Webhook string }

// hook is what is sealed of a webhook.
type hook struct {
	URL string `json:"url"`
	Key []byte `json:"key"`
}

// direct gives a rule its receivers: those that are there and named stay, the others go, new ones are made.
func (c *Control) direct(ctx context.Context, v *visit, a *Alert, to []AlertTarget) error {
	if err := alert.CheckTargets(len(to)); err != nil {
		return err
	}
	held, targets := a.Targets, make([]alert.Target, 0, len(to))
	a.Keys = map[string]string{}
	for _, t := range to {
		made, err := c.target(ctx, v, a, held, t)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(targets, func(other alert.Target) bool {
			return other.ID == made.ID || made.Email != "" && other.Email == made.Email
		}) {
			return fault.Refused("to", "names a receiver twice")
		}
		targets = append(targets, made)
	}
	a.Targets = targets
	for _, old := range held {
		if slices.Contains(targets, old) || old.Webhook == "" {
			continue
		}
		if err := v.DeleteAlertWebhook(ctx, a.EnvironmentID, a.ID, old.ID); err != nil {
			return err
		}
	}
	return nil
}

// target finds a receiver that is there, or makes one.
func (c *Control) target(ctx context.Context, v *visit, a *Alert, held []alert.Target, t AlertTarget) (made alert.Target, err error) {
	switch {
	case t.ID != "" && t.Email == "" && t.Webhook == "":
		i := slices.IndexFunc(held, func(h alert.Target) bool { return h.ID == t.ID })
		if i < 0 {
			return made, fault.Refused("to", "names a receiver by an id that this alert has not")
		}
		return held[i], nil
	case t.ID == "" && t.Email != "" && t.Webhook == "":
		if err := alert.CheckEmail(t.Email); err != nil {
			return made, err
		}
		if c.mail == nil {
			return made, fault.Refused("to", "cannot have an email: this server sends no mail; have its operator set LOCKAGE_SMTP, or give a webhook")
		}
		// the same address again is the same receiver
		if i := slices.IndexFunc(held, func(h alert.Target) bool { return h.Email == t.Email }); i >= 0 {
			return held[i], nil
		}
		return alert.Target{ID: newID(), Email: t.Email}, nil
	case t.ID == "" && t.Email == "" && t.Webhook != "":
		return c.webhook(ctx, v, a, t.Webhook)
	}
	return made, fault.Refused("to", "must have, for each receiver, one of id, email and webhook")
}

// webhook makes a receiver of a URL, with a key of its own.
func (c *Control) webhook(ctx context.Context, v *visit, a *Alert, to string) (made alert.Target, err error) {
	if c.webhooks == nil {
		return made, fault.Refused("to", "cannot have a webhook: this server delivers none")
	}
	if err := webhook.CheckURL(to); err != nil {
		return made, fault.Refused("to", "%s", err)
	}
	u, err := url.Parse(to)
	if err != nil {
		return made, fault.Refused("to", "must have a URL as webhook")
	}
	key := webhook.NewKey()
	plain, err := json.Marshal(hook{URL: to, Key: key})
	if err != nil {
		return made, err
	}
	made = alert.Target{ID: newID(), Webhook: u.Scheme + "://" + u.Host}
	h := store.AlertWebhook{EnvironmentID: a.EnvironmentID, AlertID: a.ID, ID: made.ID}
	value := secret.NewPlaintext(plain)
	defer value.Wipe()
	if h.Sealed, err = c.sealer.Seal(ctx, h.Binding(v.Account()), value); err != nil {
		return made, err
	}
	a.Keys[made.ID] = webhook.FormatKey(key)
	return made, v.InsertAlertWebhook(ctx, h)
}

// unhook opens where a webhook is, and its key.
func (c *Control) unhook(ctx context.Context, account string, h store.AlertWebhook) (to webhook.Target, err error) {
	opener, err := c.sealer.Open(ctx, h.Binding(account), h.Sealed)
	if err != nil {
		return to, err
	}
	plain, err := opener.AppendTo(nil)
	if err != nil {
		return to, err
	}
	defer clear(plain)
	var held hook
	if err := json.Unmarshal(plain, &held); err != nil {
		return to, errUnreadableHook // its own error repeats a part
	}
	return webhook.Target{URL: held.URL, Key: held.Key}, nil
}
