package control

import (
	"context"
	"strings"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

func errCredential() error {
	return fault.New(fault.Unauthenticated, "the credential is missing, wrong or no longer valid; send a management token or a login's token as Authorization: Bearer")
}

// Authenticate turns a bearer credential, a management token or a member's JWT, into the principal it stands for.
// Whatever is wrong with it, the answer is the same.
func (c *Control) Authenticate(ctx context.Context, bearer string, from access.Request) (access.Principal, error) {
	if strings.HasPrefix(bearer, "tk_") {
		return c.authenticateToken(ctx, bearer, from)
	}
	return c.AuthenticateMember(ctx, bearer, from)
}

func (c *Control) authenticateToken(ctx context.Context, bearer string, from access.Request) (who access.Principal, err error) {
	defer fault.Wrap(&err, "control: authenticate a token")
	digest, elsewhere := c.digester.Sum(bearer), false
	err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
		t, err := tx.TokenByDigest(ctx, digest)
		if err != nil {
			return gone(err)
		}
		s, err := c.chainIn(ctx, tx, t.Account).standing(t)
		if err != nil {
			return err
		}
		who = access.Principal{Account: t.Account, Kind: access.TokenActor, ID: t.ID, Name: t.Name, Grants: s.grants, Request: from}
		if elsewhere = !s.from(from.Address); elsewhere {
			return errCredential()
		}
		return nil
	})
	switch {
	case elsewhere:
		c.recordElsewhere(ctx, who)
		return access.Principal{}, err
	case err != nil:
		return access.Principal{}, err
	}
	c.tokenUses.note(who.Account, who.ID, c.now())
	return who, nil
}

// AuthenticateMember takes a member's JWT only, while its session lives and acts in the account that it names.
func (c *Control) AuthenticateMember(ctx context.Context, bearer string, from access.Request) (who access.Principal, err error) {
	defer fault.Wrap(&err, "control: authenticate a member")
	claims, err := c.checkToken(ctx, bearer)
	if err != nil {
		return who, err
	}
	err = c.store.Read(ctx, claims.Account, func(tx *store.Tx) error {
		s, err := tx.Session(ctx, claims.Session)
		if fault.Is(err, fault.NotFound) || err == nil && s.Member.ID != claims.Subject {
			return errCredential()
		}
		if err == nil {
			who, err = c.actAs(ctx, tx, s, from)
		}
		return err
	})
	return who, err
}
