package control_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
)

const operatorToken = "the-operators-token-of-these-tests-0123456789"

// operator is who comes with the operator's token, which the fixture takes from now on.
func (x *fixture) operator(t *testing.T, set ...func(*control.Config)) access.Principal {
	t.Helper()
	c := x.settings
	c.OperatorToken, c.PublicURL = operatorToken, "https://lockage.example.com/"
	for _, f := range set {
		f(&c)
	}
	x.settings, x.Control = c, open(t, c)
	x.hide("the operator's token", operatorToken)
	who, err := x.AuthenticateOpener(t.Context(), operatorToken, access.Request{ID: "request-of-the-operator", Address: "192.0.2.99"})
	if err != nil || who.Kind != access.OperatorActor {
		t.Fatalf("the operator's token: got %+v and %v", who, err)
	}
	return who
}

// opens has the operator open an account, and answers it with what the link of its owner carries.
func (x *fixture) opens(t *testing.T, who access.Principal, name, email string) (control.Account, string) {
	t.Helper()
	out, err := x.OpenAccount(t.Context(), who, control.Opening{Name: name, Email: email})
	if err != nil || out.Account.ID == "" || out.Account.Name != strings.TrimSpace(name) || out.Sent {
		t.Fatalf("open %s: got %+v and %v", name, out, err)
	}
	token := linkToken(t, out.Link)
	x.hide("the token of an owner's invitation", token)
	return out.Account, token
}

// in is the principal of somebody who logs in to act in an account.
func (x *fixture) in(t *testing.T, email, password, account string) access.Principal {
	t.Helper()
	in, err := x.Login(t.Context(), control.LoginRequest{Email: email, Password: password, Account: account}, atHome)
	if err != nil {
		t.Fatalf("log in %s: %v", email, err)
	}
	x.clock.pass(time.Minute) // or the attempts would be too many
	x.hide("a JWT", in.Token)
	return opened{in, x}.who(t)
}

// logOf is an account's whole log, which must verify.
func (x *fixture) logOf(t *testing.T, who access.Principal) []audit.Entry {
	t.Helper()
	x.verify(t, who)
	list, _, err := x.ListAudit(t.Context(), who, control.AuditFilter{Ascending: true, Page: control.Page{Limit: 200}})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestTheOperatorOpensAnAccount(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		operator := x.operator(t)
		x.hide("the password of somebody new", comersPassword)
		n := len(x.entries(t))
		made, token := x.opens(t, operator, "  Ada & Söhne  ", "Ada@Example.com")
		joined, err := x.AcceptInvitation(t.Context(), control.Joining{Token: token, Name: "Ada", Password: comersPassword}, atHome)
		if err != nil || joined.Account.ID != made.ID || joined.Member.Email != "ada@example.com" {
			t.Fatalf("come: got %+v and %v", joined, err)
		}
		if diff := cmp.Diff(granting("*", "owner"), joined.Member.Grants); diff != "" {
			t.Errorf("grants (-want +got):\n%s", diff)
		}
		ada := x.in(t, "ada@example.com", comersPassword, "")
		if ada.Account != made.ID {
			t.Errorf("got account %s, want %s", ada.Account, made.ID)
		}
		list, err := x.ListEnvironments(t.Context(), ada)
		if err != nil || len(list) != 2 || list[0].Name != "development" || list[1].Name != "production" || !list[1].IsDefault || list[1].Level != 1 {
			t.Errorf("environments: got %+v and %v, want those of a first start", list, err)
		}
		// it is served at once, and its keys work
		_, key, err := x.CreateAPIKey(t.Context(), ada, "development", apikey.Secret, noFields)
		if err != nil {
			t.Fatal(err)
		}
		x.hide("a key", key.Reveal())
		if got, _, found := x.settings.Holder.Find(x.settings.Digester.Sum(key.Reveal())); !found || got.ID != made.ID {
			t.Errorf("the gateway: got %+v, %v, want the key of the new account", got, found)
		}
		log := x.logOf(t, ada)
		first := log[0]
		if first.Sequence != 1 || first.Action != "account.create" || first.Outcome != audit.Allowed || first.Target != (audit.Target{Kind: "account", ID: made.ID, Name: made.Name}) ||
			first.Actor != (audit.Actor{Kind: "operator", Name: "operator"}) || first.RequestID != operator.Request.ID || first.Address != operator.Request.Address {
			t.Errorf("the first entry: got %+v", first)
		}
		if len(x.entries(t)) != n {
			t.Errorf("the first account's log: got %+v, want nothing", x.newest(t, n))
		}
		// nothing of it is there for the others
		if _, err := x.GetMember(t.Context(), x.owner, joined.Member.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("the owner of the first: got %v, want not found", err)
		}
	})
}

