// Package oidc lets people log in at a provider that the operator chose (OpenID Connect Core 1.0): the code flow with
// PKCE, a state and a nonce. It believes an ID token that is signed with a public-key algorithm by a key of the issuer,
// for this client alone, in its time, and for the one login it was asked for. It keeps no people and no tokens. The
// provider is met when it is first needed, so that a provider that is down keeps nothing from starting; after a failure
// it is left alone for a while that grows. Of what a provider answers nothing goes into an error but the standard's codes.
package oidc

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// The limits of what a provider may cost.
const (
	limit     = 10 * time.Second // of one request to it
	maxAnswer = 1 << 20          // bytes of one answer
	maxHeader = 64 << 10
	maxGroups = 1000
	maxText   = 512 // bytes of a claim
	leeway    = time.Minute
	pauseMost = time.Minute // after failures
)

// algorithms are those a provider may sign with: a public key each, so that nothing Lockage holds could make a token.
var algorithms = []string{
	oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA,
}

var (
	// ErrUnavailable says that the provider cannot be asked now; the error around it tells why, for the log.
	ErrUnavailable = errors.New("the login provider cannot be reached")
	// ErrRefused says that what the provider answered proves nobody.
	ErrRefused = errors.New("the login provider's answer does not prove who it is")
)

// Config is what the operator sets. Issuer, ClientID and RedirectURL are required.
type Config struct {
	Issuer       string
	ClientID     string
	ClientSecret string   // "": a public client, with PKCE alone
	Scopes       []string // besides openid
	GroupsClaim  string   // "": groups
	RedirectURL  string
	TLS          *tls.Config      // nil: the system's authorities
	Now          func() time.Time // nil: the real clock
}

// Provider is the one people log in at. It is safe for concurrent use.
type Provider struct {
	config Config
	client *http.Client

	mu       sync.Mutex
	known    *discovered
	failures int
	until    time.Time     // nothing is asked before
	asking   chan struct{} // closed when the question that is under way was answered; nil: none is
}

// discovered is what the provider says of itself.
type discovered struct {
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	oauth2   oauth2.Config
}

// New makes a Provider. It asks the provider nothing.
func New(c Config) (*Provider, error) {
	if err := CheckIssuer(c.Issuer); err != nil {
		return nil, fmt.Errorf("oidc: the issuer %w", err)
	}
	if c.ClientID == "" || c.RedirectURL == "" {
		return nil, errors.New("oidc: a client id and a redirect URL are needed")
	}
	if c.GroupsClaim == "" {
		c.GroupsClaim = "groups"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.TLS == nil {
		c.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return &Provider{config: c, client: &http.Client{
		Timeout: limit,
		Transport: bounded{&http.Transport{
			TLSClientConfig: c.TLS, TLSHandshakeTimeout: limit, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: maxHeader,
			IdleConnTimeout: time.Minute, MaxIdleConnsPerHost: 2,
		}},
		// a credential goes where it was meant to, and nowhere else
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// CheckIssuer says whether a text can be an issuer.
func CheckIssuer(issuer string) error {
	u, err := url.Parse(issuer)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return errors.New("must be an https URL without a query, exactly as the provider writes it, for example https://login.example.com")
	}
	return nil
}

// Close ends the connections that wait for another use.
func (p *Provider) Close() { p.client.CloseIdleConnections() }

// Issuer is the provider's name for itself.
func (p *Provider) Issuer() string { return p.config.Issuer }

// bounded cuts every answer off where none should be longer.
type bounded struct{ *http.Transport }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.Transport.RoundTrip(r)
	if err == nil {
		answer.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(answer.Body, maxAnswer), answer.Body}
	}
	return answer, err
}

// NewVerifier makes a PKCE verifier.
func NewVerifier() string { return oauth2.GenerateVerifier() }

// AuthorizationURL is where a browser goes to log in. A login that must be fresh asks the person again there.
func (p *Provider) AuthorizationURL(ctx context.Context, state, nonce, verifier string, fresh bool) (string, error) {
	d, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)}
	if fresh {
		options = append(options, oauth2.SetAuthURLParam("max_age", "0"))
	}
	return d.oauth2.AuthCodeURL(state, options...), nil
}

// Identity is what the provider says of somebody who logged in.
type Identity struct {
	Issuer, Subject string
	Email           string
	EmailVerified   bool // the provider says so; where it says nothing, it is not
	Name            string
	Groups          []string
	AuthTime        time.Time // when the person last proved who they are there; zero: the provider does not say
}

