package dashboard_test

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestLinkingTheProvider(t *testing.T) {
	r, provider := provided(t)
	b := r.loggedIn()
	b.get("/security").is(200, "Your organisation&#39;s login", "Not linked", `href="/security/provider"`)
	b.get("/security/provider").is(200, `href="/security/provider/begin"`).silent("unlink")
	b.do("GET", "/security/provider/begin", nil, "Sec-Fetch-Site", "cross-site").leads("/security/provider")
	b.do("GET", "/security/provider/begin", nil, "Sec-Fetch-Site", "same-site").leads("/security/provider")
	b.do("GET", "/security/provider/begin", nil, "Sec-Fetch-Site", "none").leads("/security/provider")

	back := b.do("GET", "/security/provider/begin", nil, "Sec-Fetch-Site", "same-origin").atProvider(provider)
	r.browser().get(back).is(401, "This login was not begun here") // a browser that began nothing
	u, err := url.Parse(back)
	must(t, err)
	on := b.get(back)
	want := "/security/provider/callback?" + url.Values{"code": {u.Query().Get("code")}, "state": {u.Query().Get("state")}}.Encode()
	on.leads(want)
	done := b.get(want).leads("/security")
	if c := done.cookies[providerCookie]; c == nil || c.MaxAge >= 0 {
		t.Errorf("got %v, want what it began with taken back", c)
	}
	b.get("/security").is(200, "Your organisation&#39;s login is linked. You can log in there from now on.", "<bdi>ada@example.com</bdi>", "never used since", ">Unlink")
	b.get(want).is(400, "This login was not begun here, took too long, or is over; begin again.")

	again := b.get("/security/provider/begin").atProvider(provider)
	b.get(b.get(again).header.Get("Location")).is(409, "The login provider is linked already; unlink it first.", `action="/security/provider/unlink"`)
	b.get("/security/provider").is(200, `action="/security/provider/unlink"`, "ada@example.com").silent("/security/provider/begin")
	b.post("/security/provider/unlink", "zebra", "1").is(400)
	b.post("/security/provider/unlink").leads("/security")
	b.get("/security").is(200, "Your organisation&#39;s login is not linked any more.", "Not linked")
	b.post("/security/provider/unlink").is(404, "The login provider is not linked.", `href="/security/provider/begin"`)

	for _, query := range []string{"", "?error=access_denied", "?code=x&state=y"} {
		b.get("/security/provider/callback"+query).is(400, "begin again")
	}
	r.clock.forward(11 * time.Minute)
	b.get("/security/provider").leads("/prove?next=%2Fsecurity%2Fprovider")
	b.get("/security/provider/begin").leads("/prove?next=%2Fsecurity%2Fprovider")
	b.get("/security/provider/callback?code=x&state=y").leads("/prove?next=%2Fsecurity%2Fprovider")
	b.post("/security/provider/unlink").leads("/prove?next=%2Fsecurity%2Fprovider")
	r.browser().get("/security/provider/callback?code=x&state=y").leads("/login?next=%2Fsecurity%2Fprovider")
	if log := r.log.text(); strings.Contains(log, u.Query().Get("code")) || strings.Contains(log, u.Query().Get("state")) {
		t.Error("the log repeats what the provider sent")
	}
}

// What another session began counts for nothing in this one, also where it is the same person's.
func TestLinkingWhatAnotherSessionBegan(t *testing.T) {
	r, provider := provided(t)
	b, other := r.loggedIn(), r.loggedIn()
	back := b.get("/security/provider/begin").atProvider(provider)
	other.get("/security/provider/begin")
	on := b.get(back).header.Get("Location")
	other.get(on).is(400, "This login was not begun here")
	b.get(on).leads("/security")
}

// Who has no password here proves who they are where they log in.
func TestProvingAtTheProvider(t *testing.T) {
	r, provider := provided(t)
	b := r.browser()
	b.get(b.get("/oidc/login?next=%2F").atProvider(provider)).leads("/login/kept?next=%2F")
	r.clock.forward(11 * time.Minute)
	b.get("/security").is(200, "You have none", "You log in at your organisation.", "linked").silent(`href="/password"`, "whoever learns your password")
	b.get("/security/provider").leads("/prove?next=%2Fsecurity%2Fprovider")
	b.get("/prove?next=%2Fsecurity%2Fprovider").is(200, `href="/oidc/login?next=%2Fsecurity%2Fprovider"`, "Log in at your organisation again").silent("<input")
	b.post("/prove", "next", "/security").is(400, "Show one of these.")
	b.get(b.get("/oidc/login?next=%2Fsecurity%2Fprovider").atProvider(provider)).leads("/login/kept?next=%2Fsecurity%2Fprovider")
	b.post("/security/provider/unlink").is(409, "You have no password to log in with afterwards; set one first.")
}
