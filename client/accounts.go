package client

import (
	"context"
	"iter"
	"net/http"

	"github.com/lockage/lockage/wire"
)

// ListAccounts gives one page of the accounts that the caller belongs to, and where the next begins. With the operator's
// token it gives all there are.
func (c *Client) ListAccounts(ctx context.Context, p Page) ([]wire.AccountSummary, string, error) {
	return list[wire.AccountSummary](ctx, c, query{}, p, "v1", "accounts")
}

// Accounts goes through all of them.
func (c *Client) Accounts(ctx context.Context) iter.Seq2[wire.AccountSummary, error] {
	return all(func(p Page) ([]wire.AccountSummary, string, error) { return c.ListAccounts(ctx, p) })
}

// CreateAccount opens an account: with the operator's token for the owner that it names, whose link the answer carries
// unless it was mailed; with a person's session one of their own.
func (c *Client) CreateAccount(ctx context.Context, a wire.AccountCreate) (wire.AccountCreated, error) {
	return do[wire.AccountCreated](ctx, c, request{method: http.MethodPost, path: []string{"v1", "accounts"}, body: a, unkept: true})
}

// ConfirmAccount opens the account that a mailed link is for, with the session of who has its address.
func (c *Client) ConfirmAccount(ctx context.Context, a wire.AccountConfirm) (wire.AccountConfirmed, error) {
	return do[wire.AccountConfirmed](ctx, c, request{method: http.MethodPost, path: []string{"v1", "accounts", "confirm"}, body: a, unkept: true})
}

// SwitchAccount goes on in another account that the person belongs to, with another session; the client's own is over.
func (c *Client) SwitchAccount(ctx context.Context, s wire.Switch) (wire.LoginAnswer, error) {
	return bare[wire.LoginAnswer](ctx, c, request{method: http.MethodPost, path: []string{"admin", "auth", "switch"}, body: s, unkept: true})
}
