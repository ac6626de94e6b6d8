package client

import (
	"context"
	"net/http"

	"github.com/lockage/lockage/wire"
)

// Freeze tells what blocks an environment and until when, and which overrides nobody has acknowledged.
func (c *Client) Freeze(ctx context.Context, environment string) (wire.Freeze, error) {
	return do[wire.Freeze](ctx, c,
		request{method: http.MethodGet, path: []string{"v1", "environments", environment, "freeze"}})
}

// AcknowledgeOverride marks what an owner did in spite of a freeze as seen. Its author may not.
func (c *Client) AcknowledgeOverride(ctx context.Context, environment, id string) error {
	_, err := do[wire.Acknowledged](ctx, c, request{
		method: http.MethodPost,
		path:   []string{"v1", "environments", environment, "freeze", "overrides", id, "acknowledge"},
	})
	return err
}
