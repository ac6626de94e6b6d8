package dashboard_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/mail"
)

// letters keeps what would be mailed.
type letters struct{ got chan mail.Message }

func (l letters) Send(_ context.Context, m mail.Message) error {
	l.got <- m
	return nil
}

// newOpenRig is a rig whose accounts are open to all.
func newOpenRig(t *testing.T) (*rig, letters) {
	t.Helper()
	box := letters{make(chan mail.Message, 10)}
	r := newRig(t, func(c *control.Config) { c.OpenSignup, c.Mail, c.PublicURL = true, box, "https://lockage.example.com" })
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var sending sync.WaitGroup
	sending.Go(func() { r.control.SendMail(ctx) })
	t.Cleanup(func() { cancel(); sending.Wait() })
	return r, box
}

func (l letters) token(t *testing.T, to string) string {
	t.Helper()
	m := <-l.got
	_, rest, found := strings.Cut(m.Text, "https://lockage.example.com/signup/confirm#")
	token, _, _ := strings.Cut(rest, "\n")
	if !found || m.To != to {
		t.Fatalf("got %+v, want a link to the page for %s", m, to)
	}
	return token
}

func TestSignUpPages(t *testing.T) {
	r, box := newOpenRig(t)
	b := r.browser()
	b.get("/login").is(200, `<a href="/signup">`)
	b.get("/signup").is(200, `name="name"`, `name="email"`, `action="/signup"`)
	b.post("/signup", "name", " ", "email", "ada@example.com").is(400, "Must have 1 to 100 printable characters.", `value="ada@example.com"`)
	b.post("/signup", "name", `<script>"&`, "email", "nobody").is(400, "Must be an e-mail address", "&lt;script&gt;").silent("<script>\"")
	b.post("/signup", "name", "Acme").is(400)
	b.post("/signup", "name", "Acme", "email", "a@example.com", "email", "b@example.com").is(400)

	// whoever has the address, or nobody: the same way on, the same word
	b.post("/signup", "name", `Ada & "sons" <b>`, "email", "ada@example.com").leads("/login")
	unknown := b.get("/login").is(200, "A link that opens the account is on its way to the address.")
	b.post("/signup", "name", "Known", "email", ownerEmail).leads("/login")
	if known := b.get("/login"); known.body != unknown.body {
		t.Errorf("got\n%s\nto an address that is known, and\n%s", known.body, unknown.body)
	}
	ada, owner := box.token(t, "ada@example.com"), box.token(t, ownerEmail)
	r.clock.forward(time.Minute)

	b.get("/signup/confirm").is(200, "data-fragment", `type="module"`, `autocomplete="new-password"`)
	b.post("/signup/confirm", "token", ada, "name", "Ada", "password", "short").is(400, "Must have at least 12 characters.", `value="`+ada+`"`, `value="Ada"`)
	b.post("/signup/confirm", "token", "acc_never", "name", "", "password", newPassword).is(404, "The link is unknown, used or over").silent(newPassword)
	b.post("/signup/confirm", "token", ada, "name", "Ada", "password", newPassword).leads("/login/kept?next=%2F")
	b.get("/").is(200, "The account is opened, and yours.", "Ada &amp; &#34;sons&#34; &lt;b&gt;", "ada@example.com", "development", "production", "owner").silent("<b>", "default")
	r.browser().post("/signup/confirm", "token", ada, "name", "", "password", newPassword).is(404)

	// somebody known opens theirs as who they are, and nobody else does
	b.get("/signup/confirm").is(200, "You open it as <bdi>ada@example.com", `action="/logout"`).silent(`type="password"`)
	b.post("/signup/confirm", "token", owner, "name", "").is(404, "The link is unknown, used or over")
	r.browser().post("/signup/confirm", "token", owner, "name", "", "password", newPassword).is(401, "You have a login here already")
	o := r.loggedIn()
	o.post("/signup/confirm", "token", owner, "name", "").leads("/accounts")
	o.get("/accounts").is(200, "The account is opened, and yours.", "default", "Known").silent("sons")

	// and a further one at once
	o.get("/").is(200, `<a href="/signup">Another account</a>`)
	o.get("/signup").is(200, "You will own it as <bdi>"+ownerEmail).silent(`name="email"`)
	o.post("/signup", "name", "").is(400, "Must have 1 to 100 printable characters.")
	o.post("/signup", "name", "Third").leads("/accounts")
	o.get("/accounts").is(200, "default", "Known", "Third")
	if log := r.log.text(); strings.Contains(log, ada) || strings.Contains(log, owner) {
		t.Error("the log repeats the code of a link")
	}
}

// Where accounts are not open to all there are no such pages, and none leads there.
func TestSignUpIsClosed(t *testing.T) {
	r := newRig(t)
	for _, b := range []*browser{r.browser(), r.loggedIn()} {
		for _, path := range []string{"/signup", "/signup/confirm"} {
			b.get(path).is(404, "There is no such page.")
			b.post(path).is(404, "There is no such page.")
		}
	}
	r.browser().get("/login").is(200).silent("/signup")
	r.loggedIn().get("/").is(200).silent("/signup")
}
