package control_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/mail"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
)

// codeOf is what an authenticator shows at the clock's time, so many steps away.
func (x *fixture) codeOf(t *testing.T, key string, steps int) string {
	t.Helper()
	code, err := totp.GenerateCodeCustom(key, x.clock.Now().Add(time.Duration(steps)*30*time.Second), totp.ValidateOpts{Period: 30, Digits: otp.DigitsSix})
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// authenticator sets one up for the holder of a session, and answers its key and the recovery codes that came with it.
func (x *fixture) authenticator(t *testing.T, o opened, name string) (key string, recovery []string) {
	t.Helper()
	a, err := x.AddTOTP(t.Context(), o.who(t), name)
	if err != nil {
		t.Fatalf("add: %v", err)
	}
	x.hide("an authenticator's key", a.Key)
	recovery, err = x.ConfirmTOTP(t.Context(), o.who(t), a.ID, x.codeOf(t, a.Key, 0))
	if err != nil {
		t.Fatalf("confirm: %v", err)
	}
	for _, code := range recovery {
		x.hide("a recovery code", code)
		x.hide("a recovery code's normal form", strings.ReplaceAll(code, "-", ""))
	}
	x.clock.pass(time.Minute) // another code
	return a.Key, recovery
}

func (x *fixture) prove(ctx context.Context, p control.Proof) (control.LoggedIn, error) {
	return x.Login(ctx, control.LoginRequest{Email: ownerEmail, Password: ownerPassword, Proof: p}, access.Request{ID: "r", Address: "192.0.2.7"})
}

func wantDemand(t *testing.T, what string, err error, factors ...string) {
	t.Helper()
	told, ok := errors.AsType[*fault.Error](err)
	if !ok || told.Kind != fault.Unauthenticated || !slices.Equal(told.Factors, factors) {
		t.Errorf("%s: got %v (%+v), want to be asked for %v", what, err, told, factors)
	}
}

func TestAnAuthenticatorIsAskedForOnceItIsConfirmed(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		o := x.opened(t, ownerEmail, ownerPassword)
		a, err := x.AddTOTP(ctx, o.who(t), "phone")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(a.URL, "otpauth://totp/Lockage:"+ownerEmail+"?") {
			t.Errorf("got the URL %s, want it to name lockage and the owner", a.URL)
		}
		x.opened(t, ownerEmail, ownerPassword) // nothing is asked for yet
		_, err = x.ConfirmTOTP(ctx, o.who(t), a.ID, x.codeOf(t, a.Key, 5))
		wantFault(t, "confirm with a wrong code", err, fault.Invalid, "code: is not the one the authenticator shows now; check its clock, and type the newest one")
		x.opened(t, ownerEmail, ownerPassword)
		recovery, err := x.ConfirmTOTP(ctx, o.who(t), a.ID, x.codeOf(t, a.Key, 0))
		if err != nil || len(recovery) != 10 {
			t.Fatalf("confirm: got %d recovery codes and %v, want 10", len(recovery), err)
		}
		if _, err := x.ConfirmTOTP(ctx, o.who(t), a.ID, x.codeOf(t, a.Key, 1)); !fault.Is(err, fault.Conflict) {
			t.Errorf("confirm again: got %v, want a conflict", err)
		}
		list, err := x.ListFactors(ctx, o.who(t))
		if err != nil || len(list.List) != 1 || list.List[0].Name != "phone" || list.RecoveryCodes != 10 || list.Required || !list.Password {
			t.Errorf("list: got %+v and %v, want the phone and 10 codes", list, err)
		}
		_, err = x.prove(ctx, control.Proof{})
		wantDemand(t, "without a code", err, "totp", "recovery_code")
		_, err = x.prove(ctx, control.Proof{Code: x.codeOf(t, a.Key, 0)})
		wantDemand(t, "with the code that confirmed", err, "totp", "recovery_code")
		x.clock.pass(time.Minute)
		in, err := x.prove(ctx, control.Proof{Code: " " + x.codeOf(t, a.Key, 0)[:3] + " " + x.codeOf(t, a.Key, 0)[3:] + "\n"})
		if err != nil || !slices.Equal(in.Session.Methods, []string{"password", "totp"}) {
			t.Errorf("with a code: got %v and %v, want both methods", in.Session.Methods, err)
		}
		// and a wrong password is told nothing of it, whatever code comes with it
		_, err = x.Login(ctx, control.LoginRequest{Email: ownerEmail, Password: "wrong", Proof: control.Proof{Code: x.codeOf(t, a.Key, 1)}}, access.Request{})
		wantFault(t, "a wrong password", err, fault.Unauthenticated, "the e-mail address or the password is wrong")
		if told, _ := errors.AsType[*fault.Error](err); len(told.Factors) > 0 {
			t.Errorf("a wrong password is told of the factors %v", told.Factors)
		}
	})
}

