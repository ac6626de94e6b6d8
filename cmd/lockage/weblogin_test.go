package main_test

import (
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/oidctest"
	"github.com/lockage/lockage/wire"
)

// where browsers reach the server of these tests, were there the proxy that it names.
const publicURL = "https://lockage.example.com"

// surfer is a browser: it keeps cookies, also those that are for TLS, for the way to the server leads over a proxy.
type surfer struct {
	w        *world
	provider *oidctest.Provider
	subject  string // who sits there, at the provider
	cookies  map[string]string
}

// get goes to a page as a browser does, through the provider too, until no other is named.
func (s *surfer) get(t *testing.T, at string) (reply, string) {
	t.Helper()
	for range 20 {
		if strings.HasPrefix(at, s.provider.Issuer) {
			at = s.provider.Login(t, at, s.subject).String()
		}
		a := s.do(t, http.MethodGet, at, "")
		if a.StatusCode != http.StatusSeeOther {
			return a, at
		}
		at = follow(t, at, a.Header.Get("Location"))
	}
	t.Fatalf("the browser is sent around without an end; it is at %s", at)
	return reply{}, ""
}

func follow(t *testing.T, from, to string) string {
	t.Helper()
	base, err := url.Parse(from)
	if err != nil {
		t.Fatal(err)
	}
	next, err := base.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	return next.String()
}