// Exchange trades a code for what the provider says of who logged in; nonce and verifier are those of its login.
func (p *Provider) Exchange(ctx context.Context, code, nonce, verifier string) (Identity, error) {
	d, err := p.discover(ctx)
	if err != nil {
		return Identity{}, err
	}
	ctx = oidc.ClientContext(ctx, p.client)
	token, err := d.oauth2.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return Identity{}, failed(err)
	}
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return Identity{}, fmt.Errorf("%w: there is no ID token", ErrRefused)
	}
	id, err := d.verifier.Verify(ctx, raw)
	if err != nil {
		return Identity{}, verifyFailed(err)
	}
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil {
		return Identity{}, fmt.Errorf("%w: its claims cannot be read", ErrRefused)
	}
	if err := p.check(id, claims, nonce); err != nil {
		return Identity{}, err
	}
	if id.AccessTokenHash != "" && id.VerifyAccessToken(token.AccessToken) != nil {
		return Identity{}, fmt.Errorf("%w: the tokens do not belong together", ErrRefused)
	}
	if err := p.complete(ctx, d, token, id.Subject, claims); err != nil {
		return Identity{}, err
	}
	return p.identity(id, claims), nil
}

// check is what the library leaves to its caller.
func (p *Provider) check(id *oidc.IDToken, claims map[string]any, nonce string) error {
	now := p.config.Now()
	party, _ := claims["azp"].(string)
	_, expires := claims["exp"].(float64)
	switch {
	case nonce == "" || id.Nonce != nonce:
		return fmt.Errorf("%w: it is of another login", ErrRefused)
	case id.Subject == "" || len(id.Subject) > maxText:
		return fmt.Errorf("%w: it names nobody", ErrRefused)
	case !expires || id.IssuedAt.Unix() <= 0 || id.IssuedAt.After(now.Add(leeway)):
		return fmt.Errorf("%w: its times are missing or not yet", ErrRefused)
	case party != "" && party != p.config.ClientID, party == "" && len(id.Audience) > 1:
		return fmt.Errorf("%w: it was made for another client", ErrRefused)
	}
	return nil
}

// complete asks the provider's userinfo endpoint for what is not in the ID token.
func (p *Provider) complete(ctx context.Context, d *discovered, token *oauth2.Token, subject string, claims map[string]any) error {
	_, email := claims["email"]
	_, groups := claims[p.config.GroupsClaim]
	if email && groups || d.provider.UserInfoEndpoint() == "" {
		return nil
	}
	info, err := d.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return failed(err)
	}
	more := map[string]any{}
	if err := info.Claims(&more); err != nil || info.Subject != subject {
		return fmt.Errorf("%w: its two answers are not of one person", ErrRefused)
	}
	if !email { // both of one source: a verification is of the address beside it
		claims["email"], claims["email_verified"] = more["email"], more["email_verified"]
	}
	for _, name := range []string{"name", p.config.GroupsClaim} {
		if _, there := claims[name]; !there {
			claims[name] = more[name]
		}
	}
	return nil
}

func (p *Provider) identity(id *oidc.IDToken, claims map[string]any) Identity {
	who := Identity{
		Issuer: id.Issuer, Subject: id.Subject, Email: textOf(claims["email"]), Name: textOf(claims["name"]), Groups: groupsOf(claims[p.config.GroupsClaim]),
	}
	who.EmailVerified = who.Email != "" && claims["email_verified"] == true
	if at, ok := claims["auth_time"].(float64); ok && at > 0 && at < 1<<40 {
		who.AuthTime = time.Unix(int64(at), 0)
	}
	return who
}

func textOf(claim any) string {
	text, _ := claim.(string)
	if len(text) > maxText {
		return ""
	}
	return text
}

// groupsOf reads a list of names, or a single one; what is no name is left out.
func groupsOf(claim any) []string {
	list, ok := claim.([]any)
	if !ok {
		list = []any{claim}
	}
	names := []string{}
	for _, one := range list[:min(len(list), maxGroups)] {
		if name := textOf(one); name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// failed keeps of an error what may be told. Whoever sends a code that the provider does not know proves nobody; all else
// is the provider's trouble.
func failed(err error) error {
	if told, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		switch told.ErrorCode {
		case "invalid_grant", "access_denied":
			return fmt.Errorf("%w: %s", ErrRefused, told.ErrorCode)
		case "invalid_client", "unauthorized_client", "invalid_request", "unsupported_grant_type", "invalid_scope":
			return fmt.Errorf("%w: it answers %s", ErrUnavailable, told.ErrorCode)
		}
		status := 0
		if told.Response != nil {
			status = told.Response.StatusCode
		}
		return fmt.Errorf("%w: it answers with status %d", ErrUnavailable, status)
	}
	return fmt.Errorf("%w: %s", ErrUnavailable, why(err))
}

// verifyFailed tells an ID token that is wrong from keys that could not be fetched.
func verifyFailed(err error) error {
	if strings.Contains(err.Error(), "fetching keys") {
		return fmt.Errorf("%w: its keys cannot be fetched", ErrUnavailable)
	}
	if _, expired := errors.AsType[*oidc.TokenExpiredError](err); expired {
		return fmt.Errorf("%w: it has expired", ErrRefused)
	}
	return fmt.Errorf("%w: it is not signed by the issuer for this client", ErrRefused)
}

// why is an error without anything that the other side wrote.
func why(err error) string {
	var timeout interface{ Timeout() bool }
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &certificate):
		return "its certificate is not one this server trusts"
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "it took too long"
	}
	if _, ok := errors.AsType[*url.Error](err); ok {
		return "no connection"
	}
	return "it answered something else"
}