// A code counts once: in no other form, in no later request, and for one of two who come at the same moment.
func TestACodeCountsOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		key, _ := x.authenticator(t, x.opened(t, ownerEmail, ownerPassword), "phone")
		code := x.codeOf(t, key, 0)
		var mu sync.Mutex
		var won int
		var all sync.WaitGroup
		for i := range 4 {
			all.Go(func() {
				typed := code[:i] + strings.Repeat(" ", i) + code[i:]
				_, err := x.prove(ctx, control.Proof{Code: typed})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won++
				} else if !fault.Is(err, fault.Unauthenticated) {
					t.Errorf("%q: %v", typed, err)
				}
			})
		}
		all.Wait()
		if won != 1 {
			t.Errorf("%d logged in with one code, want 1", won)
		}
		x.clock.pass(time.Second)
		for _, again := range []string{code, " " + code, code + "\u00a0", code[:3] + "-" + code[3:]} {
			x.clock.pass(time.Second)
			if _, err := x.prove(ctx, control.Proof{Code: again}); err == nil {
				t.Errorf("%q is taken a second time", again)
			}
		}
	})
}

func TestWrongCodesAreLimited(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		key, recovery := x.authenticator(t, x.opened(t, ownerEmail, ownerPassword), "phone")
		for i := range 5 {
			x.clock.pass(31 * time.Second) // the limit on passwords is another
			if _, err := x.prove(ctx, control.Proof{Code: "000000"}); !fault.Is(err, fault.Unauthenticated) {
				t.Fatalf("attempt %d: got %v", i, err)
			}
		}
		x.clock.pass(31 * time.Second)
		_, err := x.prove(ctx, control.Proof{Code: x.codeOf(t, key, 0)})
		if told, ok := errors.AsType[*fault.Error](err); !ok || told.Kind != fault.Limited || told.RetryAfter <= 0 || told.RetryAfter > 5*time.Minute {
			t.Errorf("the right code after many wrong ones: got %v, want to wait", err)
		}
		if _, err := x.prove(ctx, control.Proof{Code: recovery[0]}); err != nil {
			t.Errorf("a recovery code meanwhile: %v", err)
		}
		x.clock.pass(5 * time.Minute)
		if _, err := x.prove(ctx, control.Proof{Code: x.codeOf(t, key, 0)}); err != nil {
			t.Errorf("after waiting: %v", err)
		}
		for i := range 8 { // right ones are not counted
			x.clock.pass(time.Minute)
			if _, err := x.prove(ctx, control.Proof{Code: x.codeOf(t, key, 0)}); err != nil {
				t.Errorf("login %d: %v", i, err)
			}
		}
	})
}

