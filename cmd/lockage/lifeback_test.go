package main_test

import (
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/lockage/lockage/wire"
)

func breakIt(t *testing.T, s *story) {
	// A mistake that a plan can see does not get far.
	s.runs(t, "", "routes", "update", "payments", "--header", "Authorization: Bearer {{secret:stripe_api_kye}}", "--commit", "another header")
	plan := asJSON[wire.Plan](t, s.person, 3, "plan", "--to", "production", "--through", "staging")
	var kinds []string
	for _, step := range plan.Steps {
		for _, b := range step.Blockers {
			kinds = append(kinds, b.Kind+" "+b.Environment)
		}
	}
	same(t, "blockers", []string{"secret_missing staging", "secret_missing production"}, kinds)

	// One that it cannot see does.
	s.runs(t, "", "routes", "update", "payments", "--header", "Authorization: Basic {{secret:stripe_api_key}}", "--commit", "the header as in the manual")
	before := s.live(t, "staging")
	id := s.propose(t, "--through", "staging", "-m", "the header as in the manual")
	same(t, "staging's tree while the proposal waits", before, s.live(t, "staging"))
	s.colleague(t).runs(t, "", "approve", id)
	same(t, "production's tree", s.live(t, "development"), s.live(t, "production"))
	same(t, "staging's tree", s.live(t, "development"), s.live(t, "staging"))
	made := asJSON[wire.Promotion](t, s.person, 0, "promotions", "show", id).Commits
	if len(made) != 2 || made[0].Environment != "staging" || made[1].Environment != "production" || made[1].Source != made[0].ID {
		t.Errorf("the promotion made %+v, want a commit in staging and one in production that comes from it", made)
	}
	status, authorization := s.received(t, "production", s.upstream)
	if status != http.StatusUnauthorized || authorization != "Basic "+s.values["production"] {
		t.Errorf("the broken call: status %d, want the upstream's 401", status)
	}
}

func goBack(t *testing.T, s *story) {
	s.runs(t, "", "routes", "update", "payments", "--description", "by Stripe", "--commit", "a description")
	s.runs(t, "", "promote", "--to", "staging", "-m", "a description")
	waiting := s.propose(t, "-m", "a description")
	plan := asJSON[wire.Plan](t, s.person, 2, "rollback", "production", "--to", "1", "--plan-only")
	same(t, "what it would change", []string{
		`replace inject_headers.Authorization "Basic {{secret:stripe_api_key}}" "Bearer {{secret:stripe_api_key}}"`,
	}, editsOf(plan.Steps[0].Changes[0].Edits))
	s.shows(t, []string{"commit 3 in production: 1 change changed route payments"},
		"rollback", "production", "--to", "1", "-m", "cards are refused", "--plan", plan.Hash)
	s.expect(t, "production", s.upstream) // the very next call
	if status, _ := s.received(t, "staging", s.upstream); status != http.StatusUnauthorized {
		t.Errorf("the call in staging: status %d, want 401: a rollback is of one environment", status)
	}
	says(t, s.refused(t, 1, "", "rollback", "production", "--to", "1", "-m", "again"), "has that tree already")

	s.shows(t, []string{
		"production 2 3 cards are refused 1 to promote: payments", "production is on hold since", "by bootstrap: cards are refused",
	}, "status")
	for _, who := range []*person{s.person, s.colleague(t)} {
		says(t, who.refused(t, 3, "", "promote", "--to", "production", "-m", "again"), "is on hold since", "by bootstrap", "cards are refused")
	}
	a := s.refusedBy(t, "on_hold", http.MethodPost, "/v1/promotions", `{"to":"production","message":"again"}`)
	says(t, a.body, "by bootstrap: cards are refused", `"kind":"hold"`)
	says(t, s.colleague(t).refused(t, 3, "", "approve", waiting), "is on hold since", "cards are refused")
	s.shows(t, []string{"blocker: environment 'production' is on hold"}, "promotions", "show", waiting)
	s.shows(t, []string{"is rejected"}, "reject", waiting, "-m", "it would bring the mistake along")
	s.ends(t, 3, "plan", "--to", "production")
	s.expect(t, "production", s.upstream)
}

