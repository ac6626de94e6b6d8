package control_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/oidc"
	"github.com/lockage/lockage/internal/oidctest"
	"github.com/lockage/lockage/internal/store"
)

const callback = "https://lockage.example.com/oidc/callback"

var ada = oidctest.Person{Subject: "ada-at-the-provider", Email: "Ada@Example.com", Verified: true, Groups: []string{"engineers"}}

// provided starts a login provider, and goes on with it.
func (x *fixture) provided(t *testing.T) *oidctest.Provider {
	t.Helper()
	p := oidctest.New(t, callback)
	client, err := oidc.New(oidc.Config{
		Issuer: p.Issuer, ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret, Scopes: []string{"email", "profile"}, RedirectURL: callback, TLS: p.TLS(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	x.settings.Provider = client
	x.Control = open(t, x.settings)
	x.hide("the client's secret", oidctest.ClientSecret)
	p.Put(ada)
	return p
}

// proved is the fixture's owner a moment after they proved who they are.
func (x *fixture) proved() access.Principal {
	who := x.owner
	who.Proved = x.clock.Now()
	return who
}

// maps has a group give a role, in development and in all.
func (x *fixture) maps(t *testing.T, groups ...access.GroupGrants) {
	t.Helper()
	if groups == nil {
		groups = []access.GroupGrants{}
	}
	if _, err := x.UpdateAccount(t.Context(), x.proved(), control.AccountFields{Groups: &groups}); err != nil {
		t.Fatal(err)
	}
}

func gives(group, environment string, role access.Role) access.GroupGrants {
	return access.GroupGrants{Group: group, Grants: []access.Grant{{Environment: environment, Role: role}}}
}

// comeBack goes through the provider's pages as one of its people.
func (x *fixture) comeBack(t *testing.T, p *oidctest.Provider, l control.ProviderLogin, subject string) control.ProviderAnswer {
	t.Helper()
	x.hide("the secret of a login at the provider", l.Secret)
	back := p.Login(t, l.URL, subject)
	return control.ProviderAnswer{Code: back.Query().Get("code"), State: back.Query().Get("state"), Secret: l.Secret}
}

func (x *fixture) begun(t *testing.T, p *oidctest.Provider, subject string) control.ProviderAnswer {
	t.Helper()
	l, err := x.BeginProviderLogin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return x.comeBack(t, p, l, subject)
}

func (x *fixture) atProvider(t *testing.T, p *oidctest.Provider, subject string) (opened, error) {
	t.Helper()
	x.clock.pass(10 * time.Second) // each address may try every five seconds
	in, err := x.LoginAtProvider(t.Context(), x.begun(t, p, subject), control.LoginRequest{Agent: "Mozilla"}, access.Request{ID: "r", Address: "192.0.2.9"})
	return opened{in, x}, err
}

func TestGroupsGiveGrantsAtEachLogin(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		p := x.provided(t)
		x.maps(t, gives("engineers", "development", access.Developer), gives("everybody", "*", access.Viewer))
		o, err := x.atProvider(t, p, ada.Subject)
		if err != nil {
			t.Fatal(err)
		}
		who := o.who(t)
		want := []access.Grant{{Environment: x.development, Role: access.Developer}}
		if diff := cmp.Diff(want, who.Grants); diff != "" || who.Name != "ada@example.com" || !slices.Equal(o.Session.Methods, []string{"oidc"}) {
			t.Errorf("got %+v by %v (-want +got):\n%s", who, o.Session.Methods, diff)
		}
		if _, err := x.GetEnvironment(ctx, who, "production"); !fault.Is(err, fault.NotFound) {
			t.Errorf("production: got %v, want it not to be there", err)
		}
		joined := x.entries(t)
		i := slices.IndexFunc(joined, func(e audit.Entry) bool { return e.Action == "member.join" && e.Target.Name == "ada@example.com" })
		if i < 0 || joined[i].Detail["grants"] != "development developer" || joined[i].Detail["source"] != "oidc" || joined[i].Address != "192.0.2.9" || joined[i].Target.Name != "ada@example.com" {
			t.Errorf("the log does not tell that ada joined: %+v", joined)
		}
		// other groups, other grants, in the sessions that are open too
		changed := ada
		changed.Groups = []string{"everybody", "strangers"}
		p.Put(changed)
		if _, err := x.atProvider(t, p, ada.Subject); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]access.Grant{{Environment: "*", Role: access.Viewer}}, o.who(t).Grants); diff != "" {
			t.Errorf("after the groups changed (-want +got):\n%s", diff)
		}
		n := len(x.entries(t))
		if _, err := x.atProvider(t, p, ada.Subject); err != nil || len(x.entries(t)) != n+1 {
			t.Errorf("nothing changed: got %d entries and %v, want the login alone", len(x.entries(t))-n, err)
		}
		// none of the account's groups any more: nothing is left, and nobody comes in
		changed.Groups = nil
		p.Put(changed)
		_, err = x.atProvider(t, p, ada.Subject)
		wantFault(t, "without groups", err, fault.Unauthenticated, "your groups at the login provider give access to nothing here; ask an owner or admin")
		if e := x.last(t); e.Action != "session.login" || e.Outcome != audit.Refused || e.Actor.Name != "ada@example.com" {
			t.Errorf("got the entry %+v, want the refusal", e)
		}
		if got := o.who(t).Grants; len(got) > 0 {
			t.Errorf("the session still holds %v", got)
		}
	})
}

