package main_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/lockage/lockage/wire"
)

func (s *team) develop(t *testing.T, _ *story) {
	same(t, "what the developer sees", []string{"development", "staging"}, s.developer.environments(t))
	s.developer.runs(t, "", "routes", "update", "payments", "--file", s.developer.file(t, "route.yaml", "timeout: 20s\n"))
	s.developer.runs(t, "", "commit", "-m", "more patience")
	s.developer.runs(t, "", "promote", "--to", "staging", "-m", "more patience")
	s.expect(t, "staging", s.upstream)
	says(t, s.developer.refused(t, 1, "sk_test_of_the_developer\n", "secrets", "set", "stripe_api_key", "--environment", "staging"), "ask an owner or admin")
	s.expect(t, "staging", s.upstream)
	if got := s.live(t, "production"); got == s.live(t, "staging") {
		t.Error("production changed with staging")
	}
}

// fail has the customer's payment declined in production, in a call whose content is recorded.
func (s *team) fail(t *testing.T, _ *story) {
	a := s.pay(t, s.keys["production"].Key)
	if a.StatusCode != http.StatusPaymentRequired || !strings.Contains(a.body, customer) {
		t.Fatalf("the payment: status %d, want the provider's 402 as it is: %s", a.StatusCode, a.body)
	}
	until(t, patience, "the call in the log", func() bool {
		list := asJSON[[]wire.LogRecord](t, s.support.person, 0, "logs", "--environment", "production", "--status", "402")
		if len(list) == 1 {
			s.failed = list[0]
		}
		return len(list) == 1
	})
}

func (s *team) pay(t *testing.T, key string) reply {
	t.Helper()
	return s.send(t, http.MethodPost, s.gateway+"/payments/customers/"+customer+"?email="+customer, key, `{"email":"`+customer+`","amount":4200}`)
}

func (s *team) find(t *testing.T, _ *story) {
	same(t, "what support sees", []string{"production"}, s.support.environments(t))
	for _, args := range [][]string{{"logs", "--status", "4xx"}, {"logs", "--json"}, {"logs", "get", s.failed.ID}, {"logs", "get", s.failed.ID, "--json"}} {
		out := s.support.runs(t, "", args...)
		if !strings.Contains(out, "/payments/customers/") || strings.Contains(out, "lovelace") || !strings.Contains(out, "••••@e••••.com") && !strings.Contains(out, "••••@") {
			t.Errorf("lockage %s: the customer is not behind a mask:\n%s", strings.Join(args, " "), out)
		}
	}
	d := asJSON[wire.LogDetail](t, s.support.person, 0, "logs", "get", s.failed.ID)
	if !d.Obfuscated || !d.ContentsHidden || d.Content != nil || !d.Reveal.Allowed {
		t.Errorf("got %+v, want it masked, without contents, and a way to reveal it", d)
	}
}

const reason = "ticket 4711: the customer says the card is good"

func (s *team) reveal(t *testing.T, _ *story) {
	says(t, s.support.refused(t, 2, "", "logs", "reveal", s.failed.ID), "--reason")
	out := s.support.try(t, "", "logs", "reveal", s.failed.ID, "--reason", reason, "--yes", "--json")
	var d wire.LogDetail
	read(t, out.out, &d)
	if out.code != 0 || !strings.Contains(out.err+out.out, "audit log") || d.Obfuscated || d.ContentsHidden || d.Content == nil || d.RevealedUntil == nil ||
		!strings.Contains(d.Path, customer) || !strings.Contains(d.Content.ResponseBody.Text, "card_declined") || !strings.Contains(d.Content.RequestBody.Text, customer) {
		t.Fatalf("reveal: code %d, got %+v, %s", out.code, d, out.err)
	}
	if all := out.out; strings.Contains(all, s.values["production"]) || strings.Contains(all, s.keys["production"].Key) {
		t.Error("the record holds a credential")
	}
	// Another record stays masked, and so does this one for everybody else.
	a := s.pay(t, s.keys["production"].Key)
	until(t, patience, "the second call in the log", func() bool {
		return strings.Contains(s.support.runs(t, "", "logs", "--json"), a.Header.Get("Lockage-Request-Id"))
	})
	if list := s.support.runs(t, "", "logs", "--json"); strings.Contains(list, "lovelace") {
		t.Errorf("the list after a reveal: %s", list)
	}
	if mine := s.runs(t, "", "logs", "get", s.failed.ID); strings.Contains(mine, "lovelace") {
		t.Errorf("what support revealed, the owner reads without a reason: %s", mine)
	}
}

