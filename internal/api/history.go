package api

import (
	"cmp"
	"context"
	"slices"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/wire"
)

type treeAt struct {
	ID string `path:"id" doc:"Id or name of the environment."`
	At string `query:"at" doc:"When: a time (RFC 3339), a date (its beginning in UTC), or a commit's number or id. Absent: now."`
}

type comparison struct {
	From string `query:"from" required:"true" doc:"An environment, or an environment, @ and a time or commit: production@2026-11-01."`
	To   string `query:"to" required:"true" doc:"Likewise."`
}

func (a *API) getTree(ctx context.Context, c *call, in *treeAt) (wire.Tree, error) {
	m, err := a.control.TreeAt(ctx, c.who, in.ID, in.At)
	if err != nil {
		return wire.Tree{}, err
	}
	out := wire.Tree{Environment: m.Environment.Name, Commit: m.Number, RootHash: string(m.Tree.Root())}
	out.Definitions = make([]wire.TreeEntry, 0, len(m.Tree))
	for ref, hash := range m.Tree {
		out.Definitions = append(out.Definitions, wire.TreeEntry{Kind: ref.Kind, Key: ref.Key, Hash: string(hash)})
	}
	slices.SortFunc(out.Definitions, func(x, y wire.TreeEntry) int {
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Key, y.Key))
	})
	return out, nil
}

func (a *API) compare(ctx context.Context, c *call, in *comparison) (wire.Comparison, error) {
	d, err := a.control.Compare(ctx, c.who, in.From, in.To)
	if err != nil {
		return wire.Comparison{}, err
	}
	out := wire.Comparison{From: treePointOf(d.From), To: treePointOf(d.To), Changes: convert(d.Changes, changeOf)}
	for i := range out.Changes {
		out.Changes[i].Edits = editsOf(d.Edits[i])
	}
	return out, nil
}

func treePointOf(m control.Moment) wire.TreePoint {
	return wire.TreePoint{Environment: m.Environment.Name, Commit: m.Number, RootHash: string(m.Tree.Root())}
}
