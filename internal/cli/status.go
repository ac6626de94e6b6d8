package cli

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

// standing is the pipeline at a glance. What the caller may not see is left out.
type standing struct {
	Uncommitted  []wire.DraftChange `json:"uncommitted"`
	Environments []level            `json:"environments"` // from the first up
}

// level is one environment, and what waits below it.
type level struct {
	Environment wire.Environment `json:"environment"`
	Head        *wire.Commit     `json:"head"` // null before the first commit
	Waiting     []waiting        `json:"waiting"`
	Freeze      *wire.Freeze     `json:"freeze"`

	tree *wire.Tree
}

// waiting is a definition that differs from the environment one level below.
type waiting struct {
	Kind   string `json:"kind"`
	Key    string `json:"key"`
	Change string `json:"change"`
}

func (p *program) status() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the pipeline at a glance: heads, what waits between them, holds and freezes",
		Args:  arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			s, err := readStanding(cmd.Context(), c)
			if err != nil || p.json {
				return p.printDone(s, err, "")
			}
			return p.printStanding(s)
		},
	}
	p.remote(cmd)
	return cmd
}

func readStanding(ctx context.Context, c *client.Client) (standing, error) {
	list, err := c.ListEnvironments(ctx)
	if err != nil {
		return standing{}, err
	}
	slices.SortFunc(list, func(a, b wire.Environment) int { return cmp.Compare(a.Level, b.Level) })
	s := standing{Uncommitted: []wire.DraftChange{}, Environments: make([]level, len(list))}
	// One person waits for several answers about each environment: they are asked for beside each other.
	var group sync.WaitGroup
	failures := make([]error, len(list)+1)
	group.Go(func() { failures[len(list)] = seen(&s.Uncommitted)(c.ListChanges(ctx)) })
	for i, e := range list {
		group.Go(func() { s.Environments[i], failures[i] = readLevel(ctx, c, e) })
	}
	group.Wait()
	for i := range s.Environments {
		s.Environments[i].Waiting = []waiting{}
		if i > 0 {
			s.Environments[i].Waiting = waitingIn(s.Environments[i-1].tree, s.Environments[i].tree)
		}
	}
	for _, err := range failures {
		if err != nil {
			return s, err
		}
	}
	return s, nil
}

func readLevel(ctx context.Context, c *client.Client, e wire.Environment) (level, error) {
	l := level{Environment: e}
	var head []wire.Commit
	var tree wire.Tree
	var freeze wire.Freeze
	newest, _, err := c.ListCommits(ctx, client.CommitFilter{Environment: e.ID}, client.Page{Limit: 1})
	if err := seen(&head)(newest, err); err != nil {
		return l, err
	}
	if len(head) > 0 {
		l.Head = &head[0]
	}
	if err := seen(&tree)(c.Tree(ctx, e.ID, "")); err != nil {
		return l, err
	}
	if tree.Environment != "" {
		l.tree = &tree
	}
	if err := seen(&freeze)(c.Freeze(ctx, e.ID)); err != nil {
		return l, err
	}
	l.Freeze = &freeze
	return l, nil
}

// seen keeps an answer, and forgives one that the caller's role may not see.
func seen[T any](into *T) func(T, error) error {
	return func(v T, err error) error {
		var refused *client.Error
		if errors.As(err, &refused) && refused.Type == "forbidden" {
			return nil
		}
		if err == nil {
			*into = v
		}
		return err
	}
}

// waitingIn lists what a promotion of everything would change; nothing where a tree was not to be seen.
func waitingIn(below, above *wire.Tree) []waiting {
	list := []waiting{}
	if below == nil || above == nil {
		return list
	}
	type ref struct{ kind, key string }
	there := map[ref]string{}
	for _, d := range above.Definitions {
		there[ref{d.Kind, d.Key}] = d.Hash
	}
	for _, d := range below.Definitions {
		r := ref{d.Kind, d.Key}
		if hash := there[r]; hash != d.Hash {
			list = append(list, waiting{d.Kind, d.Key, changeOf(hash, d.Hash)})
		}
		delete(there, r)
	}
	for r, hash := range there {
		list = append(list, waiting{r.kind, r.key, changeOf(hash, "")})
	}
	slices.SortFunc(list, func(a, b waiting) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key)) })
	return list
}
