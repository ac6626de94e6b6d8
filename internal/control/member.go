package control

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// Member is a person in the account, or one who is invited and has not come yet.
type Member struct {
	ID        string
	Email     string
	Name      string
	Invited   bool
	Grants    []Grant
	CreatedAt time.Time
	InvitedBy string    // while invited
	ExpiresAt time.Time // of the invitation
}

// grantee is a member or an invitation, as stored.
type grantee struct {
	id, email, name string
	createdAt       time.Time
	invitation      *store.Invitation // nil of a member
	grants          []access.Grant
}

func (h grantee) target() audit.Target { return audit.Target{Kind: "member", ID: h.id, Name: h.email} }

func memberHolder(m store.Member) grantee {
	return grantee{id: m.ID, email: m.Email, name: m.Name, createdAt: m.CreatedAt}
}

func invitationHolder(i store.Invitation) grantee {
	return grantee{id: i.ID, email: i.Email, name: i.Name, createdAt: i.CreatedAt, invitation: &i}
}

func (v *visit) show(h grantee) Member {
	m := Member{ID: h.id, Email: h.email, Name: h.name, CreatedAt: h.createdAt, Grants: v.showGrants(h.grants)}
	if h.invitation != nil {
		m.Invited, m.InvitedBy, m.ExpiresAt = true, h.invitation.Sender, h.invitation.ExpiresAt
	}
	return m
}

// ofMember is the scope of a member or an invitation.
func ofMember(id string, h *grantee) scope {
	return func(ctx context.Context, v *visit) error {
		switch m, err := v.Member(ctx, id); {
		case err == nil:
			*h = memberHolder(m)
		case !fault.Is(err, fault.NotFound):
			return err
		default:
			i, err := v.Invitation(ctx, id)
			if fault.Is(err, fault.NotFound) {
				return v.afterRole(err)
			}
			if err != nil {
				return err
			}
			*h = invitationHolder(i)
		}
		v.target = h.target()
		grants, err := v.Grants(ctx, v.Account(), h.id)
		h.grants = grants
		return err
	}
}

// afterRole is what somebody without the role for it is refused with before they learn whether there is such a thing.
func (v *visit) afterRole(err error) error {
	if refusal := v.allow(v.environment); refusal != nil {
		return refusal
	}
	return err
}

// ListMembers lists members and who is invited, in order of creation.
func (c *Control) ListMembers(ctx context.Context, who access.Principal, p Page) (list []Member, next string, err error) {
	limit, after, err := p.open()
	if err != nil {
		return nil, "", err
	}
	err = c.read(ctx, who, access.MemberList, account, func(v *visit) error {
		members, err := v.Members(ctx, after, limit+1)
		if err != nil {
			return err
		}
		invitations, err := v.Invitations(ctx, after, limit+1)
		if err != nil {
			return err
		}
		var holders []grantee
		for _, m := range members {
			holders = append(holders, memberHolder(m))
		}
		for _, i := range invitations {
			holders = append(holders, invitationHolder(i))
		}
		slices.SortFunc(holders, func(a, b grantee) int { return cmp.Compare(a.id, b.id) })
		holders, next = cut(holders, limit, func(h grantee) string { return h.id })
		list = make([]Member, len(holders))
		for i, h := range holders {
			if h.grants, err = v.Grants(ctx, v.Account(), h.id); err != nil {
				return err
			}
			list[i] = v.show(h)
		}
		return nil
	})
	return list, next, err
}

// GetMember finds a member, or who is invited, by id.
func (c *Control) GetMember(ctx context.Context, who access.Principal, id string) (m Member, err error) {
	var h grantee
	err = c.read(ctx, who, access.MemberRead, ofMember(id, &h), func(v *visit) error {
		m = v.show(h)
		return nil
	})
	return m, err
}

// UpdateMember changes what a member is called and what they hold; nil leaves it. It holds from the member's next
// request on, and for the tokens they made.
func (c *Control) UpdateMember(ctx context.Context, who access.Principal, id string, name *string, written *[]Grant) (m Member, err error) {
	var h grantee
	err = c.write(ctx, who, access.MemberUpdate, ofMember(id, &h), func(v *visit) error {
		if err := c.holdsStill(ctx, v); err != nil {
			return err
		}
		if name != nil {
			if h.name, err = access.CheckName("name", *name); err != nil {
				return err
			}
			if err := v.renameHolder(ctx, h); err != nil {
				return err
			}
		}
		if written != nil {
			if err := v.regrant(ctx, &h, *written); err != nil {
				return err
			}
		}
		m = v.show(h)
		return nil
	})
	return m, err
}