func TestGrantsByHandStay(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		p := x.provided(t)
		x.maps(t, gives("engineers", "*", access.Viewer))
		o, err := x.atProvider(t, p, ada.Subject)
		if err != nil {
			t.Fatal(err)
		}
		x.exec(t, `INSERT INTO grants (account_id, holder_id, environment_id, role) VALUES ($1, $2, $3, 'admin')`, x.account, o.who(t).ID, x.development)
		x.maps(t, gives("engineers", "development", access.Viewer), gives("staff", "*", access.Viewer))
		if o, err = x.atProvider(t, p, ada.Subject); err != nil {
			t.Fatal(err)
		}
		byHand := []access.Grant{{Environment: x.development, Role: access.Admin}}
		if diff := cmp.Diff(byHand, o.who(t).Grants); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		x.maps(t) // groups give nothing any more
		if o, err = x.atProvider(t, p, ada.Subject); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(byHand, o.who(t).Grants); diff != "" {
			t.Errorf("without a mapping (-want +got):\n%s", diff)
		}
	})
}

// What groups give holds for who came from the provider: a password that somebody set later carries none of it.
func TestWhatGroupsGiveHoldsForSessionsOfTheProvider(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		p := x.provided(t)
		x.maps(t, gives("engineers", "*", access.Admin))
		if _, err := x.atProvider(t, p, ada.Subject); err != nil {
			t.Fatal(err)
		}
		x.exec(t, `UPDATE people SET password_hash = (SELECT o.password_hash FROM people o WHERE o.email = $1) WHERE email = 'ada@example.com'`, ownerEmail)
		if got := x.opened(t, "ada@example.com", ownerPassword).who(t).Grants; len(got) > 0 {
			t.Errorf("a session by password holds %v, want nothing", got)
		}
		// nor does it give any of it on
		x.maps(t, gives("engineers", "production", access.Owner))
		fromThere, err := x.atProvider(t, p, ada.Subject)
		if err != nil {
			t.Fatal(err)
		}
		x.exec(t, `INSERT INTO grants (account_id, holder_id, environment_id, role) SELECT $1, id, '*', 'admin' FROM members WHERE account_id = $1 AND person_id IN (SELECT id FROM people WHERE email = 'ada@example.com')`, x.account)
		byPassword := x.opened(t, "ada@example.com", ownerPassword)
		owners := []control.Grant{{Environment: "production", Role: "owner"}}
		if _, err := x.InviteMember(t.Context(), byPassword.who(t), "friend@example.com", "", owners); !fault.Is(err, fault.Forbidden) {
			t.Errorf("an owner invited by password: got %v, want it forbidden", err)
		}
		if _, err := x.InviteMember(t.Context(), fromThere.who(t), "friend@example.com", "", owners); err != nil {
			t.Errorf("an owner invited from the provider: got %v, want it done", err)
		}
	})
}

