package main_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lockage/lockage/wire"
)

// strange is of the form of an id, and of nothing.
const strange = "01a1fbed-28ad-7a01-a5be-a66fed5fc147"

// search is the developer looking for production, of which there must be no trace: not in what can be listed, and what
// names it is answered like what names nothing.
func (s *team) search(t *testing.T, _ *story) {
	production := asJSON[wire.Environment](t, s.person, 0, "environments", "get", "production")
	head := asJSON[[]wire.Commit](t, s.person, 0, "log", "production")[0]
	traces := []string{"production", production.ID, s.keys["production"].ID, s.failed.ID, head.ID, "sam@example.com", s.support.member}

	lists, queries := s.readable(t)
	if len(lists) < 15 || len(queries) < 5 {
		t.Fatalf("only %d lists and %d that take an environment were found", len(lists), len(queries))
	}
	for _, path := range lists {
		if path == "/v1/logs/stream" {
			continue // does not end
		}
		a := s.asks(t, http.MethodGet, path, "")
		for _, trace := range traces {
			if strings.Contains(a.body, trace) {
				t.Errorf("GET %s tells of %s: %s", path, trace, a.body)
			}
		}
	}
	for _, path := range queries {
		s.alike(t, http.MethodGet, path+"?environment=%s", "", "production", "prod-not-there")
		s.alike(t, http.MethodGet, path+"?environment=%s", "", production.ID, strange)
	}
	for _, c := range []struct{ method, path, body, real string }{
		{"GET", "/v1/environments/%s", "", production.ID},
		{"GET", "/v1/environments/%s/tree", "", production.ID},
		{"GET", "/v1/environments/%s/freeze", "", production.ID},
		{"PATCH", "/v1/environments/%s", `{"display_name":"mine"}`, production.ID},
		{"DELETE", "/v1/environments/%s", "", production.ID},
		{"GET", "/v1/logs/%s", "", s.failed.ID},
		{"POST", "/v1/logs/%s/reveal", `{"reason":"I would like to know"}`, s.failed.ID},
		{"GET", "/v1/api-keys/%s", "", s.keys["production"].ID},
		{"DELETE", "/v1/api-keys/%s", "", s.keys["production"].ID},
		{"GET", "/v1/commits/%s", "", head.ID},
		{"GET", "/v1/members/%s", "", s.support.member},
		{"PUT", "/v1/secrets/stripe_api_key/environments/%s", `{"value":"mine"}`, "production"},
		{"PUT", "/admin/secrets/stripe_api_key/environments/%s", `{"value":"mine"}`, "production"},
		{"PUT", "/v1/routes/payments/environments/%s/status", `{"active":false}`, "production"},
		{"POST", "/v1/promotions", `{"to":"%s","message":"up"}`, "production"},
		{"POST", "/v1/promotions/plan", `{"to":"%s"}`, "production"},
		{"POST", "/v1/api-keys", `{"environment":"%s","type":"secret"}`, "production"},
	} {
		nothing := strange
		if c.real == "production" {
			nothing = "prod-not-there"
		}
		s.alike(t, c.method, c.path, c.body, c.real, nothing)
	}
	for _, args := range [][]string{{"plan", "--to"}, {"promote", "-m", "up", "--to"}, {"diff", "staging"}, {"log"}, {"logs", "--environment"}, {"permissions", "--environment"}} {
		real, none := s.developer.try(t, "", append(args, "production")...), s.developer.try(t, "", append(args, "prod-not-there")...)
		same(t, "lockage "+strings.Join(args, " "), anonymous(none.out+none.err, "prod-not-there"), anonymous(real.out+real.err, "production"))
		if real.code != none.code || real.code == 0 {
			t.Errorf("lockage %s: code %d for production and %d for nothing", strings.Join(args, " "), real.code, none.code)
		}
	}
	s.expect(t, "production", s.upstream)
}

// readable lists the operations that only read and need no id: all of them, and those that take an environment.
func (s *team) readable(t *testing.T) (lists, queries []string) {
	t.Helper()
	var document struct {
		Paths map[string]map[string]struct {
			Parameters []struct{ Name, In string }
		}
	}
	read(t, s.send(t, http.MethodGet, s.control+"/openapi.json", "", "").body, &document)
	for path, methods := range document.Paths {
		op, ok := methods["get"]
		if !ok || strings.Contains(path, "{") || !strings.HasPrefix(path, "/v1/") {
			continue
		}
		lists = append(lists, path)
		if slices.ContainsFunc(op.Parameters, func(p struct{ Name, In string }) bool { return p.In == "query" && p.Name == "environment" }) {
			queries = append(queries, path)
		}
	}
	slices.Sort(lists)
	slices.Sort(queries)
	return lists, queries
}

// asks makes a call of the management API with the developer's session.
func (s *team) asks(t *testing.T, method, path, body string) reply {
	t.Helper()
	a := s.send(t, method, s.control+path, s.developer.jwt, body)
	s.seen.answer("the developer's "+method+" "+path, a)
	return a
}

// alike makes a call twice, with %s in its path or body as what exists and as what never did; the answers must be
// refusals that differ in nothing.
func (s *team) alike(t *testing.T, method, path, body, real, nothing string) {
	t.Helper()
	fill := func(name string) reply {
		return s.asks(t, method, strings.ReplaceAll(path, "%s", name), strings.ReplaceAll(body, "%s", name))
	}
	is, isnt := fill(real), fill(nothing)
	if is.StatusCode != isnt.StatusCode || is.StatusCode < 400 || is.StatusCode >= 500 {
		t.Errorf("%s %s: status %d for %s and %d for what never existed: %s", method, path, is.StatusCode, real, isnt.StatusCode, is.body)
	}
	same(t, method+" "+path, anonymous(isnt.body, nothing), anonymous(is.body, real))
}

var requestID = regexp.MustCompile(uuid)

// anonymous is a text without what must differ between two requests: their ids, and the name each asked for.
func anonymous(text, name string) string {
	return requestID.ReplaceAllString(strings.ReplaceAll(text, name, "NAME"), "ID")
}
