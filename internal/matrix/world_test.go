// Package matrix_test looks at the product from outside, as everybody who can reach it: each operation that the description
// names is called by each role, in environments that the role reaches and in those it does not, in its own account and in
// another. What comes of it is a table for reviewers, and proofs that what is foreign answers as what never existed.
//
// An operation joins by being described. Its parameters are filled in by their kind (see kinds_test.go); where that does
// not make a call that an owner may do, recipes_test.go has a line for it. An operation for which neither yields a call
// fails the tests by its name.
package matrix_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/pquerna/otp/totp"
	"golang.org/x/crypto/argon2"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/api"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/mail"
	"github.com/lockage/lockage/internal/oauth"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const (
	password      = "correct horse battery staple"
	operatorToken = "the-operators-token-of-these-tests-0123456789"
)

var allRoles = []access.Role{access.Owner, access.Admin, access.Developer, access.Support, access.Viewer}

// clock is a time that passes with every look at it, so that no two things happen at once.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

func (c *clock) set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is an installation with two accounts, each with its environments, one of everything in each of them, and people.
type world struct {
	t          *testing.T
	clock      *clock
	store      *store.Store
	config     store.Config
	db         *sql.DB // past the store
	control    *control.Control
	digester   *apikey.Digester
	kek        *secret.LocalKEK
	handler    http.Handler
	tables     []string // in an order in which they can be filled
	columns    map[string][]string
	statements map[string]*sql.Stmt // of the database, by their text
	clean      bool                 // the rows are those that were saved
	restored   int                  // how often they were put back

	ours, theirs *household
	logins       time.Time // when everybody logged in
	asked        time.Time // when everything is asked that is compared
}

// household is an account: who is in it and what is in it.
type household struct {
	w        *world
	id       string
	prefix   string            // of every name in it
	cast     map[string]string // a JWT by what its holder is called
	tokens   map[string]string // a management token, likewise
	members  map[string]string // ids, likewise
	tokenIDs map[string]string
	factors  map[string]string // the id of an authenticator, likewise; the maker has none, who logs in again
	things   map[string]things // by environment, without the prefix
	drafted  string            // the key of the route that is saved and in no environment
}

// things are valid references, by their kind, to what is in an environment.
type things map[string]string

func newWorld(t *testing.T, c store.Config) *world {
	t.Helper()
	return newWorldThrough(t, c, c.URL)
}

// newWorldThrough is newWorld with a store that reaches its database by another URL than the test.
func newWorldThrough(t *testing.T, c store.Config, way string) *world {
	t.Helper()
	w := &world{t: t, statements: map[string]*sql.Stmt{}, config: c, clock: &clock{now: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}}
	c.Now, c.Logger = w.clock.Now, slog.New(slog.DiscardHandler)
	c.URL = way
	w.store, w.db = testkit.Open(t, c), direct(t, w.config)
	kek, err := secret.NewLocalKEK(bytes.Repeat([]byte{7}, 32))
	must(t, err)
	w.kek = kek
	w.digester, err = apikey.NewDigester(bytes.Repeat([]byte{9}, 32))
	must(t, err)
	w.control, err = control.New(control.Config{
		Store: w.store, Sealer: secret.NewSealer(kek), Digester: w.digester, Now: w.clock.Now,
		Tokens: oauth.New(oauth.Config{}), PublicURL: "https://lockage.example", Mail: unread{},
		OperatorToken: operatorToken, OpenSignup: true,
		Replay: func(context.Context, route.Replay) (route.Replayed, error) {
			return route.Replayed{ID: newID(), Status: 200}, nil
		},
	})
	must(t, err)
	must(t, w.control.Unlock(t.Context()))
	w.handler, err = api.New(api.Config{Control: w.control, Logger: slog.New(slog.DiscardHandler), Now: w.clock.Now, Version: "test"})
	must(t, err)
	w.logins = w.clock.Now()
	w.logins = w.clock.Now()
	w.ours, w.theirs = w.household(""), w.household("theirs-")
	must(t, w.store.Batch(t.Context(), func(tx *store.Tx) error {
		return tx.SetSetting(t.Context(), "first_account", []byte(w.ours.id)) // whose owners rotate keys
	}))
	w.logins = w.clock.Now()
	w.asked = w.clock.Now()
	w.save()
	return w
}

