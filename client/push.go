package client

import (
	"context"
	"net/http"

	"github.com/lockage/lockage/wire"
)

// Push saves any number of definitions in one transaction and, with Commit, commits them; with Plan it only tells what
// would change. What is equal to what is saved already is left out of the answer.
func (c *Client) Push(ctx context.Context, p wire.Push) (wire.PushAnswer, error) {
	return do[wire.PushAnswer](ctx, c, request{method: http.MethodPut, path: []string{"v1", "definitions"}, body: p})
}
