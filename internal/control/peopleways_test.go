package control_test

import (
	"context"
	"testing"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
)

// people are the operations on members and tokens, in an order in which each succeeds.
func (x *fixture) people() []operation {
	var member, token string // ids
	note := func(prepared *string, find func(t *testing.T) string) func(*testing.T) {
		return func(t *testing.T) { t.Helper(); *prepared = find(t) }
	}
	dana := note(&member, func(t *testing.T) string {
		t.Helper()
		list, _, err := x.ListMembers(t.Context(), x.owner, all)
		for _, m := range list {
			if m.Email == "dana@example.com" {
				return m.ID
			}
		}
		t.Fatalf("dana is not in %v (%v)", list, err)
		return ""
	})
	ci := note(&token, func(t *testing.T) string {
		t.Helper()
		list, _, err := x.ListTokens(t.Context(), x.owner, all)
		for _, k := range list {
			if k.Name == "ci" {
				return k.ID
			}
		}
		t.Fatalf("ci is not in %v (%v)", list, err)
		return ""
	})
	return []operation{
		{"invite somebody", access.MemberInvite, "", "member dana@example.com", []string{"grants", "development developer"}, func(ctx context.Context, who access.Principal) error {
			_, err := x.InviteMember(ctx, who, "dana@example.com", "Dana", granting("development", "developer"))
			return err
		}, nil},
		{"invite them again", access.MemberInvite, "", "member dana@example.com", []string{"grants", "development developer"}, func(ctx context.Context, who access.Principal) error {
			_, err := x.ResendInvitation(ctx, who, member)
			return err
		}, dana},
		{"give them more", access.MemberUpdate, "", "member dana@example.com", []string{"name", "D.", "grants", "* viewer, development developer"}, func(ctx context.Context, who access.Principal) error {
			_, err := x.UpdateMember(ctx, who, member, ptr("D."), new(granting("*", "viewer", "development", "developer")))
			return err
		}, dana},
		{"take the invitation back", access.MemberRemove, "", "member dana@example.com", []string{"type", "invitation"}, func(ctx context.Context, who access.Principal) error {
			_, err := x.RemoveMember(ctx, who, member)
			return err
		}, dana},
		{"create a token", access.TokenCreate, "", "token ci", []string{"name", "ci", "grants", "development developer", "addresses", "10.0.0.0/8, 192.0.2.1/32"}, func(ctx context.Context, who access.Principal) error {
			_, _, err := x.CreateToken(ctx, who, control.TokenFields{
				Name: ptr("ci"), Grants: new(granting("development", "developer")), Addresses: &[]string{"10.0.0.0/8", "192.0.2.1"},
			})
			return err
		}, nil},
		{"change it", access.TokenUpdate, "", "token ci", []string{"addresses", "everywhere"}, func(ctx context.Context, who access.Principal) error {
			_, err := x.UpdateToken(ctx, who, token, control.TokenFields{Addresses: &[]string{}})
			return err
		}, ci},
		{"revoke it", access.TokenRevoke, "", "token ci", nil, func(ctx context.Context, who access.Principal) error {
			return x.RevokeToken(ctx, who, token)
		}, ci},
	}
}
