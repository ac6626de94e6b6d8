package api

import (
	"context"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/wire"
)

type byOverride struct {
	ID       string `path:"id" doc:"Id or name of the environment."`
	Override string `path:"override" doc:"Id of the override."`
}

func (a *API) getFreeze(ctx context.Context, c *call, in *byID) (wire.Freeze, error) {
	f, err := a.control.Freeze(ctx, c.who, in.ID)
	out := wire.Freeze{
		Frozen: len(f.Active) > 0, Windows: convert(f.Active, freezeWindowOf),
		Refuses:   convert(f.Refuses, func(a access.Action) string { return string(a) }),
		Overrides: convert(f.Overrides, overrideOf),
	}
	if out.Frozen {
		out.Until = wire.Time(f.Active[0].Until) // all that hold end together
	}
	return out, err
}

func (a *API) acknowledgeOverride(ctx context.Context, c *call, in *byOverride) (wire.Acknowledged, error) {
	return wire.Acknowledged{Acknowledged: true}, a.control.AcknowledgeOverride(ctx, c.who, in.ID, in.Override)
}

func freezeWindowOf(w environment.ActiveWindow) wire.FreezeWindow {
	return wire.FreezeWindow{Reason: w.Reason, Until: wire.Time(w.Until), AllowRollback: w.AllowRollback}
}

func overrideOf(o control.Override) wire.Override {
	return wire.Override{ID: o.ID, Action: o.Action, Author: o.Author, Reason: o.Reason, CreatedAt: wire.Time(o.CreatedAt)}
}
