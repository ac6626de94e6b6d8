// Package oauth speaks to the token endpoints of OAuth2 providers (RFC 6749): it fetches tokens with a client's own
// credentials, renews them with a refresh token, and exchanges authorization codes with PKCE (RFC 7636). It keeps
// nothing. Of a provider's refusal it passes on the error code alone, never a body: those have held credentials.
package oauth

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/lockage/lockage/internal/guard"
	"github.com/lockage/lockage/internal/secret"
)

// The limits of a request to a provider.
const (
	limit     = 15 * time.Second
	maxHeader = 64 << 10
)

// Config says where token endpoints may be.
type Config struct {
	Allow []netip.Prefix          // ranges that are not public and may be token endpoints all the same
	Own   func() []netip.AddrPort // where this process listens
	TLS   *tls.Config             // nil: the system's authorities
}

// Client speaks to token endpoints. It is safe for concurrent use.
type Client struct {
	dialer *net.Dialer
	tls    *tls.Config
}

// New makes a Client.
func New(c Config) *Client {
	if c.TLS == nil {
		c.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return &Client{dialer: &net.Dialer{Timeout: limit, Control: guard.New(c.Allow, c.Own).Control}, tls: c.TLS}
}

// Identity is the client certificate for the token endpoint, and whom to trust there; both may be nil.
type Identity struct {
	Certificate *tls.Certificate
	Trusted     *x509.CertPool
}

// Tokens are what a provider gave. An empty Refresh means that the one before stays.
type Tokens struct {
	Access, Refresh, Type string
	Lives                 time.Duration // from now on; 0: the provider does not say
}

// Error is a provider's refusal, or that it could not be reached.
type Error struct {
	Code       string        // the provider's (RFC 6749, section 5.2), "unreachable", or "invalid_response"
	Final      bool          // trying again is of no use: somebody must authorize, or mend the configuration
	RetryAfter time.Duration // 0: the provider does not say
}

func (e *Error) Error() string { return "the provider refused: " + e.Code }

// Fetch obtains tokens: with the refresh token where there is one, else with the client's own credentials.
func (c *Client) Fetch(ctx context.Context, o secret.OAuth2Config, refresh string, id Identity) (Tokens, error) {
	ctx, done := c.context(ctx, id)
	defer done()
	if refresh != "" {
		t, err := config(o, "").TokenSource(ctx, &oauth2.Token{RefreshToken: refresh}).Token()
		return tokens(t, err)
	}
	cc := clientcredentials.Config{
		ClientID: o.ClientID, ClientSecret: o.ClientSecret, TokenURL: o.TokenURL, Scopes: o.Scopes, AuthStyle: style(o),
	}
	if o.Audience != "" {
		cc.EndpointParams = url.Values{"audience": {o.Audience}}
	}
	t, err := cc.Token(ctx)
	return tokens(t, err)
}

// Exchange trades an authorization code for tokens.
func (c *Client) Exchange(ctx context.Context, o secret.OAuth2Config, code, verifier, redirect string, id Identity) (Tokens, error) {
	ctx, done := c.context(ctx, id)
	defer done()
	t, err := config(o, redirect).Exchange(ctx, code, oauth2.VerifierOption(verifier))
	return tokens(t, err)
}

// AuthorizationURL is where somebody authorizes, with a state and the S256 challenge of a verifier.
func AuthorizationURL(o secret.OAuth2Config, redirect, state, verifier string) string {
	options := []oauth2.AuthCodeOption{oauth2.AccessTypeOffline, oauth2.S256ChallengeOption(verifier)}
	if o.Audience != "" {
		options = append(options, oauth2.SetAuthURLParam("audience", o.Audience))
	}
	return config(o, redirect).AuthCodeURL(state, options...)
}

// NewVerifier makes a PKCE verifier.
func NewVerifier() string { return oauth2.GenerateVerifier() }

func config(o secret.OAuth2Config, redirect string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: o.ClientID, ClientSecret: o.ClientSecret, Scopes: o.Scopes, RedirectURL: redirect,
		Endpoint: oauth2.Endpoint{TokenURL: o.TokenURL, AuthURL: o.AuthURL, AuthStyle: style(o)},
	}
}

func style(o secret.OAuth2Config) oauth2.AuthStyle {
	if o.ClientAuth == secret.AuthBody || o.ClientSecret == "" {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}

// context carries the HTTP client of one request, whose connections end with it.
func (c *Client) context(ctx context.Context, id Identity) (context.Context, func()) {
	config := c.tls.Clone()
	if id.Certificate != nil {
		config.Certificates = []tls.Certificate{*id.Certificate}
	}
	if id.Trusted != nil {
		config.RootCAs = id.Trusted
	}
	transport := &http.Transport{
		DialContext: c.dialer.DialContext, TLSClientConfig: config, TLSHandshakeTimeout: limit, ForceAttemptHTTP2: true,
		MaxResponseHeaderBytes: maxHeader, DisableKeepAlives: true,
	}
	client := &http.Client{
		Transport: transport, Timeout: limit,
		// credentials go where they were meant to, and nowhere else
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	return context.WithValue(ctx, oauth2.HTTPClient, client), func() {
		cancel()
		transport.CloseIdleConnections()
	}
}

func tokens(t *oauth2.Token, err error) (Tokens, error) {
	if err != nil {
		return Tokens{}, refusal(err)
	}
	if t.AccessToken == "" || len(t.AccessToken)+len(t.RefreshToken) > 32<<10 {
		return Tokens{}, &Error{Code: "invalid_response"}
	}
	got := Tokens{Access: t.AccessToken, Refresh: t.RefreshToken, Type: t.Type()}
	if !t.Expiry.IsZero() {
		got.Lives = max(time.Until(t.Expiry).Round(time.Second), time.Second)
	}
	return got, nil
}

// refusal keeps of an error what may be told.
func refusal(err error) error {
	var told *oauth2.RetrieveError
	var dialed *net.OpError
	switch {
	case errors.As(err, &told):
		e := &Error{Code: "invalid_response"}
		if told.ErrorCode != "" {
			e.Code = secret.ErrorCode(told.ErrorCode)
		} else if told.Response != nil {
			e.Code = "http_" + strconv.Itoa(told.Response.StatusCode)
		}
		switch e.Code {
		case "invalid_grant", "invalid_client", "unauthorized_client", "access_denied", "unsupported_grant_type", "invalid_scope":
			e.Final = true
		}
		if told.Response != nil {
			if seconds, err := strconv.Atoi(told.Response.Header.Get("Retry-After")); err == nil && seconds > 0 {
				e.RetryAfter = min(time.Duration(seconds)*time.Second, time.Hour)
			}
		}
		return e
	case errors.Is(err, guard.ErrRefused):
		return &Error{Code: "destination_refused"}
	case errors.As(err, &dialed), errors.Is(err, context.DeadlineExceeded):
		return &Error{Code: "unreachable"}
	}
	var asURL *url.Error
	if errors.As(err, &asURL) {
		return &Error{Code: "unreachable"}
	}
	return fmt.Errorf("%w", &Error{Code: "invalid_response"})
}