// change tries what somebody of support might be asked to do, and must not.
func (s *team) change(t *testing.T, _ *story) {
	before := s.live(t, "production")
	for _, args := range [][]string{
		{"routes", "switch", "payments", "off", "--environment", "production"},
		{"secrets", "set", "stripe_api_key", "--environment", "production"},
		{"keys", "create", "--environment", "production"},
		{"rollback", "production", "--to", "0", "-m", "back", "--yes"},
		{"routes", "recording", "payments", "off", "--environment", "production"},
		{"members", "invite", "friend@example.com", "--grant", "production=viewer"},
		{"members", "update", s.support.member, "--grant", "production=owner"},
		{"tokens", "create", "--name", "mine", "--grant", "production=support"},
		{"environments", "update", "production", "--obfuscate-customer-data=false"},
		{"audit", "list"},
	} {
		if said := s.support.try(t, "a value that is refused\n", args...); said.code != 1 || !strings.Contains(said.err, "may not") {
			t.Errorf("lockage %s: code %d, want 1 and who may: %s%s", strings.Join(args, " "), said.code, said.out, said.err)
		}
	}
	if after := s.live(t, "production"); after != before {
		t.Error("production changed")
	}
}

func (s *team) review(t *testing.T, _ *story) {
	var list []wire.AuditEntry
	read(t, s.runs(t, "", "audit", "list", "--limit", "0", "--json"), &list)
	told := func(actor, action, outcome string, with func(wire.AuditEntry) bool) {
		t.Helper()
		if !slices.ContainsFunc(list, func(e wire.AuditEntry) bool {
			return strings.Contains(e.Actor.Name, actor) && e.Action == action && e.Outcome == outcome && (with == nil || with(e))
		}) {
			t.Errorf("the audit log has no %s by %s that was %s", action, actor, outcome)
		}
	}
	told("", "member.invite", "allowed", func(e wire.AuditEntry) bool { return strings.Contains(fmt.Sprint(e), "dana@example.com") })
	told("dana@example.com", "member.join", "allowed", nil)
	told("sam@example.com", "member.join", "allowed", nil)
	told("dana@example.com", "definition.commit", "allowed", nil)
	told("dana@example.com", "secret.value.set", "refused", nil)
	told("sam@example.com", "route.switch", "refused", nil)
	told("sam@example.com", "member.invite", "refused", nil)
	told("sam@example.com", "log.reveal", "allowed", func(e wire.AuditEntry) bool {
		return e.Target.ID == s.failed.ID && e.Detail["reason"] == reason
	})

	s.runs(t, "", "audit", "export", "--out", "log.jsonl")
	s.runs(t, "", "audit", "export", "--format", "csv", "--action", "log.reveal", "--out", "reveals.csv")
	if csv := s.reads(t, "reveals.csv"); !strings.Contains(csv, reason) || !strings.Contains(csv, "sam@example.com") {
		t.Errorf("the CSV does not tell of the reveal: %s", csv)
	}
	if out := s.runs(t, "", "audit", "verify", "log.jsonl"); !strings.Contains(out, "entries are intact") {
		t.Errorf("audit verify says %q of the export", out)
	}
	changed := strings.Replace(s.reads(t, "log.jsonl"), reason, "ticket 4712: the customer says the card is good", 1)
	s.refused(t, 1, "", "audit", "verify", s.file(t, "changed.jsonl", changed))
}

// leave removes the developer, whose session ends with the next request.
func (s *team) leave(t *testing.T, _ *story) {
	s.runs(t, "", "members", "remove", s.developer.member)
	said := s.developer.refused(t, 1, "", "environments", "list")
	if a := s.send(t, http.MethodGet, s.control+"/v1/whoami", s.developer.jwt, ""); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("the removed developer: status %d, want 401: %s; %s", a.StatusCode, a.body, said)
	}
	same(t, "what support sees", []string{"production"}, s.support.environments(t))
}
