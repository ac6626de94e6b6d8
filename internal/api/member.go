package api

import (
	"context"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/web"
	"github.com/lockage/lockage/wire"
)

func (a *API) listMembers(ctx context.Context, c *call, in *page) ([]wire.Member, error) {
	list, next, err := a.control.ListMembers(ctx, c.who, pageOf(in.Limit, in.Cursor))
	c.next = next
	return convert(list, memberOf), err
}

func (a *API) getMember(ctx context.Context, c *call, in *byID) (wire.Member, error) {
	m, err := a.control.GetMember(ctx, c.who, in.ID)
	return memberOf(m), err
}

func (a *API) inviteMember(ctx context.Context, c *call, _ *none) (wire.MemberInvited, error) {
	b, err := decode[wire.MemberInvite](c)
	if err != nil {
		return wire.MemberInvited{}, err
	}
	out, err := a.control.InviteMember(ctx, c.who, b.Email, b.Name, grantsOf(b.Grants))
	return invitedOf(out), err
}

func (a *API) resendInvitation(ctx context.Context, c *call, in *byID) (wire.MemberInvited, error) {
	out, err := a.control.ResendInvitation(ctx, c.who, in.ID)
	return invitedOf(out), err
}

func (a *API) updateMember(ctx context.Context, c *call, in *byID) (wire.Member, error) {
	b, err := decode[wire.MemberUpdate](c)
	if err != nil {
		return wire.Member{}, err
	}
	var grants *[]control.Grant
	if b.Grants != nil {
		grants = new(grantsOf(*b.Grants))
	}
	m, err := a.control.UpdateMember(ctx, c.who, in.ID, b.Name, grants)
	return memberOf(m), err
}

func (a *API) removeMember(ctx context.Context, c *call, in *byID) (wire.MemberRemoved, error) {
	ended, err := a.control.RemoveMember(ctx, c.who, in.ID)
	return wire.MemberRemoved{Removed: true, TokensEnded: ended}, err
}

func (a *API) acceptInvitation(ctx context.Context, c *call, _ *none) (wire.InvitationAccepted, error) {
	b, err := decode[wire.InvitationAccept](c)
	clear(c.body)
	if err != nil {
		return wire.InvitationAccepted{}, err
	}
	j := control.Joining{Token: b.Token, Name: b.Name, Password: b.Password}
	if c.bearer != "" {
		if j.Session, err = a.control.AuthenticateMember(ctx, c.bearer, web.Request(ctx)); err != nil {
			return wire.InvitationAccepted{}, err
		}
	}
	out, err := a.control.AcceptInvitation(ctx, j, web.Request(ctx))
	return wire.InvitationAccepted{Account: wire.AccountRef{ID: out.Account.ID, Name: out.Account.Name}, Member: memberOf(out.Member)}, err
}

func memberOf(m control.Member) wire.Member {
	out := wire.Member{
		ID: m.ID, Email: m.Email, Name: m.Name, Status: "active", Grants: convert(m.Grants, grantOf),
		CreatedAt: wire.Time(m.CreatedAt), InvitedBy: m.InvitedBy, ExpiresAt: wire.Time(m.ExpiresAt),
	}
	if m.Invited {
		out.Status = "invited"
	}
	return out
}

// invitedOf is the one answer that may carry the link.
func invitedOf(i control.Invited) wire.MemberInvited {
	return wire.MemberInvited{Member: memberOf(i.Member), Sent: i.Sent, Link: i.Link}
}

func grantOf(g control.Grant) wire.Grant { return wire.Grant{Environment: g.Environment, Role: g.Role} }

func grantsOf(list []wire.Grant) []control.Grant {
	return convert(list, func(g wire.Grant) control.Grant { return control.Grant{Environment: g.Environment, Role: g.Role} })
}