func fixAndLift(t *testing.T, s *story) {
	s.runs(t, "", "routes", "update", "payments", "--header", injected, "--timeout", "5s")
	s.shows(t, []string{"route payments changed", `timeout: "5s"`}, "diff")
	s.runs(t, "", "commit", "-m", "the header as before, and a shorter time", "payments")
	s.promoteTwiceAtOnce(t)
	s.expect(t, "staging", s.upstream)
	s.refused(t, 3, "", "promote", "--to", "production", "-m", "the header as before") // the fix is held, too

	s.shows(t, []string{"the hold of production is lifted"}, "hold", "lift", "production")
	says(t, s.refused(t, 1, "", "hold", "lift", "production"), "not on hold")
	id := s.propose(t, "-m", "the header as before")
	s.expect(t, "production", s.upstream)
	s.colleague(t).runs(t, "", "approve", id)
	for _, environment := range []string{"development", "staging", "production"} {
		s.expect(t, environment, s.upstream)
		same(t, "the tree of "+environment, s.live(t, "development"), s.live(t, environment))
	}
	s.shows(t, []string{"staging 1 4 the header as before -", "production 2 4 the header as before -"}, "status")
}

// promoteTwiceAtOnce has two people carry out the plan that both of them saw: one wins.
func (s *story) promoteTwiceAtOnce(t *testing.T) {
	t.Helper()
	plan := asJSON[wire.Plan](t, s.person, 2, "plan", "--to", "staging")
	var answers [2]reply
	var errs [2]error
	var both sync.WaitGroup
	for i, credential := range []string{ownerToken, s.jwt} {
		both.Go(func() {
			answers[i], errs[i] = s.attempt(http.MethodPost, s.control+"/v1/promotions", credential,
				`{"to":"staging","message":"the header as before","plan":"`+plan.Hash+`"}`)
		})
	}
	both.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	won := slices.IndexFunc(answers[:], func(a reply) bool { return a.StatusCode == http.StatusCreated })
	if won < 0 {
		t.Fatalf("nobody promoted: %s %s", answers[0].body, answers[1].body)
	}
	lost := answers[1-won]
	var failure wire.Failure
	read(t, lost.body, &failure)
	head := plan.Steps[0].To.Head + 1
	if lost.StatusCode != http.StatusConflict || failure.Error.Type != "stale" || failure.Error.Plan == nil || failure.Error.Plan.Steps[0].To.Head != head {
		t.Errorf("who came second is answered %d, want 409 stale with the head %d: %s", lost.StatusCode, head, lost.body)
	}
}

func readHistory(t *testing.T, s *story) {
	list := asJSON[[]wire.Commit](t, s.person, 0, "log", "production", "--limit", "0")
	type line struct{ Cause, Message, Author string }
	var got []line
	for i, c := range list {
		got = append(got, line{c.Cause, c.Message, c.Author})
		if c.Number != int64(len(list)-i) || i > 0 && c.RootHash != list[i-1].RootBefore {
			t.Errorf("commit %d of production does not join the one after it", c.Number)
		}
	}
	same(t, "the history of production", []line{
		{"promotion", "the header as before", "bootstrap"},
		{"rollback", "cards are refused", "bootstrap"},
		{"promotion", "the header as in the manual", "bootstrap"},
		{"promotion", "payments go live", "bootstrap"},
	}, got)
	if newest := list[0].RootHash; newest != s.live(t, "production") || list[1].RootHash != list[3].RootHash {
		t.Errorf("the newest commit has the tree %s and the rollback %s: want what is live, and what it went back to", newest, list[1].RootHash)
	}
	for filter, n := range map[string]int{"--cause=rollback": 1, "--cause=commit": 5, "--author=nobody": 0, "--route=payments": 13, "--route=other": 0} {
		if found := asJSON[[]wire.Commit](t, s.person, 0, "log", "--limit", "0", filter); len(found) != n {
			t.Errorf("log %s lists %d commits, want %d", filter, len(found), n)
		}
	}
	c := asJSON[wire.Commit](t, s.person, 0, "log", "show", list[1].ID)
	same(t, "what the rollback changed", []string{
		`replace inject_headers.Authorization "Basic {{secret:stripe_api_key}}" "Bearer {{secret:stripe_api_key}}"`,
	}, editsOf(c.Changes[0].Edits))
	s.shows(t, []string{"route payments changed", `+ inject_headers.Authorization: "Basic {{secret:stripe_api_key}}"`},
		"diff", "production@1", "production@2")
	then := want[wire.Tree](t, s.api(t, http.MethodGet, "/v1/environments/production/tree?at=2", ""), http.StatusOK)
	same(t, "production's tree after commit 2", list[2].RootHash, then.RootHash)
}
