package dashboard_test

import (
	"log/slog"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/dashboard"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestNewWantsWhatItNeeds(t *testing.T) {
	if _, err := dashboard.New(dashboard.Config{Logger: discard()}); err == nil {
		t.Error("without a control: got no error")
	}
	if _, err := dashboard.New(dashboard.Config{Control: newRig(t).control}); err == nil {
		t.Error("without a logger: got no error")
	}
}

// A form of another site is refused, whatever cookie the browser sends along; one without any sign of where it comes from
// is no browser's.
func TestForeignForms(t *testing.T) {
	r := newRig(t)
	b := r.loggedIn()
	for _, line := range r.pages.Pages() {
		if line.Method == "GET" {
			continue
		}
		for _, sign := range [][]string{
			{"Sec-Fetch-Site", "cross-site"},
			{"Sec-Fetch-Site", "same-site"},
			{"Origin", "https://evil.example"},
			{"Origin", "null"},
			{"Origin", "http://" + strings.TrimPrefix(b.base, "https://") + ".evil.example"},
		} {
			p := b.do("POST", strings.ReplaceAll(line.Path, "{id}", "x"), strings.NewReader(""), append(sign, "Content-Type", "application/x-www-form-urlencoded")...)
			p.is(403, "This form was sent by another site, so nothing was done")
		}
	}
	b.get("/").is(200)
	b.do("POST", "/sessions/end-others", nil, "Sec-Fetch-Site", "same-origin").leads("/sessions")
	b.do("POST", "/sessions/end-others", nil, "Origin", b.base).leads("/sessions")
}

func TestHeadersOfPages(t *testing.T) {
	r := newRig(t)
	b := r.loggedIn()
	for _, path := range []string{"/", "/login", "/sessions", "/accounts", "/nothing", "/login/kept", "/forgot", "/invitations", "/signup", "/signup/confirm", "/reset", "/password", "/prove", "/security", "/security/authenticators/new", "/security/passkeys/new", "/security/recovery-codes"} {
		p := r.browser().get(path)
		if path != "/login" {
			p = b.get(path)
		}
		got := map[string]string{}
		for _, name := range []string{"X-Content-Type-Options", "Referrer-Policy", "Cache-Control", "Content-Security-Policy", "Cross-Origin-Resource-Policy"} {
			got[name] = p.header.Get(name)
		}
		want := map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin",
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", path, d)
		}
		if left := regexp.MustCompile(`@[a-z]+\(`).FindString(p.body); left != "" {
			t.Errorf("%s shows %q, which should have been drawn:\n%s", path, left, p.body)
		}
		if strings.Contains(p.body, "<style") || strings.Contains(p.body, " style=") || regexp.MustCompile(` on[a-z]+=`).MatchString(p.body) {
			t.Errorf("%s has script or style of its own:\n%s", path, p.body)
		}
	}
}

func TestStyleSheet(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	path := regexp.MustCompile(`/assets/lockage-[0-9a-f]{16}\.css`).FindString(b.get("/login").body)
	p := b.get(path).is(200, "prefers-color-scheme: dark", ".button", ".field", ".notice", ".panel", ".frame-bar")
	if p.header.Get("Content-Type") != "text/css; charset=utf-8" || p.header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
		t.Errorf("got %v, want a style sheet that is kept", p.header)
	}
	if len(p.body) > 20<<10 {
		t.Errorf("the style sheet has %d bytes, want at most 20 KiB", len(p.body))
	}
	// parts name intents: a colour stands in the tokens only
	tokens, parts, _ := strings.Cut(p.body, "/* What elements look like by themselves. */")
	if found := regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(`).FindString(parts); found != "" || !strings.Contains(tokens, "#") {
		t.Errorf("a part is drawn with the colour %q", found)
	}
	b.get("/assets/lockage-0000000000000000.css").is(404)
}

func TestWhatIsMissing(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	b.get("/nothing").is(404, "Nothing is here", "There is no such page.")
	b.get("//login").is(404, "There is no such page.")
	if p := b.do("DELETE", "/login", nil).is(405); p.header.Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("got Allow %q", p.header.Get("Allow"))
	}
	if log := r.log.text(); strings.Contains(log, "nothing") {
		t.Errorf("the log repeats a path that is not ours:\n%s", log)
	}
}

// What is ours to repair tells the outside nothing but by which id it stands in the log.
func TestFaultsOfOurs(t *testing.T) {
	r := newRig(t)
	b := r.loggedIn()
	must(t, r.store.Close())
	p := b.get("/").is(500, "Something went wrong here", "It is noted in the server&#39;s log.")
	p.silent("sql", "database", "control:")
	if id := p.header.Get("X-Request-Id"); !strings.Contains(p.body, id) || !strings.Contains(r.log.text(), id) {
		t.Errorf("the page does not name the request %s, or the log does not", id)
	}
}

func TestLogOfPages(t *testing.T) {
	r := newRig(t)
	b := r.loggedIn()
	b.get("/login?next=%2Fzebra")
	b.get("/sessions?zebra=1")
	log := r.log.text()
	if !strings.Contains(log, `"path":"/sessions"`) || !strings.Contains(log, `"principal_id":"`) || strings.Contains(log, "zebra") || strings.Contains(log, b.cookie()) {
		t.Errorf("got a log of\n%s\nwant paths without queries, who asked, and no cookie", log)
	}
}

// Whatever a page is asked for with is no way to a head: HEAD says what GET says, without a body.
func TestHead(t *testing.T) {
	r := newRig(t)
	w := httptest.NewRecorder()
	r.pages.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "HEAD", "https://lockage.example/login", nil))
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("got %d %v", w.Code, w.Header())
	}
}