func TestARecoveryCodeIsUsedUp(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		_, recovery := x.authenticator(t, x.opened(t, ownerEmail, ownerPassword), "phone")
		var won int
		var mu sync.Mutex
		var all sync.WaitGroup
		for _, typed := range []string{recovery[0], strings.ToUpper(recovery[0]), strings.ReplaceAll(recovery[0], "-", " ")} {
			all.Go(func() {
				if in, err := x.prove(ctx, control.Proof{Code: typed}); err == nil && slices.Contains(in.Session.Methods, "recovery_code") {
					mu.Lock()
					won++
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if won != 1 {
			t.Errorf("%d logged in with one recovery code, want 1", won)
		}
		found := false
		for _, e := range x.entries(t) {
			found = found || e.Action == "session.login" && e.Outcome == audit.Allowed && e.Detail["type"] == "recovery_code"
		}
		if !found {
			t.Error("the log does not tell that a recovery code was used")
		}
		x.clock.pass(time.Minute)
		in, err := x.prove(ctx, control.Proof{Code: recovery[1]})
		if err != nil {
			t.Fatal(err)
		}
		x.clock.pass(time.Minute)
		o := opened{in, x}
		list, err := x.ListFactors(ctx, o.who(t))
		if err != nil || list.RecoveryCodes != 8 {
			t.Errorf("left: got %d and %v, want 8", list.RecoveryCodes, err)
		}
		fresh, err := x.RenewRecoveryCodes(ctx, o.who(t))
		if err != nil || len(fresh) != 10 {
			t.Fatalf("renew: got %d and %v", len(fresh), err)
		}
		if _, err := x.prove(ctx, control.Proof{Code: recovery[2]}); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("a code of before: got %v, want it refused", err)
		}
		if _, err := x.prove(ctx, control.Proof{Code: fresh[0]}); err != nil {
			t.Errorf("a new code: %v", err)
		}
	})
}

// A session that was left open changes nothing of what proves who its holder is.
func TestChangingFactorsNeedsAFreshProof(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		o := x.opened(t, ownerEmail, ownerPassword)
		x.authenticator(t, o, "phone")
		list, err := x.ListFactors(ctx, o.who(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := x.ProvedLately(o.who(t)); err != nil {
			t.Errorf("after a login: %v", err)
		}
		for range 2 {
			x.clock.pass(9 * time.Minute)
			o.who(t)
		}
		if told, ok := errors.AsType[*fault.Error](x.ProvedLately(o.who(t))); !ok || !told.StepUp || told.Message != "to change what proves who somebody is, prove again who you are: the last proof is older than 10 minutes" {
			t.Errorf("after a while: got %v, want to prove it again", told)
		}
		for name, change := range map[string]func() error{
			"add":     func() error { _, err := x.AddTOTP(ctx, o.who(t), "another"); return err },
			"confirm": func() error { _, err := x.ConfirmTOTP(ctx, o.who(t), list.List[0].ID, "000000"); return err },
			"remove":  func() error { return x.RemoveFactor(ctx, o.who(t), list.List[0].ID) },
			"renew":   func() error { _, err := x.RenewRecoveryCodes(ctx, o.who(t)); return err },
		} {
			err := change()
			if told, ok := errors.AsType[*fault.Error](err); !ok || told.Kind != fault.Forbidden || !told.StepUp {
				t.Errorf("%s: got %v, want to prove it again", name, err)
			}
			last := x.entries(t)
			if e := last[len(last)-1]; e.Outcome != audit.Refused {
				t.Errorf("%s: got the entry %+v, want a refusal", name, e)
			}
		}
		if _, err := x.ListFactors(ctx, o.who(t)); err != nil {
			t.Errorf("list: %v", err)
		}
	})
}

func TestRemovingTheLastFactorForgetsTheCodes(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		o := x.opened(t, ownerEmail, ownerPassword)
		x.authenticator(t, o, "phone")
		second, err := x.AddTOTP(ctx, o.who(t), "tablet")
		if err != nil {
			t.Fatal(err)
		}
		if codes, err := x.ConfirmTOTP(ctx, o.who(t), second.ID, x.codeOf(t, second.Key, 0)); err != nil || len(codes) != 0 {
			t.Fatalf("a second one: got %d codes and %v, want none anew", len(codes), err)
		}
		list, err := x.ListFactors(ctx, o.who(t))
		if err != nil || len(list.List) != 2 {
			t.Fatalf("got %+v and %v, want two", list, err)
		}
		for i, f := range list.List {
			if err := x.RemoveFactor(ctx, o.who(t), f.ID); err != nil {
				t.Fatal(err)
			}
			after, err := x.ListFactors(ctx, o.who(t))
			if err != nil || len(after.List) != 1-i || after.RecoveryCodes != 10*(1-i) {
				t.Errorf("after %d: got %+v and %v", i+1, after, err)
			}
		}
		if err := x.RemoveFactor(ctx, o.who(t), list.List[0].ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("again: got %v, want none", err)
		}
		if _, err := x.RenewRecoveryCodes(ctx, o.who(t)); !fault.Is(err, fault.Conflict) {
			t.Errorf("codes without a factor: got %v, want a conflict", err)
		}
		x.opened(t, ownerEmail, ownerPassword) // nothing is asked for any more
	})
}

func TestOthersFactorsAreNotThere(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		o := x.opened(t, ownerEmail, ownerPassword)
		x.authenticator(t, o, "phone")
		list, err := x.ListFactors(ctx, o.who(t))
		if err != nil {
			t.Fatal(err)
		}
		stranger := o.who(t)
		stranger.Person = "018f0000-0000-7000-8000-0000000000ff"
		for _, id := range []string{list.List[0].ID, never} {
			if err := x.RemoveFactor(ctx, stranger, id); !fault.Is(err, fault.NotFound) || err.Error() != "no such second factor" {
				t.Errorf("remove %s: got %v, want none", id, err)
			}
			if _, err := x.ConfirmTOTP(ctx, stranger, id, "000000"); !fault.Is(err, fault.NotFound) || err.Error() != "no such second factor" {
				t.Errorf("confirm %s: got %v, want none", id, err)
			}
		}
		token := access.Principal{Account: x.account, Kind: access.TokenActor, ID: "t", Name: "machine", Grants: x.owner.Grants}
		if _, err := x.AddTOTP(ctx, token, "phone"); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a token: got %v, want it forbidden", err)
		}
	})
}

