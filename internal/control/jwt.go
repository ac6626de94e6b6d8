package control

import (
	"context"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// tokenLife is how long a JWT is accepted; its session may live on, and give another.
const tokenLife = time.Hour

// sessionClaims are the claims of a member's JWT (RFC 7519); all of them are required.
type sessionClaims struct {
	jwt.Claims
	Account string `json:"account"`
	Session string `json:"sid"`
}

// issue makes a JWT (EdDSA) of a session, for the account it acts in.
func (c *Control) issue(s Session) (string, time.Time, error) {
	now := c.now().UTC().Truncate(time.Second)
	expires := now.Add(tokenLife)
	if end := s.ExpiresAt.Truncate(time.Second); end.Before(expires) {
		expires = end
	}
	signing := c.signing.signer(c.now())
	key := jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: signing.private, KeyID: signing.id}}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", expires, err
	}
	claims := sessionClaims{Account: s.Account, Session: s.ID, Claims: jwt.Claims{
		Issuer: c.issuer, Audience: jwt.Audience{c.issuer}, Subject: s.Member.ID, ID: newID(),
		IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(expires),
	}}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	return token, expires, err
}

// checkToken verifies a JWT: algorithm, key, issuer, audience and all three times.
func (c *Control) checkToken(ctx context.Context, token string) (sessionClaims, error) {
	var claims sessionClaims
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil || len(parsed.Headers) != 1 {
		return claims, errCredential()
	}
	key, err := c.verifier(ctx, parsed.Headers[0].KeyID)
	if err != nil {
		return claims, err
	}
	if err := parsed.Claims(key, &claims); err != nil {
		return claims, errCredential()
	}
	expected := jwt.Expected{Issuer: c.issuer, AnyAudience: jwt.Audience{c.issuer}, Time: c.now()}
	if claims.Expiry == nil || claims.NotBefore == nil || claims.IssuedAt == nil || claims.Subject == "" || claims.Account == "" ||
		claims.ID == "" || claims.Session == "" || claims.ValidateWithLeeway(expected, 0) != nil || !expected.Time.Before(claims.Expiry.Time()) {
		return claims, errCredential()
	}
	return claims, nil
}
