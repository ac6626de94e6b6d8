package dashboard_test

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/mail"
)

const newPassword = "a horse that is correct, with staples"

// mailbox keeps what would be mailed.
type mailbox struct{ got chan mail.Message }

func newMailbox() *mailbox { return &mailbox{got: make(chan mail.Message, 10)} }

func (m *mailbox) Send(_ context.Context, message mail.Message) error {
	m.got <- message
	return nil
}

func (m *mailbox) config(c *control.Config) { c.Mail, c.PublicURL = m, "https://lockage.example" }

// run sends what is posted, until the test ends.
func (m *mailbox) run(t *testing.T, r *rig) {
	ctx, cancel := context.WithCancel(t.Context())
	var sending sync.WaitGroup
	sending.Go(func() { r.control.SendMail(ctx) })
	t.Cleanup(func() { cancel(); sending.Wait() })
}

// tokenOf is what the link in a message carries.
func tokenOf(t *testing.T, text string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, "https://lockage.example/reset#")
	token, _, _ := strings.Cut(rest, "\n")
	if !found || token == "" {
		t.Fatalf("got %q, want a link to the page", text)
	}
	return token
}

func TestReset(t *testing.T) {
	box := newMailbox()
	r := newRig(t, box.config)
	box.run(t, r)
	open := r.loggedIn()
	b := r.browser()
	b.get("/login").is(200, `<a href="/forgot">Forgotten password?</a>`)
	b.get("/forgot").is(200, `autocomplete="username"`)
	unknown := b.post("/forgot", "email", "nobody@example.com").leads("/login")
	known := b.post("/forgot", "email", " Owner@example.com").leads("/login")
	if unknown.body != known.body || unknown.header.Get("Content-Length") != known.header.Get("Content-Length") {
		t.Error("a page tells who is known here")
	}
	b.get("/login").is(200, "If somebody has this address, a link is on its way to it.")
	message := <-box.got
	if message.To != ownerEmail {
		t.Errorf("got a message to %s first, want none to somebody unknown", message.To)
	}
	token := tokenOf(t, message.Text)

	page := b.get("/reset").is(200, "data-fragment", `type="module"`, `autocomplete="new-password"`)
	script := regexp.MustCompile(`/assets/fragment-[0-9a-f]{16}\.js`).FindString(page.body)
	if p := b.get(script).is(200, "location.hash"); p.header.Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("got %v, want a script", p.header)
	}
	b.post("/reset", "token", "rst_wrong", "password", newPassword).is(404, "The link is unknown, used or over; ask for a new one.", `value="rst_wrong"`).silent(newPassword)
	b.post("/reset", "token", token, "password", "short").is(400, "Must have at least 12 characters.", `aria-describedby="password-error password-hint"`, `value="`+token+`"`).silent("short")
	b.post("/reset", "token", token, "password", newPassword).leads("/login")
	b.get("/login").is(200, "The new password is set. Log in with it.")
	open.get("/").leads("/login?next=%2F")
	b.post("/reset", "token", token, "password", newPassword+"2").is(404)
	b.post("/login", "email", ownerEmail, "password", ownerPassword, "next", "/").is(401)
	b.post("/login", "email", ownerEmail, "password", newPassword, "next", "/").leads("/login/kept?next=%2F")
	for range 20 {
		b.post("/forgot", "email", "often@example.com")
	}
	if p := b.post("/forgot", "email", "often@example.com").is(429, `value="often@example.com"`); p.header.Get("Retry-After") == "" {
		t.Error("too many links: the answer does not say when to come again")
	}
	if log := r.log.text(); strings.Contains(log, token) || strings.Contains(log, url.QueryEscape(newPassword)) {
		t.Error("the log repeats what was sent")
	}
}

func TestResetWithoutMail(t *testing.T) {
	r := newRig(t)
	r.browser().post("/forgot", "email", ownerEmail).is(409, "This server sends no mail: ask an owner or admin of your account for a link.", `value="`+ownerEmail+`"`)
}

func TestPassword(t *testing.T) {
	r := newRig(t)
	r.browser().get("/password").leads("/login?next=%2Fpassword")
	b, other := r.loggedIn(), r.loggedIn()
	b.get("/password").is(200, `aria-current="page">Security`, `autocomplete="current-password"`)
	b.post("/password", "current", "wrong wrong wrong", "password", newPassword).is(400, "Is not your password.", `aria-describedby="current-error"`).silent("wrong wrong", newPassword)
	b.post("/password", "current", ownerPassword, "password", "short").is(400, "Must have at least 12 characters.", `aria-describedby="password-error password-hint"`)
	other.get("/").is(200)
	b.post("/password", "current", ownerPassword, "password", newPassword).leads("/sessions")
	b.get("/sessions").is(200, "Your password is changed, and your other sessions are ended.", "There are no others.")
	other.get("/").leads("/login?next=%2F")
	r.clock.forward(10 * time.Minute)
	r.browser().post("/login", "email", ownerEmail, "password", newPassword, "next", "/").leads("/login/kept?next=%2F")
}

func TestProve(t *testing.T) {
	r := newRig(t)
	b := r.loggedIn()
	proved := func() time.Time {
		t.Helper()
		who, err := r.control.AuthenticateCookie(t.Context(), b.cookie(), access.Request{})
		must(t, err)
		return who.Proved
	}
	before := proved()
	b.get("/prove?next=%2Fsessions").is(200, `name="next" value="/sessions"`)
	b.get("/prove?next=//evil.example").is(200, `name="next" value="/"`)
	b.post("/prove", "password", "wrong wrong wrong", "code", "", "next", "/sessions").is(400, "Is wrong.", `aria-describedby="password-error"`).silent("wrong wrong")
	b.post("/prove", "password", "", "code", "123456", "next", "/sessions").is(400).silent("123456")
	if got := proved(); !got.Equal(before) {
		t.Errorf("wrong proofs: got %v, want the proof of %v", got, before)
	}
	b.post("/prove", "password", ownerPassword, "code", "", "next", "/sessions").leads("/sessions")
	b.get("/sessions").is(200, "You have shown who you are.")
	if got := proved(); !got.After(before) {
		t.Errorf("a right proof: got %v, want a fresh one", got)
	}
}