func TestWhatAFactorMayBeCalledAndHowManyThereAre(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		o := x.opened(t, ownerEmail, ownerPassword)
		x.authenticator(t, o, "phone")
		for _, name := range []string{"", " phone", "a\nb", strings.Repeat("a", 65), "phone"} {
			if _, err := x.AddTOTP(ctx, o.who(t), name); !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: got %v, want it refused", name, err)
			}
		}
		for i := range 19 {
			a, err := x.AddTOTP(ctx, o.who(t), fmt.Sprint(i))
			if err == nil {
				_, err = x.ConfirmTOTP(ctx, o.who(t), a.ID, x.codeOf(t, a.Key, 0))
			}
			if err != nil {
				t.Fatalf("%d: %v", i, err)
			}
		}
		if _, err := x.AddTOTP(ctx, o.who(t), "one too many"); !fault.Is(err, fault.Conflict) {
			t.Errorf("one too many: got %v, want a conflict", err)
		}
	})
}

// Whoever took a table of keys to another row, or another installation, opens none of them.
func TestAnAuthenticatorsKeyIsBoundToItsRow(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		key, _ := x.authenticator(t, x.opened(t, ownerEmail, ownerPassword), "phone")
		x.exec(t, `UPDATE totp_factors SET name = 'another'`)
		if _, err := x.prove(t.Context(), control.Proof{Code: x.codeOf(t, key, 0)}); !errors.Is(err, secret.ErrSeal) {
			t.Errorf("got %v, want it not to open", err)
		}
	})
}

func TestAnAccountDemandsASecondFactor(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		o := x.opened(t, ownerEmail, ownerPassword)
		x.exec(t, `UPDATE accounts SET second_factor = TRUE WHERE id = $1`, x.account)
		who := o.who(t)
		if who.Lacks != access.LacksFactor {
			t.Fatalf("got %+v, want to lack a factor", who)
		}
		if _, err := x.ListEnvironments(ctx, who); !fault.Is(err, fault.Forbidden) || !strings.Contains(err.Error(), "second factor") {
			t.Errorf("a look: got %v, want to be asked for a second factor", err)
		}
		if _, err := x.GetEnvironment(ctx, who, "production"); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a look at an environment: got %v, want it forbidden", err)
		}
		_, unknown := x.GetEnvironment(ctx, who, never)
		_, known := x.GetEnvironment(ctx, who, "production")
		if diff := cmp.Diff(fmt.Sprint(known), fmt.Sprint(unknown)); diff != "" {
			t.Errorf("what exists is told from what does not:\n%s", diff)
		}
		if list, err := x.ListFactors(ctx, who); err != nil || !list.Required {
			t.Errorf("list: got %+v and %v, want it required", list, err)
		}
		key, _ := x.authenticator(t, o, "phone")
		if _, err := x.ListEnvironments(ctx, o.who(t)); err != nil {
			t.Errorf("after setting one up: %v", err)
		}
		in, err := x.prove(ctx, control.Proof{Code: x.codeOf(t, key, 0)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x.ListEnvironments(ctx, opened{in, x}.who(t)); err != nil {
			t.Errorf("after logging in with it: %v", err)
		}
	})
}

// person is the id of somebody with an e-mail address, who is made where there is none.
func (x *fixture) person(t *testing.T, email string) (id string) {
	t.Helper()
	err := x.store.Batch(t.Context(), func(tx *store.Tx) error {
		p, err := tx.PersonByEmail(t.Context(), email)
		if id = p.ID; !fault.Is(err, fault.NotFound) {
			return err
		}
		id = "id-of-" + email
		return tx.InsertPerson(t.Context(), store.Person{ID: id, Email: email, Name: "Somebody", CreatedAt: x.clock.Now()})
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// silent is a mail server that answers nobody until it is asked to.
type silent struct{ message chan mail.Message }

func (s silent) Send(ctx context.Context, m mail.Message) error {
	select {
	case s.message <- m:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// The message about a recovery code goes the way of all mail: no login waits for it.
func TestARecoveryCodeIsToldOf(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		box := silent{make(chan mail.Message)}
		x.settings.Mail = box
		x.Control = open(t, x.settings)
		_, recovery := x.authenticator(t, x.opened(t, ownerEmail, ownerPassword), "phone")
		in, err := x.prove(t.Context(), control.Proof{Code: recovery[0]})
		if err != nil || in.Token == "" {
			t.Fatalf("got %v, want a session, whatever the mail server does", err)
		}
		x.hide("a JWT", in.Token)
		ctx, stop := context.WithCancel(t.Context())
		var sending sync.WaitGroup
		sending.Go(func() { x.SendMail(ctx) })
		m := <-box.message
		stop()
		sending.Wait()
		if m.To != ownerEmail || m.ID == "" || !strings.Contains(m.Text, "with a recovery code, from 192.0.2.7.") || strings.Contains(m.Text, recovery[0]) {
			t.Errorf("got %+v, want word to its owner, without the code", m)
		}
	})
}
