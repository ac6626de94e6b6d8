package client

import (
	"context"
	"net/http"

	"github.com/lockage/lockage/wire"
)

// ListSecondFactors lists the second factors of whoever the credential is of.
func (c *Client) ListSecondFactors(ctx context.Context) (wire.SecondFactors, error) {
	return do[wire.SecondFactors](ctx, c, request{method: http.MethodGet, path: []string{"v1", "second-factors"}})
}

// CreateTOTP makes a key for an authenticator; it proves nothing until ConfirmTOTP.
func (c *Client) CreateTOTP(ctx context.Context, t wire.TOTPCreate) (wire.TOTP, error) {
	return do[wire.TOTP](ctx, c, request{method: http.MethodPost, path: []string{"v1", "second-factors", "totp"}, body: t})
}

// ConfirmTOTP shows that an authenticator makes the right codes. The answer has recovery codes where there were none.
func (c *Client) ConfirmTOTP(ctx context.Context, id string, t wire.TOTPConfirm) (wire.RecoveryCodes, error) {
	return do[wire.RecoveryCodes](ctx, c, request{method: http.MethodPost, path: []string{"v1", "second-factors", "totp", id, "confirm"}, body: t})
}

// BeginPasskey gets the question that a new passkey answers.
func (c *Client) BeginPasskey(ctx context.Context) (wire.PasskeyQuestion, error) {
	return do[wire.PasskeyQuestion](ctx, c, request{method: http.MethodPost, path: []string{"v1", "second-factors", "passkeys", "begin"}})
}

// CreatePasskey keeps a new passkey. The answer has recovery codes where there were none.
func (c *Client) CreatePasskey(ctx context.Context, p wire.PasskeyCreate) (wire.PasskeyCreated, error) {
	return do[wire.PasskeyCreated](ctx, c, request{method: http.MethodPost, path: []string{"v1", "second-factors", "passkeys"}, body: p})
}

// RenewRecoveryCodes puts new recovery codes in place of the old.
func (c *Client) RenewRecoveryCodes(ctx context.Context) (wire.RecoveryCodes, error) {
	return do[wire.RecoveryCodes](ctx, c, request{method: http.MethodPost, path: []string{"v1", "second-factors", "recovery-codes"}})
}

// DeleteSecondFactor removes a second factor.
func (c *Client) DeleteSecondFactor(ctx context.Context, id string) (wire.Removed, error) {
	return do[wire.Removed](ctx, c, request{method: http.MethodDelete, path: []string{"v1", "second-factors", id}})
}
