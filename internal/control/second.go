package control

import (
	"context"
	"slices"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/factor"
	"github.com/lockage/lockage/internal/mail"
	"github.com/lockage/lockage/internal/store"
)

// methodOIDC is a login at the operator's provider, as a session names it. It counts as both factors: which ones are asked
// for there is the provider's to say.
const methodOIDC = "oidc"

// secondFactors are all of them, in the order in which they are told: passkeys are preferred.
func (c *Control) secondFactors() []secondFactor {
	has := func(kind factor.Kind) func(context.Context, *store.Tx, string) (bool, error) {
		return func(ctx context.Context, tx *store.Tx, person string) (bool, error) {
			list, err := factorsOf(ctx, tx, person)
			return slices.ContainsFunc(list, func(f Factor) bool { return f.Kind == kind }), err
		}
	}
	return []secondFactor{
		{
			name: string(factor.Passkey), enrolled: has(factor.Passkey),
			proves: func(ctx context.Context, person string, p Proof) (bool, error) {
				if p.Passkey == "" {
					return false, nil
				}
				proven, err := c.provenByPasskey(ctx, purposeLogin, "", []byte(p.Passkey))
				return proven != "" && proven == person, err
			},
		},
		{
			name: string(factor.TOTP), enrolled: has(factor.TOTP),
			proves: func(ctx context.Context, person string, p Proof) (bool, error) {
				return c.provesTOTP(ctx, person, p.Code)
			},
		},
		{
			name: string(factor.Recovery),
			enrolled: func(ctx context.Context, tx *store.Tx, person string) (bool, error) {
				n, err := tx.CountRecoveryCodes(ctx, person)
				return n > 0, err
			},
			proves: func(ctx context.Context, person string, p Proof) (bool, error) {
				return c.provesRecovery(ctx, person, p.Code)
			},
		},
	}
}

// lackOf is what the account a session acts in demands, and the session has not shown. An owner of the whole account may
// use a password where everybody else must come from the provider, for the day on which it is down.
func lackOf(s Session, grants []access.Grant) access.Lack {
	shown := func(methods ...string) bool {
		return slices.ContainsFunc(methods, func(m string) bool { return slices.Contains(s.Methods, m) })
	}
	switch {
	case s.OIDC.Only && !shown(methodOIDC) && !access.Owns(grants):
		return access.LacksProvider
	case s.SecondFactor && !shown(methodOIDC, string(factor.Passkey), string(factor.TOTP), string(factor.Recovery)):
		return access.LacksFactor
	}
	return ""
}

// tellRecovery tells a person that one of their recovery codes was used. It is sent beside the login, which waits for no
// mail server, and tried again like every message.
func (c *Control) tellRecovery(ctx context.Context, p store.Person, address string) {
	if c.mail == nil {
		return
	}
	posted := c.post(mail.Message{
		To: p.Email, Subject: "A recovery code of yours was used",
		Text: "Somebody logged in to Lockage as you with a recovery code, from " + printable(address, addressMost) + ".\n\n" +
			"If it was you, nothing is to be done; make new codes when few are left.\n" +
			"If it was not, change your password, end your other sessions and make new recovery codes.\n",
	})
	if !posted {
		c.logger.ErrorContext(ctx, "a message about a recovery code was not sent: too many wait")
	}
}

const addressMost = 64
