package main_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/lockage/lockage/wire"
)

const injected = "Authorization: Bearer {{secret:stripe_api_key}}"

func saveAndCommit(t *testing.T, s *story) {
	s.runs(t, "", "environments", "create", "staging")
	s.shows(t, []string{"protection: 1 approval"}, "environments", "update", "production", "--approvals", "1")
	for _, environment := range []string{"development", "staging", "production"} {
		s.keys[environment] = s.makeKey(t, environment)
	}
	s.runs(t, "", "secrets", "create", "stripe_api_key")
	s.setValue(t, "development", "sk_test_dev_4eC39HqLyjWDarjtT1zdp7dc")
	s.runs(t, "", "routes", "create", "payments", "--name", "stripe-charges", "--target", s.upstream.URL, "--header", injected)

	s.shows(t, []string{"route payments added", `Bearer {{secret:stripe_api_key}}`}, "diff")
	s.shows(t, []string{"development 0 - 1 uncommitted: payments", "staging 1 - -", "production 2 - -"}, "status")
	s.shows(t, []string{"inject_headers.Authorization Bearer {{secret:stripe_api_key}} base"},
		"routes", "effective", "payments", "-e", "development")
	s.fails(t, s.keys["development"].Key, http.StatusNotFound, "not_found")             // nothing runs before it is committed
	s.runs(t, "", "call", "payments", "/v1/charges", "--draft", "--gateway", s.gateway) // but for a test

	s.shows(t, []string{"commit 1 in development: 1 change added route payments"}, "commit", "-m", "payments by Stripe")
	s.expect(t, "development", s.upstream)
	s.fails(t, s.keys["staging"].Key, http.StatusNotFound, "not_found")
	s.shows(t, []string{"development 0 1 payments by Stripe -", "staging 1 - 1 to promote: payments", "production 2 - -"}, "status")
	says(t, s.refused(t, 1, "", "commit", "-m", "again"), "nothing to commit")
}

func meetABlocker(t *testing.T, s *story) {
	plan := asJSON[wire.Plan](t, s.person, 3, "plan", "--to", "staging")
	if len(plan.Steps) != 1 {
		t.Fatalf("the plan has %d steps, want 1", len(plan.Steps))
	}
	step := plan.Steps[0]
	same(t, "blockers", []wire.Finding{{
		Kind: "secret_unset", Environment: "staging", Definition: "payments", Reference: "stripe_api_key",
		Message: "secret 'stripe_api_key' has no value in environment 'staging', where route 'payments' needs it; set it",
	}}, step.Blockers)
	same(t, "references", []wire.PlanReference{
		{Kind: "secret", Name: "stripe_api_key", Type: "string", Field: "inject_headers.Authorization", State: "unset"},
	}, step.Changes[0].References)
	says(t, s.refused(t, 3, "", "promote", "--to", "staging", "-m", "payments"), "stripe_api_key", "staging")
	s.refusedBy(t, "not_ready", http.MethodPost, "/v1/promotions", `{"to":"staging","message":"payments"}`)
	s.fails(t, s.keys["staging"].Key, http.StatusNotFound, "not_found")

	s.setValue(t, "staging", "sk_test_staging_BQokikJOvBiI2HlWgH4olfQ2")
	next := asJSON[wire.Plan](t, s.person, 2, "plan", "--to", "staging")
	if next.Hash == plan.Hash || len(next.Steps[0].Blockers) != 0 {
		t.Errorf("with the value there the plan has the blockers %+v and the hash %s, want none and another", next.Steps[0].Blockers, next.Hash)
	}
	says(t, s.refused(t, 1, "", "promote", "--to", "staging", "-m", "payments", "--plan", plan.Hash), "has changed since")
	s.runs(t, "", "promote", "--to", "staging", "-m", "payments", "--plan", next.Hash)
	s.expect(t, "staging", s.upstream)
	s.ends(t, 0, "plan", "--to", "staging")
	s.shows(t, []string{"staging 1 1 payments -", "production 2 - 1 to promote: payments"}, "status")
	says(t, s.refused(t, 1, "", "promote", "--to", "production", "--through", "development", "-m", "x"), "first environment")
}

func askAColleague(t *testing.T, s *story) {
	// What is worth a look is told without telling a value.
	for _, c := range []struct{ value, warning string }{
		{s.values["staging"], "same_value"}, {"sk_test_4eC39HqLyjWDarjtT1zdp7dc", "sandbox_value"},
	} {
		s.setValue(t, "production", c.value)
		plan := asJSON[wire.Plan](t, s.person, 2, "plan", "--to", "production")
		found := false
		for _, w := range plan.Steps[0].Warnings {
			found = found || w.Kind == c.warning && w.Reference == "stripe_api_key"
		}
		if !found {
			t.Errorf("the plan warns of %+v, want %s", plan.Steps[0].Warnings, c.warning)
		}
	}
	s.setValue(t, "production", "sk_live_4eC39HqLyjWDarjtT1zdp7dc")
	plan := asJSON[wire.Plan](t, s.person, 2, "plan", "--to", "production")
	same(t, "warnings", []wire.Finding{}, plan.Steps[0].Warnings)

	id := s.propose(t, "-m", "payments go live")
	s.fails(t, s.keys["production"].Key, http.StatusNotFound, "not_found")
	says(t, s.refused(t, 1, "", "approve", id), "nobody approves a promotion of their own")
	s.shows(t, []string{id + " open staging production", "0 of 1 payments go live"}, "promotions", "--state", "open")

	colleague := s.colleague(t)
	seen := asJSON[wire.Promotion](t, colleague, 0, "promotions", "show", id)
	if seen.Plan == nil || seen.Plan.Hash != plan.Hash {
		t.Fatalf("the colleague is shown the plan %+v, want that of its author, %s", seen.Plan, plan.Hash)
	}
	s.setValue(t, "production", "sk_live_second_4eC39HqLyjWDarjtT1zdp7dc") // what was seen is not what it is now
	says(t, colleague.refused(t, 1, "", "approve", id, "--plan", plan.Hash), "has changed since")
	s.fails(t, s.keys["production"].Key, http.StatusNotFound, "not_found")
	if out := colleague.runs(t, "", "approve", id); !strings.Contains(out, "commit 1 in production: 1 change\n  added route payments\n") {
		t.Errorf("the approval that was needed says %q, want the commit it made", out)
	}
	s.expect(t, "production", s.upstream)
	says(t, colleague.refused(t, 1, "", "approve", id), "done already")
	done := asJSON[wire.Promotion](t, s.person, 0, "promotions", "show", id)
	if done.State != "done" || len(done.Approvals) != 1 || done.Approvals[0].By != ownerEmail || done.Approvals[0].Void != "" {
		t.Errorf("the promotion is %s with the approvals %+v, want done with that of %s", done.State, done.Approvals, ownerEmail)
	}
	s.ends(t, 0, "plan", "--to", "production")
	same(t, "production's tree", s.live(t, "staging"), s.live(t, "production"))
}
