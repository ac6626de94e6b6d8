package secret

import (
	"strconv"
	"strings"
	"time"
)

// The types of what is sealed of an OAuth2 secret's tokens.
const (
	AccessToken  Type = "oauth2_access"
	RefreshValue Type = "oauth2_refresh"
	Verifier     Type = "oauth2_verifier" // of an authorization that is under way
)

// ConnectionStatus is what an OAuth2 secret's connection to its provider is like.
type ConnectionStatus string

// The statuses.
const (
	Connected          ConnectionStatus = "connected"
	Expiring           ConnectionStatus = "expiring"            // the token still serves, and could not be renewed yet
	NeedsAuthorization ConnectionStatus = "needs_authorization" // somebody must authorize (again)
	ConnectionError    ConnectionStatus = "error"
)

// Token is what an OAuth2 value holds besides its configuration: one row for each version of the value.
type Token struct {
	SecretID      string
	EnvironmentID string
	Version       int64 // of the value
	Serial        int64 // grows with every token obtained; 0: none yet
	Access        Sealed
	Refresh       Sealed // zero: the provider gave none
	Type          string // as the provider says, "Bearer"
	ObtainedAt    time.Time
	ExpiresAt     time.Time // zero: the provider does not say
	RefreshAt     time.Time // when it is to be renewed; zero: never
	Needs         bool      // nothing can be renewed until somebody authorizes
	ErrorCode     string    // of the last attempt, in the provider's words (RFC 6749, section 5.2); "": it went well
	Attempts      int       // in vain, since the last that went well
	NextAttempt   time.Time
}

// Has says whether there is an access token.
func (t Token) Has() bool { return len(t.Access.WrappedKey) > 0 }

// Usable says whether the access token can be injected at a time.
func (t Token) Usable(now time.Time) bool {
	return t.Has() && (t.ExpiresAt.IsZero() || now.Before(t.ExpiresAt))
}

// Status is the connection's at a time.
func (t Token) Status(now time.Time) ConnectionStatus {
	switch {
	case t.Usable(now) && t.ErrorCode == "" && (t.RefreshAt.IsZero() || now.Before(t.RefreshAt)):
		return Connected
	case t.Usable(now):
		return Expiring
	case t.Needs:
		return NeedsAuthorization
	default:
		return ConnectionError
	}
}

// AccessBinding is the place an access token is sealed for: this serial of this version, with all that is told of it.
func (t Token) AccessBinding(account string) Binding { return t.binding(account, AccessToken) }

// RefreshBinding is the place a refresh token is sealed for.
func (t Token) RefreshBinding(account string) Binding { return t.binding(account, RefreshValue) }

func (t Token) binding(account string, of Type) Binding {
	return Binding{
		Account: account, Environment: t.EnvironmentID, Secret: t.SecretID, Version: t.Serial, Type: of,
		Facts: Facts(strconv.FormatInt(t.Version, 10), t.Type, milliseconds(t.ObtainedAt), milliseconds(t.ExpiresAt)),
	}
}

// The bounds on when a token is renewed ahead of its end.
const (
	leastLead = time.Minute
	leadShare = 10 // one part in so many of the token's life
)

// RenewAt is when a token that was obtained and expires is to be renewed: a tenth of its life before the end, at least a
// minute, and never before half of its life is over. Zero for one that does not expire.
func RenewAt(obtained, expires time.Time) time.Time {
	if expires.IsZero() {
		return time.Time{}
	}
	life := expires.Sub(obtained)
	return expires.Add(-min(max(life/leadShare, leastLead), life/2))
}

// Backoff is how long to wait after so many attempts in vain.
func Backoff(attempts int) time.Duration {
	return min(time.Second<<min(attempts, 10), 5*time.Minute)
}

// ErrorCode is a provider's error code as it may be stored and shown: the characters of RFC 6749's own codes, and not
// too many; anything else is "invalid_response".
func ErrorCode(s string) string {
	odd := func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' && c != '.'
	}
	if s == "" || len(s) > 64 || strings.ContainsFunc(s, odd) {
		return "invalid_response"
	}
	return s
}
