package control

import (
	"context"
	"slices"
	"strings"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/alert"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// Alert is a rule with the name of its environment.
type Alert struct {
	alert.Rule
	Environment string
	Keys        map[string]string // of webhooks that were made just now, by the receiver's id; shown once
}

// AlertEvent is what happened to a rule, with the messages that were made of it.
type AlertEvent struct {
	store.AlertEvent
	Deliveries []store.AlertDelivery
	Targets    map[string]alert.Target // by id; those that are still there
}

// AlertInput is what people set of a rule. A nil To leaves the receivers as they are.
type AlertInput struct {
	alert.Fields
	To *[]AlertTarget
}

func alertTarget(r alert.Rule) audit.Target {
	return audit.Target{Kind: "alert", ID: r.ID, Name: r.Name}
}

// ofAlert is the scope of a rule's environment. A rule of an environment the principal does not see is none.
func ofAlert(id string, r *alert.Rule) scope {
	return func(ctx context.Context, v *visit) error {
		found, err := v.Alert(ctx, id)
		if err != nil {
			return err
		}
		e, ok := v.pipeline.Find(found.EnvironmentID)
		if !ok || !v.who.Sees(e.ID) {
			return fault.New(fault.NotFound, "no such alert")
		}
		*r, v.environment, v.target = found, e, alertTarget(found)
		return nil
	}
}

// ListAlerts lists rules in order of creation, of one environment or ("") of all where the principal may see them.
func (c *Control) ListAlerts(ctx context.Context, who access.Principal, environmentRef string, p Page) (list []Alert, next string, err error) {
	limit, after, err := p.open()
	if err != nil {
		return nil, "", err
	}
	var ids []string
	err = c.read(ctx, who, access.AlertList, among(environmentRef, &ids), func(v *visit) error {
		rules, err := v.Alerts(ctx, ids, after, limit+1)
		if err != nil {
			return err
		}
		rules, next = cut(rules, limit, func(r alert.Rule) string { return r.ID })
		list = make([]Alert, len(rules))
		for i, r := range rules {
			list[i] = Alert{Rule: r, Environment: v.pipeline.NameOf(r.EnvironmentID)}
		}
		return nil
	})
	return list, next, err
}

// GetAlert finds a rule by id.
func (c *Control) GetAlert(ctx context.Context, who access.Principal, id string) (a Alert, err error) {
	err = c.read(ctx, who, access.AlertRead, ofAlert(id, &a.Rule), func(v *visit) error {
		a.Environment = v.environment.Name
		return nil
	})
	return a, err
}

// CreateAlert makes a rule of an environment. The keys of its webhooks are answered here and never again.
func (c *Control) CreateAlert(ctx context.Context, who access.Principal, environmentRef string, kind alert.Kind, input AlertInput) (a Alert, err error) {
	err = c.write(ctx, who, access.AlertCreate, in(environmentRef), func(v *visit) error {
		rule, err := alert.New(kind, input.Fields)
		if err != nil {
			return err
		}
		if input.To == nil {
			return alert.CheckTargets(0)
		}
		there, err := v.Alerts(ctx, []string{v.environment.ID}, "", alert.MaxRules)
		if err != nil {
			return err
		}
		if len(there) == alert.MaxRules {
			return fault.New(fault.Conflict, "an environment has %d alerts at most; delete one first", alert.MaxRules)
		}
		if rule.Route, err = v.alertRoute(ctx, rule.Route); err != nil {
			return err
		}
		rule.ID, rule.EnvironmentID = newID(), v.environment.ID
		rule.CreatedAt, rule.CreatedBy, rule.UpdatedAt = v.Now(), v.who.Name, v.Now()
		a = Alert{Rule: rule, Environment: v.environment.Name}
		if err := c.direct(ctx, v, &a, *input.To); err != nil {
			return err
		}
		v.target, v.detail = alertTarget(a.Rule), audit.Detail("type", string(kind), "target", told(a.Targets))
		return v.InsertAlert(ctx, a.Rule)
	})
	return a, err
}

// UpdateAlert changes a rule. A receiver that stays keeps its key.
func (c *Control) UpdateAlert(ctx context.Context, who access.Principal, id string, in AlertInput) (a Alert, err error) {
	err = c.write(ctx, who, access.AlertUpdate, ofAlert(id, &a.Rule), func(v *visit) error {
		changed, err := a.Apply(in.Fields)
		if err != nil {
			return err
		}
		if in.Route != nil {
			if changed.Route, err = v.alertRoute(ctx, changed.Route); err != nil {
				return err
			}
		}
		changed.UpdatedAt = v.Now()
		a = Alert{Rule: changed, Environment: v.environment.Name}
		if in.To != nil {
			if err := c.direct(ctx, v, &a, *in.To); err != nil {
				return err
			}
		}
		v.target, v.detail = alertTarget(a.Rule), audit.Detail("type", string(a.Kind), "target", told(a.Targets))
		return v.Tx.UpdateAlert(ctx, a.Rule)
	})
	return a, err
}

// alertRoute is the key of a route that is live in the environment: a rule that watches what is not there would never say
// a word.
func (v *visit) alertRoute(ctx context.Context, ref string) (string, error) {
	if ref == "" {
		return "", nil
	}
	d, err := v.Identity(ctx, definition.KindRoute, ref)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return "", err
	}
	live, failure := v.Live(ctx, d.ID)
	if failure != nil {
		return "", failure
	}
	if !slices.ContainsFunc(live, func(t store.TreeEntry) bool { return t.EnvironmentID == v.environment.ID }) {
		return "", fault.Refused("route", "is not live in this environment; promote it first, or leave it out for all routes")
	}
	return d.Ref.Key, nil
}