// Somebody who is here already is invited like somebody new, and keeps their password; the operator learns nothing.
func TestTheOperatorOpensAnAccountForSomebodyKnown(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		operator := x.operator(t)
		known, err := x.OpenAccount(t.Context(), operator, control.Opening{Name: "acme", Email: ownerEmail})
		if err != nil {
			t.Fatal(err)
		}
		unknown, err := x.OpenAccount(t.Context(), operator, control.Opening{Name: "acme", Email: "nobody@example.com"})
		if err != nil || len(known.Link) != len(unknown.Link) || known.Sent != unknown.Sent || known.Account.Name != unknown.Account.Name {
			t.Errorf("got %+v and %+v and %v, want two answers of one form", known, unknown, err)
		}
		token := linkToken(t, known.Link)
		x.hide("the token of an owner's invitation", token)
		x.hide("the token of another", linkToken(t, unknown.Link))
		if _, err := x.AcceptInvitation(t.Context(), control.Joining{Token: token, Password: comersPassword}, atHome); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("with another password: got %v, want unauthenticated", err)
		}
		session := x.opened(t, ownerEmail, ownerPassword)
		if _, err := x.AcceptInvitation(t.Context(), control.Joining{Token: token, Session: session.who(t)}, atHome); err != nil {
			t.Fatal(err)
		}
		// the switch leads there, and to nothing of the first
		there, err := x.SwitchAccount(t.Context(), session.who(t), known.Account.ID)
		if err != nil {
			t.Fatal(err)
		}
		x.hide("a JWT", there.Token)
		x.hide("a cookie", there.Secret)
		who := opened{there, x}.who(t)
		if who.Account != known.Account.ID || len(who.Grants) != 1 || who.Grants[0].Role != access.Owner {
			t.Errorf("after the switch: got %+v", who)
		}
		if _, err := x.GetEnvironment(t.Context(), who, x.development); !fault.Is(err, fault.NotFound) {
			t.Errorf("the first account's environment: got %v, want not found", err)
		}
		for who, want := range map[*access.Principal][]string{
			&who: {x.account, known.Account.ID}, &x.owner: {x.account}, &operator: {x.account, known.Account.ID, unknown.Account.ID, x.foreign.account},
		} {
			if diff := cmp.Diff(want, x.accountsOf(t, *who)); diff != "" {
				t.Errorf("accounts of %s (-want +got):\n%s", who.Name, diff)
			}
		}
	})
}

// accountsOf are the ids of the accounts that are listed for somebody, page by page of one.
func (x *fixture) accountsOf(t *testing.T, who access.Principal) (ids []string) {
	t.Helper()
	for cursor := ""; ; {
		list, next, err := x.PageAccounts(t.Context(), who, control.Page{Limit: 1, Cursor: cursor})
		if err != nil || len(list) != 1 {
			t.Fatalf("accounts of %s: got %+v and %v", who.Name, list, err)
		}
		ids = append(ids, list[0].ID)
		if cursor = next; next == "" {
			return ids
		}
	}
}

func TestOpeningIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		operator := x.operator(t)
		token := x.with("machine", access.Grant{Environment: access.AnyEnvironment, Role: access.Owner})
		token.Kind = access.TokenActor
		person := x.opened(t, ownerEmail, ownerPassword).who(t)
		nobody := access.Principal{Request: atHome}
		good := control.Opening{Name: "acme", Email: "ada@example.com"}
		tests := []struct {
			name   string
			who    access.Principal
			o      control.Opening
			want   fault.Kind
			record bool
		}{
			{"no name", operator, control.Opening{Email: good.Email}, fault.Invalid, true},
			{"a name of spaces", operator, control.Opening{Name: "  ", Email: good.Email}, fault.Invalid, true},
			{"a long name", operator, control.Opening{Name: strings.Repeat("é", 101), Email: good.Email}, fault.Invalid, true},
			{"a name that breaks a header", operator, control.Opening{Name: "zebra\r\nBcc: all@example.com", Email: good.Email}, fault.Invalid, true},
			{"a name that moves a cursor", operator, control.Opening{Name: "zebra\x1b[2J", Email: good.Email}, fault.Invalid, true},
			{"a name that turns the text around", operator, control.Opening{Name: "zebra\u202eemca", Email: good.Email}, fault.Invalid, true},
			{"a name with NUL", operator, control.Opening{Name: "zebra\x00", Email: good.Email}, fault.Invalid, true},
			{"a name that is no text", operator, control.Opening{Name: "zebra\xff", Email: good.Email}, fault.Invalid, true},
			{"no address", operator, control.Opening{Name: good.Name}, fault.Invalid, true},
			{"no address at all", operator, control.Opening{Name: good.Name, Email: "zebra"}, fault.Invalid, true},
			{"two addresses", operator, control.Opening{Name: good.Name, Email: "zebra@example.com,b@example.com"}, fault.Invalid, true},
			{"an address that breaks a header", operator, control.Opening{Name: good.Name, Email: "zebra@example.com\nBcc: b@example.com"}, fault.Invalid, true},
			{"an address of a megabyte", operator, control.Opening{Name: good.Name, Email: strings.Repeat("z", 1<<20) + "@example.com"}, fault.Invalid, true},
			{"somebody unknown", nobody, good, fault.Unauthenticated, false},
			{"an owner", person, control.Opening{Name: good.Name}, fault.Forbidden, true},
			{"an owner's token", token, good, fault.Forbidden, true},
		}
		state := x.state(t)
		delete(state, "sessions")
		for _, tt := range tests {
			n := len(x.entries(t))
			out, err := x.OpenAccount(t.Context(), tt.who, tt.o)
			wantFault(t, tt.name, err, tt.want, "")
			if err != nil && (strings.Contains(err.Error(), "zebra") || out.Account.ID != "" || out.Link != "") {
				t.Errorf("%s: got %+v and %v", tt.name, out, err)
			}
			got := x.newest(t, n)
			if tt.record != (len(got) == 1) {
				t.Errorf("%s: got entries %+v, want one: %t", tt.name, got, tt.record)
				continue
			}
			for _, e := range got {
				if e.Action != "account.create" || e.Outcome != audit.Refused || e.Actor.Kind != string(tt.who.Kind) || e.Detail["error"] != string(tt.want) || e.Target != (audit.Target{Kind: "account"}) {
					t.Errorf("%s: got entry %+v", tt.name, e)
				}
			}
		}
		after := x.state(t)
		delete(after, "sessions")
		if diff := cmp.Diff(state, after); diff != "" {
			t.Errorf("the refusals changed (-before +after):\n%s", diff)
		}
	})
}

// Only the token itself is the operator's; and without one there is no operator.
func TestTheOperatorsToken(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		if who, err := x.AuthenticateOpener(t.Context(), operatorToken, atHome); !fault.Is(err, fault.Unauthenticated) || who.Kind != "" {
			t.Errorf("before there is one: got %+v and %v, want unauthenticated", who, err)
		}
		if who, err := x.AuthenticateOpener(t.Context(), "", atHome); !fault.Is(err, fault.Unauthenticated) || who.Kind != "" {
			t.Errorf("the empty one: got %+v and %v, want unauthenticated", who, err)
		}
		x.operator(t)
		never := "the-operators-token-of-other-tests-0123456789"
		_, want := x.Authenticate(t.Context(), never, atHome)
		for _, bearer := range []string{"", operatorToken + "x", operatorToken[1:], strings.ToUpper(operatorToken), never} {
			if who, err := x.AuthenticateOpener(t.Context(), bearer, atHome); !fault.Is(err, fault.Unauthenticated) || who.Kind != "" {
				t.Errorf("%q: got %+v and %v, want unauthenticated", bearer, who, err)
			}
		}
		// elsewhere it is a credential that never was
		for name, authenticate := range map[string]func() (access.Principal, error){
			"as a token or a JWT": func() (access.Principal, error) { return x.Authenticate(t.Context(), operatorToken, atHome) },
			"as a JWT":            func() (access.Principal, error) { return x.AuthenticateMember(t.Context(), operatorToken, atHome) },
			"as a cookie":         func() (access.Principal, error) { return x.AuthenticateCookie(t.Context(), operatorToken, atHome) },
		} {
			who, err := authenticate()
			if !fault.Is(err, fault.Unauthenticated) || err.Error() != want.Error() || who.Kind != "" {
				t.Errorf("%s: got %+v and %v, want %v", name, who, err, want)
			}
		}
		// who has other credentials is who they are
		if who, err := x.AuthenticateOpener(t.Context(), ownerToken, atHome); err != nil || who.Kind != access.TokenActor {
			t.Errorf("a management token: got %+v and %v", who, err)
		}
	})
}
