package control_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/mail"
)

// signsUp opens the fixture's accounts to all, and mails into a box.
func (x *fixture) signsUp(t *testing.T) *mailbox {
	t.Helper()
	x.settings.OpenSignup = true
	return x.mails(t)
}

// asks asks for an account as somebody unknown.
func (x *fixture) asks(t *testing.T, name, email string) control.Opened {
	t.Helper()
	out, err := x.OpenAccount(t.Context(), access.Principal{Request: atHome}, control.Opening{Name: name, Email: email})
	if err != nil {
		t.Fatalf("sign up %s: %v", email, err)
	}
	x.clock.pass(time.Minute) // or the attempts would be too many
	return out
}

// signupToken is what the link of a message carries.
func (x *fixture) signupToken(t *testing.T, m mail.Message) string {
	t.Helper()
	_, rest, found := strings.Cut(m.Text, "https://lockage.example.com/signup/confirm#")
	token, _, _ := strings.Cut(rest, "\n")
	if !found || !strings.HasPrefix(token, "acc_") || len(token) < 47 {
		t.Fatalf("got %q, want a link with 256 bits behind its #", m.Text)
	}
	x.hide("the token of a sign-up", token)
	return token
}

func (x *fixture) confirms(t *testing.T, token, password string) (control.Joined, error) {
	t.Helper()
	return x.ConfirmAccount(t.Context(), control.Joining{Token: token, Password: password}, atHome)
}

// everyAccount is the number of accounts there are.
func (x *fixture) everyAccount(t *testing.T) int { return len(x.dump(t, "accounts")) }

func TestSignUp(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		box := x.signsUp(t)
		x.hide("the password of somebody new", comersPassword)
		before := x.everyAccount(t)
		n := len(x.entries(t))
		// the same answer for somebody unknown and for somebody known
		unknown, known := x.asks(t, "Ada's shop", " Ada@Example.com"), x.asks(t, "zebra house", ownerEmail)
		for _, got := range []control.Opened{unknown, known} {
			if diff := cmp.Diff(control.Opened{Sent: true}, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		}
		toAda, toOwner := <-box.got, <-box.got
		if toAda.To != "ada@example.com" || toOwner.To != ownerEmail || toAda.Subject != toOwner.Subject || strings.Contains(toAda.Text, "shop") || strings.Contains(toOwner.Subject+toOwner.Text, "zebra") {
			t.Errorf("got %+v and %+v, want mail to both that repeats nothing of what was typed", toAda, toOwner)
		}
		for _, e := range x.newest(t, n) {
			if e.Action != "account.request" || e.Outcome != audit.Allowed || e.Actor.ID != "" || e.Actor.Name != "" || e.Address != atHome.Address {
				t.Errorf("entry: got %+v", e)
			}
		}
		if got := len(x.newest(t, n)); got != 2 || x.everyAccount(t) != before {
			t.Errorf("got %d entries and %d accounts, want two and as many as before: nobody has proven anything", got, x.everyAccount(t))
		}
		token := x.signupToken(t, toAda)
		for _, bad := range []string{"", "x", token + "x", strings.ToUpper(token), "\x00\xff", strings.Repeat("x", 1<<20)} {
			if _, err := x.confirms(t, bad, comersPassword); !fault.Is(err, fault.NotFound) {
				t.Errorf("%.20q: got %v, want not found", bad, err)
			}
		}
		for _, bad := range []string{"", "short", strings.Repeat("x", 1<<20)} {
			if _, err := x.confirms(t, token, bad); !fault.Is(err, fault.Invalid) {
				t.Errorf("a password of %d bytes: got %v, want refused", len(bad), err)
			}
		}
		if _, err := x.ConfirmAccount(t.Context(), control.Joining{Token: token, Name: "zebra\x1b[2J", Password: comersPassword}, atHome); !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "zebra") {
			t.Errorf("a hostile name: got %v, want refused", err)
		}
		if x.everyAccount(t) != before {
			t.Fatal("a refusal made an account")
		}
		joined, err := x.confirms(t, token, comersPassword)
		if err != nil || joined.Account.Name != "Ada's shop" || joined.Member.Email != "ada@example.com" || joined.Member.Name != "ada" {
			t.Fatalf("got %+v and %v", joined, err)
		}
		ada := x.in(t, "ada@example.com", comersPassword, "")
		if first := x.logOf(t, ada)[0]; first.Action != "account.create" || first.Actor != (audit.Actor{Kind: "member", ID: joined.Member.ID, Name: "ada@example.com"}) || first.Target.ID != joined.Account.ID {
			t.Errorf("the first entry: got %+v, want it by who opened it", first)
		}
		if _, err := x.CreateEnvironment(t.Context(), ada, environment.Fields{Name: ptr("staging")}); err != nil {
			t.Errorf("as its owner: %v", err)
		}
		if _, ok := x.settings.Holder.Account(joined.Account.ID); !ok {
			t.Error("the gateway does not know the account")
		}
		if _, err := x.confirms(t, token, comersPassword); !fault.Is(err, fault.NotFound) {
			t.Errorf("the link again: got %v, want not found", err)
		}

		// who has a login here proves it
		token = x.signupToken(t, toOwner)
		if _, err := x.confirms(t, token, comersPassword); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("another password: got %v, want unauthenticated", err)
		}
		x.clock.pass(time.Minute)
		if _, err := x.ConfirmAccount(t.Context(), control.Joining{Token: token, Session: ada}, atHome); !fault.Is(err, fault.NotFound) {
			t.Errorf("another person's session: got %v, want not found", err)
		}
		joined, err = x.ConfirmAccount(t.Context(), control.Joining{Token: token, Session: x.opened(t, ownerEmail, ownerPassword).who(t)}, atHome)
		if err != nil {
			t.Fatal(err)
		}
		who := x.in(t, ownerEmail, ownerPassword, joined.Account.ID)
		if _, err := x.GetEnvironment(t.Context(), who, x.development); !fault.Is(err, fault.NotFound) {
			t.Errorf("the first account's environment: got %v, want not found", err)
		}
	})
}

