package api

import (
	"cmp"
	"context"
	"net/netip"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/wire"
)

// tokenUpdate is the body of PATCH /v1/tokens/{id}; absent fields stay as they are, grants and addresses replace all of
// them, and a null expires_at takes the expiry away.
type tokenUpdate struct {
	Name      *string       `json:"name,omitempty"`
	Grants    *[]wire.Grant `json:"grants,omitempty"`
	ExpiresAt clearable     `json:"expires_at,omitzero"`
	Addresses *[]string     `json:"addresses,omitempty"`
}

func (a *API) listTokens(ctx context.Context, c *call, in *page) ([]wire.Token, error) {
	list, next, err := a.control.ListTokens(ctx, c.who, pageOf(in.Limit, in.Cursor))
	c.next = next
	return convert(list, a.tokenOf), err
}

func (a *API) getToken(ctx context.Context, c *call, in *byID) (wire.Token, error) {
	t, err := a.control.GetToken(ctx, c.who, in.ID)
	return a.tokenOf(t), err
}

func (a *API) createToken(ctx context.Context, c *call, _ *none) (wire.Token, error) {
	b, err := decode[wire.TokenCreate](c)
	if err != nil {
		return wire.Token{}, err
	}
	t, credential, err := a.control.CreateToken(ctx, c.who, control.TokenFields{
		Name: &b.Name, Grants: new(grantsOf(b.Grants)), ExpiresAt: timeOf(b.ExpiresAt), Addresses: &b.Addresses,
	})
	out := a.tokenOf(t)
	out.Token = credential.Reveal()
	return out, err
}

func (a *API) updateToken(ctx context.Context, c *call, in *byID) (wire.Token, error) {
	b, err := decode[tokenUpdate](c)
	if err != nil {
		return wire.Token{}, err
	}
	f := control.TokenFields{Name: b.Name, ExpiresAt: b.ExpiresAt.time(), Addresses: b.Addresses}
	if b.Grants != nil {
		f.Grants = new(grantsOf(*b.Grants))
	}
	t, err := a.control.UpdateToken(ctx, c.who, in.ID, f)
	return a.tokenOf(t), err
}

func (a *API) revokeToken(ctx context.Context, c *call, in *byID) (wire.Revoked, error) {
	return wire.Revoked{Revoked: true}, a.control.RevokeToken(ctx, c.who, in.ID)
}

func (a *API) tokenOf(t control.Token) wire.Token {
	return wire.Token{
		ID: t.ID, Name: t.Name, Status: tokenStatus(t, a.now()), Grants: convert(t.Grants, grantOf),
		GivenBy:   wire.TokenGiver{Kind: cmp.Or(string(t.GiverKind), string(access.SystemActor)), ID: t.GiverID, Name: t.Giver},
		Addresses: convert(t.Addresses, netip.Prefix.String), Prefix: t.Prefix, LastFour: t.LastFour,
		CreatedAt: wire.Time(t.CreatedAt), CreatedBy: t.CreatedBy, LastUsedAt: wire.Time(t.LastUsedAt),
		ExpiresAt: wire.Time(t.ExpiresAt), RevokedAt: wire.Time(t.RevokedAt),
	}
}

func tokenStatus(t control.Token, now time.Time) string {
	switch {
	case !t.RevokedAt.IsZero():
		return "revoked"
	case !t.Live(now):
		return "expired"
	case t.Ended:
		return "ended"
	}
	return "active"
}
