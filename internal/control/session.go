package control

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// sessionLife is how long a member's JWT is accepted.
const sessionLife = time.Hour

// sessionClaims are the claims of a member's JWT (RFC 7519); all of them are required.
type sessionClaims struct {
	jwt.Claims
	Account string `json:"account"`
}

// Login exchanges an e-mail address and a password for a JWT (EdDSA, one hour). A wrong password and an unknown person
// get the same answer after the same work.
func (c *Control) Login(ctx context.Context, email, password string, from access.Request) (token string, expires time.Time, err error) {
	defer fault.Wrap(&err, "control: login")
	if len(password) > passwordMost || len(email) > emailMost {
		email, password = "", "" // nobody's; refused and recorded as anybody unknown
	}
	wait, refused := c.attempts.allow(normalEmail(email), from.Address, c.now())
	if wait > 0 {
		// not recorded one by one, or whoever can reach us could fill the audit log: the next one that counts tells how many
		return "", time.Time{}, &fault.Error{
			Kind: fault.Limited, RetryAfter: wait, Message: "too many attempts to log in; wait before the next",
		}
	}
	var person store.Person
	var member store.Member // in the account they have belonged to for longest
	var accounts []string
	err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
		person, err = tx.PersonByEmail(ctx, normalEmail(email))
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		found, err := tx.Memberships(ctx, person.ID)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			member = found[0]
		}
		accounts, err = tx.Accounts(ctx)
		return err
	})
	if err != nil {
		return "", time.Time{}, err
	}
	right, err := c.checkPassword(ctx, person.PasswordHash, password)
	if err != nil {
		return "", time.Time{}, err
	}
	right = right && member.ID != "" // who belongs to no account any more is nobody here
	entry := audit.Entry{
		Actor: audit.Actor{Kind: string(access.MemberActor), ID: member.ID, Name: member.Email}, Action: string(access.SessionLogin),
		Outcome: audit.Allowed, Target: audit.Target{Kind: "member", ID: member.ID, Name: member.Email},
		RequestID: from.ID, Address: from.Address,
	}
	where := member.Account
	if refused > 0 {
		entry.Detail = audit.Detail("reason", fmt.Sprintf("%d attempts before this one were refused as too many", refused))
	}
	if !right {
		entry.Outcome = audit.Refused
		if entry.Detail == nil {
			entry.Detail = audit.Detail("error", string(fault.Unauthenticated))
		}
	}
	if where == "" && len(accounts) > 0 {
		where = accounts[0] // somebody unknown knocked: the oldest account's log keeps it, without what they typed
	}
	if where != "" {
		if err := c.record(ctx, where, entry); err != nil {
			return "", time.Time{}, err
		}
	}
	if !right {
		return "", time.Time{}, errLogin()
	}
	return c.issue(member)
}

func errLogin() error {
	return fault.New(fault.Unauthenticated, "the e-mail address or the password is wrong")
}

func normalEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

func (c *Control) issue(m store.Member) (string, time.Time, error) {
	now := c.now().UTC().Truncate(time.Second)
	expires := now.Add(sessionLife)
	key := jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: c.signing.private, KeyID: c.signing.id}}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", expires, err
	}
	claims := sessionClaims{Account: m.Account, Claims: jwt.Claims{
		Issuer: c.issuer, Audience: jwt.Audience{c.issuer}, Subject: m.ID, ID: newID(),
		IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(expires),
	}}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	return token, expires, err
}

// checkSession verifies a JWT: algorithm, key, issuer, audience and all three times.
func (c *Control) checkSession(token string) (sessionClaims, error) {
	var claims sessionClaims
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil || len(parsed.Headers) != 1 || parsed.Headers[0].KeyID != c.signing.id {
		return claims, errCredential()
	}
	if err := parsed.Claims(c.signing.private.Public().(ed25519.PublicKey), &claims); err != nil {
		return claims, errCredential()
	}
	expected := jwt.Expected{Issuer: c.issuer, AnyAudience: jwt.Audience{c.issuer}, Time: c.now()}
	if claims.Expiry == nil || claims.NotBefore == nil || claims.IssuedAt == nil || claims.Subject == "" || claims.Account == "" ||
		claims.ID == "" || claims.ValidateWithLeeway(expected, 0) != nil || !expected.Time.Before(claims.Expiry.Time()) {
		return claims, errCredential()
	}
	return claims, nil
}