// Links are few, end after a day, and with the setting; what is too much is answered like the rest.
func TestSignUpsAreLimited(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		box := x.signsUp(t)
		for range 4 {
			x.asks(t, "acme", "ada@example.com")
		}
		if e := x.last(t); e.Action != "account.request" || e.Outcome != audit.Refused || e.Detail["error"] != string(fault.Limited) {
			t.Errorf("the fourth: got %+v, want it refused, and answered all the same", e)
		}
		var tokens []string
		for range 3 {
			tokens = append(tokens, x.signupToken(t, <-box.got))
		}
		x.asks(t, "acme", "grace@example.com")
		if m := <-box.got; m.To != "grace@example.com" {
			t.Errorf("got mail to %s after the third, want none to who had three", m.To)
		} else {
			x.signupToken(t, m)
		}
		closed := x.settings
		closed.OpenSignup = false
		if _, err := open(t, closed).ConfirmAccount(t.Context(), control.Joining{Token: tokens[0], Password: comersPassword}, atHome); !fault.Is(err, fault.NotFound) {
			t.Errorf("where it is not open any more: got %v, want not found", err)
		}
		x.clock.pass(24 * time.Hour)
		before := x.everyAccount(t)
		if _, err := x.confirms(t, tokens[0], comersPassword); !fault.Is(err, fault.NotFound) || x.everyAccount(t) != before {
			t.Errorf("after a day: got %v, want not found", err)
		}
		x.asks(t, "acme", "ada@example.com") // the others are over
		x.signupToken(t, <-box.got)
		if rows := x.dump(t, "signups"); len(rows) != 1 {
			t.Errorf("got %q, want one: what is over is forgotten", rows)
		}
		// as logging in is, by address and by source
		limited := 0
		for range 40 {
			_, err := x.OpenAccount(t.Context(), access.Principal{Request: atHome}, control.Opening{Name: "acme", Email: "one@example.com"})
			if fault.Is(err, fault.Limited) {
				limited++
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if limited != 30 {
			t.Errorf("for one address %d of 40 were too many, want 30", limited)
		}
		for range 3 {
			x.signupToken(t, <-box.got)
		}
		x.clock.pass(time.Hour)
		limited = 0
		for i := range 40 {
			email := strings.Repeat("a", i+1) + "@example.org"
			_, err := x.OpenAccount(t.Context(), access.Principal{Request: access.Request{Address: "192.0.2.200"}}, control.Opening{Name: "acme", Email: email})
			if fault.Is(err, fault.Limited) {
				limited++
			} else if err != nil {
				t.Fatal(err)
			} else {
				x.signupToken(t, <-box.got)
			}
		}
		if limited != 10 {
			t.Errorf("from one address %d of 40 were too many, want 10", limited)
		}
	})
}

