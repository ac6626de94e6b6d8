package main_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/lockage/lockage/wire"
)

// team is a story of three people: the owner, who set the installation up, a developer, who is to know development and
// staging only, and somebody of support, who reads what happens in production and changes nothing.
type team struct {
	*story
	developer, support colleague
	failed             wire.LogRecord // the customer's payment that failed in production
}

// colleague is somebody who came by invitation, at a command line of their own.
type colleague struct {
	*person
	member string // id
	jwt    string
}

// customer is whose data the masks hide.
const customer = "ada.lovelace@example.com"

// TestTeam tells how an owner takes two people in, and what each of them finds, does and never sees.
func TestTeam(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, w *world) {
		s := &team{story: newStory(t, w), developer: colleague{person: newPerson(t)}, support: colleague{person: newPerson(t)}}
		s.upstream.Answer(declining)
		s.tell(t, []chapter{
			{"the owner sets the house up", s.setUp},
			{"a developer and support are invited", s.invite},
			{"the developer works below production", s.develop},
			{"a payment fails in production", s.fail},
			{"support finds the call, behind masks", s.find},
			{"support reveals this one, with a reason", s.reveal},
			{"support changes nothing", s.change},
			{"the developer cannot find production", s.search},
			{"the owner reads, exports and verifies it all", s.review},
			{"the developer leaves", s.leave},
			{"nothing has leaked", nothingLeaked},
		})
	}, "--allow-upstreams", "127.0.0.0/8")
}

// declining is a provider that takes no payment of the customer.
func declining(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusPaymentRequired)
		_, _ = w.Write([]byte(`{"code":"card_declined","customer":{"email":"` + customer + `","phone":"+41 44 668 18 00"}}`))
	}
}

func (s *team) setUp(t *testing.T, _ *story) {
	s.runs(t, "", "environments", "create", "staging")
	s.runs(t, "", "secrets", "create", "stripe_api_key")
	s.setValue(t, "development", "sk_test_dev_4eC39HqLyjWDarjtT1zdp7dc")
	s.setValue(t, "staging", "sk_test_staging_first_Vq3tXo0aPz")
	s.setValue(t, "production", "sk_live_4eC39HqLyjWDarjtT1zdp7dc")
	for _, environment := range []string{"development", "staging", "production"} {
		s.keys[environment] = s.makeKey(t, environment)
	}
	s.runs(t, "", "routes", "create", "payments", "--target", s.upstream.URL, "--header", "Authorization: Bearer {{secret:stripe_api_key}}", "--commit", "payments")
	s.runs(t, "", "promote", "--to", "staging", "-m", "payments")
	s.runs(t, "", "promote", "--to", "production", "-m", "payments")
	s.runs(t, "", "routes", "recording", "payments", "on", "--environment", "production")
}

// join invites somebody and has them accept; the link and the password are theirs alone, and the link works once.
func (s *team) join(t *testing.T, c *colleague, name, email string, grants ...string) {
	t.Helper()
	args := []string{"members", "invite", email, "--name", name, "--json"}
	for _, g := range grants {
		args = append(args, "--grant", g)
	}
	o := s.try(t, "", args...)
	if o.code != 0 {
		t.Fatalf("members invite: code %d: %s", o.code, o.err)
	}
	var invited wire.MemberInvited
	read(t, o.out, &invited)
	s.seen.secret("the link of "+name, invited.Link)
	s.seen.add("members invite", o.out+o.err, invited.Link)
	page, token, _ := strings.Cut(invited.Link, "#")
	if invited.Sent || invited.Status != "invited" || page != s.control+"/invitations" || len(token) < 43 {
		t.Fatalf("members invite: got %+v, want a link to %s/invitations", invited, s.control)
	}
	password := name + " has a horse and a battery"
	s.seen.secret("the token of "+name+"'s link", token)
	s.seen.secret("the password of "+name, password)
	accept := func() reply {
		a := s.send(t, http.MethodPost, s.control+"/admin/invitations/accept", "", `{"token":"`+token+`","name":"`+name+`","password":"`+password+`"}`)
		s.seen.answer("accept an invitation", a)
		return a
	}
	if a := accept(); a.StatusCode != http.StatusOK {
		t.Fatalf("accept: status %d: %s", a.StatusCode, a.body)
	}
	if a := accept(); a.StatusCode != http.StatusNotFound {
		t.Errorf("accept again: status %d, want 404: %s", a.StatusCode, a.body)
	}
	a := s.send(t, http.MethodPost, s.control+"/admin/auth/login", "", `{"email":"`+email+`","password":"`+password+`"}`)
	var in wire.LoginAnswer
	read(t, a.body, &in)
	s.seen.secret("the session of "+name, in.Token)
	s.seen.answer("login of "+name, a, in.Token)
	c.seen, c.member, c.jwt = s.seen, invited.ID, in.Token
	c.env = []string{"LOCKAGE_ADDRESS=" + s.control, "LOCKAGE_GATEWAY=" + s.gateway, "LOCKAGE_TOKEN=" + in.Token}
}

func (s *team) invite(t *testing.T, _ *story) {
	s.join(t, &s.developer, "Dana", "dana@example.com", "development=developer", "staging=developer")
	s.join(t, &s.support, "Sam", "sam@example.com", "production=support")
	for who, wanted := range map[*colleague][]wire.Grant{
		&s.developer: {{Environment: "development", Role: "developer"}, {Environment: "staging", Role: "developer"}},
		&s.support:   {{Environment: "production", Role: "support"}},
	} {
		same(t, "whoami", wanted, asJSON[wire.Identity](t, who.person, 0, "whoami").Grants)
	}
}

// names of the environments that somebody sees.
func (c colleague) environments(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, e := range asJSON[[]wire.Environment](t, c.person, 0, "environments", "list") {
		names = append(names, e.Name)
	}
	slices.Sort(names)
	return names
}
