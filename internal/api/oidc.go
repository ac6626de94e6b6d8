package api

import (
	"context"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/web"
	"github.com/lockage/lockage/wire"
)

func (a *API) beginProviderLogin(ctx context.Context, _ *call, _ *none) (wire.ProviderLogin, error) {
	l, err := a.control.BeginProviderLogin(ctx)
	return providerLoginOf(l), err
}

func providerLoginOf(l control.ProviderLogin) wire.ProviderLogin {
	return wire.ProviderLogin{URL: l.URL, Secret: l.Secret, ExpiresAt: wire.Time(l.ExpiresAt)}
}

func (a *API) loginAtProvider(ctx context.Context, c *call, _ *none) (wire.LoginAnswer, error) {
	b, err := decode[wire.ProviderProof](c)
	if err != nil {
		return wire.LoginAnswer{}, err
	}
	in, err := a.control.LoginAtProvider(ctx, control.ProviderAnswer{Code: b.Code, State: b.State, Secret: b.Secret},
		control.LoginRequest{Account: b.Account, Agent: c.agent}, web.Request(ctx))
	return loginOf(in), err
}

func (a *API) getProviderLink(ctx context.Context, c *call, _ *none) (wire.ProviderLink, error) {
	l, err := a.control.GetProviderLink(ctx, c.who)
	return providerLinkOf(l), err
}

func providerLinkOf(l control.ProviderLink) wire.ProviderLink {
	return wire.ProviderLink{Issuer: l.Issuer, Linked: l.Linked, Email: l.Email, CreatedAt: wire.Time(l.CreatedAt), LastUsedAt: wire.Time(l.UsedAt)}
}

func (a *API) beginProviderLink(ctx context.Context, c *call, _ *none) (wire.ProviderLogin, error) {
	l, err := a.control.BeginProviderLink(ctx, c.who)
	return providerLoginOf(l), err
}

func (a *API) linkProvider(ctx context.Context, c *call, _ *none) (wire.ProviderLink, error) {
	b, err := decode[wire.ProviderAnswer](c)
	if err != nil {
		return wire.ProviderLink{}, err
	}
	l, err := a.control.LinkProvider(ctx, c.who, control.ProviderAnswer{Code: b.Code, State: b.State, Secret: b.Secret})
	return providerLinkOf(l), err
}

func (a *API) unlinkProvider(ctx context.Context, c *call, _ *none) (wire.Removed, error) {
	return wire.Removed{Removed: true}, a.control.UnlinkProvider(ctx, c.who)
}

func groupsOf(list []wire.GroupGrants) []access.GroupGrants {
	return convert(list, func(g wire.GroupGrants) access.GroupGrants {
		return access.GroupGrants{Group: g.Group, Grants: convert(g.Grants, func(w wire.Grant) access.Grant {
			return access.Grant{Environment: w.Environment, Role: access.Role(w.Role)}
		})}
	})
}

func groupLoginOf(l access.GroupLogin) wire.GroupLogin {
	return wire.GroupLogin{Only: l.Only, Groups: convert(l.Groups, func(g access.GroupGrants) wire.GroupGrants {
		return wire.GroupGrants{Group: g.Group, Grants: convert(g.Grants, func(held access.Grant) wire.Grant {
			return wire.Grant{Environment: held.Environment, Role: string(held.Role)}
		})}
	})}
}
