package control_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/mail"
	"github.com/lockage/lockage/internal/store"
)

// mailbox keeps what would be mailed.
type mailbox struct {
	got chan mail.Message
}

func (m *mailbox) Send(_ context.Context, message mail.Message) error {
	m.got <- message
	return nil
}

// mails makes the fixture send mail into a box.
func (x *fixture) mails(t *testing.T) *mailbox {
	t.Helper()
	box := &mailbox{got: make(chan mail.Message, 10)}
	c := x.settings
	c.Mail, c.PublicURL = box, "https://lockage.example.com/"
	x.Control = open(t, c)
	ctx, cancel := context.WithCancel(t.Context())
	var sending sync.WaitGroup
	sending.Go(func() { x.SendMail(ctx) })
	t.Cleanup(func() { cancel(); sending.Wait() })
	return box
}

// tokenOf is what a link of a message carries.
func tokenOf(t *testing.T, text string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, "https://lockage.example.com/reset#")
	token, _, _ := strings.Cut(rest, "\n")
	if !found || len(token) < 47 {
		t.Fatalf("got %q, want a link with 256 bits behind its #", text)
	}
	return token
}

const newPassword = "a horse that is correct, with staples"

func TestPasswordReset(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		if err := x.RequestReset(t.Context(), ownerEmail, access.Request{}); !fault.Is(err, fault.Conflict) {
			t.Errorf("without mail: got %v, want a conflict that says whom to ask", err)
		}
		box := x.mails(t)
		one := x.opened(t, ownerEmail, ownerPassword)
		x.hide("a new password", newPassword)
		n := len(x.entries(t))
		for _, email := range []string{"nobody@example.com", "zebra\x00@example.com", strings.Repeat("zebra", 1000), ""} {
			if err := x.RequestReset(t.Context(), email, access.Request{Address: "192.0.2.9"}); err != nil {
				t.Errorf("%.20q: got %v, want the answer that everyone gets", email, err)
			}
		}
		for range 2 {
			if err := x.RequestReset(t.Context(), " OWNER@example.com ", access.Request{Address: "192.0.2.9"}); err != nil {
				t.Fatal(err)
			}
		}
		entries := x.newest(t, n)
		if len(entries) != 6 || entries[0].Outcome != audit.Refused || entries[5].Outcome != audit.Allowed || entries[5].Action != "password.reset.request" {
			t.Errorf("entries: got %+v, want four refused and two allowed", entries)
		}
		first, second := <-box.got, <-box.got
		if first.To != ownerEmail || len(box.got) > 0 {
			t.Errorf("got %+v, want mail to the owner alone", first)
		}
		link, other := tokenOf(t, first.Text), tokenOf(t, second.Text)
		x.hide("a reset", link)
		x.hide("another reset", other)
		for _, bad := range []string{"", "x", link + "x", strings.ToUpper(link), "\x00\xff", strings.Repeat("x", 1<<20)} {
			if err := x.UseReset(t.Context(), bad, newPassword, access.Request{Address: "192.0.2.8"}); !fault.Is(err, fault.NotFound) {
				t.Errorf("%.20q: got %v, want not found", bad, err)
			}
		}
		for _, bad := range []string{"", "short", strings.Repeat("x", 1<<20)} {
			if err := x.UseReset(t.Context(), link, bad, access.Request{Address: "192.0.2.8"}); !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "short\"") {
				t.Errorf("a password of %d bytes: got %v, want refused", len(bad), err)
			}
		}
		one.who(t)
		var done sync.WaitGroup
		results := make([]error, 4)
		for i := range results { // at the same moment: one of them may
			done.Go(func() {
				results[i] = x.UseReset(context.WithoutCancel(t.Context()), link, newPassword, access.Request{Address: "192.0.2.8"})
			})
		}
		done.Wait()
		used := 0
		for _, err := range results {
			if err == nil {
				used++
			} else if !fault.Is(err, fault.NotFound) {
				t.Errorf("got %v, want not found", err)
			}
		}
		if used != 1 {
			t.Errorf("the link was used %d times, want once", used)
		}
		one.over(t, "after the reset")
		if err := x.UseReset(t.Context(), other, newPassword, access.Request{}); !fault.Is(err, fault.NotFound) {
			t.Errorf("the other link: got %v, want it dead too", err)
		}
		if m := <-box.got; !strings.Contains(m.Subject, "was changed") || strings.Contains(m.Text, newPassword) {
			t.Errorf("got %+v, want the news of the change", m)
		}
		x.clock.pass(time.Hour)
		if _, _, err := logIn(t.Context(), x.Control, ownerEmail, ownerPassword, access.Request{}); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("the old password: got %v, want unauthenticated", err)
		}
		x.opened(t, ownerEmail, newPassword)

		if err := x.RequestReset(t.Context(), ownerEmail, access.Request{}); err != nil {
			t.Fatal(err)
		}
		late := tokenOf(t, (<-box.got).Text)
		for range 4 { // three at once are mailed, for the others only the answer is the same
			if err := x.RequestReset(t.Context(), ownerEmail, access.Request{}); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			<-box.got
		}
		if got := x.last(t); got.Outcome != audit.Refused || got.Detail["error"] != "rate_limited" {
			t.Errorf("entry: got %+v, want the fourth link refused", got)
		}
		x.clock.pass(time.Hour)
		if err := x.UseReset(t.Context(), late, newPassword, access.Request{}); !fault.Is(err, fault.NotFound) {
			t.Errorf("after an hour: got %v, want not found", err)
		}
	})
}

