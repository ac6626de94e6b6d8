package control_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// ownerID is the member that the owner of the first account is.
func (x *fixture) ownerID(t *testing.T) string {
	t.Helper()
	return x.memberOf(t, ownerEmail, x.account).ID
}

func (x *fixture) memberOf(t *testing.T, email, account string) (m store.Member) {
	t.Helper()
	err := x.store.ReadAll(t.Context(), func(tx *store.Tx) error {
		p, err := tx.PersonByEmail(t.Context(), email)
		if err != nil {
			return err
		}
		list, err := tx.Memberships(t.Context(), p.ID)
		for _, each := range list {
			if each.Account == account {
				m = each
			}
		}
		return err
	})
	if err != nil || m.ID == "" {
		t.Fatalf("%s is no member of %s: %v", email, account, err)
	}
	return m
}

// opened is a session, with all that its holder has of it.
type opened struct {
	control.LoggedIn
	x *fixture
}

// open logs somebody in, who must be able to.
func (x *fixture) opened(t *testing.T, email, password string) opened {
	t.Helper()
	in, err := x.Login(t.Context(), control.LoginRequest{Email: email, Password: password, Agent: "Mozilla\x1b[2J/5.0\n"}, access.Request{ID: "r", Address: "192.0.2.7"})
	if err != nil {
		t.Fatalf("log in %s: %v", email, err)
	}
	x.clock.pass(time.Minute) // or the attempts would be too many
	x.hide("a JWT", in.Token)
	x.hide("a cookie", in.Secret)
	return opened{in, x}
}

// who is the principal of the session, by both of its credentials; they must agree.
func (o opened) who(t *testing.T) access.Principal {
	t.Helper()
	who, err := o.x.AuthenticateMember(t.Context(), o.Token, access.Request{})
	if err != nil {
		t.Fatalf("the JWT: %v", err)
	}
	same, err := o.x.AuthenticateCookie(t.Context(), o.Secret, access.Request{})
	if err != nil || same.Session != who.Session || same.Account != who.Account {
		t.Fatalf("the cookie: got %+v and %v, want %+v", same, err, who)
	}
	return who
}

// over wants that neither credential of the session is accepted.
func (o opened) over(t *testing.T, what string) {
	t.Helper()
	if who, err := o.x.AuthenticateMember(t.Context(), o.Token, access.Request{}); !fault.Is(err, fault.Unauthenticated) || who.ID != "" {
		t.Errorf("%s: the JWT: got %v and %v, want unauthenticated", what, who, err)
	}
	if who, err := o.x.AuthenticateCookie(t.Context(), o.Secret, access.Request{}); !fault.Is(err, fault.Unauthenticated) || who.ID != "" {
		t.Errorf("%s: the cookie: got %v and %v, want unauthenticated", what, who, err)
	}
}

// joins makes the owner of the first account a member of the other one too.
func (x *fixture) joins(t *testing.T) store.Member {
	t.Helper()
	m := x.memberOf(t, ownerEmail, x.account)
	there := store.Member{ID: "id-of-the-owner-there", PersonID: m.PersonID, CreatedAt: x.clock.Now()}
	x.foreign.asked = true
	err := x.store.Write(t.Context(), x.foreign.account, func(tx *store.Tx) error {
		if err := tx.InsertMember(t.Context(), there); err != nil {
			return err
		}
		if err := tx.InsertGrant(t.Context(), there.ID, access.Grant{Environment: access.AnyEnvironment, Role: access.Viewer}); err != nil {
			return err
		}
		return tx.AppendAudit(t.Context(), audit.Entry{Action: string(access.MemberJoin), Outcome: audit.Allowed})
	})
	if err != nil {
		t.Fatal(err)
	}
	return x.memberOf(t, ownerEmail, x.foreign.account)
}

// leaves undoes joins, so that the other account is as it was.
func (x *fixture) leaves(t *testing.T, m store.Member) {
	t.Helper()
	for _, statement := range []string{
		`DELETE FROM sessions WHERE account_id = $1`, `DELETE FROM grants WHERE account_id = $1 AND holder_id = 'id-of-the-owner-there'`,
		`DELETE FROM members WHERE account_id = $1 AND id = 'id-of-the-owner-there'`,
	} {
		x.exec(t, statement, m.Account)
	}
}

