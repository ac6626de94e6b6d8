package snapshot_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/snapshot"
)

func build(t testing.TB, in snapshot.Input, held *snapshot.Account, s *secret.Sealer) *snapshot.Account {
	t.Helper()
	a, err := snapshot.Build(t.Context(), in, held, s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func find(t testing.TB, a *snapshot.Account, environment, route string) *snapshot.LiveRoute {
	t.Helper()
	e, ok := a.Environment(environment)
	if !ok {
		t.Fatalf("no environment %s", environment)
	}
	r, ok := e.Route(route)
	if !ok {
		t.Fatalf("no route %s in %s", route, environment)
	}
	return r
}

func TestBuildBindsValuesOfTheEnvironment(t *testing.T) {
	s := newSealer(t, 1)
	a := build(t, newInput(t, s, 1), nil, s)
	if p := a.Problems(); len(p) != 0 {
		t.Fatalf("problems: got %v, want none", p)
	}
	live := find(t, a, "production", "charges").Values(false)
	if len(live) != 1 || live[0].State(time.Now()) != snapshot.Ready {
		t.Fatalf("values in production: got %v, want one that is ready", live)
	}
	plain, err := live[0].AppendTo(nil)
	if err != nil || string(plain) != "sk_live" {
		t.Errorf("value in production: got %q, %v, want sk_live", plain, err)
	}
	// by id as well as by name, and never another environment's
	missing := find(t, a, development, "id-charges").Values(false)
	if len(missing) != 1 || missing[0].State(time.Now()) != snapshot.Missing || missing[0].Name != "stripe_api_key" {
		t.Errorf("values in development: got %+v, want one that is missing, by its name", missing)
	}
}

func TestReferences(t *testing.T) {
	s := newSealer(t, 1)
	in := newInput(t, s, 1)
	for name, want := range map[string]struct {
		reference, name string
		state           snapshot.State
	}{
		"name":         {"{{secret:stripe_api_key}}", "stripe_api_key", snapshot.Ready},
		"unknown name": {"{{secret:gone}}", "gone", snapshot.Missing},
		"unknown id":   {"{{secret_id:01900000-0000-7000-8000-000000000000}}", "01900000-0000-7000-8000-000000000000", snapshot.Missing},
		"both":         {"{{secret:stripe_api_key}} {{ secret:stripe_api_key }}", "stripe_api_key", snapshot.Ready},
	} {
		t.Run(name, func(t *testing.T) {
			in.Routes = []snapshot.Route{newRoute(production, "r", fmt.Sprintf(
				`{"name":"r","target_url":"https://api.example.com","inject_query":{"key":%q}}`, want.reference))}
			values := find(t, build(t, in, nil, s), production, "r").Values(false)
			if len(values) != 1 || values[0].Name != want.name || values[0].State(time.Now()) != want.state {
				t.Errorf("got %d values, first %+v, want one: %s in state %v", len(values), values, want.name, want.state)
			}
		})
	}
}

func TestBodySecretsAreApart(t *testing.T) {
	s := newSealer(t, 1)
	in := newInput(t, s, 1)
	in.Routes = []snapshot.Route{newRoute(production, "r", `{"name":"r","target_url":"https://api.example.com",`+
		`"inject_headers":{"X-A":"{{secret:a}}"},"inject_body":{"list":["{{secret:b}}",1,{}],"on":true,"deep":{"a":"{{secret:a}}","plain":"x"},"none":{}}}`)}
	r := find(t, build(t, in, nil, s), production, "r")
	if got := strings.Join(r.SecretNames(false, false), " "); got != "a" {
		t.Errorf("without body: got %q, want a", got)
	}
	if got := strings.Join(r.SecretNames(false, true), " "); got != "a b" {
		t.Errorf("with body: got %q, want a b", got)
	}
	body := r.Plan().Body
	if !body.IsObject() || len(body.Members) != 4 {
		t.Errorf("body: got %+v, want an object of 4 members", body)
	}
}

func TestOneBadRowHarmsOnlyItself(t *testing.T) {
	s := newSealer(t, 1)
	in := newInput(t, s, 1)
	in.Values = append(in.Values, seal(t, newSealer(t, 2), development, 1, "of another server"))
	in.Routes = append(in.Routes, newRoute(production, "broken", `{"name":1}`), newRoute("gone", "lost", charges))
	in.Keys = append(in.Keys, snapshot.Key{ID: "key-gone", EnvironmentID: "gone", Digest: digest(9)})
	a := build(t, in, nil, s)
	var what []string
	for _, p := range a.Problems() {
		what = append(what, p.What+" "+p.ID)
		if p.Err == nil || strings.Contains(p.Err.Error(), "of another server") {
			t.Errorf("problem with %s: got error %v, want one without the value", p.ID, p.Err)
		}
	}
	if got, want := strings.Join(what, ", "), "secret value secret-stripe, route id-broken, API key key-gone"; got != want {
		t.Errorf("problems: got %s, want %s", got, want)
	}
	if r := find(t, a, production, "broken"); r.Plan() != nil {
		t.Error("a route whose content does not compile: got a plan, want none")
	}
	if got := find(t, a, development, "charges").Values(false)[0].State(time.Now()); got != snapshot.Unreadable {
		t.Errorf("a value that does not open: got state %v, want Unreadable", got)
	}
	if got := find(t, a, production, "charges").Values(false)[0].State(time.Now()); got != snapshot.Ready {
		t.Errorf("its neighbour: got state %v, want Ready", got)
	}
	// It is not taken over as broken for ever.
	in.Version, in.Values[1] = 2, seal(t, s, development, 1, "of this server")
	if got := find(t, build(t, in, a, s), development, "charges").Values(false)[0].State(time.Now()); got != snapshot.Ready {
		t.Errorf("the same version once it opens: got state %v, want Ready", got)
	}
}

func TestBuildTakesOverWhatDidNotChange(t *testing.T) {
	s := newSealer(t, 1)
	in := newInput(t, s, 1)
	first := build(t, in, nil, s)
	in.Version = 2
	in.Routes = append(in.Routes, newRoute(production, "more", charges))
	second := build(t, in, first, s)
	for _, e := range []string{development, production} {
		if find(t, first, e, "charges") != find(t, second, e, "charges") {
			t.Errorf("unchanged route in %s: got a new one, want the one before", e)
		}
	}
	in.Version, in.Values = 3, []secret.Value{seal(t, s, production, 2, "sk_new")}
	third := build(t, in, second, s)
	before, after := find(t, second, production, "charges"), find(t, third, production, "charges")
	if before == after || before.Plan() != after.Plan() {
		t.Error("route with a new value: want another route of the same plan")
	}
	if plain, err := after.Values(false)[0].AppendTo(nil); err != nil || string(plain) != "sk_new" {
		t.Errorf("new value: got %q, %v, want sk_new", plain, err)
	}
	in.Version, in.Routes[1].Active = 4, false
	if r := find(t, build(t, in, third, s), production, "charges"); r.Active {
		t.Error("route switched off: got active")
	}
}

func TestActiveEnvironment(t *testing.T) {
	s := newSealer(t, 1)
	const named = `{"name":"charges","target_url":"https://api.example.com/v1","active_environment":"env-development"}`
	for name, test := range map[string]struct {
		routes []snapshot.Route
		want   string // "": none
	}{
		"default is the top":           {[]snapshot.Route{newRoute(development, "r", charges)}, production},
		"named":                        {[]snapshot.Route{newRoute(development, "r", named)}, development},
		"by promotion, not by commit":  {[]snapshot.Route{newRoute(development, "r", named), newRoute(production, "r", charges)}, production},
		"promoted":                     {[]snapshot.Route{newRoute(production, "r", named)}, development},
		"an environment that is gone":  {[]snapshot.Route{newRoute(production, "r", strings.ReplaceAll(named, "env-development", "gone"))}, ""},
		"a route that is live nowhere": {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := newInput(t, s, 1)
			in.Routes = test.routes
			a := build(t, in, nil, s)
			for _, ref := range []string{"r", "id-r"} {
				e, ok := a.ActiveEnvironment(ref)
				if got := id(e); ok != (test.want != "") || got != test.want {
					t.Errorf("%s: got %q, want %q", ref, got, test.want)
				}
			}
		})
	}
}

func id(e *snapshot.LiveEnvironment) string {
	if e == nil {
		return ""
	}
	return e.ID
}

func TestIDsWinOverNamesThatLookLikeThem(t *testing.T) {
	s := newSealer(t, 1)
	in := newInput(t, s, 1)
	in.Environments = append(in.Environments, snapshot.Environment{ID: "env-other", Name: production})
	in.Routes = append(in.Routes, newRoute(production, "id-charges", charges))
	a := build(t, in, nil, s)
	if e, _ := a.Environment(production); id(e) != production {
		t.Errorf("environment: got %s, want %s", id(e), production)
	}
	if r := find(t, a, production, "id-charges"); r.Key != "charges" {
		t.Errorf("route: got key %s, want charges", r.Key)
	}
}

func TestCredentialLives(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	s := newSealer(t, 1)
	for name, test := range map[string]struct {
		expires, revoked time.Time
		want             bool
	}{
		"for good":                {want: true},
		"not yet expired":         {expires: now.Add(1), want: true},
		"expired":                 {expires: now},
		"grace":                   {revoked: now.Add(time.Hour), want: true},
		"grace over":              {revoked: now.Add(-1)},
		"grace beyond expiry":     {revoked: now.Add(time.Hour), expires: now.Add(-1)},
		"expiry beyond the grace": {revoked: now, expires: now.Add(time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			in := newInput(t, s, 1)
			in.Keys = []snapshot.Key{{ID: "k", EnvironmentID: production, Kind: apikey.Secret, Digest: digest(1), ExpiresAt: test.expires, RevokedAt: test.revoked}}
			h := newHolder(t, newFeed(in), s)
			if err := h.Refresh(t.Context(), account); err != nil {
				t.Fatal(err)
			}
			_, c, ok := h.Find(digest(1))
			if !ok || c.Live(now) != test.want {
				t.Errorf("got found %v, live %v, want found, live %v", ok, ok && c.Live(now), test.want)
			}
		})
	}
}

func TestBuildEndsWithItsContext(t *testing.T) {
	s := newSealer(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := snapshot.Build(ctx, newInput(t, s, 1), nil, s); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
