package control_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
)

// empty is an installation that was never started.
func empty(t *testing.T, c store.Config) *fixture {
	t.Helper()
	x := &fixture{config: c, store: testkit.Open(t, c), db: direct(t, c), hidden: map[string]string{}}
	x.settings = settings(t, x.store, 1, 2)
	x.Control = open(t, x.settings)
	return x
}

func TestBootstrapMakesTheFirstAccount(t *testing.T) {
	testkit.EngineConfigs(t, func(t *testing.T, c store.Config) {
		x := empty(t, c)
		made, created, err := x.Bootstrap(t.Context(), control.BootstrapConfig{})
		if err != nil || !created || !made.MadeToken || !made.MadePassword || made.Email != "owner@localhost" {
			t.Fatalf("got %+v, created %v, %v; want both credentials made for owner@localhost", made, created, err)
		}
		x.hide("the token", made.Token.Reveal())
		x.hide("the password", made.Password)
		if kind, err := apikey.Parse(made.Token.Reveal()); kind != apikey.Token || err != nil {
			t.Errorf("token: got kind %q and %v, want a management token", kind, err)
		}
		from := access.Request{ID: "r", Address: "192.0.2.1"}
		who, err := x.Authenticate(t.Context(), made.Token.Reveal(), from)
		if err != nil {
			t.Fatalf("authenticate: %v", err)
		}
		owner := []access.Grant{{Environment: access.AnyEnvironment, Role: access.Owner}}
		want := access.Principal{Account: who.Account, Kind: access.TokenActor, ID: who.ID, Name: "bootstrap", Grants: owner, Request: from}
		if diff := cmp.Diff(want, who); diff != "" {
			t.Errorf("principal (-want +got):\n%s", diff)
		}
		if _, _, err := logIn(t.Context(), x.Control, "OWNER@localhost ", made.Password, from); err != nil {
			t.Errorf("login: %v", err)
		}
		list, err := x.ListEnvironments(t.Context(), who)
		if err != nil || len(list) != 2 {
			t.Fatalf("got environments %v and %v, want two", list, err)
		}
		development, production := environment.BuiltIn()
		for i, want := range []environment.Environment{development, production} {
			got := list[i]
			want.ID, want.RootHash, want.CreatedAt, want.UpdatedAt = got.ID, got.RootHash, got.CreatedAt, got.UpdatedAt
			if diff := cmp.Diff(want, got); diff != "" || got.RootHash == "" || got.CreatedAt.IsZero() {
				t.Errorf("environment %d (-want +got):\n%s", i, diff)
			}
		}
		entries := func() int { return len(x.dump(t, "audit_entries")) }
		if n := entries(); n != 2 { // the account and the login
			t.Errorf("got %d audit entries, want 2: all of the first start is one transaction", n)
		}
		x.searchClear(t)
		before := x.state(t)
		again, created, err := x.Bootstrap(t.Context(), control.BootstrapConfig{Password: "short", Token: ownerToken})
		if err != nil || created || again != (control.Bootstrapped{}) {
			t.Errorf("second start: got %+v, created %v, %v, want nothing", again, created, err)
		}
		if diff := cmp.Diff(before, x.state(t)); diff != "" {
			t.Errorf("second start changed (-before +after):\n%s", diff)
		}
	})
}

func TestBootstrapUsesWhatTheOperatorSet(t *testing.T) {
	testkit.EngineConfigs(t, func(t *testing.T, c store.Config) {
		x := empty(t, c)
		b := control.BootstrapConfig{Token: ownerToken, Email: " Boss@Example.com ", Password: ownerPassword}
		made, created, err := x.Bootstrap(t.Context(), b)
		if err != nil || !created || made != (control.Bootstrapped{Email: "boss@example.com"}) {
			t.Errorf("got %+v, created %v, %v; want only the address repeated", made, created, err)
		}
		if _, err := x.Authenticate(t.Context(), ownerToken, access.Request{}); err != nil {
			t.Errorf("token: %v", err)
		}
		if _, _, err := logIn(t.Context(), x.Control, "boss@example.com", ownerPassword, access.Request{}); err != nil {
			t.Errorf("login: %v", err)
		}
		if len(x.dump(t, "accounts")) != 1 {
			t.Errorf("got accounts %v, want one", x.dump(t, "accounts"))
		}
	})
}

