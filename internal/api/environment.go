package api

import (
	"context"
	"encoding/json"
	"time"

	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/wire"
)

// none is the parameters of an operation that has none.
type none struct{}

// byID is the parameters of an operation on one thing.
type byID struct {
	ID string `path:"id" doc:"Id or, where it has one, name."`
}

func (a *API) listEnvironments(ctx context.Context, c *call, _ *none) ([]wire.Environment, error) {
	list, err := a.control.ListEnvironments(ctx, c.who)
	if err != nil {
		return nil, err
	}
	out := make([]wire.Environment, len(list))
	for i, e := range list {
		if out[i], err = environmentOf(e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (a *API) getEnvironment(ctx context.Context, c *call, in *byID) (wire.Environment, error) {
	e, err := a.control.GetEnvironment(ctx, c.who, in.ID)
	if err != nil {
		return wire.Environment{}, err
	}
	return environmentOf(e)
}

func (a *API) createEnvironment(ctx context.Context, c *call, _ *none) (wire.Environment, error) {
	b, err := decode[wire.EnvironmentCreate](c)
	if err != nil {
		return wire.Environment{}, err
	}
	e, err := a.control.CreateEnvironment(ctx, c.who, environment.Fields{
		Name: &b.Name, DisplayName: &b.DisplayName, Description: &b.Description, Color: &b.Color, IsDefault: &b.IsDefault,
	})
	if err != nil {
		return wire.Environment{}, err
	}
	return environmentOf(e)
}

func (a *API) updateEnvironment(ctx context.Context, c *call, in *byID) (wire.Environment, error) {
	b, err := decode[wire.EnvironmentUpdate](c)
	if err != nil {
		return wire.Environment{}, err
	}
	f := environment.Fields{
		Name: b.Name, DisplayName: b.DisplayName, Description: b.Description, Color: b.Color, IsDefault: b.IsDefault,
		ObfuscateCustomerData: b.ObfuscateCustomerData, ShowMessageContents: b.ShowMessageContents, Protected: b.Protected,
	}
	if b.DistinctValues != nil {
		f.DistinctValues = new(environment.Distinct(*b.DistinctValues))
	}
	if b.Logs != nil {
		f.Logs = &environment.LogFields{Retention: b.Logs.Retention, Record: b.Logs.RecordContent, Cut: b.Logs.Cut}
	}
	if b.Protection != nil {
		p, err := environment.DecodeProtection(b.Protection)
		if err != nil {
			return wire.Environment{}, err
		}
		f.Protection = &p
	}
	e, err := a.control.UpdateEnvironment(ctx, c.who, in.ID, f)
	if err != nil {
		return wire.Environment{}, err
	}
	return environmentOf(e)
}

func (a *API) deleteEnvironment(ctx context.Context, c *call, in *byID) (wire.Deleted, error) {
	return wire.Deleted{Deleted: true}, a.control.DeleteEnvironment(ctx, c.who, in.ID)
}

func environmentOf(e environment.Environment) (wire.Environment, error) {
	protection, err := json.Marshal(e.Protection)
	if err != nil {
		return wire.Environment{}, err
	}
	return wire.Environment{
		ID: e.ID, Name: e.Name, DisplayName: e.DisplayName, Description: e.Description, Color: e.Color,
		IsDefault: e.IsDefault, Level: e.Level, Protected: e.Protected,
		ObfuscateCustomerData: e.ObfuscateCustomerData, ShowMessageContents: e.ShowMessageContents,
		DistinctValues: string(e.DistinctValues), RootHash: e.RootHash, Head: e.Head, Hold: holdOf(e.Hold), Protection: protection,
		Logs: wire.LogSettings{
			Retention: environment.FormatRetention(e.Logs.Retention), RecordContent: e.Logs.Record,
			Cut: convert(e.Logs.Cut, func(field string) string { return field }),
		},
		CreatedAt: wire.Time(e.CreatedAt), UpdatedAt: wire.Time(e.UpdatedAt),
	}, nil
}

// holdOf is the hold of an environment, null for none.
func holdOf(h *environment.Hold) *wire.Hold {
	if h == nil {
		return nil
	}
	return &wire.Hold{Reason: h.Reason, By: h.By, At: wire.Time(h.At)}
}

// convert gives the public form of a list; an empty one is [] and not null.
func convert[T, W any](list []T, to func(T) W) []W {
	out := make([]W, 0, len(list))
	for _, v := range list {
		out = append(out, to(v))
	}
	return out
}

// timeOf is the instant of a parameter; the zero one is absent.
func timeOf(t *wire.Time) *time.Time {
	if t == nil {
		return nil
	}
	v := time.Time(*t)
	if v.IsZero() {
		// To those below, the zero instant means never. Sent as such it is a date long past, to be refused as one.
		v = v.Add(time.Second)
	}
	return &v
}
