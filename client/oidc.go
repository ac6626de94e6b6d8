package client

import (
	"context"
	"net/http"

	"github.com/lockage/lockage/wire"
)

// GetProviderLink says who the credential's person is at the login provider.
func (c *Client) GetProviderLink(ctx context.Context) (wire.ProviderLink, error) {
	return do[wire.ProviderLink](ctx, c, request{method: http.MethodGet, path: []string{"v1", "login-provider"}})
}

// BeginProviderLink gets where a browser goes to link who somebody is at the login provider.
func (c *Client) BeginProviderLink(ctx context.Context) (wire.ProviderLogin, error) {
	return do[wire.ProviderLogin](ctx, c, request{method: http.MethodPost, path: []string{"v1", "login-provider", "begin"}})
}

// LinkProvider links who the browser that came back is there.
func (c *Client) LinkProvider(ctx context.Context, a wire.ProviderAnswer) (wire.ProviderLink, error) {
	return do[wire.ProviderLink](ctx, c, request{method: http.MethodPost, path: []string{"v1", "login-provider"}, body: a})
}

// UnlinkProvider has the login provider prove nothing about the credential's person any more.
func (c *Client) UnlinkProvider(ctx context.Context) (wire.Removed, error) {
	return do[wire.Removed](ctx, c, request{method: http.MethodDelete, path: []string{"v1", "login-provider"}})
}