// last is the newest entry of an account's log.
func (x *fixture) last(t *testing.T) audit.Entry {
	t.Helper()
	list := x.entries(t)
	return list[len(list)-1]
}

// The log tells with which program somebody logs in, or tries to: one line of it, and not more than fits.
func TestTheLogTellsTheProgramOfALogin(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.opened(t, ownerEmail, ownerPassword)
		if e := x.last(t); e.Action != "session.login" || e.Outcome != audit.Allowed || e.Detail["agent"] != "Mozilla[2J/5.0" {
			t.Errorf("got %+v, want the program, printable", e)
		}
		for agent, want := range map[string]string{"": "", "curl/8\r\nX: y": "curl/8X: y", strings.Repeat("ü", 500): strings.Repeat("ü", 120), "\x00\xff": ""} {
			_, err := x.Login(t.Context(), control.LoginRequest{Email: "nobody@example.com", Password: "wrong", Agent: agent}, access.Request{Address: "192.0.2.7"})
			x.clock.pass(time.Minute)
			if e := x.last(t); !fault.Is(err, fault.Unauthenticated) || e.Outcome != audit.Refused || e.Detail["agent"] != want || e.Detail["error"] != "unauthenticated" {
				t.Errorf("%.20q: got %v and %+v, want %q", agent, err, e, want)
			}
		}
	})
}

func TestLogoutEndsTheSession(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		one, other := x.opened(t, ownerEmail, ownerPassword), x.opened(t, ownerEmail, ownerPassword)
		if one.Secret == other.Secret || one.Session.ID == other.Session.ID || len(one.Secret) < 43 {
			t.Errorf("got %q and %q, want two secrets of 256 bits", one.Session.ID, other.Session.ID)
		}
		token, _, err := x.RefreshSession(t.Context(), one.who(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := x.Logout(t.Context(), one.who(t)); err != nil {
			t.Fatal(err)
		}
		one.over(t, "after the logout")
		if _, err := x.AuthenticateMember(t.Context(), token, access.Request{}); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("another JWT of it: got %v, want unauthenticated", err)
		}
		if got := x.last(t); got.Action != "session.logout" || got.Target.ID != one.Session.ID || got.Outcome != audit.Allowed {
			t.Errorf("entry: got %+v", got)
		}
		other.who(t)
		for _, cookie := range []string{"", " ", other.Secret + "x", other.Secret[1:], other.Session.ID, other.Token, ownerToken, "\x00\xff"} {
			if who, err := x.AuthenticateCookie(t.Context(), cookie, access.Request{}); !fault.Is(err, fault.Unauthenticated) || who.ID != "" {
				t.Errorf("the cookie %q: got %v and %v, want unauthenticated", cookie, who, err)
			}
		}
	})
}

// A session ends an hour after it was last used, and twelve hours after it began.
func TestSessionsEndByThemselves(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		idle := x.opened(t, ownerEmail, ownerPassword)
		x.clock.pass(time.Hour - time.Minute - time.Millisecond)
		if list, err := x.ListSessions(t.Context(), idle.who(t)); err != nil || len(list) != 1 || !list[0].SeenAt.Equal(x.clock.Now()) {
			t.Errorf("got %+v and %v, want one that is used now", list, err)
		}
		x.clock.pass(time.Hour)
		idle.over(t, "unused for an hour")

		used := x.opened(t, ownerEmail, ownerPassword)
		begun := used.Session.CreatedAt
		token := used.Token
		for x.clock.Now().Before(begun.Add(12*time.Hour - 30*time.Minute)) {
			who, err := x.AuthenticateMember(t.Context(), token, access.Request{})
			if err != nil {
				t.Fatalf("after %v: %v", x.clock.Now().Sub(begun), err)
			}
			var expires time.Time
			if token, expires, err = x.RefreshSession(t.Context(), who); err != nil {
				t.Fatal(err)
			}
			if expires.After(begun.Add(12 * time.Hour)) {
				t.Errorf("a JWT until %v outlives its session of %v", expires, begun)
			}
			x.clock.pass(30 * time.Minute)
		}
		x.clock.pass(30 * time.Minute)
		used.Token = token
		used.over(t, "after twelve hours")
	})
}

