package api

import (
	"cmp"
	"context"
	"time"

	"github.com/lockage/lockage/internal/alert"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/wire"
)

type alertList struct {
	Environment string `query:"environment" doc:"Only the alerts of this environment: its id or name."`
	Limit       int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many at most."`
	Cursor      string `query:"cursor" doc:"Where to go on: meta.next_cursor of the answer before."`
}

type alertHistory struct {
	ID     string `path:"id" doc:"Id of the alert."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many at most."`
	Cursor string `query:"cursor" doc:"Where to go on: meta.next_cursor of the answer before."`
}

func (a *API) listAlerts(ctx context.Context, c *call, in *alertList) ([]wire.Alert, error) {
	list, next, err := a.control.ListAlerts(ctx, c.who, in.Environment, pageOf(in.Limit, in.Cursor))
	c.next = next
	return convert(list, alertOf), err
}

func (a *API) getAlert(ctx context.Context, c *call, in *byID) (wire.Alert, error) {
	r, err := a.control.GetAlert(ctx, c.who, in.ID)
	return alertOf(r), err
}

func (a *API) createAlert(ctx context.Context, c *call, _ *none) (wire.Alert, error) {
	b, err := decode[wire.AlertCreate](c)
	if err != nil {
		return wire.Alert{}, err
	}
	input, err := alertInput(wire.AlertUpdate{
		Name: &b.Name, Route: b.Route, Threshold: b.Threshold, Window: b.Window, MinimumCalls: b.MinimumCalls, Quiet: b.Quiet, To: &b.To,
		Active: b.Active,
	})
	if err != nil {
		return wire.Alert{}, err
	}
	r, err := a.control.CreateAlert(ctx, c.who, b.Environment, alert.Kind(b.Kind), input)
	return alertOf(r), err
}

func (a *API) updateAlert(ctx context.Context, c *call, in *byID) (wire.Alert, error) {
	b, err := decode[wire.AlertUpdate](c)
	if err != nil {
		return wire.Alert{}, err
	}
	input, err := alertInput(b)
	if err != nil {
		return wire.Alert{}, err
	}
	r, err := a.control.UpdateAlert(ctx, c.who, in.ID, input)
	return alertOf(r), err
}

func (a *API) deleteAlert(ctx context.Context, c *call, in *byID) (wire.Deleted, error) {
	return wire.Deleted{Deleted: true}, a.control.DeleteAlert(ctx, c.who, in.ID)
}

func (a *API) testAlert(ctx context.Context, c *call, in *byID) (wire.AlertEvent, error) {
	e, err := a.control.TestAlert(ctx, c.who, in.ID)
	return alertEventOf(e), err
}

func (a *API) alertHistory(ctx context.Context, c *call, in *alertHistory) ([]wire.AlertEvent, error) {
	list, next, err := a.control.AlertHistory(ctx, c.who, in.ID, pageOf(in.Limit, in.Cursor))
	c.next = next
	return convert(list, alertEventOf), err
}

func alertInput(b wire.AlertUpdate) (in control.AlertInput, err error) {
	in.Fields = alert.Fields{Name: b.Name, Route: b.Route, Threshold: b.Threshold, Minimum: b.MinimumCalls, Active: b.Active}
	if in.Window, err = span("window", b.Window); err != nil {
		return in, err
	}
	if in.Quiet, err = span("quiet", b.Quiet); err != nil {
		return in, err
	}
	if b.To != nil {
		to := convert(*b.To, func(t wire.AlertTo) control.AlertTarget { return control.AlertTarget(t) })
		in.To = &to
	}
	return in, nil
}

// span reads a duration that may be left out.
func span(field string, text *string) (*time.Duration, error) {
	if text == nil {
		return nil, nil
	}
	d, err := time.ParseDuration(*text)
	if err != nil {
		return nil, fault.Refused(field, `must be a duration such as "5m"`)
	}
	return &d, nil
}

func alertOf(r control.Alert) wire.Alert {
	state := "ok"
	if r.Firing {
		state = alert.Firing
	}
	return wire.Alert{
		ID: r.ID, Environment: r.Environment, Name: r.Name, Kind: string(r.Kind), Route: r.Route, Threshold: r.Threshold,
		Window: r.Window.String(), MinimumCalls: r.Minimum, Quiet: r.Quiet.String(), Active: r.Active, State: state,
		To: convert(r.Targets, func(t alert.Target) wire.AlertTarget {
			return wire.AlertTarget{ID: t.ID, Email: t.Email, Webhook: t.Webhook, Key: r.Keys[t.ID]}
		}),
		Since: wire.Time(r.Since), Value: r.Value, LookedAt: wire.Time(r.LookedAt), CreatedAt: wire.Time(r.CreatedAt),
		CreatedBy: r.CreatedBy, UpdatedAt: wire.Time(r.UpdatedAt),
	}
}

func alertEventOf(e control.AlertEvent) wire.AlertEvent {
	out := wire.AlertEvent{
		ID: e.ID, State: e.State, Value: e.Value, Details: convert(e.Details, func(s string) string { return s }),
		StartedAt: wire.Time(e.StartedAt), EndedAt: wire.Time(e.EndedAt), Deliveries: []wire.AlertDelivery{},
	}
	for _, d := range e.Deliveries {
		t := e.Targets[d.Target]
		one := wire.AlertDelivery{
			ID: d.ID, Type: d.Type, To: cmp.Or(t.Email, t.Webhook, d.Target), State: d.State, Attempts: d.Attempts, Error: d.Error,
			CreatedAt: wire.Time(d.CreatedAt), EndedAt: wire.Time(d.EndedAt),
		}
		if d.EndedAt.IsZero() {
			one.NextAt = wire.Time(d.NextAt)
		}
		out.Deliveries = append(out.Deliveries, one)
	}
	return out
}
