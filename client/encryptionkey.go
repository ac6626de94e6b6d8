package client

import (
	"context"
	"net/http"

	"github.com/lockage/lockage/wire"
)

// EncryptionKeys tells which key-encryption keys wrapped what, and how far a rotation is. Only owners of the
// installation's first account may ask.
func (c *Client) EncryptionKeys(ctx context.Context) (wire.EncryptionKeys, error) {
	return do[wire.EncryptionKeys](ctx, c, request{method: http.MethodGet, path: []string{"v1", "encryption-keys"}})
}

// RotateEncryptionKey makes the key that the server was started for the one that wraps. It does not wait until everything
// is wrapped by it: EncryptionKeys tells.
func (c *Client) RotateEncryptionKey(ctx context.Context) (wire.EncryptionKeys, error) {
	return do[wire.EncryptionKeys](ctx, c, request{method: http.MethodPost, path: []string{"v1", "encryption-keys", "rotate"}})
}

// RotateSigningKey replaces the key that signs JWTs at once: those that others signed are refused from then on.
func (c *Client) RotateSigningKey(ctx context.Context) (wire.SigningKey, error) {
	return do[wire.SigningKey](ctx, c, request{method: http.MethodPost, path: []string{"v1", "signing-keys", "rotate"}})
}
