package control_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/testkit"
)

const publicURL = "https://lockage.example.com"

// reached is the installation as browsers reach it.
func (x *fixture) reached(t *testing.T) {
	t.Helper()
	x.settings.PublicURL = publicURL
	x.Control = open(t, x.settings)
}

// device registers a passkey of the holder of a session.
func (x *fixture) device(t *testing.T, o opened, name string) (*testkit.Authenticator, []string) {
	t.Helper()
	device := testkit.NewAuthenticator(publicURL)
	q, err := x.BeginPasskey(t.Context(), o.who(t), "")
	if err != nil {
		t.Fatal(err)
	}
	_, codes, err := x.AddPasskey(t.Context(), o.who(t), name, device.Create(t, q.Options))
	if err != nil {
		t.Fatal(err)
	}
	x.clock.pass(time.Minute)
	return device, codes
}

// answered is what a device answers to a question of anybody.
func (x *fixture) answered(t *testing.T, device *testkit.Authenticator) []byte {
	t.Helper()
	q, err := x.AskPasskey()
	if err != nil {
		t.Fatal(err)
	}
	return device.Get(t, q.Options)
}

var visitor = access.Request{ID: "r", Address: "192.0.2.7"}

func TestAPasskeyLogsInAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		x.reached(t)
		o := x.opened(t, ownerEmail, ownerPassword)
		device, codes := x.device(t, o, "laptop")
		if len(codes) != 10 {
			t.Errorf("got %d recovery codes, want 10", len(codes))
		}
		in, err := x.LoginWithPasskey(ctx, x.answered(t, device), control.LoginRequest{}, visitor)
		if err != nil || !slices.Equal(in.Session.Methods, []string{"webauthn"}) || in.Session.Member.Email != ownerEmail {
			t.Fatalf("got %+v and %v, want a session of the owner", in.Session, err)
		}
		list, err := x.ListFactors(ctx, opened{in, x}.who(t))
		if err != nil || len(list.List) != 1 || list.List[0].Kind != "webauthn" || list.List[0].UsedAt.IsZero() {
			t.Errorf("list: got %+v and %v, want the passkey, used", list, err)
		}
		// and a password alone is not enough any more, while both together are
		_, err = x.prove(ctx, control.Proof{})
		wantDemand(t, "a password alone", err, "webauthn", "recovery_code")
		in, err = x.prove(ctx, control.Proof{Passkey: string(x.answered(t, device))})
		if err != nil || !slices.Equal(in.Session.Methods, []string{"password", "webauthn"}) {
			t.Errorf("both: got %v and %v", in.Session.Methods, err)
		}
	})
}

func TestPasskeysThatProveNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		x.reached(t)
		o := x.opened(t, ownerEmail, ownerPassword)
		device, _ := x.device(t, o, "laptop")
		replayed := x.answered(t, device)
		if _, err := x.LoginWithPasskey(ctx, replayed, control.LoginRequest{}, visitor); err != nil {
			t.Fatal(err)
		}
		late := x.answered(t, device)
		x.clock.pass(5 * time.Minute)
		forRegistration, err := x.BeginPasskey(ctx, o.who(t), "")
		if err != nil {
			t.Fatal(err)
		}
		lie := func(change func(*testkit.Authenticator)) []byte {
			liar := device.Copy()
			liar.Count += 5
			change(liar)
			return x.answered(t, liar)
		}
		unknown := testkit.NewAuthenticator(publicURL)
		q, err := x.BeginPasskey(ctx, o.who(t), "")
		if err != nil {
			t.Fatal(err)
		}
		unknown.Create(t, q.Options) // never sent
		made := base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("made up ", 7)))
		for name, answer := range map[string][]byte{
			"nothing": nil, "no answer": []byte(`{"id":"AAAA"}`), "too long": []byte(strings.Repeat(" ", 20<<10)),
			"the same answer again":              replayed,
			"an answer that came too late":       late,
			"an answer to a registration":        device.Get(t, forRegistration.Options),
			"a challenge nobody asked":           lie(func(a *testkit.Authenticator) { a.Challenge(made) }),
			"another page":                       lie(func(a *testkit.Authenticator) { a.Origin = "https://evil.example.com" }),
			"another server":                     lie(func(a *testkit.Authenticator) { a.RPID = "evil.example.com" }),
			"a device that verified nobody":      lie(func(a *testkit.Authenticator) { a.NoUser = true }),
			"a device that claims somebody else": lie(func(a *testkit.Authenticator) { a.Handle = []byte(never) }),
			"a passkey nobody registered":        x.answered(t, unknown),
		} {
			x.clock.pass(31 * time.Second)
			n := len(x.entries(t))
			in, err := x.LoginWithPasskey(ctx, answer, control.LoginRequest{}, visitor)
			wantFault(t, name, err, fault.Unauthenticated, "the passkey is not known here, or its answer came too late; try again")
			if in.Token != "" || in.Secret != "" {
				t.Errorf("%s: got a session", name)
			}
			if e := x.newest(t, n); len(e) != 1 || e[0].Action != "session.login" || e[0].Outcome != audit.Refused {
				t.Errorf("%s: got the entries %+v, want one refused login", name, e)
			}
		}
	})
}

func TestACopiedPasskeyIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		x.reached(t)
		device, _ := x.device(t, x.opened(t, ownerEmail, ownerPassword), "laptop")
		thief := device.Copy()
		for range 3 {
			if _, err := x.LoginWithPasskey(ctx, x.answered(t, device), control.LoginRequest{}, visitor); err != nil {
				t.Fatal(err)
			}
		}
		n := len(x.entries(t))
		_, err := x.LoginWithPasskey(ctx, x.answered(t, thief), control.LoginRequest{}, visitor)
		if !fault.Is(err, fault.Unauthenticated) || !strings.Contains(err.Error(), "copy") {
			t.Errorf("got %v, want it refused as a copy", err)
		}
		if e := x.newest(t, n); len(e) != 1 || e[0].Outcome != audit.Refused || e[0].Actor.Name != ownerEmail {
			t.Errorf("got the entries %+v, want one refusal of the owner", e)
		}
	})
}

// Of two who come with the same answer at the same moment, one is let in.
func TestAnAnswerCountsOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.reached(t)
		device, _ := x.device(t, x.opened(t, ownerEmail, ownerPassword), "laptop")
		answer := x.answered(t, device)
		var mu sync.Mutex
		var won int
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if _, err := x.LoginWithPasskey(t.Context(), answer, control.LoginRequest{}, visitor); err == nil {
					mu.Lock()
					won++
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if won != 1 {
			t.Errorf("%d logged in with one answer, want 1", won)
		}
	})
}

func TestARegistrationIsOfItsSession(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		x.reached(t)
		o, other := x.opened(t, ownerEmail, ownerPassword), x.opened(t, ownerEmail, ownerPassword)
		ask := func(o opened) []byte {
			q, err := x.BeginPasskey(ctx, o.who(t), "")
			if err != nil {
				t.Fatal(err)
			}
			return testkit.NewAuthenticator(publicURL).Create(t, q.Options)
		}
		answer := ask(o)
		if _, _, err := x.AddPasskey(ctx, other.who(t), "laptop", answer); !fault.Is(err, fault.Invalid) {
			t.Errorf("another session's: got %v, want it refused", err)
		}
		if _, _, err := x.AddPasskey(ctx, o.who(t), "laptop", answer); err != nil {
			t.Errorf("its own: %v", err)
		}
		if _, _, err := x.AddPasskey(ctx, o.who(t), "again", answer); !fault.Is(err, fault.Invalid) {
			t.Errorf("again: got %v, want it refused", err)
		}
		late := ask(o)
		x.clock.pass(5 * time.Minute)
		if _, _, err := x.AddPasskey(ctx, o.who(t), "late", late); !fault.Is(err, fault.Invalid) {
			t.Errorf("late: got %v, want it refused", err)
		}
		if _, _, err := x.AddPasskey(ctx, o.who(t), "none", []byte("{}")); !fault.Is(err, fault.Invalid) {
			t.Errorf("no answer: got %v, want it refused", err)
		}
		list, err := x.ListFactors(ctx, o.who(t))
		if err != nil || len(list.List) != 1 {
			t.Errorf("got %+v and %v, want one passkey", list, err)
		}
	})
}

// A name that a passkey could not be kept under is refused before a device makes one.
func TestNamesOfPasskeysAreRefusedEarly(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.reached(t)
		o := x.opened(t, ownerEmail, ownerPassword)
		x.device(t, o, "laptop")
		for name, message := range map[string]string{
			"laptop":                "name: is the name of another second factor of yours; choose another",
			strings.Repeat("x", 65): "name: must have 1 to 64 characters",
			" spaced":               "name: must be printable, without spaces at its ends",
		} {
			_, err := x.BeginPasskey(t.Context(), o.who(t), name)
			wantFault(t, name, err, fault.Invalid, message)
		}
		if q, err := x.BeginPasskey(t.Context(), o.who(t), "phone"); err != nil || len(q.Options) == 0 {
			t.Errorf("a name that is free: got %v", err)
		}
	})
}

// The same answer and the same trace for a person who is not there.
func TestWhereThereAreNoPasskeys(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) { // reached by an address
		if x.HasPasskeys() {
			t.Fatal("there are passkeys without a public URL")
		}
		o := x.opened(t, ownerEmail, ownerPassword)
		_, err := x.AskPasskey()
		_, err2 := x.BeginPasskey(t.Context(), o.who(t), "")
		_, err3 := x.LoginWithPasskey(t.Context(), nil, control.LoginRequest{}, visitor)
		for _, err := range []error{err, err2, err3} {
			if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "--public-url") {
				t.Errorf("got %v, want to be told what passkeys need", errors.Unwrap(err))
			}
		}
	})
}
