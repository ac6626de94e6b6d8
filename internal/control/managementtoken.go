package control

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// Token is a management token as people see it.
type Token struct {
	store.Token
	Grants []Grant
	Ended  bool // it is neither revoked nor expired, but whoever gave it what it holds does not stand any more
}

// TokenFields are what may be set of a token; nil leaves it, or is the default of a new one.
type TokenFields struct {
	Name      *string
	Grants    *[]Grant
	ExpiresAt *time.Time // zero: never
	Addresses *[]string  // ranges it may be used from, in CIDR form, or single addresses; none: everywhere
}

func tokenTarget(t store.Token) audit.Target {
	return audit.Target{Kind: "token", ID: t.ID, Name: t.Name}
}

// ofToken is the scope of a management token.
func ofToken(id string, t *store.Token) scope {
	return func(ctx context.Context, v *visit) error {
		found, err := v.Token(ctx, id)
		if fault.Is(err, fault.NotFound) {
			return v.afterRole(err)
		}
		*t, v.target = found, tokenTarget(found)
		return err
	}
}

func (c *Control) showToken(ctx context.Context, v *visit, t store.Token) (out Token, err error) {
	grants, err := v.Grants(ctx, v.Account(), t.ID)
	if err != nil {
		return out, err
	}
	if last := c.tokenUses.pending(t.Account, t.ID); last.After(t.LastUsedAt) {
		t.LastUsedAt = last
	}
	out = Token{Token: t, Grants: v.showGrants(grants)}
	if !t.Live(v.Now()) {
		return out, nil
	}
	_, err = c.chainIn(ctx, v.Tx, v.Account()).standing(t)
	if out.Ended = fault.Is(err, fault.Unauthenticated); out.Ended {
		err = nil
	}
	return out, err
}

// ListTokens lists management tokens in order of creation, without the tokens themselves.
func (c *Control) ListTokens(ctx context.Context, who access.Principal, p Page) (list []Token, next string, err error) {
	limit, after, err := p.open()
	if err != nil {
		return nil, "", err
	}
	err = c.read(ctx, who, access.TokenList, account, func(v *visit) error {
		tokens, err := v.TokensAfter(ctx, after, limit+1)
		if err != nil {
			return err
		}
		tokens, next = cut(tokens, limit, func(t store.Token) string { return t.ID })
		list = make([]Token, len(tokens))
		for i, t := range tokens {
			if list[i], err = c.showToken(ctx, v, t); err != nil {
				return err
			}
		}
		return nil
	})
	return list, next, err
}

// GetToken finds a management token by id; it never yields the token itself.
func (c *Control) GetToken(ctx context.Context, who access.Principal, id string) (out Token, err error) {
	var t store.Token
	err = c.read(ctx, who, access.TokenRead, ofToken(id, &t), func(v *visit) error {
		out, err = c.showToken(ctx, v, t)
		return err
	})
	return out, err
}

// CreateToken makes a management token that holds no more than who makes it, now and whenever it is used: it ends with
// them. The credential is answered here and never again.
func (c *Control) CreateToken(ctx context.Context, who access.Principal, f TokenFields) (out Token, shown apikey.Credential, err error) {
	err = c.write(ctx, who, access.TokenCreate, account, func(v *visit) error {
		if err := c.holdsStill(ctx, v); err != nil {
			return err
		}
		if len(v.givers) >= chainMost {
			return fault.New(fault.Conflict, "tokens make tokens at most %d deep; make this one as a member", chainMost)
		}
		if f.Name == nil {
			return fault.Refused("name", "is required")
		}
		if f.Grants == nil || len(*f.Grants) == 0 {
			return fault.Refused("grants", `must hold at least one, for example {"environment": "development", "role": "developer"}`)
		}
		shown = apikey.Generate(apikey.Token)
		t := store.Token{
			Account: v.Account(), ID: newID(), Digest: c.digester.Sum(shown.Reveal()), Prefix: shown.Prefix(), LastFour: shown.LastFour(),
			CreatedAt: v.Now(), CreatedBy: v.who.Name,
		}
		t, grants, err := v.applyToken(t, nil, f)
		if err != nil {
			return err
		}
		if err := v.InsertToken(ctx, t); err != nil {
			return err
		}
		if err := v.PutGrants(ctx, t.ID, grants); err != nil {
			return err
		}
		v.target, v.detail = tokenTarget(t), v.tokenDetail(t, grants, f)
		v.Serve()
		out, err = c.showToken(ctx, v, t)
		return err
	})
	if err != nil {
		return Token{}, apikey.Credential{}, err
	}
	return out, shown, nil
}