// Somebody who has a login here is not taken over by whoever the provider gives the same address.
func TestAnAddressAloneMakesNobodyAnyone(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		p := x.provided(t)
		x.maps(t, gives("engineers", "*", access.Viewer))
		p.Put(oidctest.Person{Subject: "thief", Email: strings.ToUpper(ownerEmail), Verified: true, Groups: []string{"engineers"}})
		_, err := x.atProvider(t, p, "thief")
		if !fault.Is(err, fault.Unauthenticated) || !strings.Contains(err.Error(), "there is a login here for your address already") {
			t.Errorf("the owner's address: got %v, want a refusal", err)
		}
		if e := x.last(t); e.Outcome != audit.Refused || e.Target.Name != ownerEmail {
			t.Errorf("got the entry %+v, want it to name the owner", e)
		}
		for subject, who := range map[string]oidctest.Person{
			"unverified": {Email: "new@example.com", Groups: []string{"engineers"}},
			"nameless":   {Verified: true, Groups: []string{"engineers"}},
			"odd":        {Email: "Eve <eve@example.com>", Verified: true, Groups: []string{"engineers"}},
			"lookalike":  {Email: "ow\u0438er@example.com", Verified: true, Groups: []string{"engineers"}},
		} {
			who.Subject = subject
			p.Put(who)
			if _, err := x.atProvider(t, p, subject); !fault.Is(err, fault.Unauthenticated) || !strings.Contains(err.Error(), "verified") {
				t.Errorf("%s: got %v, want a refusal", subject, err)
			}
		}
		p.Put(oidctest.Person{Subject: "stranger", Email: "passerby@example.com", Verified: true, Groups: []string{"strangers"}})
		if _, err := x.atProvider(t, p, "stranger"); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("a stranger: got %v, want a refusal", err)
		}
		// the owner links it, having shown the password; then, and only then, they log in there
		o := x.opened(t, ownerEmail, ownerPassword)
		l, err := x.BeginProviderLink(ctx, o.who(t))
		if err != nil {
			t.Fatal(err)
		}
		answer := x.comeBack(t, p, l, "thief")
		if _, err := x.LoginAtProvider(ctx, answer, control.LoginRequest{}, access.Request{}); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("an answer to a link as a login: got %v, want it refused", err)
		}
		stranger := x.opened(t, ownerEmail, ownerPassword)
		if _, err := x.LinkProvider(ctx, stranger.who(t), answer); !fault.Is(err, fault.Invalid) {
			t.Errorf("an answer to another session: got %v, want it refused", err)
		}
		got, err := x.LinkProvider(ctx, o.who(t), answer)
		if err != nil || !got.Linked || got.Issuer != p.Issuer {
			t.Fatalf("link: got %+v and %v", got, err)
		}
		if _, err := x.LinkProvider(ctx, o.who(t), answer); !fault.Is(err, fault.Invalid) {
			t.Errorf("again: got %v, want it refused", err)
		}
		in, err := x.atProvider(t, p, "thief")
		if err != nil || in.who(t).Name != ownerEmail {
			t.Errorf("after linking: got %+v and %v, want the owner", in.Session, err)
		}
		if l, err = x.BeginProviderLink(ctx, o.who(t)); err != nil {
			t.Fatal(err)
		}
		if _, err := x.LinkProvider(ctx, o.who(t), x.comeBack(t, p, l, "stranger")); !fault.Is(err, fault.Conflict) {
			t.Errorf("another link: got %v, want a conflict", err)
		}
		if err := x.UnlinkProvider(ctx, o.who(t)); err != nil {
			t.Fatal(err)
		}
		if err := x.UnlinkProvider(ctx, o.who(t)); !fault.Is(err, fault.NotFound) {
			t.Errorf("unlink again: got %v, want none", err)
		}
		if _, err := x.atProvider(t, p, "thief"); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("after unlinking: got %v, want a refusal", err)
		}
	})
}

func TestLinkingNeedsAFreshProof(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		p := x.provided(t)
		x.maps(t, gives("engineers", "*", access.Viewer))
		o, err := x.atProvider(t, p, ada.Subject)
		if err != nil {
			t.Fatal(err)
		}
		if err := x.UnlinkProvider(ctx, o.who(t)); !fault.Is(err, fault.Conflict) {
			t.Errorf("who has no password unlinks: got %v, want a conflict", err)
		}
		if l, err := x.GetProviderLink(ctx, o.who(t)); err != nil || !l.Linked || l.Email != "ada@example.com" {
			t.Errorf("got %+v and %v, want ada's link", l, err)
		}
		x.clock.pass(11 * time.Minute)
		for name, err := range map[string]error{
			"begin":  func() error { _, err := x.BeginProviderLink(ctx, o.who(t)); return err }(),
			"link":   func() error { _, err := x.LinkProvider(ctx, o.who(t), control.ProviderAnswer{}); return err }(),
			"unlink": x.UnlinkProvider(ctx, o.who(t)),
		} {
			if told, ok := errors.AsType[*fault.Error](err); !ok || !told.StepUp {
				t.Errorf("%s: got %v, want to prove it again", name, err)
			}
		}
	})
}