// What was made can be kept before it is committed, so that it is not lost with the process.
func TestBootstrapKeepsBeforeItCommits(t *testing.T) {
	testkit.EngineConfigs(t, func(t *testing.T, c store.Config) {
		x := empty(t, c)
		before := x.state(t)
		b := control.BootstrapConfig{Password: ownerPassword, Keep: func(control.Bootstrapped) error { return errTrap }}
		made, created, err := x.Bootstrap(t.Context(), b)
		if !errors.Is(err, errTrap) || created || made != (control.Bootstrapped{}) {
			t.Errorf("not kept: got %+v, created %v, %v, want nothing made", made, created, err)
		}
		if diff := cmp.Diff(before, x.state(t)); diff != "" || len(x.dump(t, "accounts")) != 0 {
			t.Errorf("not kept: changed (-before +after):\n%s", diff)
		}
		var kept control.Bootstrapped
		b.Keep = func(m control.Bootstrapped) error { kept = m; return nil }
		if made, created, err = x.Bootstrap(t.Context(), b); err != nil || !created || made != kept || kept.Token.Reveal() == "" || kept.Password != "" {
			t.Errorf("got %+v, created %v, %v, want what was kept, %+v, without the operator's password", made, created, err, kept)
		}
	})
}

func TestBootstrapRefuses(t *testing.T) {
	testkit.EngineConfigs(t, func(t *testing.T, c store.Config) {
		x := empty(t, c)
		before := x.state(t)
		for name, tt := range map[string]struct {
			config control.BootstrapConfig
			want   string
		}{
			"an address":           {control.BootstrapConfig{Email: "zebra"}, "LOCKAGE_BOOTSTRAP_EMAIL"},
			"an address with name": {control.BootstrapConfig{Email: "Z <zebra@example.com>"}, "LOCKAGE_BOOTSTRAP_EMAIL"},
			"a short password":     {control.BootstrapConfig{Password: "zebra zebra"}, "LOCKAGE_BOOTSTRAP_PASSWORD"},
			"a long password":      {control.BootstrapConfig{Password: strings.Repeat("zebra", 300)}, "LOCKAGE_BOOTSTRAP_PASSWORD"},
			"a short token":        {control.BootstrapConfig{Token: "tk_zebra"}, "LOCKAGE_BOOTSTRAP_TOKEN"},
			"a token of no kind":   {control.BootstrapConfig{Token: "sk_zebrazebrazebrazebra"}, "LOCKAGE_BOOTSTRAP_TOKEN"},
			"a token with space":   {control.BootstrapConfig{Token: "tk_zebrazebra zebrazebra"}, "LOCKAGE_BOOTSTRAP_TOKEN"},
		} {
			made, created, err := x.Bootstrap(t.Context(), tt.config)
			if err == nil || created || made != (control.Bootstrapped{}) || !strings.Contains(err.Error(), tt.want) ||
				strings.Contains(err.Error(), "zebra") {
				t.Errorf("%s: got %+v, created %v, %v; want a refusal that names %s only", name, made, created, err, tt.want)
			}
			if fault.KindOf(err) != fault.Internal {
				t.Errorf("%s: got kind %s, want none: it is for the operator", name, fault.KindOf(err))
			}
		}
		if diff := cmp.Diff(before, x.state(t)); diff != "" || len(x.dump(t, "accounts")) != 0 {
			t.Errorf("refusals changed (-before +after):\n%s", diff)
		}
	})
}

// Several processes may start on one fresh database at once.
func TestBootstrapAtOnceMakesOneAccount(t *testing.T) {
	testkit.EngineConfigs(t, func(t *testing.T, c store.Config) {
		x := empty(t, c)
		var wait sync.WaitGroup
		var mu sync.Mutex
		first := 0
		for range 4 {
			wait.Go(func() {
				_, created, err := x.Bootstrap(t.Context(), control.BootstrapConfig{})
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Errorf("bootstrap: %v", err)
				}
				if created {
					first++
				}
			})
		}
		wait.Wait()
		if n := len(x.dump(t, "accounts")); n != 1 || first != 1 {
			t.Errorf("got %d accounts and %d times created, want one of each", n, first)
		}
	})
}

func TestUnlock(t *testing.T) {
	testkit.EngineConfigs(t, func(t *testing.T, c store.Config) {
		x := empty(t, c)
		before := x.state(t)
		for name, tt := range map[string]struct {
			kek, pepper byte
			want        string
		}{
			"the same keys":  {1, 2, ""},
			"another pepper": {1, 3, "(the pepper differs)"},
			"another KEK":    {3, 2, "(the key-encryption key differs)"},
			"both":           {3, 3, "differs)"},
		} {
			operations, err := control.New(settings(t, x.store, tt.kek, tt.pepper))
			if err != nil {
				t.Fatal(err)
			}
			err = operations.Unlock(t.Context())
			if tt.want == "" && err != nil || tt.want != "" && (!errors.Is(err, control.ErrOtherKeys) || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%s: got %v, want %q", name, err, tt.want)
			}
		}
		if diff := cmp.Diff(before, x.state(t)); diff != "" {
			t.Errorf("unlocking again changed (-before +after):\n%s", diff)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	for name, c := range map[string]control.Config{
		"nothing": {}, "no sealer": {Store: new(store.Store), Digester: new(apikey.Digester)},
	} {
		if _, err := control.New(c); err == nil {
			t.Errorf("%s: got no error, want a refusal", name)
		}
	}
}
