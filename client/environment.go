package client

import (
	"context"
	"net/http"

	"github.com/lockage/lockage/wire"
)

// ListEnvironments gives every environment the caller sees, in order of creation.
func (c *Client) ListEnvironments(ctx context.Context) ([]wire.Environment, error) {
	return do[[]wire.Environment](ctx, c, request{method: http.MethodGet, path: []string{"v1", "environments"}})
}

// GetEnvironment gives one environment, by name or id.
func (c *Client) GetEnvironment(ctx context.Context, ref string) (wire.Environment, error) {
	return do[wire.Environment](ctx, c, request{method: http.MethodGet, path: []string{"v1", "environments", ref}})
}

// CreateEnvironment inserts an environment one level below production.
func (c *Client) CreateEnvironment(ctx context.Context, e wire.EnvironmentCreate) (wire.Environment, error) {
	return do[wire.Environment](ctx, c, request{method: http.MethodPost, path: []string{"v1", "environments"}, body: e})
}

// UpdateEnvironment changes the fields that are set.
func (c *Client) UpdateEnvironment(
	ctx context.Context, ref string, e wire.EnvironmentUpdate,
) (wire.Environment, error) {
	return do[wire.Environment](ctx, c,
		request{method: http.MethodPatch, path: []string{"v1", "environments", ref}, body: e})
}

// DeleteEnvironment deletes an environment with its values, keys and data. The default, the first and the highest
// environment are refused, and one that a route uses ("in_use", with the routes).
func (c *Client) DeleteEnvironment(ctx context.Context, ref string) error {
	_, err := do[wire.Deleted](ctx, c, request{method: http.MethodDelete, path: []string{"v1", "environments", ref}})
	return err
}
