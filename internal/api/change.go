package api

import (
	"context"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/wire"
)

type byDefinition struct {
	Kind string `path:"kind" doc:"Kind of the definition, for instance route."`
	Key  string `path:"key" doc:"Key of the definition."`
}

func (a *API) listChanges(ctx context.Context, c *call, _ *none) ([]wire.DraftChange, error) {
	list, err := a.control.ListChanges(ctx, c.who)
	return convert(list, draftChangeOf), err
}

func (a *API) discardChange(ctx context.Context, c *call, in *byDefinition) (wire.Discarded, error) {
	err := a.control.DiscardChange(ctx, c.who, definition.Ref{Kind: in.Kind, Key: in.Key})
	return wire.Discarded{Discarded: true}, err
}

func draftChangeOf(d control.Change) wire.DraftChange {
	return wire.DraftChange{
		Kind: d.Ref.Kind, Key: d.Ref.Key, Change: d.Kind(), Before: string(d.Base), After: string(d.Hash),
		Edits: editsOf(d.Edits), SavedBy: d.SavedBy, SavedAt: wire.Time(d.SavedAt), ETag: d.Tag(),
	}
}

func editsOf(list []definition.Edit) []wire.Edit {
	return convert(list, func(e definition.Edit) wire.Edit {
		return wire.Edit{
			Path: e.Path, Op: string(e.Op), Position: e.Position, Before: e.Before, After: e.After, Text: e.Text,
		}
	})
}