func (v *visit) renameHolder(ctx context.Context, h grantee) error {
	v.detail = audit.Detail("name", h.name)
	if h.invitation != nil {
		h.invitation.Name = h.name
		return v.UpdateInvitation(ctx, *h.invitation)
	}
	return v.RenameMember(ctx, h.id, h.name)
}

// regrant gives a member other grants than they have by hand. Those that the principal does not see stay, and so does what
// groups at the login provider give.
func (v *visit) regrant(ctx context.Context, h *grantee, written []Grant) error {
	if h.id == v.who.ID || slices.Contains(v.givers, h.id) {
		return fault.New(fault.Forbidden, "nobody changes their own grants; ask another owner or admin")
	}
	grants, err := v.parseGrants(written)
	if err != nil {
		return err
	}
	byHand, err := v.GrantsByHand(ctx, v.Account(), h.id)
	if err != nil {
		return err
	}
	given := slices.DeleteFunc(slices.Clone(h.grants), func(g access.Grant) bool { return slices.Contains(byHand, g) })
	// what a group gives is not given by hand too by whoever sends back what they read
	grants = slices.DeleteFunc(grants, func(g access.Grant) bool { return slices.Contains(given, g) })
	grants = append(grants, v.unseen(byHand)...)
	after := slices.Clone(grants)
	for _, g := range given {
		if !slices.ContainsFunc(grants, func(o access.Grant) bool { return o.Environment == g.Environment }) {
			after = append(after, g)
		}
	}
	if err := access.CheckGiving(v.who, h.grants, after); err != nil {
		return err
	}
	if err := v.PutGrants(ctx, h.id, grants); err != nil {
		return err
	}
	if err := v.keepsAnOwner(ctx, h.grants); err != nil {
		return err
	}
	grants, h.grants = after, after
	if h.invitation != nil { // whoever comes may hold what was given by now, by whom it was
		h.invitation.SenderKind, h.invitation.SenderID, h.invitation.Sender = v.who.Kind, v.who.ID, v.who.Name
		if err := v.UpdateInvitation(ctx, *h.invitation); err != nil {
			return err
		}
	}
	detail := v.grantsDetail(grants)
	if v.detail["name"] != "" {
		detail["name"] = v.detail["name"]
	}
	v.detail = detail
	v.Serve() // their tokens hold no more than they do
	return nil
}

// grantsDetail tells the audit log what somebody holds from now on.
func (v *visit) grantsDetail(grants []access.Grant) map[string]string {
	return audit.Detail("grants", v.wordGrants(grants))
}

// keepsAnOwner refuses a change after which no member would own the whole account; before are the grants that are
// changed. Two who remove each other wait for one another at the account's head row, so the second is refused.
func (v *visit) keepsAnOwner(ctx context.Context, before []access.Grant) error {
	if !access.Owns(before) {
		return nil
	}
	ids, err := v.MemberIDs(ctx)
	if err != nil {
		return err
	}
	grants, err := v.GrantsByHolder(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if access.Owns(grants[id]) {
			return nil
		}
	}
	return fault.New(fault.Conflict, "the account would have no owner any more; make somebody else an owner first")
}

// RemoveMember takes a member out of the account, or an invitation back. It holds from the member's next request on, and
// for the tokens whose grants they gave: ended tells how many those are.
func (c *Control) RemoveMember(ctx context.Context, who access.Principal, id string) (ended int, err error) {
	var h grantee
	err = c.write(ctx, who, access.MemberRemove, ofMember(id, &h), func(v *visit) error {
		if err := c.holdsStill(ctx, v); err != nil {
			return err
		}
		if h.id == v.who.ID || slices.Contains(v.givers, h.id) {
			return fault.New(fault.Forbidden, "nobody removes themselves; ask another owner or admin")
		}
		if err := access.CheckGiving(v.who, h.grants, nil); err != nil {
			return err
		}
		if h.invitation != nil {
			v.detail = audit.Detail("type", "invitation")
			if err := v.DeleteInvitation(ctx, h.id); err != nil {
				return err
			}
			return v.PutGrants(ctx, h.id, nil)
		}
		if err := v.DeleteMember(ctx, h.id); err != nil {
			return err
		}
		if ended, err = v.tokensOf(ctx, h.id); err != nil {
			return err
		}
		v.detail = audit.Detail("type", "member")
		if ended > 0 {
			v.detail = audit.Detail("type", "member", "count", formatInt(int64(ended)))
		}
		v.Serve()
		return v.keepsAnOwner(ctx, h.grants)
	})
	return ended, err
}

// tokensOf counts the tokens that were live and whose grants somebody gave.
func (v *visit) tokensOf(ctx context.Context, giver string) (n int, err error) {
	tokens, err := v.Tokens(ctx)
	for _, t := range tokens {
		if t.GiverID == giver && t.Live(v.Now()) {
			n++
		}
	}
	return n, err
}