// An answer counts once, in the browser that began the login, for a while.
func TestALoginAtTheProviderIsBoundToWhoBeganIt(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		p := x.provided(t)
		x.maps(t, gives("engineers", "*", access.Viewer))
		login := func(a control.ProviderAnswer) error {
			x.clock.pass(10 * time.Second)
			_, err := x.LoginAtProvider(ctx, a, control.LoginRequest{}, access.Request{Address: "192.0.2.9"})
			return err
		}
		const message = "this login was not begun here, took too long, or is over; begin again"
		first, other := x.begun(t, p, ada.Subject), x.begun(t, p, ada.Subject)
		for name, a := range map[string]control.ProviderAnswer{
			"no code":              {State: first.State, Secret: first.Secret},
			"no secret":            {Code: first.Code, State: first.State},
			"another's secret":     {Code: first.Code, State: first.State, Secret: other.Secret},
			"another's state":      {Code: first.Code, State: other.State, Secret: first.Secret},
			"a made state":         {Code: first.Code, State: strings.Repeat("A", len(first.State)), Secret: first.Secret},
			"no state":             {Code: first.Code, Secret: first.Secret},
			"a state of megabytes": {Code: first.Code, State: strings.Repeat("A", 1<<20), Secret: first.Secret},
		} {
			wantFault(t, name, login(a), fault.Unauthenticated, message)
		}
		var won int
		var mu sync.Mutex
		var all sync.WaitGroup
		for i := range 4 {
			all.Go(func() {
				_, err := x.LoginAtProvider(ctx, first, control.LoginRequest{}, access.Request{Address: "192.0.2." + string(rune('1'+i))})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won++
				} else if !fault.Is(err, fault.Unauthenticated) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if won != 1 {
			t.Errorf("%d logged in with one answer, want 1", won)
		}
		// the code of another login: its verifier and nonce are others
		mixed := control.ProviderAnswer{Code: x.begun(t, p, ada.Subject).Code, State: other.State, Secret: other.Secret}
		wantFault(t, "another login's code", login(mixed), fault.Unauthenticated, "the login provider's answer does not prove who you are; begin again")
		late := x.begun(t, p, ada.Subject)
		x.clock.pass(11 * time.Minute)
		wantFault(t, "too late", login(late), fault.Unauthenticated, message)
	})
}

// Of several first logins at the same moment one makes the person, and all get in.
func TestSeveralFirstLoginsMakeOnePerson(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		p := x.provided(t)
		x.maps(t, gives("engineers", "*", access.Viewer))
		answers := make([]control.ProviderAnswer, 4)
		for i := range answers {
			answers[i] = x.begun(t, p, ada.Subject)
		}
		var all sync.WaitGroup
		people := make([]string, len(answers))
		for i, a := range answers {
			all.Go(func() {
				in, err := x.LoginAtProvider(t.Context(), a, control.LoginRequest{}, access.Request{Address: "192.0.2.9"})
				if err != nil {
					t.Errorf("login %d: %v", i, err)
				}
				people[i] = in.Session.PersonID
			})
		}
		all.Wait()
		if len(slices.Compact(people)) != 1 || people[0] == "" {
			t.Errorf("got the people %v, want one", people)
		}
	})
}

