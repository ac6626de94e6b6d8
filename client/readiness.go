package client

import (
	"context"
	"net/http"

	"github.com/lockage/lockage/wire"
)

// Readiness tells what every reference of every definition finds in an environment, before anybody calls.
func (c *Client) Readiness(ctx context.Context, environment string) (wire.Readiness, error) {
	return do[wire.Readiness](ctx, c, request{
		method: http.MethodGet, path: []string{"v1", "readiness"}, query: query{"environment": environment}.values(),
	})
}