// told names receivers for the audit log.
func told(targets []alert.Target) string {
	list := make([]string, len(targets))
	for i, t := range targets {
		list[i] = t.Email + t.Webhook
	}
	return strings.Join(list, ", ")
}

// DeleteAlert removes a rule with its history; what was not delivered yet is not delivered any more.
func (c *Control) DeleteAlert(ctx context.Context, who access.Principal, id string) error {
	var r alert.Rule
	return c.write(ctx, who, access.AlertDelete, ofAlert(id, &r), func(v *visit) error {
		return v.Tx.DeleteAlert(ctx, r.EnvironmentID, r.ID)
	})
}

// TestAlert sends every receiver of a rule a message that says it is a test. What becomes of it stands in the history.
func (c *Control) TestAlert(ctx context.Context, who access.Principal, id string) (e AlertEvent, err error) {
	var r alert.Rule
	err = c.write(ctx, who, access.AlertTest, ofAlert(id, &r), func(v *visit) error {
		account, err := v.AccountSettings(ctx)
		if err != nil {
			return err
		}
		e = AlertEvent{
			AlertEvent: store.AlertEvent{
				EnvironmentID: r.EnvironmentID, AlertID: r.ID, ID: newID(), State: alert.Test, Value: r.Value, StartedAt: v.Now(), EndedAt: v.Now(),
			},
			Targets: byTarget(r),
		}
		if err := v.PutAlertEvent(ctx, v.Account(), e.AlertEvent); err != nil {
			return err
		}
		at := watched{account: v.Account(), accountName: account.Name, environment: v.environment.Name}
		e.Deliveries, err = c.tell(ctx, v.Tx, at, r, e.AlertEvent, alert.Test)
		return err
	})
	if err == nil {
		c.alerts.wake()
	}
	return e, err
}

// AlertHistory reads what happened to a rule, newest first.
func (c *Control) AlertHistory(ctx context.Context, who access.Principal, id string, p Page) (list []AlertEvent, next string, err error) {
	limit, before, err := p.open()
	if err != nil {
		return nil, "", err
	}
	var r alert.Rule
	err = c.read(ctx, who, access.AlertRead, ofAlert(id, &r), func(v *visit) error {
		events, err := v.AlertEvents(ctx, r.EnvironmentID, r.ID, before, limit+1)
		if err != nil {
			return err
		}
		events, next = cut(events, limit, func(e store.AlertEvent) string { return e.ID })
		list = make([]AlertEvent, len(events))
		for i, e := range events {
			list[i] = AlertEvent{AlertEvent: e, Targets: byTarget(r)}
			if list[i].Deliveries, err = v.AlertDeliveries(ctx, r.EnvironmentID, e.ID); err != nil {
				return err
			}
		}
		return nil
	})
	return list, next, err
}

func byTarget(r alert.Rule) map[string]alert.Target {
	m := make(map[string]alert.Target, len(r.Targets))
	for _, t := range r.Targets {
		m[t.ID] = t
	}
	return m
}