// unread takes mail that nobody looks at.
type unread struct{}

func (unread) Send(context.Context, mail.Message) error { return nil }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// household makes an account with its people, then everything else as they would.
func (w *world) household(prefix string) *household {
	w.t.Helper()
	h := &household{
		w: w, id: newID(), prefix: prefix, cast: map[string]string{}, tokens: map[string]string{}, members: map[string]string{},
		tokenIDs: map[string]string{}, factors: map[string]string{}, things: map[string]things{},
	}
	first, top := environment.BuiltIn()
	ctx := w.t.Context()
	must(w.t, w.store.CreateAccount(ctx, h.id, prefix+"household", func(tx *store.Tx) error {
		for _, e := range []*environment.Environment{&first, &top} {
			e.ID, e.Name, e.RootHash = newID(), prefix+e.Name, string(definition.Tree{}.Root())
			e.CreatedAt, e.UpdatedAt = tx.Now(), tx.Now()
			if err := tx.InsertEnvironment(ctx, *e); err != nil {
				return err
			}
		}
		if err := h.join(ctx, tx, "maker", access.Grant{Environment: access.AnyEnvironment, Role: access.Owner}); err != nil {
			return err
		}
		return tx.AppendAudit(ctx, audit.Entry{Action: string(access.AccountCreate), Outcome: audit.Allowed})
	}))
	h.login("maker")
	h.furnish(first.Name, top.Name)
	must(w.t, w.store.Write(ctx, h.id, func(tx *store.Tx) error {
		errs := []error{
			tx.AppendAudit(ctx, audit.Entry{Action: string(access.MemberJoin), Outcome: audit.Allowed}), h.join(ctx, tx, "none"),
			h.join(ctx, tx, "visitor", h.grants("all", access.Viewer)...), // whom the others do things to
		}
		for _, r := range allRoles {
			for _, reach := range []string{"all", "some"} {
				errs = append(errs, h.join(ctx, tx, reach+"-"+string(r), h.grants(reach, r)...))
			}
		}
		return errors.Join(errs...)
	}))
	for name := range h.members {
		h.login(name)
		if name != "maker" {
			h.enrol(name)
		}
	}
	for _, in := range h.things {
		in["factor"] = h.factors["visitor"]
		in["member"], in["token"], in["account"] = h.members["visitor"], h.tokenIDs["visitor"], h.id
		in["session"] = sessionOf(w.t, h.cast["visitor"])
	}
	return h
}

// grants are those of somebody with a role in "all" environments or in "some".
func (h *household) grants(reach string, r access.Role) []access.Grant {
	if reach == "all" {
		return []access.Grant{{Environment: access.AnyEnvironment, Role: r}}
	}
	return []access.Grant{
		{Environment: h.things["development"]["environment"], Role: r},
		{Environment: h.things["staging"]["environment"], Role: r},
	}
}

// hash is of the password, for little work: everybody logs in.
var hash = sync.OnceValue(func() string {
	salt, b64 := []byte("salt of the test"), base64.RawStdEncoding
	sum := argon2.IDKey([]byte(password), salt, 1, 8, 1, 32)
	return fmt.Sprintf("$argon2id$v=%d$m=8,t=1,p=1$%s$%s", argon2.Version, b64.EncodeToString(salt), b64.EncodeToString(sum))
})

