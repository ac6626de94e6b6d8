package api

import (
	"context"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/wire"
)

func (a *API) createCommit(ctx context.Context, c *call, _ *none) (wire.Commit, error) {
	b, err := decode[wire.CommitCreate](c)
	if err != nil {
		return wire.Commit{}, err
	}
	var refs []definition.Ref
	if b.Definitions != nil {
		refs = convert(b.Definitions, func(d wire.DefinitionRef) definition.Ref { return definition.Ref(d) })
	}
	done, err := a.control.Commit(ctx, c.who, b.Message, refs)
	return commitOf(done), err
}

func commitOf(c control.Commit) wire.Commit {
	return wire.Commit{
		ID: c.ID, Number: c.Number, Environment: c.Environment, Cause: string(c.Cause), Message: c.Message,
		Author: c.Author.Name, CreatedAt: wire.Time(c.CreatedAt), RootHash: string(c.After),
		Changes: convert(c.Changes, func(d definition.Change) wire.Change {
			return wire.Change{Kind: d.Ref.Kind, Key: d.Ref.Key, Before: string(d.Before), After: string(d.After)}
		}),
	}
}
