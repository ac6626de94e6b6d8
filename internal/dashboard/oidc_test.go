package dashboard_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/oidc"
	"github.com/lockage/lockage/internal/oidctest"
)

const providerCookie = "__Host-lockage-provider"

// provided is a rig with a login provider, whose engineers see development.
func provided(t *testing.T) (*rig, *oidctest.Provider) {
	t.Helper()
	const callback = "https://lockage.example/oidc/callback"
	p := oidctest.New(t, callback)
	client, err := oidc.New(oidc.Config{
		Issuer: p.Issuer, ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret, Scopes: []string{"email", "profile"}, RedirectURL: callback, TLS: p.TLS(),
	})
	must(t, err)
	t.Cleanup(client.Close)
	r := newRig(t, func(c *control.Config) { c.Provider = client })
	p.Put(oidctest.Person{Subject: "ada-at-the-provider", Email: "ada@example.com", Verified: true, Groups: []string{"engineers"}})
	who, err := r.control.AuthenticateCookie(t.Context(), r.loggedIn().cookie(), access.Request{})
	must(t, err)
	list, err := r.control.ListEnvironments(t.Context(), who)
	must(t, err)
	groups := []access.GroupGrants{{Group: "engineers", Grants: []access.Grant{{Environment: list[0].Name, Role: access.Viewer}}}}
	_, err = r.control.UpdateAccount(t.Context(), who, control.AccountFields{Groups: &groups})
	must(t, err)
	return r, p
}

// atProvider logs in there, as the browser was sent, and answers the path that the provider sends the browser back to.
func (p page) atProvider(at *oidctest.Provider) string {
	p.t.Helper()
	to := p.header.Get("Location")
	if p.status != 303 || !strings.HasPrefix(to, at.Issuer) {
		p.t.Fatalf("%s: got %d to %q, want the provider", p.what, p.status, to)
	}
	if c := p.cookies[providerCookie]; c == nil || !c.Secure || !c.HttpOnly || c.MaxAge != 600 {
		p.t.Fatalf("got cookies %v, want what proves who began", p.cookies)
	}
	return at.Login(p.t, to, "ada-at-the-provider").RequestURI()
}

func TestLoginAtAProvider(t *testing.T) {
	r, provider := provided(t)
	b := r.browser()
	b.get("/login?next=%2Fsessions").is(200, `href="/oidc/login?next=%2Fsessions"`, "Log in at your organisation")
	back := b.get("/oidc/login?next=%2Fsessions").atProvider(provider)
	done := b.get(back).leads("/login/kept?next=%2Fsessions")
	if c := done.cookies[providerCookie]; c == nil || c.MaxAge >= 0 {
		t.Errorf("got %v, want what the login began with taken back", c)
	}
	b.get("/sessions").is(200, "your organisation&#39;s login")
	b.get("/").is(200, "ada@example.com", "development", "viewer").silent("production")
	r.clock.forward(time.Minute)

	replayed := r.browser()
	replayed.get(back).is(401, "This login was not begun here, took too long, or is over; begin again.", `type="password"`)
	begun := r.browser().get("/oidc/login?next=//evil.example")
	stolen := begun.atProvider(provider)
	other := r.browser() // in which somebody else began
	other.get("/oidc/login?next=%2F")
	other.get(stolen).is(401, "This login was not begun here, took too long, or is over; begin again.")
	if other.cookie() != "" || replayed.cookie() != "" {
		t.Error("a login that another browser began opened a session")
	}
	for _, query := range []string{"", "?error=access_denied", "?code=x&state=y", "?code=x&code=y&state=" + strings.Repeat("z", 5000)} {
		other.get("/oidc/callback"+query).is(401, "begin again")
	}
	if u, err := url.Parse(back); err != nil || strings.Contains(r.log.text(), u.Query().Get("code")) || strings.Contains(r.log.text(), u.Query().Get("state")) {
		t.Error("the log repeats what the provider sent")
	}
}

func TestLoginWithoutAProvider(t *testing.T) {
	r := newRig(t)
	r.browser().get("/login").is(200).silent("/oidc/login")
	r.browser().get("/oidc/login?next=%2F").is(409, "No login provider is set up here")
	r.browser().get("/oidc/callback?code=x&state=y").is(409, "No login provider is set up here")
}
