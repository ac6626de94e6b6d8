package api

import (
	"context"

	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/mask"
	"github.com/lockage/lockage/wire"
)

func (a *API) getAccount(ctx context.Context, c *call, _ *none) (wire.Account, error) {
	found, err := a.control.GetAccount(ctx, c.who)
	return accountOf(found), err
}

func (a *API) updateAccount(ctx context.Context, c *call, _ *none) (wire.Account, error) {
	b, err := decode[wire.AccountUpdate](c)
	if err != nil {
		return wire.Account{}, err
	}
	f := control.AccountFields{CommitMessageRequired: b.CommitMessageRequired}
	if o := b.Obfuscation; o != nil {
		f.ObfuscationKeep = o.Keep
		if o.Fields != nil {
			f.ObfuscationFields = new(convert(*o.Fields, func(w wire.ObfuscationField) mask.Field {
				return mask.Field{Path: w.Path, Class: mask.Class(w.Class)}
			}))
		}
	}
	switch s := b.SecondFactor; s {
	case "":
	case "off", "required":
		required := s == "required"
		f.SecondFactor = &required
	default:
		return wire.Account{}, fault.Refused("second_factor", "must be off or required")
	}
	if s := b.StepUp; s != nil {
		f.StepUp = &control.StepUpFields{Values: s.Values, Promotions: s.Promotions, Grants: s.Grants, Tokens: s.AllowTokens, MaxAge: s.MaxAge}
	}
	if o := b.OIDC; o != nil {
		f.ProviderOnly = o.Only
		if o.Groups != nil {
			f.Groups = new(groupsOf(*o.Groups))
		}
	}
	if b.Audit != nil {
		f.AuditRetention = b.Audit.Retention
	}
	changed, err := a.control.UpdateAccount(ctx, c.who, f)
	return accountOf(changed), err
}

func accountOf(s control.Account) wire.Account {
	out := wire.Account{
		ID: s.ID, Name: s.Name, CommitMessageRequired: s.CommitMessageRequired, SecondFactor: "off", OIDC: groupLoginOf(s.OIDC), CreatedAt: wire.Time(s.CreatedAt),
		Audit: wire.AuditRules{Retention: audit.FormatRetention(s.AuditRetention)},
		Obfuscation: wire.Obfuscation{
			Fields: convert(s.Obfuscation.Fields, func(f mask.Field) wire.ObfuscationField {
				return wire.ObfuscationField{Path: f.Path, Class: string(f.Class)}
			}),
			Keep: convert(s.Obfuscation.Keep, func(path string) string { return path }),
		},
		StepUp: wire.StepUp{
			Values: s.StepUp.Values, Promotions: s.StepUp.Promotions, Grants: s.StepUp.Grants, AllowTokens: s.StepUp.Tokens, MaxAge: s.StepUp.Age().String(),
		},
	}
	if s.SecondFactor {
		out.SecondFactor = "required"
	}
	return out
}
