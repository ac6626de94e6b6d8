package client

import (
	"context"
	"net/http"

	"github.com/lockage/lockage/wire"
)

// GetAccount gives what the account sets for itself.
func (c *Client) GetAccount(ctx context.Context) (wire.Account, error) {
	return do[wire.Account](ctx, c, request{method: http.MethodGet, path: []string{"v1", "account"}})
}

// UpdateAccount changes the settings that are set.
func (c *Client) UpdateAccount(ctx context.Context, a wire.AccountUpdate) (wire.Account, error) {
	return do[wire.Account](ctx, c, request{method: http.MethodPatch, path: []string{"v1", "account"}, body: a})
}