func TestAManagerMakesAReset(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		c := x.settings
		c.PublicURL = "https://lockage.example.com"
		x.Control = open(t, c)
		x.hide("a new password", newPassword)
		id := x.ownerID(t)
		make := func(who access.Principal, want fault.Kind) string {
			t.Helper()
			n := len(x.entries(t))
			link, _, err := x.MakeReset(t.Context(), who, id)
			if fault.KindOf(err) != want {
				t.Errorf("%s: got %v, want %q", who.Name, err, want)
			}
			if got := x.newest(t, n); len(got) != 1 || got[0].Action != "password.reset.make" || (got[0].Outcome == audit.Allowed) != (want == "") {
				t.Errorf("%s: got entries %+v", who.Name, got)
			}
			return link
		}
		make(x.admin, fault.Forbidden) // who resets an owner's password is one
		make(x.developer, fault.Forbidden)
		session := x.opened(t, ownerEmail, ownerPassword)
		make(session.who(t), fault.Forbidden) // their own is changed with the one they have
		link := tokenOf(t, make(x.owner, ""))
		x.hide("a reset", link)
		if _, _, err := x.MakeReset(t.Context(), x.owner, never); !fault.Is(err, fault.NotFound) {
			t.Errorf("nobody: got %v, want not found", err)
		}
		// a person of two accounts is nobody's to take over
		there := x.joins(t)
		make(x.owner, fault.Conflict)
		if err := x.UseReset(t.Context(), link, newPassword, access.Request{}); !fault.Is(err, fault.NotFound) {
			t.Errorf("a link from before they joined another account: got %v, want not found", err)
		}
		x.leaves(t, there)
		if err := x.UseReset(t.Context(), link, newPassword, access.Request{}); err != nil {
			t.Errorf("in the one account: %v", err)
		}
		session.over(t, "after the reset")
		x.opened(t, ownerEmail, newPassword)
	})
}

