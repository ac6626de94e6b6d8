package client

import (
	"context"
	"iter"
	"net/http"
	"time"

	"github.com/lockage/lockage/wire"
)

// APIKeyUpdate changes the fields that are set. An ExpiresAt that points to the zero Time takes the expiry away.
type APIKeyUpdate struct {
	Description *string    `json:"description,omitempty"`
	ExpiresAt   *wire.Time `json:"expires_at,omitempty"`
}

// ListAPIKeys gives one page of the keys of an environment, or for "" of every environment the caller sees, and the
// cursor of the next page.
func (c *Client) ListAPIKeys(ctx context.Context, environment string, p Page) ([]wire.APIKey, string, error) {
	return list[wire.APIKey](ctx, c, query{"environment": environment}, p, "v1", "api-keys")
}

// APIKeys walks the keys of an environment, or for "" of every environment the caller sees.
func (c *Client) APIKeys(ctx context.Context, environment string) iter.Seq2[wire.APIKey, error] {
	return all(func(p Page) ([]wire.APIKey, string, error) { return c.ListAPIKeys(ctx, environment, p) })
}

// GetAPIKey gives what is known of a key; the key itself is shown only once, when it is made.
func (c *Client) GetAPIKey(ctx context.Context, id string) (wire.APIKey, error) {
	return do[wire.APIKey](ctx, c, request{method: http.MethodGet, path: []string{"v1", "api-keys", id}})
}

// CreateAPIKey makes a key; only this answer carries it.
func (c *Client) CreateAPIKey(ctx context.Context, k wire.APIKeyCreate) (wire.APIKey, error) {
	return do[wire.APIKey](ctx, c, request{method: http.MethodPost, path: []string{"v1", "api-keys"}, body: k})
}

// UpdateAPIKey changes the fields that are set.
func (c *Client) UpdateAPIKey(ctx context.Context, id string, k APIKeyUpdate) (wire.APIKey, error) {
	return do[wire.APIKey](ctx, c, request{method: http.MethodPatch, path: []string{"v1", "api-keys", id}, body: k})
}

// RotateAPIKey makes a successor, whose key only this answer carries, and lets the old key live for grace, at most
// 720 hours.
func (c *Client) RotateAPIKey(ctx context.Context, id string, grace time.Duration) (wire.APIKey, error) {
	return do[wire.APIKey](ctx, c, request{
		method: http.MethodPost, path: []string{"v1", "api-keys", id, "rotate"},
		body: wire.APIKeyRotate{Grace: grace.String()},
	})
}

// RevokeAPIKey ends a key for good: when it returns, no call with the key passes any more.
func (c *Client) RevokeAPIKey(ctx context.Context, id string) error {
	_, err := do[wire.Revoked](ctx, c, request{method: http.MethodDelete, path: []string{"v1", "api-keys", id}})
	return err
}
