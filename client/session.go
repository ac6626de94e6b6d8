package client

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/lockage/lockage/wire"
)

// Refresh gets another JWT of the session that the client's own is of, while that lives.
func (c *Client) Refresh(ctx context.Context) (wire.Refreshed, error) {
	return bare[wire.Refreshed](ctx, c, request{method: http.MethodPost, path: []string{"admin", "auth", "refresh"}})
}

// Logout ends the session, with all its JWTs.
func (c *Client) Logout(ctx context.Context) error {
	_, err := bare[wire.AdminDone](ctx, c, request{method: http.MethodPost, path: []string{"admin", "auth", "logout"}})
	return err
}

// ListSessions lists the sessions of whoever the client acts for, newest first: a person's own, in all accounts.
func (c *Client) ListSessions(ctx context.Context) ([]wire.Session, error) {
	return do[[]wire.Session](ctx, c, request{method: http.MethodGet, path: []string{"v1", "sessions"}})
}

// EndSession ends one of one's own sessions: when it returns, no request of it passes any more.
func (c *Client) EndSession(ctx context.Context, id string) error {
	_, err := do[wire.Ended](ctx, c, request{method: http.MethodDelete, path: []string{"v1", "sessions", id}})
	return err
}

// EndOtherSessions ends all of one's own sessions but the client's.
func (c *Client) EndOtherSessions(ctx context.Context) error {
	_, err := do[wire.Ended](ctx, c, request{method: http.MethodDelete, path: []string{"v1", "sessions"}})
	return err
}

// ListMemberSessions lists the sessions that a member has in this account, newest first.
func (c *Client) ListMemberSessions(ctx context.Context, member string) ([]wire.Session, error) {
	return do[[]wire.Session](ctx, c, request{method: http.MethodGet, path: []string{"v1", "members", member, "sessions"}})
}

// EndMemberSessions ends all sessions that a member has in this account.
func (c *Client) EndMemberSessions(ctx context.Context, member string) error {
	_, err := do[wire.Ended](ctx, c, request{method: http.MethodDelete, path: []string{"v1", "members", member, "sessions"}})
	return err
}

// bare carries out an operation below /admin/auth, which answers without an envelope.
func bare[T any](ctx context.Context, c *Client, r request) (data T, err error) {
	a, err := c.send(ctx, r)
	if err != nil {
		return data, err
	}
	if a.status < 200 || a.status > 299 {
		var told wire.AdminFailure
		if json.Unmarshal(a.body, &told) == nil && told.Error != "" {
			return data, &Error{Status: a.status, Message: told.Error, RequestID: a.requestID}
		}
		return data, c.refusal(a)
	}
	if json.Unmarshal(a.body, &data) != nil {
		return data, &Error{
			Status: a.status, RequestID: a.requestID,
			Message: c.address + " does not answer in the form of Lockage's management API: check the address",
		}
	}
	return data, nil
}
