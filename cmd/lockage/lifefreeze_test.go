package main_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/wire"
)

// monthEnd is a window that holds whenever the test runs.
const monthEnd = `- reason: the books are being closed
  start: 2020-01-01T00:00:00Z
  end: 2099-01-01T00:00:00Z
`

func freezeProduction(t *testing.T, s *story) {
	spare := s.makeKey(t, "production")
	s.runs(t, "", "routes", "update", "payments", "--timeout", "6s", "--commit", "a little longer")
	s.runs(t, "", "promote", "--to", "staging", "-m", "a little longer")
	before := s.live(t, "production")
	s.shows(t, []string{"protection: 1 approval frozen from 2020-01-01T00:00:00Z to 2099-01-01T00:00:00Z: the books are being closed"},
		"environments", "update", "production", "--freeze-file", s.file(t, "freeze.yaml", monthEnd))
	s.shows(t, []string{
		"production is frozen until 2099-01-01 00:00:00Z", "the books are being closed",
		"api_key.create", "promotion.create", "rollback.create", "route.switch", "secret.value.set",
	}, "freeze", "production")
	s.shows(t, []string{"production is frozen until 2099-01-01 00:00:00Z: the books are being closed"}, "status")
	s.shows(t, []string{"staging is not frozen"}, "freeze", "staging")

	// Whatever takes risk away works.
	s.runs(t, "", "routes", "switch", "payments", "off", "-e", "production")
	s.fails(t, s.keys["production"].Key, http.StatusNotFound, "not_found")
	s.runs(t, "", "keys", "revoke", spare.ID)
	s.fails(t, spare.Key, http.StatusUnauthorized, "unauthenticated")

	// Whatever adds some is refused, to an owner too.
	for _, args := range [][]string{
		{"promote", "--to", "production", "-m", "a little longer"},
		{"rollback", "production", "--to", "1", "-m", "back"},
		{"secrets", "set", "stripe_api_key", "-e", "production"},
		{"secrets", "unset", "stripe_api_key", "-e", "production"},
		{"secrets", "duplicate", "stripe_api_key", "--from", "staging", "--to", "production", "--overwrite"},
		{"keys", "create", "-e", "production"},
		{"keys", "rotate", s.keys["production"].ID},
		{"routes", "switch", "payments", "on", "-e", "production"},
		{"environments", "update", "production", "--freeze-file", s.file(t, "none.yaml", "[]\n")},
	} {
		says(t, s.refused(t, 3, "a value\n", args...), "environment 'production' is frozen until 2099-01-01T00:00:00Z: the books are being closed")
	}
	a := s.refusedBy(t, "frozen", http.MethodPost, "/v1/promotions", `{"to":"production","message":"a little longer"}`)
	if a.Header.Get("Retry-After") == "" {
		t.Errorf("the refusal has no Retry-After: %v", a.Header)
	}
	same(t, "production's tree", before, s.live(t, "production"))

	// Other environments go on.
	s.setValue(t, "staging", "sk_test_staging_in_the_freeze_Vq3tXo0aPz")
	s.expect(t, "staging", s.upstream)
}

func overrideFreeze(t *testing.T, s *story) {
	s.runs(t, "", "routes", "switch", "payments", "on", "-e", "production", "--override-freeze", "customers cannot pay")
	s.expect(t, "production", s.upstream)
	state := asJSON[wire.Freeze](t, s.person, 0, "freeze", "production")
	if len(state.Overrides) != 1 || state.Overrides[0].Reason != "customers cannot pay" || state.Overrides[0].Action != "route.switch" {
		t.Fatalf("the overrides are %+v, want the one of route.switch", state.Overrides)
	}
	id := state.Overrides[0].ID
	seen := "bootstrap went on in spite of a freeze at " + time.Time(state.Overrides[0].CreatedAt).UTC().Format("2006-01-02 15:04:05Z") +
		" with route.switch: customers cannot pay"
	s.shows(t, []string{seen}, "status")
	says(t, s.refused(t, 1, "", "freeze", "production", "--acknowledge", id), "somebody else")
	s.shows(t, []string{seen}, "freeze", "production")
	s.colleague(t).runs(t, "", "freeze", "production", "--acknowledge", id)
	if state := asJSON[wire.Freeze](t, s.person, 0, "freeze", "production"); len(state.Overrides) != 0 || !state.Frozen {
		t.Errorf("after it was acknowledged: %+v, want no override and still a freeze", state)
	}
	s.runs(t, "", "environments", "update", "production", "--freeze-file", s.file(t, "none.yaml", "[]\n"), "--override-freeze", "the books are closed")
	s.shows(t, []string{"production is not frozen", "the books are closed"}, "freeze", "production")

	s.colleague(t).runs(t, "", "approve", s.propose(t, "-m", "a little longer"))
	s.expect(t, "production", s.upstream)
}