func TestChangePassword(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.hide("a new password", newPassword)
		one, other := x.opened(t, ownerEmail, ownerPassword), x.opened(t, ownerEmail, ownerPassword)
		who := one.who(t)
		for what, change := range map[string][2]string{
			"a wrong one": {"zebra zebra zebra", newPassword}, "none": {"", newPassword}, "a long one": {strings.Repeat("z", 1<<20), newPassword},
			"to a short one": {ownerPassword, "short"}, "to a long one": {ownerPassword, strings.Repeat("z", 1<<20)},
		} {
			x.clock.pass(time.Minute)
			if err := x.ChangePassword(t.Context(), who, change[0], change[1]); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: got %v, want refused", what, err)
			}
		}
		other.who(t)
		// bytes are counted, characters told: what is said is enough for any password that does as it says
		for password, message := range map[string]string{
			"eleven char":              "password: must have at least 12 characters",
			strings.Repeat("é", 513):   "password: is too long; one of 256 characters always fits",
			strings.Repeat("x", 1<<20): "password: is too long; one of 256 characters always fits",
		} {
			wantFault(t, message, x.ChangePassword(t.Context(), who, ownerPassword, password), fault.Invalid, message)
		}
		if err := x.ChangePassword(t.Context(), access.Principal{Account: x.account, Kind: access.TokenActor, ID: "t", Grants: x.owner.Grants}, ownerPassword, newPassword); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a token: got %v, want forbidden", err)
		}
		if err := x.ChangePassword(t.Context(), who, ownerPassword, newPassword); err != nil {
			t.Fatal(err)
		}
		one.who(t)
		other.over(t, "after the change")
		if got := x.last(t); got.Action != "password.change" || got.Detail["count"] != "1" {
			t.Errorf("entry: got %+v", got)
		}
		x.opened(t, ownerEmail, newPassword)
	})
}

// Guessing the password of a session that was left open is limited as logging in is.
func TestProofsAreLimited(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		who := x.opened(t, ownerEmail, ownerPassword).who(t)
		x.clock.pass(50 * time.Minute)
		limited := false
		for range 12 {
			_, err := x.Prove(t.Context(), who, "wrong", control.Proof{})
			limited = fault.Is(err, fault.Limited)
			if !limited && !fault.Is(err, fault.Invalid) {
				t.Fatalf("got %v, want refused", err)
			}
		}
		if !limited {
			t.Error("twelve wrong proofs are not too many")
		}
		if err := x.ChangePassword(t.Context(), who, ownerPassword, newPassword); !fault.Is(err, fault.Limited) {
			t.Errorf("the right password after too many: got %v, want limited", err)
		}
	})
}

