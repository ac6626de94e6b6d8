package client

import (
	"context"
	"net/http"

	"github.com/lockage/lockage/wire"
)

// Commit makes saved definitions live in the first environment, all of them when it names none.
func (c *Client) Commit(ctx context.Context, commit wire.CommitCreate) (wire.Commit, error) {
	return do[wire.Commit](ctx, c, request{method: http.MethodPost, path: []string{"v1", "commits"}, body: commit})
}
