package control

import (
	"context"
	"slices"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// ProviderLink says who the principal is at the login provider.
type ProviderLink struct {
	Issuer    string // of the provider that is set up; "": none is
	Linked    bool
	Email     string // there, when it was linked
	CreatedAt time.Time
	UsedAt    time.Time
}

func (c *Control) linkOf(ctx context.Context, tx *store.Tx, person string) (l ProviderLink, err error) {
	if c.provider == nil {
		return l, nil
	}
	l.Issuer = c.provider.Issuer()
	list, err := tx.OIDCLinks(ctx, person)
	if i := slices.IndexFunc(list, func(o store.OIDCLink) bool { return o.Issuer == l.Issuer }); i >= 0 {
		l.Linked, l.Email, l.CreatedAt, l.UsedAt = true, list[i].Email, list[i].CreatedAt, list[i].UsedAt
	}
	return l, err
}

// GetProviderLink answers who the principal is at the login provider.
func (c *Control) GetProviderLink(ctx context.Context, who access.Principal) (l ProviderLink, err error) {
	err = c.read(ctx, who, access.ProviderRead, account, func(v *visit) error {
		l, err = c.linkOf(ctx, v.Tx, who.Person)
		return err
	})
	return l, err
}

// BeginProviderLink sends the principal's browser to the login provider, to link who they are there.
func (c *Control) BeginProviderLink(ctx context.Context, who access.Principal) (l ProviderLogin, err error) {
	if err := c.read(ctx, who, access.ProviderLink, c.changes, func(*visit) error { return nil }); err != nil {
		return l, err
	}
	return c.beginProvider(ctx, purposeLink, who.Session)
}

// LinkProvider links who the principal is at the login provider, as the answer to a login that this session began says.
// From then on they log in there.
func (c *Control) LinkProvider(ctx context.Context, who access.Principal, a ProviderAnswer) (l ProviderLink, err error) {
	if err := c.read(ctx, who, access.ProviderLink, c.changes, func(*visit) error { return nil }); err != nil {
		return l, err
	}
	there, refusal := c.identified(ctx, purposeLink, who.Session, a)
	if refusal != nil && !fault.Is(refusal, fault.Unauthenticated) {
		return l, refusal
	}
	err = c.write(ctx, who, access.ProviderLink, c.changes, func(v *visit) error {
		v.target = audit.Target{Kind: "member", ID: who.ID, Name: who.Name}
		if refusal != nil { // whoever asks is known: it is what they sent that is wrong
			return fault.New(fault.Invalid, "%s", refusal.Error())
		}
		l, err = c.linkOf(ctx, v.Tx, who.Person)
		if err != nil {
			return err
		}
		if l.Linked {
			return fault.New(fault.Conflict, "the login provider is linked already; unlink it first")
		}
		now := v.Now()
		added, err := v.InsertOIDCLink(ctx, store.OIDCLink{
			Issuer: there.Issuer, Subject: there.Subject, PersonID: who.Person, Email: printable(there.Email, emailMost), CreatedAt: now,
		})
		if err != nil {
			return err
		}
		if !added {
			return fault.New(fault.Conflict, "who you are at the login provider is linked to somebody else here")
		}
		l, err = c.linkOf(ctx, v.Tx, who.Person)
		return err
	})
	if err != nil {
		return ProviderLink{}, err
	}
	return l, nil
}

// UnlinkProvider has the provider prove nothing about the principal any more. Who has no password would be nobody then.
func (c *Control) UnlinkProvider(ctx context.Context, who access.Principal) error {
	return c.write(ctx, who, access.ProviderUnlink, c.changes, func(v *visit) error {
		v.target = audit.Target{Kind: "member", ID: who.ID, Name: who.Name}
		if c.provider == nil {
			return errNoProvider()
		}
		p, err := v.Person(ctx, who.Person)
		if err != nil {
			return err
		}
		if p.PasswordHash == "" {
			return fault.New(fault.Conflict, "you have no password to log in with afterwards; set one first")
		}
		n, err := v.DeleteOIDCLinks(ctx, who.Person, c.provider.Issuer())
		if err == nil && n == 0 {
			err = fault.New(fault.NotFound, "the login provider is not linked")
		}
		return err
	})
}
