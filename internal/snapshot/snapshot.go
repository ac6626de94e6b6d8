// Package snapshot is what the gateway knows, frozen in memory: for each account its credentials, its environments, and
// in each environment the routes that are live there, compiled for calling. A state is built from what the store keeps,
// is never modified, and is replaced whole and only by a later one.
//
// It promises that one bad row harms only what refers to it: a value that does not open or a content that does not
// compile is marked, and everything else of the account, revocations above all, takes effect. It never falls back to
// another environment's value nor to another version of a value.
package snapshot

import (
	"net/netip"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/cut"
)

// Account is the state of one account at one version. It is immutable and safe for concurrent use.
type Account struct {
	ID      string
	Version int64

	credentials  map[apikey.Digest]*Credential
	environments map[string]*LiveEnvironment // by name and by id
	first        *LiveEnvironment            // where changes begin
	active       map[string]*LiveEnvironment // by route key and route id
	values       map[slot]opened             // in force; kept for the next state
	staged       map[slot]opened             // that test calls may try; kept likewise
	problems     []Problem
}

// Problem is one part of an account that cannot be served, and why. Err never holds a value.
type Problem struct {
	What          string // "secret value", "route" or "API key"
	EnvironmentID string
	ID            string
	Err           error
}

// known says whether another problem is of the same part.
func (p Problem) known(other Problem) bool {
	return p.What == other.What && p.EnvironmentID == other.EnvironmentID && p.ID == other.ID
}

// Problems lists what could not be compiled.
func (a *Account) Problems() []Problem { return a.problems }

// Environment finds an environment by its id or exact name.
func (a *Account) Environment(ref string) (*LiveEnvironment, bool) {
	e, ok := a.environments[ref]
	return e, ok
}

// ActiveEnvironment is where a route, given by key or id, is called by whoever belongs to no environment: the active
// environment that its definition names, or else the top of the pipeline. The definition asked is that of the highest
// environment the route is live in, so that a change of the setting takes effect by promotion, as every other. False:
// the route is live nowhere, or names an environment that is no more.
func (a *Account) ActiveEnvironment(route string) (*LiveEnvironment, bool) {
	e, ok := a.active[route]
	return e, ok
}

// Credential is an API key, or a management token that belongs to no environment.
type Credential struct {
	ID          string
	Kind        apikey.Kind
	Environment *LiveEnvironment // nil for a token
	Principal   access.Principal // of a token

	until     time.Time        // zero: for good
	addresses [][]netip.Prefix // of a token
}

// From says whether a call may come from an address with the credential; what is no address is none. It does not
// allocate.
func (c *Credential) From(a netip.Addr) bool {
	for _, list := range c.addresses {
		if !among(list, a) {
			return false
		}
	}
	return true
}

func among(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// Bound says whether calls with the credential may come from some addresses only.
func (c *Credential) Bound() bool { return len(c.addresses) > 0 }

// Live says whether the credential is still good: neither expired nor revoked.
func (c *Credential) Live(now time.Time) bool { return c.until.IsZero() || now.Before(c.until) }

// LiveEnvironment is an environment with the routes that are live in it.
type LiveEnvironment struct {
	ID        string
	Name      string
	Protected bool
	Cut       *cut.Fields // what is cut out of the content of calls that is recorded

	record bool                  // where a route does not say otherwise
	routes map[string]*LiveRoute // by key and by id
	drafts map[string]*LiveRoute // likewise; where changes begin, what is saved and uncommitted
}

// First is the environment where changes begin; nil of an account without environments.
func (a *Account) First() *LiveEnvironment { return a.first }

// Draft finds what a test call runs: the route's draft, or what is live where none is saved.
func (e *LiveEnvironment) Draft(ref string) (*LiveRoute, bool) {
	if r, ok := e.drafts[ref]; ok {
		return r, true
	}
	return e.Route(ref)
}

// of is the map a route belongs to.
func (e *LiveEnvironment) of(r Route) map[string]*LiveRoute {
	if r.Draft {
		return e.drafts
	}
	return e.routes
}

// records says whether the content of a route's calls is recorded.
func (e *LiveEnvironment) records(r Route) bool {
	if r.Record != nil {
		return *r.Record
	}
	return e.record
}

// Route finds a route of the environment by its key or id.
func (e *LiveEnvironment) Route(ref string) (*LiveRoute, bool) {
	r, ok := e.routes[ref]
	return r, ok
}
