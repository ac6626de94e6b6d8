package secret

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/lockage/lockage/internal/fault"
)

// GrantType is how an OAuth2 secret comes by its tokens (RFC 6749).
type GrantType string

// The grant types.
const (
	ClientCredentials GrantType = "client_credentials"
	RefreshToken      GrantType = "refresh_token"      // with a refresh token that was obtained elsewhere
	AuthorizationCode GrantType = "authorization_code" // with PKCE (RFC 7636): somebody authorizes in a browser
)

// How a client authenticates at the token endpoint (RFC 6749, section 2.3.1).
const (
	AuthBasic = "basic"
	AuthBody  = "body"
)

// OAuth2Config is what an OAuth2 secret is configured with in an environment. Its tokens are kept apart.
type OAuth2Config struct {
	GrantType         GrantType `json:"grant_type"`
	ClientID          string    `json:"client_id"`
	ClientSecret      string    `json:"client_secret,omitempty"`
	TokenURL          string    `json:"token_url"`
	AuthURL           string    `json:"auth_url,omitempty"`
	Scopes            []string  `json:"scopes,omitempty"`
	Audience          string    `json:"audience,omitempty"`
	ClientAuth        string    `json:"client_auth"`
	ClientCertificate string    `json:"client_certificate,omitempty"` // name of a certificate secret
}

// OAuth2Detail is what may be told of an OAuth2 value.
type OAuth2Detail struct {
	GrantType         GrantType `json:"grant_type"`
	TokenURL          string    `json:"token_url"`
	AuthURL           string    `json:"auth_url,omitempty"`
	Scopes            []string  `json:"scopes,omitempty"`
	Audience          string    `json:"audience,omitempty"`
	ClientAuth        string    `json:"client_auth"`
	ClientCertificate string    `json:"client_certificate,omitempty"`
}

// Detail is what may be told.
func (o OAuth2Config) Detail() OAuth2Detail {
	return OAuth2Detail{
		GrantType: o.GrantType, TokenURL: o.TokenURL, AuthURL: o.AuthURL, Scopes: o.Scopes, Audience: o.Audience,
		ClientAuth: o.ClientAuth, ClientCertificate: o.ClientCertificate,
	}
}

// The limits of a configuration.
const (
	maxClient = 4096 // bytes of an id, a secret, a token
	maxScopes = 100
	maxURL    = 2048
)

// CheckOAuth2 answers the configuration with its defaults, or refuses it, all bad fields at once. refresh is the refresh
// token that was sent beside it.
func CheckOAuth2(o OAuth2Config, refresh string) (OAuth2Config, error) {
	var refused []fault.Field
	refuse := func(field, message string) {
		if message != "" {
			refused = append(refused, fault.Field{Field: field, Message: message})
		}
	}
	if o.ClientAuth == "" {
		o.ClientAuth = AuthBasic
	}
	if o.ClientAuth != AuthBasic && o.ClientAuth != AuthBody {
		refuse("client_auth", "must be basic or body")
	}
	refuse("client_id", clientProblem(o.ClientID, true))
	refuse("client_secret", clientProblem(o.ClientSecret, o.ClientCertificate == "" && o.GrantType != AuthorizationCode))
	refuse("token_url", endpointProblem(o.TokenURL, true))
	switch o.GrantType {
	case ClientCredentials:
	case RefreshToken:
		refuse("refresh_token", clientProblem(refresh, true))
	case AuthorizationCode:
		refuse("auth_url", endpointProblem(o.AuthURL, true))
	default:
		refuse("grant_type", "must be client_credentials, refresh_token or authorization_code")
	}
	if o.GrantType != AuthorizationCode && o.AuthURL != "" {
		refuse("auth_url", "is for authorization_code only")
	}
	if o.GrantType != RefreshToken && refresh != "" {
		refuse("refresh_token", "is for the grant type refresh_token only")
	}
	if len(o.Scopes) > maxScopes || slices.ContainsFunc(o.Scopes, func(s string) bool { return s == "" || len(s) > 256 || strings.ContainsFunc(s, notScope) }) {
		refuse("scopes", "must be at most 100 scopes of visible ASCII characters without quotes and backslashes (RFC 6749, section 3.3)")
	}
	if o.Audience != "" && (len(o.Audience) > maxURL || strings.ContainsFunc(o.Audience, unicode.IsControl)) {
		refuse("audience", "must be at most 2048 bytes without control characters")
	}
	if o.ClientCertificate != "" && !validName(o.ClientCertificate) {
		refuse("client_certificate", "must be the name of a certificate secret")
	}
	return o, fault.RefusedFields(refused)
}

func notScope(c rune) bool { return c <= ' ' || c > '~' || c == '"' || c == '\\' }

func clientProblem(s string, required bool) string {
	switch {
	case s == "" && required:
		return "is required"
	case len(s) > maxClient:
		return "is too long; use at most 4096 bytes"
	case strings.ContainsFunc(s, unicode.IsControl):
		return "must not contain control characters"
	}
	return ""
}

// endpointProblem says why s is no endpoint (RFC 6749, section 3).
func endpointProblem(s string, required bool) string {
	if s == "" && required {
		return "is required"
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || len(s) > maxURL || u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		return "must be an absolute http or https URL"
	case u.User != nil:
		return "must not contain a user or password"
	case u.Fragment != "" || strings.HasSuffix(s, "#"):
		return "must not have a fragment"
	}
	return ""
}

// Payload is what is sealed of a configuration.
func (o OAuth2Config) Payload() (Plaintext, error) {
	payload, err := json.Marshal(o)
	return NewPlaintext(payload), err
}

// OpenOAuth2 reads what Payload made.
func OpenOAuth2(payload []byte) (o OAuth2Config, err error) {
	if json.Unmarshal(payload, &o) != nil || o.GrantType == "" {
		return OAuth2Config{}, ErrSeal
	}
	return o, nil
}
