package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/lockage/lockage/wire"
)

// Tree gives what was live in an environment: now (""), at a time (RFC 3339, or a date), or after a commit (its number
// or id).
func (c *Client) Tree(ctx context.Context, environment, at string) (wire.Tree, error) {
	return do[wire.Tree](ctx, c, request{
		method: http.MethodGet, path: []string{"v1", "environments", environment, "tree"}, query: query{"at": at}.values(),
	})
}

// Compare gives what differs between two moments, each an environment ("staging") or an environment at a time or commit
// ("production@2026-11-01", "production@7").
func (c *Client) Compare(ctx context.Context, from, to string) (wire.Comparison, error) {
	return do[wire.Comparison](ctx, c, request{
		method: http.MethodGet, path: []string{"v1", "diff"}, query: url.Values{"from": {from}, "to": {to}},
	})
}
