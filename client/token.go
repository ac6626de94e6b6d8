package client

import (
	"context"
	"iter"
	"net/http"

	"github.com/lockage/lockage/wire"
)

// TokenUpdate changes the fields that are set. An ExpiresAt that points to the zero Time takes the expiry away.
type TokenUpdate struct {
	Name      *string       `json:"name,omitempty"`
	Grants    *[]wire.Grant `json:"grants,omitempty"`
	ExpiresAt *wire.Time    `json:"expires_at,omitempty"`
	Addresses *[]string     `json:"addresses,omitempty"`
}

// ListTokens gives one page of management tokens, and the cursor of the next page.
func (c *Client) ListTokens(ctx context.Context, p Page) ([]wire.Token, string, error) {
	return list[wire.Token](ctx, c, query{}, p, "v1", "tokens")
}

// Tokens walks all management tokens.
func (c *Client) Tokens(ctx context.Context) iter.Seq2[wire.Token, error] {
	return all(func(p Page) ([]wire.Token, string, error) { return c.ListTokens(ctx, p) })
}

// GetToken gives what is known of a token; the token itself is shown only once, when it is made.
func (c *Client) GetToken(ctx context.Context, id string) (wire.Token, error) {
	return do[wire.Token](ctx, c, request{method: http.MethodGet, path: []string{"v1", "tokens", id}})
}

// CreateToken makes a token; only this answer carries it.
func (c *Client) CreateToken(ctx context.Context, t wire.TokenCreate) (wire.Token, error) {
	return do[wire.Token](ctx, c, request{method: http.MethodPost, path: []string{"v1", "tokens"}, body: t})
}

// UpdateToken changes the fields that are set; who changes the grants answers for them from then on.
func (c *Client) UpdateToken(ctx context.Context, id string, t TokenUpdate) (wire.Token, error) {
	return do[wire.Token](ctx, c, request{method: http.MethodPatch, path: []string{"v1", "tokens", id}, body: t})
}

// RevokeToken ends a token for good: when it returns, no request with it passes any more, nor with those it made.
func (c *Client) RevokeToken(ctx context.Context, id string) error {
	_, err := do[wire.Revoked](ctx, c, request{method: http.MethodDelete, path: []string{"v1", "tokens", id}})
	return err
}