// UpdateToken changes a token. Who changes its grants answers for them from then on: the token ends with them, and no
// more with whoever gave the grants before.
func (c *Control) UpdateToken(ctx context.Context, who access.Principal, id string, f TokenFields) (out Token, err error) {
	var t store.Token
	err = c.write(ctx, who, access.TokenUpdate, ofToken(id, &t), func(v *visit) error {
		held, err := c.mayChangeToken(ctx, v, t)
		if err != nil {
			return err
		}
		if !t.RevokedAt.IsZero() {
			return fault.New(fault.Conflict, "the token is revoked, which cannot be undone; create another")
		}
		t, grants, err := v.applyToken(t, held, f)
		if err != nil {
			return err
		}
		if f.Grants != nil {
			if err := v.PutGrants(ctx, t.ID, grants); err != nil {
				return err
			}
		}
		if err := v.Tx.UpdateToken(ctx, t); err != nil {
			return err
		}
		v.detail = v.tokenDetail(t, grants, f)
		v.Serve()
		out, err = c.showToken(ctx, v, t)
		return err
	})
	return out, err
}

// RevokeToken ends a token, and with it those that it gave what they hold. The gateway refuses them from this answer on.
// Revoking twice is no error.
func (c *Control) RevokeToken(ctx context.Context, who access.Principal, id string) error {
	var t store.Token
	return c.write(ctx, who, access.TokenRevoke, ofToken(id, &t), func(v *visit) error {
		held, err := v.Grants(ctx, v.Account(), t.ID)
		if err != nil {
			return err
		}
		if t.ID != v.who.ID { // a token that leaked ends itself
			if _, err := c.mayChangeToken(ctx, v, t); err != nil {
				return err
			}
			if err := access.CheckGiving(v.who, held, nil); err != nil {
				return err
			}
		}
		if t.RevokedAt.IsZero() {
			t.RevokedAt = v.Now()
		}
		v.Serve()
		return v.Tx.UpdateToken(ctx, t)
	})
}

// mayChangeToken answers what a token was given, to who may change it: nobody changes what they act with, nor what that
// was made with.
func (c *Control) mayChangeToken(ctx context.Context, v *visit, t store.Token) ([]access.Grant, error) {
	if err := c.holdsStill(ctx, v); err != nil {
		return nil, err
	}
	if t.ID == v.who.ID || slices.Contains(v.givers, t.ID) {
		return nil, fault.New(fault.Forbidden, "nobody changes their own grants, nor those of the token they were made with; ask another owner or admin")
	}
	return v.Grants(ctx, v.Account(), t.ID)
}

// applyToken checks and sets what is given. Whatever it is, it takes somebody who could give what the token holds: a
// longer life, or another address, is worth as much.
func (v *visit) applyToken(t store.Token, held []access.Grant, f TokenFields) (_ store.Token, grants []access.Grant, err error) {
	grants = held
	if f.Grants != nil {
		if grants, err = v.parseGrants(*f.Grants); err != nil {
			return t, nil, err
		}
		grants = append(grants, v.unseen(held)...)
		t.GiverKind, t.GiverID, t.Giver = v.who.Kind, v.who.ID, v.who.Name
	}
	if err := access.CheckGiving(v.who, held, grants); err != nil {
		return t, nil, err
	}
	if err := access.CheckGiving(v.who, nil, grants); err != nil {
		return t, nil, err
	}
	if f.Name != nil {
		if t.Name, err = access.CheckName("name", *f.Name); err != nil {
			return t, nil, err
		}
	}
	if f.ExpiresAt != nil {
		if !f.ExpiresAt.IsZero() && !f.ExpiresAt.After(v.Now()) {
			return t, nil, fault.Refused("expires_at", "must lie in the future")
		}
		t.ExpiresAt = f.ExpiresAt.UTC().Truncate(time.Millisecond)
		if f.ExpiresAt.IsZero() {
			t.ExpiresAt = time.Time{}
		}
	}
	if f.Addresses != nil {
		if t.Addresses, err = parseAddresses(*f.Addresses); err != nil {
			return t, nil, err
		}
	}
	return t, grants, nil
}

const addressesMost = 50

// parseAddresses reads ranges in CIDR form; a single address is a range of one.
func parseAddresses(texts []string) (list []netip.Prefix, err error) {
	if len(texts) > addressesMost {
		return nil, fault.Refused("addresses", "may have %d ranges at most", addressesMost)
	}
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if a, single := netip.ParseAddr(text); single == nil && a.Zone() == "" {
			p, err = netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), nil
		}
		if err != nil || p.Addr().Is4In6() {
			return nil, fault.Refused("addresses", "must be addresses or ranges in CIDR form, for example 10.0.0.0/8 or 2001:db8::/32")
		}
		if p = p.Masked(); !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list, nil
}

// tokenDetail tells the audit log what was set.
func (v *visit) tokenDetail(t store.Token, grants []access.Grant, f TokenFields) map[string]string {
	var pairs []string
	if f.Name != nil {
		pairs = append(pairs, "name", t.Name)
	}
	if f.Grants != nil {
		pairs = append(pairs, "grants", v.wordGrants(grants))
	}
	if f.ExpiresAt != nil {
		pairs = append(pairs, "expires_at", wordExpiry(t.ExpiresAt))
	}
	if f.Addresses != nil {
		text := "everywhere"
		for i, a := range t.Addresses {
			if i == 0 {
				text = a.String()
				continue
			}
			text += ", " + a.String()
		}
		pairs = append(pairs, "addresses", text)
	}
	return audit.Detail(pairs...)
}

func wordExpiry(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}