func (s *surfer) do(t *testing.T, method, at, form string) reply {
	t.Helper()
	r, err := http.NewRequest(method, strings.Replace(at, publicURL, s.w.control, 1), strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if strings.HasPrefix(r.URL.String(), s.w.control+"/") {
		for name, value := range s.cookies {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
	}
	resp, err := s.w.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range resp.Cookies() {
		s.cookies[c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(s.cookies, c.Name)
		}
	}
	return reply{resp, string(body)}
}

// hiddenField finds what a form sends without being asked.
var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)

// send sends the form of a page, with what somebody typed.
func (s *surfer) send(t *testing.T, at, path string, a reply, typed url.Values) reply {
	t.Helper()
	form := url.Values{}
	for _, found := range hiddenField.FindAllStringSubmatch(a.body, -1) {
		form.Set(found[1], html.UnescapeString(found[2]))
	}
	for name, values := range typed {
		form[name] = values
	}
	return s.do(t, http.MethodPost, follow(t, at, path), form.Encode())
}

// agree lets the command line act as who sits at the browser, and answers where the browser then goes.
func (s *surfer) agree(t *testing.T, at string, a reply, check string) (onward string) {
	t.Helper()
	if a.StatusCode != http.StatusOK || !strings.Contains(a.body, check) {
		t.Fatalf("%s: status %d, want the page with the code %s\n%s", at, a.StatusCode, check, a.body)
	}
	given := s.send(t, at, "/command-line", a, nil)
	delay, onward, _ := strings.Cut(given.Header.Get("Refresh"), "; url=")
	if given.StatusCode != http.StatusOK || delay != "0" || !strings.HasPrefix(onward, "http://127.0.0.1:") {
		t.Fatalf("the page sends the browser to %q (status %d)\n%s", onward, given.StatusCode, given.body)
	}
	return onward
}

// printed is what the command line says of the page: its code and its address.
var printed = regexp.MustCompile(`which shows the code (\S{6}):\n  (http\S+)\n`)

// logsIn starts a login, and answers the page and the code that it prints.
func logsIn(t *testing.T, p *person, in io.Reader, args ...string) (login *process, page, check string) {
	t.Helper()
	cmd := p.command(t, append([]string{"login"}, args...)...)
	cmd.Stdin = in
	login = start(t, cmd)
	var found []string
	until(t, patience, "the page is printed", func() bool {
		found = printed.FindStringSubmatch(login.log.String())
		return found != nil
	})
	return login, found[2], found[1]
}

func (w *world) environmentsOf(t *testing.T, p *person) string {
	t.Helper()
	var names []string
	for _, e := range asJSON[[]wire.Environment](t, p, 0, "environments", "list") {
		names = append(names, e.Name)
	}
	return strings.Join(names, " ")
}

// TestLoginWithABrowser logs people in at a command line by a browser: at a real login provider, and by password.
func TestLoginWithABrowser(t *testing.T) {
	t.Parallel()
	provider := oidctest.New(t, publicURL+"/oidc/callback")
	provider.Put(oidctest.Person{Subject: "ada", Email: "ada@example.com", Verified: true, Groups: []string{"engineers"}})
	roots := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(roots, provider.Certificate(), 0o600); err != nil {
		t.Fatal(err)
	}
	w := &world{
		person: newPerson(t, "LOCKAGE_BOOTSTRAP_TOKEN="+ownerToken, "LOCKAGE_BOOTSTRAP_EMAIL="+ownerEmail, "LOCKAGE_BOOTSTRAP_PASSWORD="+ownerPassword,
			"LOCKAGE_OIDC_CLIENT_SECRET="+oidctest.ClientSecret, "SSL_CERT_FILE="+roots),
		data: filepath.Join(t.TempDir(), "data"), client: newClient(t, &http.Transport{}),
		flags: []string{"--public-url", publicURL, "--oidc-issuer", provider.Issuer, "--oidc-client-id", oidctest.ClientID},
	}
	w.serve(t)
	w.runs(t, ownerToken, "login", "--address", w.control)
	w.runs(t, "", "account", "set", "--group", "engineers=development:developer")
	browser := func() *surfer { return &surfer{w: w, provider: provider, subject: "ada", cookies: map[string]string{}} }

	t.Run("at the login provider", func(t *testing.T) {
		p, ada := newPerson(t), browser()
		login, page, check := logsIn(t, p, nil, "--oidc", "--no-browser", "--address", w.control)
		a, at := ada.get(t, page)
		onward := ada.agree(t, at, a, check)
		// somebody else's answer is none, and nobody need begin again
		for _, wrong := range []string{strings.Replace(onward, "state=", "state=x", 1), strings.Replace(onward, "/lockage?", "/?", 1), strings.Replace(onward, "code=", "cod=", 1)} {
			if a := ada.do(t, http.MethodGet, wrong, ""); a.StatusCode != http.StatusBadRequest {
				t.Errorf("%s: status %d, want 400", wrong, a.StatusCode)
			}
		}
		if a := ada.do(t, http.MethodGet, onward, ""); a.StatusCode != http.StatusOK || !strings.Contains(a.body, "You can close this page.") {
			t.Errorf("the command line answers the browser with %d: %s", a.StatusCode, a.body)
		}
		if code := login.code(t); code != 0 || !strings.HasPrefix(login.out.String(), "logged in to "+w.control) {
			t.Fatalf("login: code %d\n%s%s", code, login.out.String(), login.log.String())
		}
		if got := w.environmentsOf(t, p); got != "development" {
			t.Errorf("ada sees %q, want what her group gives", got)
		}
		u, err := url.Parse(onward)
		if err != nil {
			t.Fatal(err)
		}
		again := w.send(t, http.MethodPost, w.control+"/admin/auth/lent", "", `{"code":"`+u.Query().Get("code")+`","verifier":"x"}`)
		if again.StatusCode != http.StatusUnauthorized {
			t.Errorf("the code again: status %d, want 401", again.StatusCode)
		}
		if kept := login.out.String() + login.log.String(); strings.Contains(kept, u.Query().Get("code")) {
			t.Error("the command line printed the code")
		}
		if a := ada.do(t, http.MethodPost, w.control+"/logout", "x="); a.StatusCode != http.StatusSeeOther {
			t.Errorf("log the browser out: status %d", a.StatusCode)
		}
		if got := w.environmentsOf(t, p); got != "development" {
			t.Errorf("after the browser's logout ada sees %q, want as before", got)
		}
	})

	t.Run("by password, in a browser that the command line opens", func(t *testing.T) {
		opened := filepath.Join(t.TempDir(), "opened")
		opener := filepath.Join(t.TempDir(), "browser")
		if err := os.WriteFile(opener, []byte("#!/bin/sh\nprintf '%s\\n' \"$1\" > "+opened+"\n"), 0o700); err != nil { //nolint:gosec // it is to be run
			t.Fatal(err)
		}
		p, owner := newPerson(t, "BROWSER="+opener), browser()
		login, page, check := logsIn(t, p, nil, "--web", "--address", w.control)
		until(t, patience, "a browser is opened", func() bool {
			got, err := os.ReadFile(opened)
			return err == nil && string(got) == page+"\n"
		})
		a, at := owner.get(t, page)
		owner.send(t, at, "/login", a, url.Values{"email": {ownerEmail}, "password": {ownerPassword}})
		a, at = owner.get(t, page)
		owner.do(t, http.MethodGet, owner.agree(t, at, a, check), "")
		if code := login.code(t); code != 0 {
			t.Fatalf("login: code %d\n%s%s", code, login.out.String(), login.log.String())
		}
		if got := w.environmentsOf(t, p); got != "development production" {
			t.Errorf("the owner sees %q, want all", got)
		}
	})

	// The browser's last page is not found, since it is on another computer: its address is pasted.
	t.Run("by pasting the answer", func(t *testing.T) {
		typed, typing, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { typed.Close(); typing.Close() })
		p, ada := newPerson(t), browser()
		login, page, check := logsIn(t, p, typed, "--oidc", "--json", "--address", w.control)
		if said := login.log.String(); !strings.Contains(said, "ssh -L ") {
			t.Errorf("got %q, want what to do where the browser is elsewhere", said)
		}
		a, at := ada.get(t, page)
		onward := ada.agree(t, at, a, check)
		for _, line := range []string{"yes", "", page, strings.Replace(onward, "state=", "state=x", 1), "  " + onward + "\r"} {
			if _, err := io.WriteString(typing, line+"\n"); err != nil {
				t.Fatal(err)
			}
		}
		if code := login.code(t); code != 0 {
			t.Fatalf("login: code %d\n%s%s", code, login.out.String(), login.log.String())
		}
		if got := w.environmentsOf(t, p); got != "development" {
			t.Errorf("ada sees %q, want what her group gives", got)
		}
	})

	t.Run("nobody comes back", func(t *testing.T) {
		p := newPerson(t)
		login, _, _ := logsIn(t, p, nil, "--web", "--address", w.control)
		login.signal(t, os.Interrupt)
		if code := login.code(t); code != 1 || !strings.Contains(login.log.String(), "stopped before it was done") {
			t.Errorf("interrupted: code %d, want 1\n%s", code, login.log.String())
		}
		if _, err := os.Stat(filepath.Join(p.home, "config", "credentials.json")); !os.IsNotExist(err) {
			t.Errorf("something is kept: %v", err)
		}
		p.refused(t, 2, "", "login", "--web", "--email", ownerEmail, "--address", w.control)
	})
}
