package api

import (
	"context"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/wire"
)

type commitList struct {
	Environment string `query:"environment" doc:"Only commits of this environment: its id or name."`
	Definition  string `query:"definition" doc:"Only commits that changed this definition: its kind and key, for instance route/payments."`
	Author      string `query:"author" doc:"Only commits of this author: id or name."`
	Cause       string `query:"cause" enum:"commit,promotion,rollback" doc:"Only commits with this cause."`
	Limit       int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many at most."`
	Cursor      string `query:"cursor" doc:"Where to go on: meta.next_cursor of the answer before."`
}

type byCommitID struct {
	ID string `path:"id" doc:"Id of the commit."`
}

func (a *API) createCommit(ctx context.Context, c *call, _ *none) (wire.Commit, error) {
	b, err := decode[wire.CommitCreate](c)
	if err != nil {
		return wire.Commit{}, err
	}
	done, err := a.control.Commit(ctx, c.who, b.Message, refsOf(b.Definitions))
	return commitOf(done), err
}

func (a *API) listCommits(ctx context.Context, c *call, in *commitList) ([]wire.Commit, error) {
	list, next, err := a.control.ListCommits(ctx, c.who, control.CommitFilter{
		Environment: in.Environment, Definition: in.Definition, Author: in.Author, Cause: in.Cause,
		Page: pageOf(in.Limit, in.Cursor),
	})
	c.next = next
	return convert(list, commitOf), err
}

func (a *API) getCommit(ctx context.Context, c *call, in *byCommitID) (wire.Commit, error) {
	found, edits, err := a.control.GetCommit(ctx, c.who, in.ID)
	if err != nil {
		return wire.Commit{}, err
	}
	out := commitOf(found)
	for i := range out.Changes {
		out.Changes[i].Edits = editsOf(edits[i])
	}
	return out, nil
}

// refsOf keeps apart no list, which is everything, and an empty one.
func refsOf(list []wire.DefinitionRef) []definition.Ref {
	if list == nil {
		return nil
	}
	return convert(list, func(d wire.DefinitionRef) definition.Ref { return definition.Ref(d) })
}

func commitOf(c control.Commit) wire.Commit {
	return wire.Commit{
		ID: c.ID, Number: c.Number, Environment: c.Environment, Cause: string(c.Cause), Message: c.Message,
		Author: c.Author.Name, CreatedAt: wire.Time(c.CreatedAt), RootBefore: string(c.Before), RootHash: string(c.After),
		Source: c.Source, Changes: convert(c.Changes, changeOf),
	}
}

func changeOf(d definition.Change) wire.Change {
	return wire.Change{Kind: d.Ref.Kind, Key: d.Ref.Key, Before: string(d.Before), After: string(d.After)}
}
