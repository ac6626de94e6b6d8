package client

import (
	"context"
	"iter"
	"net/http"

	"github.com/lockage/lockage/wire"
)

// ListMembers gives one page of members, and who is invited, and where the next begins.
func (c *Client) ListMembers(ctx context.Context, p Page) ([]wire.Member, string, error) {
	return list[wire.Member](ctx, c, query{}, p, "v1", "members")
}

// Members goes through all of them.
func (c *Client) Members(ctx context.Context) iter.Seq2[wire.Member, error] {
	return all(func(p Page) ([]wire.Member, string, error) { return c.ListMembers(ctx, p) })
}

// GetMember gives a member by id.
func (c *Client) GetMember(ctx context.Context, id string) (wire.Member, error) {
	return do[wire.Member](ctx, c, request{method: http.MethodGet, path: []string{"v1", "members", id}})
}

// InviteMember invites somebody; the answer carries the link unless it was mailed.
func (c *Client) InviteMember(ctx context.Context, m wire.MemberInvite) (wire.MemberInvited, error) {
	return do[wire.MemberInvited](ctx, c, request{method: http.MethodPost, path: []string{"v1", "members"}, body: m})
}

// ResendInvitation makes a new link; the one before is dead.
func (c *Client) ResendInvitation(ctx context.Context, id string) (wire.MemberInvited, error) {
	return do[wire.MemberInvited](ctx, c, request{method: http.MethodPost, path: []string{"v1", "members", id, "resend"}})
}

// UpdateMember changes the fields that are set.
func (c *Client) UpdateMember(ctx context.Context, id string, m wire.MemberUpdate) (wire.Member, error) {
	return do[wire.Member](ctx, c, request{method: http.MethodPatch, path: []string{"v1", "members", id}, body: m})
}

// RemoveMember removes a member, or takes an invitation back; it holds from their next request on.
func (c *Client) RemoveMember(ctx context.Context, id string) (wire.MemberRemoved, error) {
	return do[wire.MemberRemoved](ctx, c, request{method: http.MethodDelete, path: []string{"v1", "members", id}})
}

// CreatePasswordReset makes a link with which a member sets a new password; it is shown once.
func (c *Client) CreatePasswordReset(ctx context.Context, id string) (wire.ResetLink, error) {
	return do[wire.ResetLink](ctx, c, request{method: http.MethodPost, path: []string{"v1", "members", id, "reset"}})
}

// WhoAmI gives who the credential stands for.
func (c *Client) WhoAmI(ctx context.Context) (wire.Identity, error) {
	return do[wire.Identity](ctx, c, request{method: http.MethodGet, path: []string{"v1", "whoami"}})
}

// PermissionQuery says whose permissions are asked for, and where; all empty: one's own, everywhere.
type PermissionQuery struct{ Member, Token, Environment string }

// Permissions gives each action with what decides it.
func (c *Client) Permissions(ctx context.Context, q PermissionQuery) ([]wire.Permission, error) {
	parameters := query{"member": q.Member, "token": q.Token, "environment": q.Environment}
	return do[[]wire.Permission](ctx, c, request{method: http.MethodGet, path: []string{"v1", "permissions"}, query: parameters.values()})
}