func TestStepUp(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.ours(t)
		session := x.opened(t, ownerEmail, ownerPassword)
		demand := func(f control.StepUpFields) error {
			_, err := x.UpdateAccount(t.Context(), session.who(t), control.AccountFields{StepUp: &f})
			return err
		}
		if err := demand(control.StepUpFields{MaxAge: ptr("13h")}); !fault.Is(err, fault.Invalid) {
			t.Errorf("13h: got %v, want refused", err)
		}
		if err := demand(control.StepUpFields{Values: ptr(true), Promotions: ptr(true), Grants: ptr(true), MaxAge: ptr("5m")}); err != nil {
			t.Fatal(err)
		}
		if got := x.last(t); got.Detail["step_up"] != "values, promotions, grants within 5m0s" {
			t.Errorf("entry: got %+v", got)
		}
		machine := access.Principal{Account: x.account, Kind: access.TokenActor, ID: "t-owner", Name: "machine", Grants: x.owner.Grants}
		tries := map[string]func(access.Principal) error{
			"set a production value": func(p access.Principal) error {
				_, err := x.SetSecretValue(t.Context(), p, "ours", "production", text("a value of the step-up"))
				return err
			},
			"promote into a protected environment": func(p access.Principal) error {
				_, err := x.Promote(t.Context(), p, control.PromotionRequest{To: "production", Message: "up"})
				return err
			},
			"unprotect it": func(p access.Principal) error {
				_, err := x.UpdateEnvironment(t.Context(), p, "production", fieldsProtected(false))
				return err
			},
			"make another the default": func(p access.Principal) error {
				_, err := x.UpdateEnvironment(t.Context(), p, "development", fieldsDefault())
				return err
			},
			"make a reset": func(p access.Principal) error {
				_, _, err := x.MakeReset(t.Context(), p, "id-of-ola")
				return err
			},
			"turn it off": func(p access.Principal) error {
				_, err := x.UpdateAccount(t.Context(), p, control.AccountFields{StepUp: &control.StepUpFields{Values: ptr(false)}})
				return err
			},
		}
		x.addMember(t, "ola@example.com", "id-of-ola")
		x.hide("a value", "a value of the step-up")
		x.clock.pass(5 * time.Minute)
		before := x.state(t)
		for what, try := range tries {
			err := try(session.who(t))
			var told *fault.Error
			if !asFault(err, &told) || told.Kind != fault.Forbidden || !told.StepUp {
				t.Errorf("%s after five minutes: got %v, want a fresh proof demanded", what, err)
			}
			if err := try(machine); !asFault(err, &told) || told.Kind != fault.Forbidden || told.StepUp {
				t.Errorf("%s by a token: got %v, want it refused for good", what, err)
			}
		}
		if before != nil && len(x.state(t)) != len(before) {
			t.Error("what was refused changed something")
		}
		if _, err := x.SetSecretValue(t.Context(), session.who(t), "ours", "development", text("a value of the step-up")); err != nil {
			t.Errorf("below: %v", err)
		}
		if _, err := x.Prove(t.Context(), session.who(t), "wrong wrong wrong", control.Proof{}); !fault.Is(err, fault.Invalid) {
			t.Errorf("a wrong proof: got %v", err)
		}
		if got := x.last(t); got.Action != "session.prove" || got.Outcome != audit.Refused {
			t.Errorf("entry: got %+v, want a refused proof", got)
		}
		if err := tries["set a production value"](session.who(t)); !fault.Is(err, fault.Forbidden) {
			t.Errorf("after a wrong proof: got %v, want forbidden", err)
		}
		if _, err := x.Prove(t.Context(), machine, ownerPassword, control.Proof{}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a proof of a token: got %v, want forbidden", err)
		}
		at, err := x.Prove(t.Context(), session.who(t), ownerPassword, control.Proof{})
		if err != nil || !at.Equal(x.clock.Now()) {
			t.Fatalf("prove: got %v and %v", at, err)
		}
		if err := tries["set a production value"](session.who(t)); err != nil {
			t.Errorf("after the proof: %v", err)
		}
		if err := tries["promote into a protected environment"](session.who(t)); err != nil {
			t.Errorf("after the proof: %v", err)
		}
		if err := demand(control.StepUpFields{Tokens: ptr(true)}); err != nil {
			t.Errorf("after the proof: %v", err)
		}
		if err := tries["set a production value"](machine); err != nil {
			t.Errorf("a token, where that is allowed: %v", err)
		}
	})
}

// addMember adds somebody who can do nothing.
func (x *fixture) addMember(t *testing.T, email, id string) {
	t.Helper()
	err := x.store.Write(t.Context(), x.account, func(tx *store.Tx) error {
		if err := tx.InsertPerson(t.Context(), store.Person{ID: "person-" + id, Email: email, Name: email, CreatedAt: tx.Now()}); err != nil {
			return err
		}
		if err := tx.InsertMember(t.Context(), store.Member{ID: id, PersonID: "person-" + id, CreatedAt: tx.Now()}); err != nil {
			return err
		}
		return tx.AppendAudit(t.Context(), audit.Entry{Action: string(access.MemberJoin), Outcome: audit.Allowed})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func fieldsProtected(on bool) environment.Fields { return environment.Fields{Protected: &on} }

func fieldsDefault() environment.Fields { return environment.Fields{IsDefault: ptr(true)} }
