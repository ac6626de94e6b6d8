package control_test

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
)

// terminal is where the tests' command line is.
var terminal = access.Request{ID: "r-terminal", Address: "192.0.2.8"}

// challenged is the challenge of a verifier.
func challenged(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// lends makes a code of a session, which must succeed.
func (o opened) lends(t *testing.T, verifier string) string {
	t.Helper()
	code, err := o.x.LendSession(t.Context(), o.who(t), challenged(verifier))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func (x *fixture) takes(t *testing.T, code, verifier string) (opened, error) {
	t.Helper()
	x.clock.pass(10 * time.Second) // each address may try every five seconds
	in, err := x.TakeLentSession(t.Context(), code, verifier, "lockage\x1b[2J/1.0\n", terminal)
	if err == nil {
		x.hide("a lent JWT", in.Token)
		x.hide("a lent session's secret", in.Secret)
	}
	return opened{in, x}, err
}

func TestASessionIsLentOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		browser := x.opened(t, ownerEmail, ownerPassword)
		code := browser.lends(t, "verifier")
		if e := x.last(t); e.Action != "session.lend" || e.Outcome != audit.Allowed || e.Target.ID != browser.Session.ID {
			t.Errorf("the log has %+v, want who lent which session", e)
		}
		if _, err := x.takes(t, code, "another verifier"); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("with another verifier: got %v, want unauthenticated", err)
		}
		lent, err := x.takes(t, code, "verifier")
		if err != nil {
			t.Fatal(err)
		}
		e := x.last(t)
		if e.Action != "session.login" || e.Outcome != audit.Allowed || e.Actor.Name != ownerEmail || e.Address != terminal.Address || e.Detail["source"] != "session "+browser.Session.ID {
			t.Errorf("the log has %+v, want a login from the session", e)
		}
		for what, code := range map[string]string{"again": code, "cut": code[:len(code)-1], "longer": code + "A", "none": "", "dots": "..", "long": strings.Repeat("x", 5000)} {
			if o, err := x.takes(t, code, "verifier"); !fault.Is(err, fault.Unauthenticated) || o.Token != "" {
				t.Errorf("%s: got %v, want unauthenticated", what, err)
			}
			if e := x.last(t); e.Action != "session.login" || e.Outcome != audit.Refused {
				t.Errorf("%s: the log has %+v, want the refusal", what, e)
			}
		}
		was, is := browser.Session, lent.Session
		if is.ID == was.ID || is.Digest == was.Digest || lent.Secret == browser.Secret {
			t.Error("it is the same session")
		}
		if !is.ExpiresAt.Equal(was.ExpiresAt) || !is.ProvedAt.Equal(was.ProvedAt) || !slices.Equal(is.Methods, was.Methods) || is.Account != was.Account {
			t.Errorf("got %+v, want what %+v proves, and no longer", is, was)
		}
		if is.Agent != "lockage[2J/1.0" || is.Address != terminal.Address {
			t.Errorf("got %q from %q, want the command line", is.Agent, is.Address)
		}
		if err := x.Logout(t.Context(), browser.who(t)); err != nil {
			t.Fatal(err)
		}
		browser.over(t, "after its logout")
		if got := lent.who(t); got.ID != x.ownerID(t) || got.Session != is.ID {
			t.Errorf("got %+v, want the owner in a session of its own", got)
		}
	})
}

// What a code was made of may end before it is used.
func TestALentSessionFollowsItsLender(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		var other opened // of the same person
		for what, end := range map[string]func(t *testing.T, o opened){
			"nothing":  func(*testing.T, opened) {},
			"a minute": func(*testing.T, opened) { x.clock.pass(51 * time.Second) }, // and ten seconds before each attempt
			"logout": func(t *testing.T, o opened) {
				if err := x.Logout(t.Context(), o.who(t)); err != nil {
					t.Fatal(err)
				}
			},
			"all sessions ended": func(t *testing.T, o opened) {
				if err := x.EndOtherSessions(t.Context(), other.who(t)); err != nil {
					t.Fatal(err)
				}
			},
		} {
			other = x.opened(t, ownerEmail, ownerPassword)
			o := x.opened(t, ownerEmail, ownerPassword)
			code := o.lends(t, "verifier")
			end(t, o)
			if _, err := x.takes(t, code, "verifier"); what == "nothing" && err != nil || what != "nothing" && !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("after %s: got %v, want unauthenticated", what, err)
			}
		}
	})
}

// Of many who come with a code at the same moment, one gets a session.
func TestALentSessionIsTakenOnceAtTheSameMoment(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		code := x.opened(t, ownerEmail, ownerPassword).lends(t, "verifier")
		x.clock.pass(10 * time.Second)
		const together = 6
		results := make(chan error, together)
		var begin sync.WaitGroup
		begin.Add(1)
		for range together {
			go func() {
				begin.Wait()
				_, err := x.TakeLentSession(t.Context(), code, "verifier", "", terminal)
				results <- err
			}()
		}
		begin.Done()
		took := 0
		for range together {
			if err := <-results; err == nil {
				took++
			} else if !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("got %v, want unauthenticated", err)
			}
		}
		if took != 1 {
			t.Errorf("got %d sessions, want 1", took)
		}
	})
}

func TestOnlyPeopleLendSessions(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		machine := access.Principal{
			Account: x.account, Kind: access.TokenActor, ID: "id-of-ci", Name: "ci", Grants: x.owner.Grants, Request: terminal,
		}
		if code, err := x.LendSession(t.Context(), machine, challenged("v")); !fault.Is(err, fault.Forbidden) || code != "" {
			t.Errorf("a token: got %q and %v, want forbidden", code, err)
		}
		who := x.opened(t, ownerEmail, ownerPassword).who(t)
		for _, challenge := range []string{"", "short", strings.Repeat("A", 42), strings.Repeat("A", 44), strings.Repeat("=", 43), "verifier in clear, which nobody should send"} {
			code, err := x.LendSession(t.Context(), who, challenge)
			wantFault(t, "the challenge "+challenge, err, fault.Invalid, "challenge: is none that a program makes; begin there again")
			if code != "" {
				t.Errorf("the challenge %q: got a code", challenge)
			}
		}
	})
}

// Who came from the login provider lends that: what groups give holds in the lent session too.
func TestALentSessionIsAsGoodAsItsLender(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		p := x.provided(t)
		x.maps(t, gives("engineers", "development", access.Developer))
		o, err := x.atProvider(t, p, ada.Subject)
		if err != nil {
			t.Fatal(err)
		}
		x.hide("a JWT", o.Token)
		lent, err := x.takes(t, o.lends(t, "verifier"), "verifier")
		if err != nil {
			t.Fatal(err)
		}
		if got, want := lent.who(t).Grants, o.who(t).Grants; len(want) != 1 || !slices.Equal(got, want) || !slices.Equal(lent.Session.Methods, []string{"oidc"}) {
			t.Errorf("got %v by %v, want %v", got, lent.Session.Methods, want)
		}
	})
}
