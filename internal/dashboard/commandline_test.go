package dashboard_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/access"
)

// lending is what a command line asks for: its query, and where the answer goes.
func lending(change ...string) (query string, fields []string) {
	q := url.Values{
		"to": {"127.0.0.1:49152"}, "state": {strings.Repeat("s", 43)},
		"challenge": {"iMnq5o6zALKXGivsnlom_0F5_WYda32GHkxlV7mq7hQ"}, // of "verifier"
	}
	for i := 0; i+1 < len(change); i += 2 {
		q.Set(change[i], change[i+1])
	}
	for _, name := range []string{"to", "state", "challenge"} {
		fields = append(fields, name, q.Get(name))
	}
	return "/command-line?" + q.Encode(), fields
}

func TestACommandLineIsLentASession(t *testing.T) {
	for _, to := range []string{"127.0.0.1:49152", "[::1]:1024"} {
		r := newRig(t)
		page, fields := lending("to", to)
		b := r.browser()
		login := b.get(page).leads("/login?next=" + url.QueryEscape(page))
		b.get(login.header.Get("Location")).is(200)
		b.post("/login", "email", ownerEmail, "password", ownerPassword, "next", page).leads("/login/kept?next=" + url.QueryEscape(page))
		b.get("/login/kept?next=" + url.QueryEscape(page)).leads(page)
		asked := b.get(page).is(200, "Let a command line act as you?", "iMnq5o", ownerEmail, "default")
		if asked.header.Get("Refresh") != "" {
			t.Errorf("got Refresh %q before anybody agreed", asked.header.Get("Refresh"))
		}
		given := b.post("/command-line", fields...).is(200, "Back to the command line")
		delay, onward, _ := strings.Cut(given.header.Get("Refresh"), "; url=")
		u, err := url.Parse(onward)
		must(t, err)
		if delay != "0" || u.Scheme != "http" || u.Host != to || u.Path != "/lockage" || u.Query().Get("state") != strings.Repeat("s", 43) {
			t.Fatalf("got Refresh %q, want the way to %s", given.header.Get("Refresh"), to)
		}
		in, err := r.control.TakeLentSession(t.Context(), u.Query().Get("code"), "verifier", "lockage", access.Request{})
		must(t, err)
		if in.Session.Member.Email != ownerEmail || in.Token == "" || in.Secret == b.cookie() {
			t.Errorf("got %+v, want a session of the owner's", in.Session)
		}
		if n := len(r.sessions(b.cookie())); n != 2 {
			t.Errorf("got %d sessions, want the browser's and the command line's", n)
		}
	}
}

// A code goes to programs of the person's own machine, and nowhere else.
func TestNothingElseIsLentASession(t *testing.T) {
	r := newRig(t)
	b := r.loggedIn()
	for what, change := range map[string][]string{
		"another machine":   {"to", "192.0.2.1:49152"},
		"a name":            {"to", "localhost:49152"},
		"a longer name":     {"to", "127.0.0.1.evil.example:49152"},
		"no port":           {"to", "127.0.0.1"},
		"a server's port":   {"to", "127.0.0.1:80"},
		"another spelling":  {"to", "127.0.0.1:049152"},
		"mapped":            {"to", "[::ffff:127.0.0.1]:49152"},
		"a zone":            {"to", "[::1%lo]:49152"},
		"another loopback":  {"to", "127.0.0.2:49152"},
		"a user":            {"to", "me@127.0.0.1:49152"},
		"a path":            {"to", "127.0.0.1:49152/evil"},
		"no state":          {"state", ""},
		"a weak state":      {"state", "x"},
		"no challenge":      {"challenge", ""},
		"a plain challenge": {"challenge", "verifier"},
	} {
		page, fields := lending(change...)
		b.get(page).is(400, "No command line made this address")
		p := b.post("/command-line", fields...).is(400, "No command line made this address")
		if p.header.Get("Refresh") != "" || p.header.Get("Location") != "" {
			t.Errorf("%s: the browser is sent to %q%q", what, p.header.Get("Refresh"), p.header.Get("Location"))
		}
	}
	_, fields := lending()
	r.browser().post("/command-line", fields...).leads("/login?next=%2F")
	b.post("/command-line", append(fields, "next", "/")...).is(400)
}