func TestSomebodyLoggedInOpensAnAccount(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.signsUp(t)
		session := x.opened(t, ownerEmail, ownerPassword)
		who := session.who(t)
		who.Request = atHome
		for what, o := range map[string]control.Opening{"with an address": {Name: "acme", Email: "other@example.com"}, "without a name": {}} {
			if _, err := x.OpenAccount(t.Context(), who, o); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: got %v, want refused", what, err)
			}
		}
		token := x.with("machine", access.Grant{Environment: access.AnyEnvironment, Role: access.Owner})
		token.Kind = access.TokenActor
		if _, err := x.OpenAccount(t.Context(), token, control.Opening{Name: "acme"}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a token: got %v, want forbidden", err)
		}
		out, err := x.OpenAccount(t.Context(), who, control.Opening{Name: "second house"})
		if err != nil || out.Account.Name != "second house" || out.Link != "" || out.Sent {
			t.Fatalf("got %+v and %v", out, err)
		}
		there, err := x.SwitchAccount(t.Context(), who, out.Account.ID)
		if err != nil {
			t.Fatal(err)
		}
		x.hide("a JWT", there.Token)
		x.hide("a cookie", there.Secret)
		owner := opened{there, x}.who(t)
		if first := x.logOf(t, owner)[0]; first.Action != "account.create" || first.Actor != (audit.Actor{Kind: "member", ID: owner.ID, Name: ownerEmail}) || first.Address != atHome.Address {
			t.Errorf("the first entry: got %+v", first)
		}
		n := 0
		for range 12 {
			x.clock.pass(time.Millisecond)
			if _, err := x.OpenAccount(t.Context(), owner, control.Opening{Name: "many"}); fault.Is(err, fault.Limited) {
				n++
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if n == 0 {
			t.Error("twelve at once are not too many")
		}
		if _, err := x.OpenAccount(t.Context(), access.Principal{Kind: access.MemberActor, Account: x.account, ID: who.ID, Name: who.Name}, control.Opening{Name: "acme"}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a member without a person: got %v, want forbidden", err)
		}
	})
}

// One link that is opened by many at once opens one account; two links of one new address open two, of one person.
func TestSignUpsAtOneMoment(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		box := x.signsUp(t)
		var requests []func() error
		for range 2 {
			requests = append(requests, func() error {
				_, err := x.OpenAccount(t.Context(), access.Principal{Request: atHome}, control.Opening{Name: "acme", Email: "ada@example.com"})
				return err
			})
		}
		for _, err := range atOnce(requests...) {
			if err != nil {
				t.Fatalf("ask: %v", err)
			}
		}
		one, other := x.signupToken(t, <-box.got), x.signupToken(t, <-box.got)
		before := x.everyAccount(t)
		confirm := func(token string) func() error {
			return func() error {
				_, err := x.confirms(t, token, comersPassword)
				return err
			}
		}
		oneOf(t, "one link", atOnce(confirm(one), confirm(one), confirm(one)), fault.NotFound, fault.Conflict)
		if got := x.everyAccount(t); got != before+1 {
			t.Errorf("got %d accounts, want one more than %d", got, before)
		}
		if err := confirm(other)(); err != nil { // with the password that is theirs now
			t.Errorf("the other link: %v", err)
		}
		x.clock.pass(time.Hour)
		for _, name := range []string{"grace", "linus"} {
			x.asks(t, name, "grace@example.com")
		}
		one, other = x.signupToken(t, <-box.got), x.signupToken(t, <-box.got)
		for _, err := range atOnce(confirm(one), confirm(other)) {
			if err != nil && !fault.Is(err, fault.Conflict) {
				t.Errorf("two links at once: got %v, want an account, or to be told to try again", err)
			}
		}
		for _, token := range []string{one, other} {
			if err := confirm(token)(); err != nil && !fault.Is(err, fault.NotFound) {
				t.Errorf("again: %v", err)
			}
		}
		if got := len(x.accountsOf(t, x.in(t, "grace@example.com", comersPassword, ""))); got != 2 {
			t.Errorf("grace belongs to %d accounts, want two", got)
		}
		people := 0
		for _, row := range x.dump(t, "people") {
			if strings.Contains(row, "grace@example.com") {
				people++
			}
		}
		if people != 1 {
			t.Errorf("got %d people, want one", people)
		}
	})
}

// Without mail nobody proves an address, and where it is not open there is no way in.
func TestSignUpIsClosed(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		for name, set := range map[string]func(*control.Config){
			"closed":       func(c *control.Config) { c.Mail = &mailbox{} },
			"without mail": func(c *control.Config) { c.OpenSignup = true },
		} {
			c := x.settings
			set(&c)
			closed := open(t, c)
			if _, err := closed.OpenAccount(t.Context(), access.Principal{Request: atHome}, control.Opening{Name: "acme", Email: "ada@example.com"}); !fault.Is(err, fault.Unauthenticated) || closed.SignsUp() {
				t.Errorf("%s: got %v, want unauthenticated", name, err)
			}
		}
	})
}