// What one process saw of a session, the others learn.
func TestUseIsStored(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		o := x.opened(t, ownerEmail, ownerPassword)
		other := open(t, x.settings)
		x.clock.pass(50 * time.Minute)
		o.who(t)
		if err := x.KeepSessions(t.Context()); err != nil {
			t.Fatal(err)
		}
		x.clock.pass(50 * time.Minute)
		if _, err := other.AuthenticateCookie(t.Context(), o.Secret, access.Request{}); err != nil {
			t.Errorf("used 50 minutes ago, through another process: %v", err)
		}
		x.clock.pass(time.Hour)
		if err := x.KeepSessions(t.Context()); err != nil {
			t.Fatal(err)
		}
		if rows := x.dump(t, "sessions"); len(rows) != 0 {
			t.Errorf("got %d sessions, want those that are over forgotten", len(rows))
		}
	})
}

func TestOwnSessions(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		one, two := x.opened(t, ownerEmail, ownerPassword), x.opened(t, ownerEmail, ownerPassword)
		who := two.who(t)
		list, err := x.ListSessions(t.Context(), who)
		if err != nil || len(list) != 2 || list[0].ID != two.Session.ID || list[0].Agent != "Mozilla[2J/5.0" || list[0].Address != "192.0.2.7" {
			t.Fatalf("got %+v and %v, want both, the newest first, and the program's name without what does not print", list, err)
		}
		n := len(x.entries(t))
		if err := x.EndSession(t.Context(), who, never); !fault.Is(err, fault.NotFound) {
			t.Errorf("an unknown one: got %v, want not found", err)
		}
		if err := x.EndSession(t.Context(), who, one.Session.ID); err != nil {
			t.Fatal(err)
		}
		one.over(t, "ended")
		if err := x.EndSession(t.Context(), who, one.Session.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("ended twice: got %v, want not found", err)
		}
		if got := x.newest(t, n); len(got) != 3 || got[1].Action != "session.end" || got[1].Outcome != audit.Allowed || got[1].Target.ID != one.Session.ID {
			t.Errorf("entries: got %+v", got)
		}
		three := x.opened(t, ownerEmail, ownerPassword)
		if err := x.EndOtherSessions(t.Context(), who); err != nil {
			t.Fatal(err)
		}
		three.over(t, "one of the others")
		two.who(t)
		if got := x.last(t); got.Action != "session.end" || got.Detail["count"] != "1" {
			t.Errorf("entry: got %+v, want the end of one", got)
		}
		if _, err := x.ListSessions(t.Context(), access.Principal{Account: x.account, Kind: access.TokenActor, ID: "t", Grants: x.owner.Grants}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a token: got %v, want forbidden", err)
		}
		for name, end := range map[string]func(access.Principal) error{
			"end":    func(p access.Principal) error { return x.EndSession(t.Context(), p, two.Session.ID) },
			"logout": func(p access.Principal) error { return x.Logout(t.Context(), p) },
			"others": func(p access.Principal) error { return x.EndOtherSessions(t.Context(), p) },
			"switch": func(p access.Principal) error {
				_, err := x.SwitchAccount(t.Context(), p, x.foreign.account)
				return err
			},
		} {
			if err := end(access.Principal{Account: x.account, Kind: access.TokenActor, ID: "t", Grants: x.owner.Grants}); !fault.Is(err, fault.Forbidden) {
				t.Errorf("%s by a token: got %v, want forbidden", name, err)
			}
		}
		two.who(t)
	})
}

