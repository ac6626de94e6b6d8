package main_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/testkit"
)

// story is what happens in one installation, told in order: each chapter goes on where the one before ended.
type story struct {
	*world
	upstream, second *testkit.Upstream
	keys             map[string]apiKey // by environment
	values           map[string]string // what the upstream must receive, by environment
}

type apiKey struct {
	ID          string `json:"id"`
	Key         string `json:"key"`
	Environment string `json:"environment"`
}

// chapter is a part of a story.
type chapter struct {
	name string
	tell func(*testing.T, *story)
}

func newStory(t *testing.T, w *world) *story {
	w.seen.secret("the token", ownerToken)
	w.seen.secret("the password", ownerPassword)
	if u, err := url.Parse(w.database()); err == nil && u.User != nil {
		password, _ := u.User.Password()
		w.seen.secret("the password of the database", password)
	}
	return &story{
		world: w, upstream: testkit.NewUpstream(t), second: testkit.NewUpstream(t),
		keys: map[string]apiKey{}, values: map[string]string{},
	}
}

func (s *story) tell(t *testing.T, chapters []chapter) {
	for _, c := range chapters {
		if !t.Run(c.name, func(t *testing.T) { c.tell(t, s) }) {
			t.FailNow() // what follows builds on it
		}
	}
}

func TestStory(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, w *world) {
		s := newStory(t, w)
		s.tell(t, []chapter{
			{"a route goes up", goUp},
			{"the key decides the credential", keyDecides},
			{"a value is changed", changeValue},
			{"a value in use stays", keepValueInUse},
			{"a key is revoked", revoke},
			{"an overlay changes one environment", overlay},
			{"a route is switched off", switchOff},
			{"the admin surface", adminSurface},
			{"the log of calls", callLog},
			{"the audit log", auditLog},
			{"nothing has leaked", nothingLeaked},
			{"tampering is found", tampering},
		})
	}, "--allow-upstreams", "127.0.0.0/8")
}

// setValue gives the secret a value from standard input.
func (s *story) setValue(t *testing.T, environment, value string) {
	t.Helper()
	s.seen.secret("a value of "+environment, value)
	s.runs(t, value+"\n", "secrets", "set", "stripe_api_key", "--environment", environment)
	s.values[environment] = value
}

// makeKey makes a key, which is shown this once.
func (w *world) makeKey(t testing.TB, environment string) apiKey {
	t.Helper()
	o := w.try(t, "", "keys", "create", "--environment", environment, "--json")
	if o.code != 0 {
		t.Fatalf("keys create: code %d: %s", o.code, o.err)
	}
	var k apiKey
	read(t, o.out, &k)
	if !strings.HasPrefix(k.Key, "sk_") || k.Environment != environment {
		t.Fatalf("keys create -e %s made no secret key there: %+v", environment, k)
	}
	w.seen.secret("a key of "+environment, k.Key)
	w.seen.add("keys create", o.out+o.err, k.Key)
	return k
}

// expect makes the call with the key of an environment; the upstream must receive the environment's credential.
func (s *story) expect(t *testing.T, environment string, upstream *testkit.Upstream) {
	t.Helper()
	before := len(upstream.Requests())
	a := s.call(t, s.keys[environment].Key, "/payments/v1/charges?limit=3")
	if a.StatusCode != http.StatusOK {
		t.Fatalf("call in %s: status %d, want 200: %s", environment, a.StatusCode, a.body)
	}
	got := upstream.Requests()[before:]
	if len(got) != 1 {
		t.Fatalf("call in %s: the upstream received %d requests, want 1", environment, len(got))
	}
	wanted := []string{"Bearer " + s.values[environment]}
	if diff := cmp.Diff(wanted, got[0].Header["Authorization"]); diff != "" {
		t.Errorf("call in %s: Authorization at the upstream (-want +got):\n%s", environment, diff)
	}
	if target := got[0].Path + "?" + got[0].RawQuery; target != "/v1/charges?limit=3" {
		t.Errorf("call in %s: the upstream received %s, want /v1/charges?limit=3", environment, target)
	}
	if all, err := json.Marshal(got[0]); err != nil || strings.Contains(string(all), s.keys[environment].Key) {
		t.Errorf("call in %s: the upstream received the caller's key", environment)
	}
	if e := a.Header.Get("Lockage-Environment"); e != environment || a.Header.Get("Lockage-Request-Id") == "" {
		t.Errorf("call in %s: the answer names environment %q and request %q", environment, e, a.Header.Get("Lockage-Request-Id"))
	}
}

// gatewayError is the body of the gateway's own errors.
type gatewayError struct {
	Error     string `json:"error"`
	Type      string `json:"type"`
	RequestID string `json:"request_id"`
}

// fails makes a call that the gateway must answer itself, with nothing sent to any upstream.
func (s *story) fails(t *testing.T, key string, status int, kind string) gatewayError {
	t.Helper()
	before := len(s.upstream.Requests()) + len(s.second.Requests())
	a := s.call(t, key, "/payments/v1/charges")
	var e gatewayError
	read(t, a.body, &e)
	if a.StatusCode != status || e.Type != kind || a.Header.Get("Lockage-Error") != kind {
		t.Fatalf("call: status %d, Lockage-Error %q, body %s; want %d %s",
			a.StatusCode, a.Header.Get("Lockage-Error"), a.body, status, kind)
	}
	if id := a.Header.Get("Lockage-Request-Id"); id == "" || id != e.RequestID {
		t.Errorf("call: the body has request_id %q, the header %q", e.RequestID, id)
	}
	if after := len(s.upstream.Requests()) + len(s.second.Requests()); after != before {
		t.Errorf("call: an upstream received %d requests, want none", after-before)
	}
	return e
}

// file writes a file in the person's home.
func (p *person) file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(p.home, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// reads answers what is in a file of the person's home.
func (p *person) reads(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(p.home, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