func TestAnAccountTakesLoginsOfItsProviderOnly(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		only := true
		_, err := x.UpdateAccount(ctx, x.proved(), control.AccountFields{ProviderOnly: &only})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("without a provider: got %v, want it refused", err)
		}
		p := x.provided(t)
		x.maps(t, gives("engineers", "*", access.Viewer))
		o := x.opened(t, ownerEmail, ownerPassword)
		ours, err := x.atProvider(t, p, ada.Subject)
		if err != nil {
			t.Fatal(err)
		}
		x.exec(t, `UPDATE people SET password_hash = (SELECT o.password_hash FROM people o WHERE o.email = $1) WHERE email = 'ada@example.com'`, ownerEmail)
		x.exec(t, `INSERT INTO grants (account_id, holder_id, environment_id, role) VALUES ($1, $2, $3, 'viewer')`, x.account, ours.who(t).ID, x.development)
		byPassword := x.opened(t, "ada@example.com", ownerPassword)
		if _, err := x.ListEnvironments(ctx, byPassword.who(t)); err != nil {
			t.Errorf("by password, before: %v", err)
		}
		a, err := x.UpdateAccount(ctx, o.who(t), control.AccountFields{ProviderOnly: &only})
		if err != nil || !a.OIDC.Only {
			t.Fatalf("got %+v and %v", a.OIDC, err)
		}
		if e := x.last(t); e.Detail["oidc"] != "only" {
			t.Errorf("got the entry %+v, want it to tell", e)
		}
		if _, err := x.ListEnvironments(ctx, byPassword.who(t)); !fault.Is(err, fault.Forbidden) || !strings.Contains(err.Error(), "provider only") {
			t.Errorf("by password: got %v, want to be sent to the provider", err)
		}
		if _, err := x.ListSessions(ctx, byPassword.who(t)); err != nil {
			t.Errorf("one's own sessions: %v", err)
		}
		if _, err := x.ListEnvironments(ctx, ours.who(t)); err != nil {
			t.Errorf("from the provider: %v", err)
		}
		if _, err := x.ListEnvironments(ctx, o.who(t)); err != nil {
			t.Errorf("an owner by password, for the day the provider is down: %v", err)
		}
	})
}

func TestAProviderThatIsDown(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		if _, err := x.BeginProviderLogin(ctx); !fault.Is(err, fault.Conflict) || x.HasProvider() {
			t.Errorf("without a provider: got %v, want a conflict", err)
		}
		if _, err := x.LoginAtProvider(ctx, control.ProviderAnswer{}, control.LoginRequest{}, access.Request{}); !fault.Is(err, fault.Conflict) {
			t.Errorf("an answer without a provider: got %v, want a conflict", err)
		}
		p := x.provided(t)
		p.Before(func(w http.ResponseWriter, _ *http.Request) bool {
			http.Error(w, "canary", http.StatusBadGateway)
			return true
		})
		_, err := x.BeginProviderLogin(ctx)
		if told, ok := errors.AsType[*fault.Error](err); !ok || told.Kind != fault.Unavailable || told.RetryAfter <= 0 || strings.Contains(err.Error(), "canary") {
			t.Errorf("got %v, want it to be unavailable for a while", err)
		}
		x.opened(t, ownerEmail, ownerPassword) // everything else goes on
		p.Before(nil)
	})
}

func TestWhatGroupsMayGive(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		for name, groups := range map[string][]access.GroupGrants{
			"no such environment": {gives("a", "staging", access.Viewer)},
			"no such role":        {gives("a", "*", "root")},
			"twice":               {{Group: "a", Grants: []access.Grant{{Environment: "development", Role: access.Viewer}, {Environment: x.development, Role: access.Admin}}}},
			"owner of all":        {gives("a", "*", access.Owner)},
		} {
			if _, err := x.UpdateAccount(ctx, x.proved(), control.AccountFields{Groups: &groups}); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "oidc.groups[0]") {
				t.Errorf("%s: got %v, want it refused", name, err)
			}
		}
		admin := x.admin
		admin.Proved = x.clock.Now()
		more := []access.GroupGrants{gives("a", "development", access.Owner)}
		if _, err := x.UpdateAccount(ctx, admin, control.AccountFields{Groups: &more}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("an admin has a group give owner: got %v, want it forbidden", err)
		}
		if _, err := x.UpdateAccount(ctx, x.owner, control.AccountFields{Groups: &more}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("without a fresh proof: got %v, want it forbidden", err)
		}
		x.maps(t, more...)
		a, err := x.GetAccount(ctx, x.owner)
		if diff := cmp.Diff(more, a.OIDC.Groups); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if e := x.last(t); e.Action != "account.update" || e.Detail["groups"] != "1 groups" {
			t.Errorf("got the entry %+v, want it to tell", e)
		}
	})
}

