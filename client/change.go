package client

import (
	"context"
	"net/http"

	"github.com/lockage/lockage/wire"
)

// ListChanges gives everything that is saved and uncommitted, by kind and key, with what it would change.
func (c *Client) ListChanges(ctx context.Context) ([]wire.DraftChange, error) {
	return do[[]wire.DraftChange](ctx, c, request{method: http.MethodGet, path: []string{"v1", "changes"}})
}

// DiscardChange drops what is saved of a definition; what is committed stays.
func (c *Client) DiscardChange(ctx context.Context, kind, key string) error {
	_, err := do[wire.Discarded](ctx, c, request{method: http.MethodDelete, path: []string{"v1", "changes", kind, key}})
	return err
}
