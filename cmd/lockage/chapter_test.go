package main_test

import (
	"net/http"
	"strings"
	"testing"
)

func goUp(t *testing.T, s *story) {
	s.runs(t, "", "environments", "create", "staging", "--display-name", "Staging", "--color", "#f59e0b")
	s.runs(t, "", "secrets", "create", "stripe_api_key")
	s.setValue(t, "development", "sk_test_dev_4eC39HqLyjWDarjtT1zdp7dc")
	s.setValue(t, "production", "sk_live_4eC39HqLyjWDarjtT1zdp7dc")
	for _, environment := range []string{"development", "staging", "production"} {
		s.keys[environment] = s.makeKey(t, environment)
	}
	s.runs(t, "", "routes", "create", "payments", "--name", "stripe-charges", "--target", s.upstream.URL,
		"--header", "Authorization: Bearer {{secret:stripe_api_key}}")
	s.fails(t, s.keys["development"].Key, http.StatusNotFound, "not_found") // a draft
	s.runs(t, "", "commit", "-m", "payments")
	s.expect(t, "development", s.upstream)
	s.fails(t, s.keys["production"].Key, http.StatusNotFound, "not_found") // not promoted
	s.refused(t, 3, "", "promote", "--to", "staging", "-m", "payments")    // which has no value yet
	s.fails(t, s.keys["staging"].Key, http.StatusNotFound, "not_found")
	s.setValue(t, "staging", "sk_test_staging_first_Vq3tXo0aPz")
	s.runs(t, "", "promote", "--to", "staging", "-m", "payments")
	s.expect(t, "staging", s.upstream)
	s.fails(t, s.keys["production"].Key, http.StatusNotFound, "not_found")
	s.runs(t, "", "promote", "--to", "production", "-m", "payments")
	if out := s.runs(t, "", "promote", "--to", "production", "-m", "again"); !strings.Contains(out, "nothing to promote") {
		t.Errorf("promoting twice: %q, want nothing to promote", out)
	}
}

func keyDecides(t *testing.T, s *story) {
	s.expect(t, "development", s.upstream)
	s.expect(t, "production", s.upstream)
	s.takeValue(t, "staging")
	e := s.fails(t, s.keys["staging"].Key, http.StatusInternalServerError, "secret_not_configured")
	if wanted := "Secret 'stripe_api_key' not configured for environment 'staging'"; e.Error != wanted {
		t.Errorf("the call without a value: error %q, want %q", e.Error, wanted)
	}
}

func changeValue(t *testing.T, s *story) {
	s.setValue(t, "staging", "sk_test_staging_BQokikJOvBiI2HlWgH4olfQ2")
	s.expect(t, "staging", s.upstream)
	s.setValue(t, "development", "sk_test_dev_second_6Nqv1AXoRb2f")
	s.expect(t, "development", s.upstream)
	s.expect(t, "production", s.upstream)
}

func keepValueInUse(t *testing.T, s *story) {
	said := s.refused(t, 1, "", "secrets", "unset", "stripe_api_key", "--environment", "production")
	if !strings.Contains(said, "stripe-charges") {
		t.Errorf("the refusal does not name the route: %s", said)
	}
	a := s.api(t, http.MethodDelete, "/v1/secrets/stripe_api_key/environments/production", "")
	if a.StatusCode != http.StatusConflict || !strings.Contains(a.body, `"type":"in_use"`) || !strings.Contains(a.body, `"name":"stripe-charges"`) {
		t.Errorf("deleting a value in use: status %d, want 409 in_use with the route: %s", a.StatusCode, a.body)
	}
	if said := s.refused(t, 1, "", "environments", "delete", "staging", "--yes"); !strings.Contains(said, "stripe-charges") {
		t.Errorf("the refusal to delete an environment in use does not name the route: %s", said)
	}
	if said := s.refused(t, 1, "", "secrets", "delete", "stripe_api_key"); !strings.Contains(said, "stripe-charges") {
		t.Errorf("the refusal to delete a secret in use does not name the route: %s", said)
	}
	s.expect(t, "production", s.upstream)
	s.expect(t, "staging", s.upstream)
}

func revoke(t *testing.T, s *story) {
	k := s.makeKey(t, "production")
	old := s.keys["production"]
	s.keys["production"] = k
	s.expect(t, "production", s.upstream)
	s.runs(t, "", "keys", "revoke", old.ID)
	e := s.fails(t, old.Key, http.StatusUnauthorized, "unauthenticated")
	mistyped := s.fails(t, k.Key[:len(k.Key)-1]+"!", http.StatusUnauthorized, "unauthenticated")
	if e.Error != mistyped.Error {
		t.Errorf("a revoked key is answered %q, a mistyped one %q: they must not differ", e.Error, mistyped.Error)
	}
	s.expect(t, "production", s.upstream)

	rotated := s.send(t, http.MethodPost, s.control+"/v1/api-keys/"+k.ID+"/rotate", ownerToken, `{"grace":"1h"}`)
	next := want[apiKey](t, rotated, http.StatusCreated)
	s.seen.secret("the successor of a key", next.Key)
	s.seen.answer("rotate", rotated, next.Key)
	s.expect(t, "production", s.upstream) // the old one, in its grace
	s.keys["production"] = next
	s.expect(t, "production", s.upstream)
}

func overlay(t *testing.T, s *story) {
	path := s.file(t, "overlay.yaml", "environments:\n  staging:\n    target_url: "+s.second.URL+"\n")
	s.runs(t, "", "routes", "update", "payments", "--file", path, "--commit", "staging has its own target")
	s.expect(t, "staging", s.upstream) // not promoted yet
	s.runs(t, "", "promote", "--to", "staging", "-m", "target")
	s.runs(t, "", "promote", "--to", "production", "-m", "target")
	s.expect(t, "staging", s.second)
	s.expect(t, "development", s.upstream)
	s.expect(t, "production", s.upstream)

	type resolved struct {
		TargetURL string            `json:"target_url"`
		Source    string            `json:"source"`
		Origin    map[string]string `json:"origin"`
	}
	got := want[resolved](t, s.api(t, http.MethodGet, "/v1/routes/payments/effective?environment=staging", ""), http.StatusOK)
	if got.TargetURL != s.second.URL || got.Origin["target_url"] != "environment" || got.Source != "committed" {
		t.Errorf("the effective route in staging: %+v, want the overlay's target", got)
	}
}

func switchOff(t *testing.T, s *story) {
	s.runs(t, "", "routes", "switch", "payments", "off", "--environment", "staging")
	s.fails(t, s.keys["staging"].Key, http.StatusNotFound, "not_found")
	s.expect(t, "development", s.upstream)
	s.expect(t, "production", s.upstream)
	s.runs(t, "", "routes", "switch", "payments", "on", "--environment", "staging")
	s.expect(t, "staging", s.second)
	s.takeValue(t, "staging")
	s.fails(t, s.keys["staging"].Key, http.StatusInternalServerError, "secret_not_configured")
}

// takeValue takes the value away from a route that goes on needing it: the kill switch frees it.
func (s *story) takeValue(t *testing.T, environment string) {
	t.Helper()
	s.runs(t, "", "routes", "switch", "payments", "off", "--environment", environment)
	s.runs(t, "", "secrets", "unset", "stripe_api_key", "--environment", environment)
	s.runs(t, "", "routes", "switch", "payments", "on", "--environment", environment)
}
