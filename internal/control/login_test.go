package control_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
)

// logIn logs in as a program does.
func logIn(ctx context.Context, c *control.Control, email, password string, from access.Request) (token string, expires time.Time, err error) {
	in, err := c.Login(ctx, control.LoginRequest{Email: email, Password: password}, from)
	return in.Token, in.ExpiresAt, err
}

func TestLogin(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		from := access.Request{ID: "r1", Address: "192.0.2.7"}
		token, expires, err := logIn(t.Context(), x.Control, " Owner@Example.COM", ownerPassword, from)
		if err != nil {
			t.Fatalf("login: %v", err)
		}
		x.hide("a JWT", token)
		if want := x.clock.Now().Add(time.Hour); !expires.Equal(want) {
			t.Errorf("expires: got %v, want %v", expires, want)
		}
		who, err := x.AuthenticateMember(t.Context(), token, from)
		if err != nil {
			t.Fatalf("authenticate: %v", err)
		}
		want := access.Principal{
			Account: x.account, Kind: access.MemberActor, ID: who.ID, Name: ownerEmail, Request: from,
			Grants: []access.Grant{{Environment: access.AnyEnvironment, Role: access.Owner}},
			Person: who.Person, Session: who.Session, Proved: x.clock.Now(),
		}
		if who.Person == "" || who.Session == "" {
			t.Errorf("got %+v, want a person with a session", who)
		}
		if diff := cmp.Diff(want, who); diff != "" {
			t.Errorf("principal (-want +got):\n%s", diff)
		}
		if same, err := x.Authenticate(t.Context(), token, from); err != nil || !cmp.Equal(same, who) {
			t.Errorf("authenticate: got %v and %v, want the same principal", same, err)
		}
		last := x.entries(t)
		got := last[len(last)-1]
		if got.Action != "session.login" || got.Outcome != audit.Allowed || got.Actor.ID != who.ID || got.Address != from.Address {
			t.Errorf("entry: got %+v, want an allowed login of %s", got, who.ID)
		}
		x.clock.pass(time.Hour - time.Millisecond)
		if _, err := x.AuthenticateMember(t.Context(), token, from); err != nil {
			t.Errorf("just before the hour: got %v, want no error", err)
		}
		x.clock.pass(time.Millisecond)
		if _, err := x.AuthenticateMember(t.Context(), token, from); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("after the hour: got %v, want unauthenticated", err)
		}
	})
}

// Who is wrong learns nothing of what was wrong, and every attempt is in the log without what was typed.
func TestLoginRefuses(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		const typed = "zebra zebra zebra"
		before := x.state(t)
		attempts := map[string][2]string{
			"a wrong password":        {ownerEmail, typed},
			"an unknown person":       {"zebra@example.com", ownerPassword},
			"nobody":                  {"", typed},
			"no password":             {ownerEmail, ""},
			"a password that is long": {ownerEmail, strings.Repeat("zebra", 1000)},
			"an address that is long": {strings.Repeat("zebra", 1000), ownerPassword},
			"no text":                 {"zebra\x00\xff@example.com", typed},
			"no text as a password":   {ownerEmail, "zebra\x00\xff"},
		}
		for name, a := range attempts {
			n := len(x.entries(t))
			token, _, err := logIn(t.Context(), x.Control, a[0], a[1], access.Request{ID: "r1"})
			wantFault(t, name, err, fault.Unauthenticated, "the e-mail address or the password is wrong")
			if token != "" {
				t.Errorf("%s: got a token, want none", name)
			}
			entries := x.entries(t)
			if len(entries) != n+1 || entries[n].Outcome != audit.Refused || entries[n].Action != "session.login" {
				t.Errorf("%s: got entries %v, want one refused login", name, entries[n:])
			}
		}
		if diff := cmp.Diff(before, x.state(t)); diff != "" {
			t.Errorf("refused logins changed (-before +after):\n%s", diff)
		}
		if log := strings.Join(x.dump(t, "audit_entries"), "\n"); strings.Contains(log, "zebra") {
			t.Errorf("the log repeats what was typed: %s", log)
		}
	})
}

// Who tries too often waits, known or not and even with the right password; the log tells how often.
func TestLoginsAreLimited(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		begun := len(x.entries(t))
		attempt := func(email, password, address string, want fault.Kind) {
			t.Helper()
			_, _, err := logIn(t.Context(), x.Control, email, password, access.Request{Address: address})
			var f *fault.Error
			if fault.KindOf(err) != want || want == fault.Limited && (!errors.As(err, &f) || f.RetryAfter <= 0 || f.RetryAfter > 30*time.Second) {
				t.Errorf("%s from %s: got %v, want %q", email, address, err, want)
			}
		}
		for i := range 10 {
			attempt(ownerEmail, "wrong", fmt.Sprintf("192.0.2.%d", i), fault.Unauthenticated)
		}
		attempt(ownerEmail, ownerPassword, "198.51.100.1", fault.Limited)
		attempt(" OWNER@example.com", ownerPassword, "198.51.100.2", fault.Limited)
		attempt("another@example.com", "wrong", "198.51.100.1", fault.Unauthenticated)
		if n := len(x.entries(t)) - begun; n != 11 {
			t.Errorf("got %d entries, want 11: what is too many is not recorded one by one", n)
		}
		x.clock.pass(30 * time.Second)
		attempt(ownerEmail, ownerPassword, "198.51.100.1", "")
		entries := x.entries(t)
		if last := entries[len(entries)-1]; last.Outcome != audit.Allowed || last.Detail["reason"] != "2 attempts before this one were refused as too many" {
			t.Errorf("got %+v, want the log to tell how many were refused", last)
		}
		for i := range 30 {
			attempt(fmt.Sprintf("somebody-%d@example.com", i), "wrong", "203.0.113.1", fault.Unauthenticated)
		}
		attempt("nobody@example.com", "wrong", "203.0.113.1", fault.Limited)
		attempt("nobody@example.com", "wrong", "203.0.113.2", fault.Unauthenticated)
	})
}

func TestDeletedGrantsHoldAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		token, _, err := logIn(t.Context(), x.Control, ownerEmail, ownerPassword, access.Request{})
		if err != nil {
			t.Fatal(err)
		}
		who, err := x.AuthenticateMember(t.Context(), token, access.Request{})
		if err != nil {
			t.Fatal(err)
		}
		x.exec(t, `UPDATE grants SET role = 'viewer' WHERE holder_id = $1`, who.ID)
		who, err = x.AuthenticateMember(t.Context(), token, access.Request{})
		if want := []access.Grant{{Environment: "*", Role: access.Viewer}}; err != nil || !cmp.Equal(want, who.Grants) {
			t.Errorf("lowered: got grants %v and %v, want %v", who.Grants, err, want)
		}
		x.exec(t, `DELETE FROM grants WHERE holder_id = $1`, who.ID)
		who, err = x.AuthenticateMember(t.Context(), token, access.Request{})
		if err != nil || len(who.Grants) != 0 {
			t.Errorf("without grants: got %v and %v, want none", who.Grants, err)
		}
		if _, err := x.ListEnvironments(t.Context(), who); !fault.Is(err, fault.Forbidden) {
			t.Errorf("without grants: got %v, want forbidden", err)
		}
		x.exec(t, `DELETE FROM members WHERE id = $1`, who.ID)
		if _, err := x.AuthenticateMember(t.Context(), token, access.Request{}); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("a member who is gone: got %v, want unauthenticated", err)
		}
	})
}

func TestTokens(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		refused := func(what, bearer string) {
			t.Helper()
			who, err := x.Authenticate(t.Context(), bearer, access.Request{})
			wantFault(t, what, err, fault.Unauthenticated, "the credential is missing, wrong or no longer valid; "+
				"send a management token or a login's token as Authorization: Bearer")
			if !cmp.Equal(who, access.Principal{}) {
				t.Errorf("%s: got %v, want nobody", what, who)
			}
		}
		for what, bearer := range map[string]string{
			"nothing": "", "another token": ownerToken + "x", "an upper-case token": strings.ToUpper(ownerToken),
			"with space": " " + ownerToken, "the prefix": "tk_", "no credential": "zebra", "no text": "tk_\x00\xff",
		} {
			refused(what, bearer)
		}
		if _, err := x.AuthenticateMember(t.Context(), ownerToken, access.Request{}); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("a token where a member is wanted: got %v, want unauthenticated", err)
		}
		k, shown, err := x.CreateAPIKey(t.Context(), x.owner, "production", "secret", noFields)
		if err != nil {
			t.Fatal(err)
		}
		refused("an API key", shown.Reveal())
		refused("an API key's id", k.ID)
		x.exec(t, `UPDATE tokens SET expires_at = $1`, x.clock.Now().Add(time.Minute).UnixMilli())
		if _, err := x.Authenticate(t.Context(), ownerToken, access.Request{}); err != nil {
			t.Errorf("before it expires: got %v, want no error", err)
		}
		x.clock.pass(time.Minute)
		refused("an expired token", ownerToken)
		x.exec(t, `UPDATE tokens SET expires_at = 0, revoked_at = 1`)
		refused("a revoked token", ownerToken)
	})
}

// A stored hash that is not one of ours is a fault of ours, not a wrong password.
func TestBrokenPasswordHashes(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		for _, hash := range []string{
			"zebra", "$bcrypt$v=19$m=1,t=1,p=1$AAAA$AAAA", "$argon2id$v=18$m=8,t=1,p=1$AAAA$AAAA", "$argon2id$v=19$m=8,t=1,p=1$!$AAAA",
			"$argon2id$v=19$m=8,t=1,p=1$AAAA$!",
		} {
			x.exec(t, `UPDATE people SET password_hash = $1`, hash)
			_, _, err := logIn(t.Context(), x.Control, ownerEmail, ownerPassword, access.Request{})
			if !fault.Is(err, fault.Internal) || strings.Contains(err.Error(), hash) {
				t.Errorf("%s: got %v, want an internal error that does not repeat it", hash, err)
			}
		}
	})
}
