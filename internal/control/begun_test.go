package control_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
)

// A page asks for the password, then for the second factor, and keeps the password nowhere in between.
func TestALoginInTwoSteps(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		key, recovery := x.authenticator(t, x.opened(t, ownerEmail, ownerPassword), "phone")
		from := access.Request{ID: "r", Address: "192.0.2.7"}
		begin := func() string {
			t.Helper()
			in, err := x.prove(t.Context(), control.Proof{})
			wantDemand(t, "a password alone", err, "totp", "recovery_code")
			if in.Begun == "" || in.Secret != "" || in.Token != "" {
				t.Fatalf("got %+v, want only what the login goes on with", in)
			}
			x.hide("a login that began", in.Begun)
			x.clock.pass(time.Minute) // or the attempts would be too many
			return in.Begun
		}
		over := func(what, begun string, proof control.Proof) {
			t.Helper()
			in, err := x.FinishLogin(t.Context(), begun, control.LoginRequest{Proof: proof}, from)
			var e *fault.Error
			if !errors.As(err, &e) || e.Kind != fault.Unauthenticated || e.Message != "this took too long; begin again with your password" || !cmp.Equal(in, control.LoggedIn{}) {
				t.Errorf("%s: got %+v and %v, want that it took too long", what, in, err)
			}
			x.clock.pass(time.Minute)
		}

		if in, err := x.Login(t.Context(), control.LoginRequest{Email: ownerEmail, Password: "wrong"}, from); in.Begun != "" || !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("a wrong password: got %q and %v, want nothing to go on with", in.Begun, err)
		}
		begun := begin()
		in, err := x.FinishLogin(t.Context(), begun, control.LoginRequest{Proof: control.Proof{Code: x.codeOf(t, key, 0)}, Agent: "Firefox"}, from)
		if err != nil || !slices.Equal(in.Session.Methods, []string{"password", "totp"}) || in.Session.Agent != "Firefox" || in.Begun != "" {
			t.Fatalf("got %+v and %v, want a session by both", in, err)
		}
		x.hide("a cookie", in.Secret)
		x.clock.pass(time.Minute)
		over("a second time", begun, control.Proof{Code: x.codeOf(t, key, 0)})

		begun = begin()
		wrong, err := x.FinishLogin(t.Context(), begun, control.LoginRequest{Proof: control.Proof{Code: "000000"}}, from)
		wantDemand(t, "a wrong code", err, "totp", "recovery_code")
		if wrong.Begun == "" || wrong.Begun == begun {
			t.Errorf("after a wrong code: got %q, want another to go on with", wrong.Begun)
		}
		x.clock.pass(time.Minute)
		over("after a wrong code", begun, control.Proof{Code: x.codeOf(t, key, 0)})
		if _, err := x.FinishLogin(t.Context(), wrong.Begun, control.LoginRequest{Proof: control.Proof{Code: x.codeOf(t, key, 0)}}, from); err != nil {
			t.Errorf("after a wrong code, with the other: got %v", err)
		}
		x.clock.pass(time.Minute)

		begun = begin()
		x.clock.pass(5 * time.Minute)
		over("too late", begun, control.Proof{Code: x.codeOf(t, key, 0)})

		begun = begin()
		id, text, _ := strings.Cut(begun, ".")
		other := x.person(t, "other@example.com")
		for what, forged := range map[string]string{
			"nothing": "", "no text": id + ".", "nobody": "." + text, "another person": other + "." + text, "cut": begun[:len(begun)-1],
			"longer": begun + "A", "no base64": id + ".!", "a person who never was": never + "." + text, "long": strings.Repeat("x", 100_000),
		} {
			over(what, forged, control.Proof{Code: recovery[0]})
		}
		x.exec(t, `UPDATE people SET epoch = epoch + 1 WHERE id = $1`, id)
		over("after another password was set", begun, control.Proof{Code: x.codeOf(t, key, 0)})
	})
}