func pullAndPush(t *testing.T, s *story) {
	s.runs(t, "", "pull", "defs")
	path := filepath.Join(s.home, "defs", "routes", "payments.yaml")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	says(t, string(b), "target_url: "+s.upstream.URL, "{{secret:stripe_api_key}}")
	s.ends(t, 0, "push", "defs")

	edited := "# Who may change this: the payments team.\n" + strings.Replace(string(b), s.upstream.URL, s.second.URL+" # since today", 1)
	if err := os.WriteFile(path, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	same(t, "what a push would change", []string{`replace target_url "` + s.upstream.URL + `" "` + s.second.URL + `"`},
		editsOf(asJSON[wire.PushAnswer](t, s.person, 2, "push", "defs", "--plan").Changes[0].Edits))
	s.expect(t, "development", s.upstream)
	s.ends(t, 2, "push", "defs", "--commit", "-m", "another provider")
	s.expect(t, "development", s.second)
	s.expect(t, "production", s.upstream)
	s.ends(t, 0, "push", "defs", "--commit", "-m", "again")

	s.runs(t, "", "routes", "update", "payments", "--timeout", "7s")
	s.runs(t, "", "pull", "defs")
	if b, err = os.ReadFile(path); err != nil || string(b) != strings.Replace(edited, "timeout: 6s", "timeout: 7s", 1) {
		t.Errorf("the pull left %q (%v), want %q with another timeout and nothing else changed", b, err, edited)
	}
	s.runs(t, "", "changes", "discard", "payments")

	s.file(t, filepath.Join("defs", "routes", "payments.yaml"), edited)
	s.file(t, filepath.Join("defs", "routes", "bad.yaml"), "target_url: /canary\n")
	said := s.refused(t, 3, "", "push", "defs", "--commit", "-m", "all or none")
	says(t, said, "routes/bad.yaml:1: target_url")
	if strings.Contains(said, "canary") {
		t.Errorf("the refusal repeats what it refused: %s", said)
	}
	same(t, "what is uncommitted", []wire.DraftChange{}, asJSON[[]wire.DraftChange](t, s.person, 0, "changes", "list"))
}

func auditOfALife(t *testing.T, s *story) {
	var list []struct {
		Action, Outcome, Environment string
		Actor                        struct{ Kind string }
		Detail                       map[string]string
	}
	read(t, s.runs(t, "", "audit", "list", "--limit=0", "--json"), &list)
	seen := map[string]bool{}
	for _, e := range list {
		seen[e.Actor.Kind+" "+e.Action+" "+e.Environment+" "+e.Outcome] = true
		if e.Action == "route.switch" && e.Detail["reason"] == "customers cannot pay" {
			seen["the reason of the override"] = true
		}
	}
	for _, wanted := range []string{
		"token definition.commit development allowed", "token promotion.create staging allowed", "token promotion.create staging refused",
		"token promotion.create production allowed", "token promotion.create production refused", "token promotion.approve production refused",
		"member promotion.approve production allowed", "token promotion.reject production allowed", "token rollback.create production allowed",
		"token hold.lift production allowed", "token rollback.create production refused", "token secret.value.set production refused",
		"token api_key.create production refused", "token route.switch production refused", "member freeze.acknowledge production allowed",
		"the reason of the override",
	} {
		if !seen[wanted] {
			t.Errorf("the audit log has no entry %q", wanted)
		}
	}
	s.runs(t, "", "audit", "verify")
}
