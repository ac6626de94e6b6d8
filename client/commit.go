package client

import (
	"context"
	"iter"
	"net/http"

	"github.com/lockage/lockage/wire"
)

// Commit makes saved definitions live in the first environment, all of them when it names none.
func (c *Client) Commit(ctx context.Context, commit wire.CommitCreate) (wire.Commit, error) {
	return do[wire.Commit](ctx, c, request{method: http.MethodPost, path: []string{"v1", "commits"}, body: commit})
}

// CommitFilter narrows the history; what is empty does not narrow.
type CommitFilter struct {
	Environment string // name or id
	Definition  string // kind and key, like "route/payments"
	Author      string // name or id
	Cause       string // "commit", "promotion" or "rollback"
}

// ListCommits gives one page of the history, newest first, and the cursor of the next page. What each commit changed
// inside a definition is told by GetCommit.
func (c *Client) ListCommits(ctx context.Context, f CommitFilter, p Page) ([]wire.Commit, string, error) {
	q := query{"environment": f.Environment, "definition": f.Definition, "author": f.Author, "cause": f.Cause}
	return list[wire.Commit](ctx, c, q, p, "v1", "commits")
}

// Commits walks the history through all its pages.
func (c *Client) Commits(ctx context.Context, f CommitFilter) iter.Seq2[wire.Commit, error] {
	return all(func(p Page) ([]wire.Commit, string, error) { return c.ListCommits(ctx, f, p) })
}

// GetCommit gives one commit, by id, with what it changed inside each definition.
func (c *Client) GetCommit(ctx context.Context, id string) (wire.Commit, error) {
	return do[wire.Commit](ctx, c, request{method: http.MethodGet, path: []string{"v1", "commits", id}})
}
