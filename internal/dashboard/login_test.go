package dashboard_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/dashboard"
	"github.com/lockage/lockage/internal/store"
)

func entry(action string) audit.Entry {
	return audit.Entry{Actor: audit.Actor{Kind: "system", Name: "system"}, Action: action, Outcome: audit.Allowed}
}

func TestLogin(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	b.get("/").leads("/login?next=%2F")
	b.get("/sessions").leads("/login?next=%2Fsessions")
	b.get("/login?next=%2Fsessions").is(200, `name="next" value="/sessions"`, `autocomplete="current-password"`, `<html lang="en">`, `<title>Log in · Lockage</title>`)
	p := b.post("/login", "email", " Owner@Example.com", "password", ownerPassword, "next", "/sessions").leads("/login/kept?next=%2Fsessions")
	c := p.cookies[sessionCookie]
	if c == nil || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" ||
		c.MaxAge < 11*3600 || c.MaxAge > 12*3600 || len(c.Value) != 43 {
		t.Errorf("got cookie %+v, want one of 256 bits for 12 hours, Secure, HttpOnly, SameSite=Lax, for the host alone", c)
	}
	b.get("/login/kept?next=%2Fsessions").leads("/sessions")
	b.get("/sessions").is(200, "Firefox on Linux", "you are here", "127.0.0.1", "password")
	b.get("/").is(200, ownerEmail, "default", "development", "production", "owner")
	b.get("/login?next=%2Fsessions").leads("/sessions")
	list := r.sessions(b.cookie())
	if len(list) != 1 || list[0].Address != "127.0.0.1" || !strings.Contains(list[0].Agent, "Firefox/140.0") {
		t.Errorf("got sessions %+v, want one with address and program", list)
	}
	if last := r.entries(); last[len(last)-1].Action != "session.login" || last[len(last)-1].Address != "127.0.0.1" || last[len(last)-1].RequestID == "" {
		t.Errorf("got %+v, want the login in the audit log with where it came from", last[len(last)-1])
	}
}

// entries are the audit log of the owner's account, oldest first.
func (r *rig) entries() (list []audit.Entry) {
	r.t.Helper()
	must(r.t, r.store.ReadAll(r.t.Context(), func(tx *store.Tx) (err error) {
		list, err = tx.AuditOf(r.t.Context(), r.account, 0, 1000)
		return err
	}))
	return list
}

func TestLoginIsRefused(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	wrong := b.post("/login", "email", ownerEmail, "password", "zebra zebra zebra", "next", "/sessions")
	wrong.is(401, "The e-mail address or the password is wrong.", `role="alert"`, `id="wrong"`, `aria-describedby="wrong"`, `aria-invalid="true"`,
		`value="`+ownerEmail+`"`, `name="next" value="/sessions"`).silent("zebra")
	unknown := b.post("/login", "email", "nobody@example.com", "password", "zebra zebra zebra", "next", "/sessions").is(401)
	if got := strings.ReplaceAll(unknown.body, "nobody@example.com", ownerEmail); got != wrong.body {
		t.Errorf("an unknown person's page differs:\n%s\nfrom\n%s", got, wrong.body)
	}
	b.post("/login", "email", `"><script>alert(1)</script>@example.com`, "password", "x", "next", "/").is(401, `value="&#34;&gt;&lt;script&gt;`).silent("<script>alert")
	b.post("/login", "email", ownerEmail, "password", strings.Repeat("x", 60<<10), "next", "/").is(401).silent("xxxx")
	b.post("/login", "email", ownerEmail, "password", strings.Repeat("x", 1<<20), "next", "/").is(413)
	for name, p := range map[string]page{
		"an unknown field": b.post("/login", "email", ownerEmail, "password", ownerPassword, "next", "/", "account", "x"),
		"a field twice":    b.post("/login", "email", ownerEmail, "email", ownerEmail, "password", ownerPassword, "next", "/"),
		"no text":          b.post("/login", "email", "\xff", "password", ownerPassword, "next", "/"),
		"a null character": b.post("/login", "email", "a\x00b", "password", ownerPassword, "next", "/"),
		"JSON":             b.do("POST", "/login", strings.NewReader(`{"email":"`+ownerEmail+`"}`), "Content-Type", "application/json"),
		"a broken form":    b.do("POST", "/login", strings.NewReader("email=%zz"), "Content-Type", "application/x-www-form-urlencoded"),
	} {
		if p.status != 400 || p.cookies[sessionCookie] != nil {
			t.Errorf("%s: got %d with %v, want 400", name, p.status, p.cookies)
		}
	}
	for range 20 {
		b.post("/login", "email", "often@example.com", "password", "wrong", "next", "/")
	}
	limited := b.post("/login", "email", "often@example.com", "password", "wrong", "next", "/").is(429, "Too many attempts; wait before the next.", `value="often@example.com"`)
	if limited.header.Get("Retry-After") == "" {
		t.Error("a limited login does not say when to come again")
	}
	if b.cookie() != "" {
		t.Error("a refused login left a session")
	}
	if log := r.log.text(); strings.Contains(log, "zebra") || strings.Contains(log, "script") || strings.Contains(log, "example.com") {
		t.Errorf("the log repeats what was typed:\n%s", log)
	}
}

