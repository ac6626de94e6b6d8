package control

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// chainMost is how deep tokens may make tokens. Each link is looked up whenever the last one is used.
const chainMost = 8

// chain is where those are looked up who gave a token what it holds: one by one for a request, or in what was read of the
// whole account.
type chain struct {
	now    time.Time
	token  func(id string) (store.Token, error)
	grants func(holder string) ([]access.Grant, error)
	member func(id string) error
}

// standing is what a token may do now.
type standing struct {
	grants    []access.Grant   // what it was given, within what each of its givers holds
	givers    []string         // their ids, the nearest first
	until     time.Time        // when the first of the tokens among them expires; zero: never
	addresses [][]netip.Prefix // each list must hold the address it is used from
}

// standing walks from a token to who gave it what it holds, and on to a member or the system. It fails with
// errCredential when the token, or one of those, does not stand any more.
func (c chain) standing(t store.Token) (s standing, err error) {
	if s.grants, err = c.grants(t.ID); err != nil {
		return s, err
	}
	for {
		if !t.Live(c.now) || len(s.givers) > chainMost || slices.Contains(s.givers[:max(len(s.givers)-1, 0)], t.ID) {
			return s, errCredential()
		}
		if s.until.IsZero() || !t.ExpiresAt.IsZero() && t.ExpiresAt.Before(s.until) {
			s.until = t.ExpiresAt
		}
		if len(t.Addresses) > 0 {
			s.addresses = append(s.addresses, t.Addresses)
		}
		if t.GiverKind == access.SystemActor || t.GiverKind == "" {
			return s, nil
		}
		held, err := c.grants(t.GiverID)
		if err != nil {
			return s, err
		}
		s.grants, s.givers = access.Within(s.grants, held), append(s.givers, t.GiverID)
		if t.GiverKind == access.MemberActor {
			return s, gone(c.member(t.GiverID))
		}
		if t, err = c.token(t.GiverID); err != nil {
			return s, gone(err)
		}
	}
}

// gone is what a credential is refused with whose holder, or giver, is not there any more.
func gone(err error) error {
	if fault.Is(err, fault.NotFound) {
		return errCredential()
	}
	return err
}

// from says whether an address is one that the token may be used from. What is no address is none.
func (s standing) from(address string) bool {
	if len(s.addresses) == 0 {
		return true
	}
	a, err := netip.ParseAddr(address)
	return err == nil && !slices.ContainsFunc(s.addresses, func(list []netip.Prefix) bool {
		return !slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
	})
}

// chainIn looks up in a transaction, one by one.
func (c *Control) chainIn(ctx context.Context, tx *store.Tx, account string) chain {
	return chain{
		now:    c.now(),
		token:  func(id string) (store.Token, error) { return tx.TokenOf(ctx, account, id) },
		grants: func(holder string) ([]access.Grant, error) { return tx.Grants(ctx, account, holder) },
		member: func(id string) error { return tx.IsMember(ctx, account, id) },
	}
}

// chainOf looks up in what is read here of the whole account at once.
func chainOf(ctx context.Context, tx *store.Tx, now time.Time, tokens []store.Token) (chain, error) {
	byID := make(map[string]store.Token, len(tokens))
	for _, t := range tokens {
		byID[t.ID] = t
	}
	grants, err := tx.GrantsByHolder(ctx)
	if err != nil {
		return chain{}, err
	}
	members, err := tx.MemberIDs(ctx)
	return chain{
		now: now,
		token: func(id string) (store.Token, error) {
			t, ok := byID[id]
			if !ok {
				return t, fault.New(fault.NotFound, "no such token")
			}
			return t, nil
		},
		grants: func(holder string) ([]access.Grant, error) { return grants[holder], nil },
		member: func(id string) error {
			if !slices.Contains(members, id) {
				return fault.New(fault.NotFound, "no such member")
			}
			return nil
		},
	}, err
}
