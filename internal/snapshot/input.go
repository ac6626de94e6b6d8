package snapshot

import (
	"context"
	"net/netip"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/secret"
)

// Feed is where the holder learns of accounts. Both methods answer from one consistent read: what Load returns is the
// state of the account at exactly Input.Version, and a version grows with every change of anything in Input.
type Feed interface {
	// Versions names every account with its current version.
	Versions(ctx context.Context) (map[string]int64, error)
	// Load reads one account.
	Load(ctx context.Context, account string) (Input, error)
}

// Input is everything the gateway needs to know of one account, as the store keeps it: secret values are sealed, route
// contents are canonical JSON.
type Input struct {
	Account      string
	Version      int64
	Environments []Environment
	Keys         []Key
	Tokens       []Token
	Routes       []Route
	Secrets      []Secret
	Values       []secret.Value // the active version of each value that is set, none else
	Staged       []secret.Value // the staged version of each value that has one
	AccessTokens []secret.Token // of OAuth2 values
	Variables    []VariableValue
}

// Environment is one level of the account's pipeline; the one with the greatest Level is the top.
type Environment struct {
	ID        string
	Name      string
	Level     int
	Protected bool
	Record    bool     // content of calls is recorded, where a route does not say otherwise
	Cut       []string // fields that are cut out of it
}

// Key is an API key. A key that is revoked for good may be left out; one that is revoked in the future (the grace of a
// rotation) must be in and works until then.
type Key struct {
	ID            string
	EnvironmentID string
	Kind          apikey.Kind
	Digest        apikey.Digest
	ExpiresAt     time.Time // zero: never
	RevokedAt     time.Time // zero: never
}

// Token is a management token; it calls the gateway where its grants allow it.
type Token struct {
	ID        string
	Name      string
	Digest    apikey.Digest
	ExpiresAt time.Time // zero: never
	Grants    []access.Grant
	Addresses [][]netip.Prefix // each list must hold the address of a call; none: from everywhere
}

// Route is one route that is live in one environment. Active is the switch of that environment.
type Route struct {
	EnvironmentID string
	ID            string
	Key           string
	Hash          definition.Hash
	Content       []byte
	Active        bool
	Draft         bool  // saved and uncommitted: it is called only by who asks for drafts
	Record        *bool // whether the content of its calls is recorded; nil: as the environment says
}

// VariableValue is what a variable holds in one environment.
type VariableValue struct {
	Key           string
	EnvironmentID string
	Value         string
}

// Secret is what templates refer to by name or id.
type Secret struct {
	ID   string
	Name string
	Type secret.Type
}
