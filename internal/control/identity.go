package control

import (
	"context"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/fault"
)

// Identity is who somebody is, as far as it is their own business.
type Identity struct {
	Account   Account
	Kind      access.ActorKind
	ID        string
	Name      string
	Email     string    // of a member
	Grants    []Grant   // what is held now: of a token, within what its giver holds
	ExpiresAt time.Time // of a token; zero: never
	Session   *Session  // of a member
	IdleAt    time.Time // when the session is over without another request
}

// WhoAmI tells somebody who they are.
func (c *Control) WhoAmI(ctx context.Context, who access.Principal) (me Identity, err error) {
	err = c.read(ctx, who, access.IdentityRead, account, func(v *visit) error {
		me = Identity{Kind: who.Kind, ID: who.ID, Name: who.Name, Grants: v.showGrants(who.Grants)}
		if me.Account, err = v.AccountSettings(ctx); err != nil {
			return err
		}
		if who.Kind == access.TokenActor {
			t, err := v.Token(ctx, who.ID)
			if err != nil {
				return gone(err)
			}
			s, err := c.chainIn(ctx, v.Tx, v.Account()).standing(t)
			me.ExpiresAt = s.until
			return err
		}
		m, err := v.Member(ctx, who.ID)
		me.Name, me.Email = m.Name, m.Email
		if err != nil || who.Session == "" {
			return gone(err)
		}
		s, err := v.Session(ctx, who.Session)
		if err == nil {
			s.SeenAt = c.presence.last(s)
			me.Session, me.IdleAt = &s, s.SeenAt.Add(sessionIdle)
		}
		return gone(err)
	})
	return me, err
}

// Permission is whether an action is allowed, and why.
type Permission struct {
	Action      access.Action
	Scope       access.Scope
	Environment string // its name; "" for what concerns none
	Allowed     bool
	Grant       *Grant // the one that decided; nil where none did
	Why         string
}

// PermissionsOf says whose permissions are asked for: by the id of a member, of somebody invited, or of a token; "" is
// oneself.
type PermissionsOf struct {
	Holder      string
	Environment string // id or name; "": all that are seen
}

// Permissions explains what somebody may do, each action with what decides it. Others than oneself are for who may see
// members, and only in what they see themselves.
func (c *Control) Permissions(ctx context.Context, who access.Principal, of PermissionsOf) (list []Permission, err error) {
	err = c.read(ctx, who, access.PermissionRead, account, func(v *visit) error {
		whose := who
		if of.Holder != "" && of.Holder != who.ID {
			if err := access.Allow(who, access.MemberRead, access.Environment{}); err != nil {
				return err
			}
			if whose, err = c.holderOf(ctx, v, of.Holder); err != nil {
				return err
			}
		}
		places := []access.Environment{}
		for _, e := range v.pipeline {
			if who.Sees(e.ID) {
				places = append(places, access.Environment{ID: e.ID, Protected: e.Protected})
			}
		}
		if of.Environment != "" {
			e, err := v.seen(of.Environment)
			if err != nil {
				return err
			}
			places = []access.Environment{{ID: e.ID, Protected: e.Protected}}
		}
		list = v.explain(whose, places)
		return nil
	})
	return list, err
}

func (v *visit) explain(whose access.Principal, places []access.Environment) (list []Permission) {
	tell := func(a access.Action, scope access.Scope, e access.Environment) {
		x := access.Explain(whose, a, e, v.pipeline.NameOf)
		p := Permission{Action: a, Scope: scope, Environment: v.pipeline.NameOf(e.ID), Allowed: x.Allowed, Why: x.Why}
		if shown := v.showGrants([]access.Grant{x.Grant}); len(shown) == 1 {
			p.Grant = &shown[0]
		}
		if x.Grant.Role != access.None && p.Grant == nil {
			p.Why = "a grant in an environment that you do not see decides"
		}
		list = append(list, p)
	}
	for _, a := range access.Actions() {
		scope, _ := a.Scope()
		switch {
		case !a.Held():
		case scope == access.EnvironmentScope:
			for _, e := range places {
				tell(a, scope, e)
			}
		default:
			tell(a, scope, access.Environment{})
		}
	}
	return list
}

// holderOf is the principal that somebody else would be.
func (c *Control) holderOf(ctx context.Context, v *visit, id string) (p access.Principal, err error) {
	p = access.Principal{Account: v.Account(), Kind: access.MemberActor, ID: id}
	t, err := v.Token(ctx, id)
	switch {
	case err == nil:
		p.Kind = access.TokenActor
		s, err := c.chainIn(ctx, v.Tx, v.Account()).standing(t)
		if p.Grants = s.grants; fault.Is(err, fault.Unauthenticated) {
			p.Grants, err = nil, nil // it may nothing any more
		}
		return p, err
	case !fault.Is(err, fault.NotFound):
		return p, err
	}
	if err := v.IsMember(ctx, v.Account(), id); err != nil {
		if !fault.Is(err, fault.NotFound) {
			return p, err
		}
		if _, err := v.Invitation(ctx, id); err != nil {
			return p, err
		}
	}
	p.Grants, err = v.Grants(ctx, v.Account(), id)
	return p, err
}