// Where to go on after a login is said by whoever made the link.
func TestLoginLeadsNowhereElse(t *testing.T) {
	r := newRig(t)
	b := r.loggedIn()
	for next, want := range map[string]string{
		"/sessions": "/sessions", "/sessions?a=b": "/sessions?a=b", "/%2e%2e/x": "/%2e%2e/x", "": "/", "/": "/",
		"//evil.example": "/", `\evil.example`: "/", `/\evil.example`: "/", "https://evil.example/": "/", "https:/evil.example": "/",
		"javascript:alert(1)": "/", "evil": "/", "/\t/evil.example": "/", "/\n/evil.example": "/", "/ /evil": "/", "///evil.example": "/",
		"/%5cevil.example": "/", "/%2f/evil.example": "/", "/%09/evil.example": "/", "/#//evil": "/", "/login?next=/": "/", "/logout": "/", "/login/kept": "/",
		"/" + strings.Repeat("x", 3000): "/",
	} {
		b.get("/login?next=" + url.QueryEscape(next)).leads(want)
		b.get("/login/kept?next=" + url.QueryEscape(next)).leads(want)
	}
}

// A login makes a new session whatever the browser came with, and ends the one it came with.
func TestLoginKeepsNoOldSession(t *testing.T) {
	r := newRig(t)
	chosen := strings.Repeat("A", 43)
	b := r.with(chosen)
	b.post("/login", "email", ownerEmail, "password", ownerPassword, "next", "/").leads("/login/kept?next=%2F")
	first := b.cookie()
	if first == chosen || first == "" {
		t.Fatalf("got session %q, want one that nobody else chose", first)
	}
	r.with(chosen).get("/").leads("/login?next=%2F")
	b.post("/login", "email", ownerEmail, "password", ownerPassword, "next", "/").leads("/login/kept?next=%2F")
	if b.cookie() == first {
		t.Error("the second login kept the first session's secret")
	}
	r.with(first).get("/").leads("/login?next=%2F")
	b.get("/").is(200)
	if n := len(r.sessions(b.cookie())); n != 1 {
		t.Errorf("got %d sessions, want 1: nobody could end the other", n)
	}
}

func TestLogout(t *testing.T) {
	r := newRig(t)
	b := r.loggedIn()
	old := b.cookie()
	p := b.post("/logout").leads("/login")
	if c := p.cookies[sessionCookie]; c == nil || c.MaxAge >= 0 || c.Value != "" || b.cookie() != "" {
		t.Errorf("got cookie %v, want it taken back", c)
	}
	b.get("/login").is(200, "You are logged out.")
	b.get("/login").is(200).silent("You are logged out.")
	for _, path := range []string{"/", "/sessions", "/accounts"} {
		replayed := r.with(old).get(path)
		replayed.leads("/login?next=" + url.QueryEscape(path))
		if c := replayed.cookies[sessionCookie]; c == nil || c.MaxAge >= 0 {
			t.Errorf("%s: a dead session's cookie is not taken back", path)
		}
	}
	again := r.with(old)
	again.post("/sessions/end-others").leads("/login?next=%2Fsessions")
	again.get("/login").is(200, "Your session is over. Log in to go on.")
	b.post("/logout").leads("/login") // who is logged out may say so again
	r.with("").get("/").leads("/login?next=%2F")
	b.get("/logout").is(405)
}

