package api

import (
	"cmp"
	"context"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/wire"
)

func (a *API) whoAmI(ctx context.Context, c *call, _ *none) (wire.Identity, error) {
	me, err := a.control.WhoAmI(ctx, c.who)
	out := wire.Identity{
		Account: wire.AccountRef{ID: me.Account.ID, Name: me.Account.Name}, Kind: string(me.Kind), ID: me.ID, Name: me.Name, Email: me.Email,
		Grants: convert(me.Grants, grantOf), ExpiresAt: wire.Time(me.ExpiresAt),
	}
	if s := me.Session; s != nil {
		out.Session = &wire.IdentitySession{
			ID: s.ID, Methods: s.Methods, CreatedAt: wire.Time(s.CreatedAt), ProvedAt: wire.Time(s.ProvedAt), ExpiresAt: wire.Time(s.ExpiresAt), IdleExpiresAt: wire.Time(me.IdleAt),
		}
	}
	return out, err
}

type permissionQuery struct {
	Member      string `query:"member" doc:"Whose: the id of a member or of somebody invited; oneself where it is left out."`
	Token       string `query:"token" doc:"Whose: the id of a token."`
	Environment string `query:"environment" doc:"Id or name of the environment; all of them where it is left out."`
}

func (a *API) listPermissions(ctx context.Context, c *call, in *permissionQuery) ([]wire.Permission, error) {
	if in.Member != "" && in.Token != "" {
		return nil, fault.Refused("token", "is given beside member; ask for one")
	}
	list, err := a.control.Permissions(ctx, c.who, control.PermissionsOf{Holder: cmp.Or(in.Member, in.Token), Environment: in.Environment})
	return convert(list, permissionOf), err
}

func permissionOf(p control.Permission) wire.Permission {
	out := wire.Permission{
		Action: string(p.Action), Scope: scopeName(p.Scope), Environment: p.Environment, Allowed: p.Allowed, Why: p.Why,
	}
	if p.Grant != nil {
		out.Grant = new(grantOf(*p.Grant))
	}
	return out
}

func scopeName(s access.Scope) string {
	switch s {
	case access.EnvironmentScope:
		return "environment"
	case access.AnywhereScope:
		return "anywhere"
	case access.AccountScope:
		return "account"
	default:
		return "self"
	}
}