// join adds a member, and a token, that hold the grants.
func (h *household) join(ctx context.Context, tx *store.Tx, name string, grants ...access.Grant) error {
	person, member, token := newID(), newID(), newID()
	h.members[name], h.tokenIDs[name] = member, token
	h.tokens[name] = "tk_" + strings.ReplaceAll(token, "-", "")
	errs := []error{
		tx.InsertPerson(ctx, store.Person{ID: person, Email: h.email(name), Name: name, PasswordHash: hash(), CreatedAt: tx.Now()}),
		tx.InsertMember(ctx, store.Member{ID: member, PersonID: person, CreatedAt: tx.Now()}),
		tx.InsertToken(ctx, store.Token{ID: token, Name: h.prefix + name, Digest: h.w.digester.Sum(h.tokens[name]), CreatedAt: tx.Now()}),
	}
	for _, g := range grants {
		errs = append(errs, tx.InsertGrant(ctx, member, g), tx.InsertGrant(ctx, token, g))
	}
	return errors.Join(errs...)
}

func (h *household) email(name string) string { return h.prefix + name + "@example.com" }

func (h *household) login(name string) {
	h.w.t.Helper()
	a := h.w.do("", "POST", "/admin/auth/login", fmt.Sprintf(`{"email":%q,"password":%q}`, h.email(name), password))
	var got struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal([]byte(a.body), &got); a.status != http.StatusOK || err != nil {
		h.w.t.Fatalf("%s logs in: got %d %s", name, a.status, a.body)
	}
	h.cast[name] = got.Token
}

// enrol sets up somebody's authenticator.
func (h *household) enrol(name string) {
	h.w.t.Helper()
	var made struct {
		Data struct{ ID, Secret string }
	}
	a := h.w.do(h.cast[name], "POST", "/v1/second-factors/totp", `{"name":"phone"}`)
	if err := json.Unmarshal([]byte(a.body), &made); a.status != http.StatusCreated || err != nil {
		h.w.t.Fatalf("%s sets up an authenticator: got %d %s", name, a.status, a.body)
	}
	code, err := totp.GenerateCode(made.Data.Secret, h.w.clock.Now())
	must(h.w.t, err)
	a = h.w.do(h.cast[name], "POST", "/v1/second-factors/totp/"+made.Data.ID+"/confirm", fmt.Sprintf(`{"code":%q}`, code))
	if a.status != http.StatusOK {
		h.w.t.Fatalf("%s confirms an authenticator: got %d %s", name, a.status, a.body)
	}
	h.factors[name] = made.Data.ID
}

// credential is somebody's of the account: their session, and when that has ended their token.
func (h *household) credential(name string) string {
	if h.w.clock.Now().Before(h.w.logins.Add(50 * time.Minute)) {
		return h.cast[name]
	}
	return h.tokens[name]
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// answer is what came back.
type answer struct {
	status int
	body   string
	header http.Header
}

// do sends a request with a credential; body "" is none.
func (w *world) do(credential, method, path, body string, headers ...string) answer {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	var reader *strings.Reader
	req := httptest.NewRequestWithContext(ctx, method, path, nil)
	if body != "" {
		reader = strings.NewReader(body)
		req = httptest.NewRequestWithContext(ctx, method, path, reader)
		req.Header.Set("Content-Type", "application/json")
	}
	if credential != "" {
		req.Header.Set("Authorization", "Bearer "+credential)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	got := testkit.NewListener(cancel)
	w.handler.ServeHTTP(got, req)
	if method != http.MethodGet && got.Code < http.StatusBadRequest {
		w.clean = false
	}
	return answer{got.Code, got.Body.String(), got.Header()}
}

// make is do as the account's maker, who succeeds; it gives what id reads from the answer's data.
func (h *household) make(method, path, body string, headers ...string) map[string]any {
	h.w.t.Helper()
	a := h.w.do(h.credential("maker"), method, path, body, headers...)
	if a.status >= http.StatusBadRequest {
		h.w.t.Fatalf("%s %s %s: got %d %s", method, path, body, a.status, a.body)
	}
	var got struct{ Data any }
	must(h.w.t, json.Unmarshal([]byte(a.body), &got))
	data, _ := got.Data.(map[string]any)
	return data
}

// sessionOf is the session that a JWT is of.
func sessionOf(t *testing.T, token string) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	must(t, err)
	var claims struct {
		Session string `json:"sid"`
	}
	must(t, json.Unmarshal(raw, &claims))
	return claims.Session
}
