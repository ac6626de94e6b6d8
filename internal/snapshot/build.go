package snapshot

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/cut"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
)

// Build compiles an input. What did not change since the state before (nil: none) is taken over from it: compiled
// routes of equal environment, id, key and content, and opened values of equal version. It fails only when ctx ends; a
// part that cannot be compiled is marked and listed by Problems.
func Build(ctx context.Context, in Input, held *Account, sealer *secret.Sealer) (_ *Account, err error) {
	defer fault.Wrap(&err, "build the snapshot of account %s", in.Account)
	if held == nil {
		held = &Account{}
	}
	b := &builder{in: in, held: held, sealer: sealer, account: &Account{ID: in.Account, Version: in.Version}}
	b.environments()
	b.variables = make(map[slot]string, len(in.Variables))
	b.tokens = make(map[tokenKey]*secret.Token, len(in.AccessTokens))
	for i := range in.AccessTokens {
		t := &in.AccessTokens[i]
		b.tokens[tokenKey{t.SecretID, t.EnvironmentID, t.Version}] = t
	}
	for _, v := range in.Variables {
		b.variables[slot{v.Key, v.EnvironmentID}] = v.Value
	}
	if err := b.open(ctx); err != nil {
		return nil, err
	}
	b.routes()
	b.activate()
	b.credentials()
	return b.account, nil
}

type builder struct {
	in        Input
	held      *Account
	sealer    *secret.Sealer
	account   *Account
	byID      map[string]*LiveEnvironment
	levels    []Environment // from the top down
	tokens    map[tokenKey]*secret.Token
	variables map[slot]string   // by key and environment
	names     map[string]string // of secrets, by id
	ids       map[string]string // of secrets, by name
}

func (b *builder) problem(what, environment, id string, err error) {
	b.account.problems = append(b.account.problems, Problem{What: what, EnvironmentID: environment, ID: id, Err: err})
}

func (b *builder) environments() {
	b.byID = make(map[string]*LiveEnvironment, len(b.in.Environments))
	b.account.environments = make(map[string]*LiveEnvironment, 2*len(b.in.Environments))
	for _, e := range b.in.Environments {
		live := &LiveEnvironment{ID: e.ID, Name: e.Name, Protected: e.Protected, Cut: cut.New(e.Cut), record: e.Record, routes: map[string]*LiveRoute{}, drafts: map[string]*LiveRoute{}}
		b.byID[e.ID] = live
		b.account.environments[e.Name] = live
	}
	for id, live := range b.byID { // an id wins over a name that looks like it
		b.account.environments[id] = live
	}
	b.levels = slices.Clone(b.in.Environments)
	slices.SortFunc(b.levels, func(x, y Environment) int { return y.Level - x.Level })
	if n := len(b.levels); n > 0 {
		b.account.first = b.byID[b.levels[n-1].ID]
	}
}

func (b *builder) routes() {
	compiled := make([]*LiveRoute, len(b.in.Routes))
	for i, r := range b.in.Routes {
		if e, ok := b.byID[r.EnvironmentID]; ok {
			compiled[i] = b.route(e, r)
			e.of(r)[r.Key] = compiled[i]
		}
	}
	for i, r := range b.in.Routes { // an id wins over a key that looks like it
		if e, ok := b.byID[r.EnvironmentID]; ok {
			e.of(r)[r.ID] = compiled[i]
		}
	}
}

// route compiles r, or takes what the state before compiled of the same content.
func (b *builder) route(e *LiveEnvironment, r Route) *LiveRoute {
	if before, ok := b.held.environments[e.ID]; ok {
		if held, ok := before.of(r)[r.ID]; ok && held.ID == r.ID && held.Key == r.Key && held.Hash == r.Hash && held.plan != nil {
			return b.bind(e, r, held.plan, held)
		}
	}
	p, err := compile(e.ID, r.Content)
	if err != nil {
		b.problem("route", e.ID, r.ID, err)
		return &LiveRoute{ID: r.ID, Key: r.Key, Hash: r.Hash, Active: r.Active, Record: e.records(r)}
	}
	return b.bind(e, r, p, nil)
}

// activate finds for each route where callers without an environment go, from the top of the pipeline down.
func (b *builder) activate() {
	b.account.active = map[string]*LiveEnvironment{}
	for _, level := range b.levels {
		for ref, r := range b.byID[level.ID].routes {
			if _, decided := b.account.active[ref]; decided || r.plan == nil {
				continue
			}
			active := r.plan.ActiveEnvironment
			if active == "" {
				active = b.levels[0].ID
			}
			b.account.active[ref] = b.byID[active]
		}
	}
	for ref, e := range b.account.active {
		if e == nil {
			delete(b.account.active, ref)
		}
	}
}

var errUnknownEnvironment = errors.New("it belongs to an environment the account does not have")

func (b *builder) credentials() {
	b.account.credentials = make(map[apikey.Digest]*Credential, len(b.in.Keys)+len(b.in.Tokens))
	for _, k := range b.in.Keys {
		e, ok := b.byID[k.EnvironmentID]
		if !ok {
			b.problem("API key", k.EnvironmentID, k.ID, errUnknownEnvironment)
			continue
		}
		b.account.credentials[k.Digest] = &Credential{
			ID: k.ID, Kind: k.Kind, Environment: e, until: earlier(k.ExpiresAt, k.RevokedAt),
		}
	}
	for _, t := range b.in.Tokens {
		b.account.credentials[t.Digest] = &Credential{
			ID: t.ID, Kind: apikey.Token, until: t.ExpiresAt, addresses: t.Addresses,
			Principal: access.Principal{
				Account: b.in.Account, Kind: access.TokenActor, ID: t.ID, Name: t.Name, Grants: slices.Clone(t.Grants),
			},
		}
	}
}

// earlier is the earlier of two instants, of which the zero one is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