func TestSessionsEndByThemselves(t *testing.T) {
	r := newRig(t)
	b := r.loggedIn()
	r.clock.forward(58 * time.Minute)
	b.get("/").is(200)
	r.clock.forward(59 * time.Minute)
	b.get("/").is(200)
	r.clock.forward(61 * time.Minute)
	b.get("/").leads("/login?next=%2F")
	if b.cookie() != "" {
		t.Error("a session that is over is still kept")
	}
}

// What the browser sends must be one cookie of ours; two could be one of somebody else's.
func TestOneCookieOnly(t *testing.T) {
	r := newRig(t)
	good := r.loggedIn().cookie()
	for what, header := range map[string]string{
		"two":               sessionCookie + "=" + good + "; " + sessionCookie + "=" + good,
		"another name":      "lockage-session=" + good,
		"empty":             sessionCookie + "=",
		"half":              sessionCookie + "=" + good[:20],
		"longer":            sessionCookie + "=" + good + "A",
		"another's":         sessionCookie + "=" + strings.Repeat("B", 43),
		"a JWT":             sessionCookie + "=a.b.c",
		"of a great length": sessionCookie + "=" + strings.Repeat("B", 8000),
	} {
		req := httptest.NewRequestWithContext(t.Context(), "GET", "https://lockage.example/", nil)
		req.Header.Set("Cookie", header)
		w := httptest.NewRecorder()
		r.pages.ServeHTTP(w, req)
		if w.Code != 303 || w.Header().Get("Location") != "/login?next=%2F" {
			t.Errorf("%s: got %d to %q, want the login", what, w.Code, w.Header().Get("Location"))
		}
	}
	req := httptest.NewRequestWithContext(t.Context(), "GET", "https://lockage.example/", nil)
	req.Header.Set("Authorization", "Bearer tk_0123456789abcdefghij")
	w := httptest.NewRecorder()
	r.pages.ServeHTTP(w, req)
	if w.Code != 303 {
		t.Errorf("a management token: got %d, want the login: pages take sessions only", w.Code)
	}
}

// Where a browser would not keep the cookie the page says so, and no session is opened.
func TestLoginWithoutTLS(t *testing.T) {
	r := newRig(t)
	public, err := dashboard.New(dashboard.Config{Control: r.control, Logger: discard(), PublicURL: "https://lockage.example"})
	must(t, err)
	for _, test := range []struct {
		url   string
		pages http.Handler
		asks  bool
	}{
		{"http://lockage.example/login", r.pages, false},
		{"http://192.0.2.1:7070/login", r.pages, false},
		{"http://localhost.evil.example/login", r.pages, false},
		{"http://127.0.0.1:7070/login", r.pages, true},
		{"http://[::1]:7070/login", r.pages, true},
		{"http://localhost:7070/login", r.pages, true},
		{"http://lockage.localhost/login", r.pages, true},
		{"https://lockage.example/login", r.pages, true},
		{"http://lockage.example/login", public, true}, // a proxy has the TLS
	} {
		w := httptest.NewRecorder()
		test.pages.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", test.url, nil))
		body := w.Body.String()
		if asks := strings.Contains(body, `type="password"`); asks != test.asks || asks == strings.Contains(body, "--tls-cert") {
			t.Errorf("%s: asks for a password: %t, want %t\n%s", test.url, asks, test.asks, body)
		}
		form := url.Values{"email": {ownerEmail}, "password": {ownerPassword}, "next": {"/"}}
		req := httptest.NewRequestWithContext(t.Context(), "POST", test.url, strings.NewReader(form.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w = httptest.NewRecorder()
		test.pages.ServeHTTP(w, req)
		if opened := w.Header().Get("Set-Cookie") != ""; opened != test.asks {
			t.Errorf("%s: opens a session: %t, want %t", test.url, opened, test.asks)
		}
	}
	r.browser().get("/login/kept?next=%2F").is(400, "did not keep the login")
}
