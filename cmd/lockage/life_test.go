package main_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/testkit"
	"github.com/lockage/lockage/wire"
)

// TestLifeOfAChange follows one route from the first save to production, back out of it, and up again, with two people:
// the operator, who has a token, and a colleague, who logs in with a password.
func TestLifeOfAChange(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, w *world) {
		s := newStory(t, w)
		s.upstream.Answer(provider)
		s.tell(t, []chapter{
			{"saved, tried and committed", saveAndCommit},
			{"a blocker stops the plan", meetABlocker},
			{"production wants a second pair of eyes", askAColleague},
			{"a mistake goes all the way up", breakIt},
			{"production goes back in one call", goBack},
			{"fixed, lifted, promoted", fixAndLift},
			{"the history tells all of it", readHistory},
			{"a freeze", freezeProduction},
			{"an owner goes on in spite of it", overrideFreeze},
			{"definitions as files", pullAndPush},
			{"the audit log has it all", auditOfALife},
			{"nothing has leaked", nothingLeaked},
		})
	}, "--allow-upstreams", "127.0.0.0/8")
}

// provider is an upstream that knows one way to present a credential.
func provider(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
		w.WriteHeader(http.StatusUnauthorized)
	}
}

// colleague is the owner at a command line of their own.
func (s *story) colleague(t *testing.T) *person {
	t.Helper()
	if s.jwt == "" {
		s.login(t)
	}
	p := newPerson(t, "LOCKAGE_ADDRESS="+s.control, "LOCKAGE_TOKEN="+s.jwt)
	p.seen = s.seen
	return p
}

// asJSON reads what a command made for people prints for programs.
func asJSON[T any](t *testing.T, p *person, code int, args ...string) T {
	t.Helper()
	var v T
	read(t, p.ends(t, code, append(args, "--json")...), &v)
	return v
}

// shows fails the test unless a command prints each of the texts.
func (s *story) shows(t *testing.T, texts []string, args ...string) {
	t.Helper()
	out := s.runs(t, "", args...)
	for _, text := range texts {
		if !strings.Contains(strings.Join(strings.Fields(out), " "), text) {
			t.Errorf("lockage %s: no %q in\n%s", strings.Join(args, " "), text, out)
		}
	}
}

// says fails the test unless a refusal contains each of the texts.
func says(t *testing.T, refusal string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(refusal, text) {
			t.Errorf("the refusal does not say %q:\n%s", text, refusal)
		}
	}
}

// refusedBy makes a call of the API that must be refused with 409 and a type, and answers its body.
func (s *story) refusedBy(t *testing.T, kind, method, path, body string) reply {
	t.Helper()
	a := s.api(t, method, path, body)
	var failure wire.Failure
	read(t, a.body, &failure)
	if a.StatusCode != http.StatusConflict || failure.Error.Type != kind {
		t.Fatalf("%s %s: status %d, want 409 %s: %s", method, path, a.StatusCode, kind, a.body)
	}
	return a
}

// live is what is in an environment: the hash of its tree.
func (s *story) live(t *testing.T, environment string) string {
	t.Helper()
	return asJSON[wire.Environment](t, s.person, 0, "environments", "get", environment).RootHash
}

// propose promotes into production, where a colleague must agree, and answers the proposal's id.
func (s *story) propose(t *testing.T, args ...string) string {
	t.Helper()
	p := asJSON[wire.Promotion](t, s.person, 0, append([]string{"promote", "--to", "production"}, args...)...)
	if p.State != "open" || p.Needed != 1 || p.Commit != nil || p.Author == "" {
		t.Fatalf("promote made %+v, want a proposal that waits for one approval", p)
	}
	return p.ID
}

// received makes a call and answers the upstream's status and the Authorization it received.
func (s *story) received(t *testing.T, environment string, upstream *testkit.Upstream) (int, string) {
	t.Helper()
	before := len(upstream.Requests())
	a := s.call(t, s.keys[environment].Key, "/payments/v1/charges")
	got := upstream.Requests()[before:]
	if len(got) != 1 {
		t.Fatalf("call in %s: the upstream received %d requests, want 1; status %d", environment, len(got), a.StatusCode)
	}
	return a.StatusCode, got[0].Header.Get("Authorization")
}

// editsOf is what changed inside a definition, as lines.
func editsOf(edits []wire.Edit) []string {
	var lines []string
	for _, e := range edits {
		line := e.Op + " " + e.Path
		for _, v := range []json.RawMessage{e.Before, e.After} {
			if v != nil {
				line += " " + string(v)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func same[T any](t *testing.T, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