// A person of two accounts acts in one at a time; each account hears of what concerns it.
func TestAPersonOfTwoAccounts(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		alone := x.opened(t, ownerEmail, ownerPassword)
		if _, err := x.SwitchAccount(t.Context(), alone.who(t), x.foreign.account); !fault.Is(err, fault.NotFound) || err.Error() != "no such account" {
			t.Errorf("an account of others: got %v, want not found", err)
		}
		if _, err := x.SwitchAccount(t.Context(), alone.who(t), never); !fault.Is(err, fault.NotFound) || err.Error() != "no such account" {
			t.Errorf("no account: got %v, want the same", err)
		}
		there := x.joins(t)
		first := x.opened(t, ownerEmail, ownerPassword)
		if first.Session.Account != x.account || len(first.Accounts) != 2 {
			t.Errorf("got %+v, want the account they have belonged to for longest, and both", first.LoggedIn)
		}
		asked, err := x.Login(t.Context(), control.LoginRequest{Email: ownerEmail, Password: ownerPassword, Account: x.foreign.account}, access.Request{})
		if err != nil || asked.Session.Account != x.foreign.account {
			t.Errorf("into the other: got %+v and %v", asked.Session, err)
		}
		if _, err := x.Login(t.Context(), control.LoginRequest{Email: ownerEmail, Password: ownerPassword, Account: never}, access.Request{}); !fault.Is(err, fault.Invalid) {
			t.Errorf("into none: got %v, want refused", err)
		}
		in, err := x.SwitchAccount(t.Context(), first.who(t), x.foreign.account)
		if err != nil {
			t.Fatal(err)
		}
		first.over(t, "where it was switched from")
		second := opened{in, x}
		who := second.who(t)
		if who.Account != x.foreign.account || who.ID != there.ID || len(who.Grants) != 1 || who.Grants[0].Role != access.Viewer {
			t.Errorf("got %+v, want the member they are there", who)
		}
		if !in.Session.ExpiresAt.Equal(first.Session.ExpiresAt) {
			t.Errorf("switching prolongs: %v, was %v", in.Session.ExpiresAt, first.Session.ExpiresAt)
		}
		// one manager sees and ends what acts in their own account only
		list, err := x.ListMemberSessions(t.Context(), x.owner, x.ownerID(t))
		if err != nil || len(list) != 1 || list[0].ID != alone.Session.ID {
			t.Errorf("here: got %+v and %v, want the one that acts here", list, err)
		}
		if n, err := x.EndMemberSessions(t.Context(), x.owner, x.ownerID(t)); n != 1 || err != nil {
			t.Errorf("end: got %d and %v", n, err)
		}
		alone.over(t, "ended by a manager")
		second.who(t)
		for _, m := range []string{there.ID, never} {
			if _, err := x.ListMemberSessions(t.Context(), x.owner, m); !fault.Is(err, fault.NotFound) || err.Error() != "no such member" {
				t.Errorf("%s: got %v, want not found", m, err)
			}
			if _, err := x.EndMemberSessions(t.Context(), x.owner, m); !fault.Is(err, fault.NotFound) || err.Error() != "no such member" {
				t.Errorf("%s: got %v, want not found", m, err)
			}
		}
		if _, err := x.ListMemberSessions(t.Context(), x.developer, x.ownerID(t)); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a developer: got %v, want forbidden", err)
		}
		// ending all others reaches every account, and its log
		here := x.opened(t, ownerEmail, ownerPassword)
		if err := x.EndSession(t.Context(), here.who(t), asked.Session.ID); err != nil {
			t.Errorf("one that acts elsewhere: %v", err)
		}
		if err := x.EndOtherSessions(t.Context(), here.who(t)); err != nil {
			t.Fatal(err)
		}
		second.over(t, "ended from another account")
		here.who(t)
		log, _, err := x.ListAudit(t.Context(), x.foreign.owner, control.AuditFilter{Action: "session.end"})
		if err != nil || len(log) != 2 || log[0].Target.ID != second.Session.ID || log[0].Actor.ID != there.ID {
			t.Errorf("the other account's log: got %+v and %v, want both ends, by its own member", log, err)
		}
		x.leaves(t, there)
	})
}

// Who is removed is out at the next request, whatever they hold.
func TestARemovedMemberIsOut(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		o := x.opened(t, ownerEmail, ownerPassword)
		o.who(t)
		x.exec(t, `DELETE FROM members WHERE id = $1`, o.Session.Member.ID)
		o.over(t, "removed")
	})
}
