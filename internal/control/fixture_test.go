package control_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/snapshot"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/syslog"
	"github.com/lockage/lockage/internal/testkit"
	"github.com/lockage/lockage/internal/webhook"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// clock is a time that passes when a test says so.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// fixture is an installation after its first start, with a second account in the same database, and the cast.
type fixture struct {
	*control.Control
	settings control.Config
	store    *store.Store
	config   store.Config
	db       *sql.DB // the database past the store
	clock    *clock
	account  string

	owner, admin, developer, support, viewer access.Principal
	development, production                  string // ids

	recorded int            // calls
	replayed []route.Replay // what was sent once more

	foreign foreign
	hidden  map[string]string // what must not be found in the database, with what it is
}

const (
	ownerEmail    = "owner@example.com"
	ownerPassword = "correct horse battery staple"
	ownerToken    = "tk_made_by_the_operator_of_the_tests"
	ourAccount    = "018f0000-0000-7000-8000-00000000000a"
)

// onBoth runs a test on each engine. Whatever the test does, afterwards both audit logs verify, the second account is as
// it was, the gateway could take every change, and nothing hidden stands in any column.
func onBoth(t *testing.T, f func(*testing.T, *fixture)) {
	t.Helper()
	testkit.EngineConfigs(t, func(t *testing.T, c store.Config) {
		x := newFixture(t, c)
		before := x.rowsOf(t, x.foreign.account)
		f(t, x)
		x.verify(t, x.owner)
		x.verify(t, x.foreign.owner)
		after := x.rowsOf(t, x.foreign.account)
		if x.foreign.asked {
			before["audit_entries"] = after["audit_entries"]
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("rows of the other account (-before +after):\n%s", diff)
		}
		if state, ok := x.settings.Holder.Account(x.account); !ok || len(state.Problems()) > 0 {
			t.Errorf("the gateway's state: got %v, want one without problems", state)
		}
		x.searchClear(t)
	})
}

func newFixture(t *testing.T, c store.Config) *fixture {
	t.Helper()
	x := &fixture{clock: &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}, hidden: map[string]string{}}
	c.Now = x.clock.Now
	x.config, x.store, x.db = c, testkit.Open(t, c), direct(t, c)
	x.settings = settings(t, x.store, 1, 2)
	x.settings.Now = x.clock.Now
	x.settings.Replay = func(_ context.Context, p route.Replay) (route.Replayed, error) {
		x.replayed = append(x.replayed, p)
		return route.Replayed{ID: newCallID, Status: 201}, nil
	}
	x.Control = open(t, x.settings)
	x.hide("the owner's password", ownerPassword)
	x.hide("the management token", ownerToken)
	x.account = ourAccount
	x.development, x.production = x.makeAccount(t, x.account, x.insertOwner(t))
	x.owner, x.admin, x.developer = x.member(access.Owner), x.member(access.Admin), x.member(access.Developer)
	x.support, x.viewer = x.member(access.Support), x.member(access.Viewer)
	x.enroll(t, x.owner, x.admin, x.developer, x.support, x.viewer)
	x.foreign = newForeign(t, x)
	if err := x.settings.Holder.RefreshAll(t.Context()); err != nil {
		t.Fatalf("refresh: %v", err)
	}
	return x
}

// settings are what control needs, with keys made of two bytes.
func settings(t *testing.T, s *store.Store, kek, pepper byte) control.Config {
	t.Helper()
	key, err := secret.NewLocalKEK(bytes.Repeat([]byte{kek}, 32))
	if err != nil {
		t.Fatal(err)
	}
	digester, err := apikey.NewDigester(bytes.Repeat([]byte{pepper}, 32))
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(t.Output(), nil))
	sealer := secret.NewSealer(key)
	holder, err := snapshot.NewHolder(snapshot.Config{Feed: control.Feed{Store: s}, Sealer: sealer, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	here := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	webhooks, err := webhook.New(webhook.Config{Allow: here})
	if err != nil {
		t.Fatal(err)
	}
	collectors, err := syslog.New(syslog.Config{Allow: here, Host: "lockage.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	return control.Config{Store: s, Sealer: sealer, Digester: digester, Holder: holder, Logger: logger, Webhooks: webhooks, Syslog: collectors}
}

func open(t *testing.T, c control.Config) *control.Control {
	t.Helper()
	operations, err := control.New(c)
	if err != nil {
		t.Fatalf("new: %v", err)
	}
	if err := operations.Unlock(t.Context()); err != nil {
		t.Fatalf("unlock: %v", err)
	}
	return operations
}

// with is a member who holds these grants.
func (x *fixture) with(name string, grants ...access.Grant) access.Principal {
	return access.Principal{
		Account: x.account, Kind: access.MemberActor, ID: "id-of-" + name, Name: name, Grants: grants,
		Request: access.Request{ID: "request-of-" + name, Address: "192.0.2.1"},
	}
}

// enroll makes principals members of the account, so that what they hold is found there too.
func (x *fixture) enroll(t *testing.T, list ...access.Principal) {
	t.Helper()
	err := x.store.Write(t.Context(), x.account, func(tx *store.Tx) error {
		for _, who := range list {
			person := store.Person{ID: "person-of-" + who.Name, Email: who.Name + "@example.com", Name: who.Name, CreatedAt: tx.Now()}
			if who.Name == "owner" {
				person.Email = "the." + ownerEmail // the other is the owner's of the first start
			}
			member := store.Member{ID: who.ID, PersonID: person.ID, Name: who.Name, CreatedAt: tx.Now()}
			err := errors.Join(tx.InsertPerson(t.Context(), person), tx.InsertMember(t.Context(), member), tx.PutGrants(t.Context(), who.ID, who.Grants))
			if err != nil {
				return err
			}
		}
		return tx.AppendAudit(t.Context(), audit.Entry{Action: string(access.MemberJoin), Outcome: audit.Allowed})
	})
	if err != nil {
		t.Fatalf("enroll: %v", err)
	}
}

// member is somebody with one role everywhere, called like the role.
func (x *fixture) member(r access.Role) access.Principal {
	return x.with(string(r), access.Grant{Environment: access.AnyEnvironment, Role: r})
}

// hide notes a text that must not stand in the database.
func (x *fixture) hide(what, text string) { x.hidden[text] = what }