// an environment that was deleted gives nothing, and keeps nobody out
func TestAGroupThatGivesWhatIsGone(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := context.Background()
		p := x.provided(t)
		if _, err := x.CreateEnvironment(ctx, x.owner, environment.Fields{Name: ptr("staging")}); err != nil {
			t.Fatal(err)
		}
		x.maps(t, access.GroupGrants{Group: "engineers", Grants: []access.Grant{{Environment: "staging", Role: access.Admin}, {Environment: "development", Role: access.Viewer}}})
		if err := x.DeleteEnvironment(ctx, x.owner, "staging"); err != nil {
			t.Fatal(err)
		}
		o, err := x.atProvider(t, p, ada.Subject)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]access.Grant{{Environment: x.development, Role: access.Viewer}}, o.who(t).Grants); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// What is given by hand leaves alone what groups give, at once and not at the next login.
func TestGivingByHandLeavesWhatGroupsGive(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		p := x.provided(t)
		if _, err := x.CreateEnvironment(ctx, x.owner, environment.Fields{Name: ptr("staging")}); err != nil {
			t.Fatal(err)
		}
		x.maps(t, access.GroupGrants{Group: "engineers", Grants: []access.Grant{{Environment: "development", Role: access.Developer}, {Environment: "staging", Role: access.Viewer}}})
		o, err := x.atProvider(t, p, ada.Subject)
		if err != nil {
			t.Fatal(err)
		}
		id := o.who(t).ID
		for _, step := range []struct {
			what   string
			give   []control.Grant
			holds  []control.Grant // in a session of the provider
			byHand []control.Grant // in any other
		}{
			{"another environment", granting("production", "support"), granting("development", "developer", "staging", "viewer", "production", "support"), granting("production", "support")},
			{"all that is held, sent back", granting("development", "developer", "staging", "viewer", "production", "viewer"), granting("development", "developer", "staging", "viewer", "production", "viewer"), granting("production", "viewer")},
			{"another role where a group gives one", granting("staging", "admin"), granting("development", "developer", "staging", "admin"), granting("staging", "admin")},
			{"nothing", []control.Grant{}, granting("development", "developer"), []control.Grant{}},
		} {
			m, err := x.UpdateMember(ctx, x.proved(), id, nil, &step.give)
			if err != nil {
				t.Fatalf("%s: %v", step.what, err)
			}
			if diff := cmp.Diff(step.holds, m.Grants); diff != "" {
				t.Errorf("%s: the answer (-want +got):\n%s", step.what, diff)
			}
			me, err := x.WhoAmI(ctx, o.who(t))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(step.holds, me.Grants); diff != "" {
				t.Errorf("%s: in a session of the provider (-want +got):\n%s", step.what, diff)
			}
			var hand []access.Grant
			if err := x.store.Read(ctx, x.account, func(tx *store.Tx) error {
				hand, err = tx.GrantsByHand(ctx, x.account, id)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if len(hand) != len(step.byHand) {
				t.Errorf("%s: by hand they hold %v, want %v", step.what, hand, step.byHand)
			}
		}
		// at the next login the group gives again what gave way
		again, err := x.atProvider(t, p, ada.Subject)
		if err != nil {
			t.Fatal(err)
		}
		if me, err := x.WhoAmI(ctx, again.who(t)); err != nil || !cmp.Equal(me.Grants, granting("development", "developer", "staging", "viewer")) {
			t.Errorf("got %v and %v, want what the group gives", me.Grants, err)
		}
	})
}

// The URL that a browser is sent to binds what comes back, and tells nothing that completes a login.
func TestTheURLOfALoginTellsNoSecret(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.provided(t)
		l, err := x.BeginProviderLogin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(l.URL)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		if q.Get("code_challenge_method") != "S256" || q.Get("nonce") == "" || q.Get("state") == "" || q.Get("redirect_uri") != callback || strings.Contains(l.URL, l.Secret) {
			t.Errorf("got %s, want PKCE, a nonce and a state, and not the secret", l.URL)
		}
		other, err := x.BeginProviderLogin(t.Context())
		if err != nil || other.Secret == l.Secret {
			t.Errorf("two logins: got the same secret, or %v", err)
		}
	})
}
