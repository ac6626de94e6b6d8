package dashboard_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/dashboard"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
)

const (
	ownerEmail    = "owner@example.com"
	ownerPassword = "correct horse battery staple"
	sessionCookie = "__Host-lockage-session"
)

// rig is the pages over a real control with a real store, and what a first start makes.
type rig struct {
	t       *testing.T
	store   *store.Store
	control *control.Control
	pages   *dashboard.Dashboard
	log     *lockedBuffer
	clock   *clock
	account string // of the owner
	secure  *httptest.Server
}

func newRig(t *testing.T, set ...func(*control.Config)) *rig {
	t.Helper()
	r := &rig{t: t, log: &lockedBuffer{}, clock: &clock{now: time.Now().UTC().Truncate(time.Second)}}
	r.store = testkit.Open(t, store.Config{Path: filepath.Join(t.TempDir(), "lockage.db"), Now: r.clock.Now})
	kek, err := secret.NewLocalKEK(bytes.Repeat([]byte{7}, 32))
	must(t, err)
	digester, err := apikey.NewDigester(bytes.Repeat([]byte{9}, 32))
	must(t, err)
	c := control.Config{Store: r.store, Sealer: secret.NewSealer(kek), Digester: digester, Now: r.clock.Now}
	for _, f := range set {
		f(&c)
	}
	r.control, err = control.New(c)
	must(t, err)
	must(t, r.control.Unlock(t.Context()))
	_, _, err = r.control.Bootstrap(t.Context(), control.BootstrapConfig{Token: "tk_0123456789abcdefghij", Email: ownerEmail, Password: ownerPassword})
	must(t, err)
	must(t, r.store.ReadAll(t.Context(), func(tx *store.Tx) error {
		accounts, err := tx.Accounts(t.Context())
		r.account = accounts[0]
		return err
	}))
	r.pages, err = dashboard.New(dashboard.Config{Control: r.control, Now: r.clock.Now, PublicURL: c.PublicURL, Logger: slog.New(slog.NewJSONHandler(r.log, nil))})
	must(t, err)
	r.secure = httptest.NewTLSServer(r.pages)
	t.Cleanup(r.secure.Close)
	return r
}

// second makes another account, to which the owner belongs too, as a viewer.
func (r *rig) second(name string) (id string) {
	r.t.Helper()
	ctx := r.t.Context()
	id = "account-" + name
	must(r.t, r.store.CreateAccount(ctx, id, name, func(tx *store.Tx) error {
		return tx.AppendAudit(ctx, entry("account.create"))
	}))
	var person store.Person
	must(r.t, r.store.ReadAll(ctx, func(tx *store.Tx) (err error) {
		person, err = tx.PersonByEmail(ctx, ownerEmail)
		return err
	}))
	must(r.t, r.store.Write(ctx, id, func(tx *store.Tx) error {
		if err := tx.InsertMember(ctx, store.Member{ID: "member-" + name, PersonID: person.ID, CreatedAt: tx.Now()}); err != nil {
			return err
		}
		if err := tx.InsertGrant(ctx, "member-"+name, access.Grant{Environment: access.AnyEnvironment, Role: access.Viewer}); err != nil {
			return err
		}
		return tx.AppendAudit(ctx, entry("member.join"))
	}))
	return id
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// clock is a clock that only the test moves.
type clock struct {
	sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.Lock()
	defer c.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

func (c *clock) forward(d time.Duration) {
	c.Lock()
	defer c.Unlock()
	c.now = c.now.Add(d)
}

type lockedBuffer struct {
	sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.Lock()
	defer b.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) text() string {
	b.Lock()
	defer b.Unlock()
	return b.String()
}

// browser keeps cookies and does not go on by itself.
type browser struct {
	r      *rig
	client *http.Client
	base   string
}

func (r *rig) browser() *browser {
	jar, err := cookiejar.New(nil)
	must(r.t, err)
	return &browser{r: r, base: r.secure.URL, client: &http.Client{
		Jar: jar, Transport: r.secure.Client().Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// page is what came back.
type page struct {
	t       *testing.T
	what    string
	status  int
	header  http.Header
	cookies map[string]*http.Cookie
	body    string
}

func (b *browser) get(path string) page { return b.do(http.MethodGet, path, nil) }

// post sends a form; fields are names and values in turn.
func (b *browser) post(path string, fields ...string) page {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return b.do(http.MethodPost, path, strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded")
}

func (b *browser) do(method, path string, body io.Reader, headers ...string) page {
	b.r.t.Helper()
	req, err := http.NewRequestWithContext(b.r.t.Context(), method, b.base+path, body)
	must(b.r.t, err)
	req.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := b.client.Do(req)
	must(b.r.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	must(b.r.t, err)
	p := page{t: b.r.t, what: method + " " + path, status: res.StatusCode, header: res.Header, cookies: map[string]*http.Cookie{}, body: string(text)}
	for _, c := range res.Cookies() {
		p.cookies[c.Name] = c
	}
	return p
}

// is checks the status, and that the page says all of what is given.
func (p page) is(status int, says ...string) page {
	p.t.Helper()
	if p.status != status {
		p.t.Errorf("%s: got %d, want %d\n%s", p.what, p.status, status, p.body)
	}
	for _, text := range says {
		if !strings.Contains(p.body, text) {
			p.t.Errorf("%s: the page does not say %q:\n%s", p.what, text, p.body)
		}
	}
	return p
}

// leads checks that the browser is sent on.
func (p page) leads(to string) page {
	p.t.Helper()
	if got := p.header.Get("Location"); p.status != http.StatusSeeOther || got != to {
		p.t.Errorf("%s: got %d to %q, want 303 to %q\n%s", p.what, p.status, got, to, p.body)
	}
	return p
}

// silent checks that a page does not say any of this.
func (p page) silent(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		if strings.Contains(p.body, text) {
			p.t.Errorf("%s: the page says %q:\n%s", p.what, text, p.body)
		}
	}
}

// loggedIn is a browser of the owner's with a session.
func (r *rig) loggedIn() *browser {
	r.t.Helper()
	b := r.browser()
	p := b.post("/login", "email", ownerEmail, "password", ownerPassword, "next", "/")
	p.leads("/login/kept?next=%2F")
	r.clock.forward(time.Minute) // or the attempts would be too many
	return b
}

// cookie is the session that the browser holds.
func (b *browser) cookie() string {
	u, err := url.Parse(b.base)
	must(b.r.t, err)
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == sessionCookie {
			return c.Value
		}
	}
	return ""
}

// with is a browser that holds this session, however it came by it.
func (r *rig) with(cookie string) *browser {
	b := r.browser()
	u, err := url.Parse(b.base)
	must(r.t, err)
	b.client.Jar.SetCookies(u, []*http.Cookie{{Name: sessionCookie, Value: cookie, Path: "/", Secure: true}})
	return b
}

// sessions are those of the owner.
func (r *rig) sessions(cookie string) []control.Session {
	r.t.Helper()
	who, err := r.control.AuthenticateCookie(context.WithoutCancel(r.t.Context()), cookie, access.Request{})
	must(r.t, err)
	list, err := r.control.ListSessions(r.t.Context(), who)
	must(r.t, err)
	return list
}

// plain sends a form as a program would, without TLS.
func (r *rig) plain(method, to string, form url.Values) *httptest.ResponseRecorder {
	r.t.Helper()
	req := httptest.NewRequestWithContext(r.t.Context(), method, to, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	r.pages.ServeHTTP(w, req)
	return w
}
