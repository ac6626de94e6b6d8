package api

import (
	"context"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/wire"
)

func (a *API) pushDefinitions(ctx context.Context, c *call, _ *none) (wire.PushAnswer, error) {
	b, err := decode[wire.Push](c)
	if err != nil {
		return wire.PushAnswer{}, err
	}
	items := make([]control.PushItem, len(b.Definitions))
	for i, d := range b.Definitions {
		items[i] = control.PushItem{Ref: definition.Ref{Kind: d.Kind, Key: d.Key}, Content: d.Content, Delete: d.Delete}
	}
	var pushed control.Pushed
	if b.Plan {
		pushed, err = a.control.PlanPush(ctx, c.who, items)
	} else {
		pushed, err = a.control.Push(ctx, c.who, items, b.Commit)
	}
	out := wire.PushAnswer{Changes: convert(pushed.Changes, draftChangeOf)}
	if pushed.Commit != nil {
		made := commitOf(*pushed.Commit)
		out.Commit = &made
	}
	return out, err
}
