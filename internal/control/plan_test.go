package control_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
)

func (x *fixture) plan(t *testing.T, who access.Principal, r control.PromotionRequest) definition.Plan {
	t.Helper()
	p, err := x.PlanPromotion(t.Context(), who, r)
	if err != nil {
		t.Fatalf("plan into %s: %v", r.To, err)
	}
	return p
}

func TestAPlanTellsWhatItNeeds(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		id := x.createSecret(t, "stripe")
		x.createSecret(t, "empty")
		x.createSecret(t, "same")
		x.createSecret(t, "sandbox")
		x.createSecret(t, "below")
		x.setValue(t, "stripe", "development", "the value of stripe below")
		x.setValue(t, "stripe", "production", "sk_live_the value of stripe above")
		x.setValue(t, "stripe", "production", "sk_live_the second value of stripe above")
		for _, e := range []string{"development", "production"} {
			x.setValue(t, "same", e, "a value that is the same in both")
		}
		x.setValue(t, "sandbox", "production", "sk_test_that has no place there")
		x.setValue(t, "below", "development", "sk_test_where it belongs")
		x.createRoute(t, `{"key":"a","target_url":"https://example.com","inject_headers":{"A":"{{secret:stripe}}","B":"{{secret_id:`+id+`}}","C":"{{secret:same}}"},
			"inject_query":{"s":"{{secret:sandbox}}","t":"{{secret:same}}"}}`)
		x.createRoute(t, `{"key":"b","target_url":"https://example.com","inject_headers":{"A":"{{secret:empty}}","B":"{{secret:empty}}","C":"{{secret:none}}","D":"{{secret:below}}"},
			"environments":{"production":{"inject_headers":{"D":"overlaid"}}}}`)
		committed := x.commit(t)
		got := x.plan(t, x.developer, control.PromotionRequest{To: "production"})
		set := func(field, name string, version int64) definition.Reference {
			return definition.Reference{Kind: "secret", Name: name, Type: "string", Field: field, State: definition.ReferenceSet, Version: version}
		}
		unset := definition.Reference{Kind: "secret", Name: "empty", Type: "string", Field: "inject_headers.A", State: definition.ReferenceUnset}
		unset2 := unset
		unset2.Field = "inject_headers.B"
		want := definition.Step{
			From: definition.PlanEnvironment{ID: x.development, Name: "development", Root: committed.After, Head: 1},
			To:   definition.PlanEnvironment{ID: x.production, Name: "production", Root: definition.Tree{}.Root()},
			Changes: []definition.PlannedChange{
				{Change: committed.Changes[0], References: []definition.Reference{
					set("inject_headers.A", "stripe", 2), set("inject_headers.B", "stripe", 2), set("inject_headers.C", "same", 1),
					set("inject_query.s", "sandbox", 1), set("inject_query.t", "same", 1),
				}},
				{Change: committed.Changes[1], References: []definition.Reference{
					unset, unset2, {Kind: "secret", Name: "none", Field: "inject_headers.C", State: definition.ReferenceMissing},
				}},
			},
			Blockers: []definition.Blocker{
				{Kind: definition.BlockerSecretUnset, Environment: "production", Definition: "b", Reference: "empty"},
				{Kind: definition.BlockerSecretMissing, Environment: "production", Definition: "b", Reference: "none"},
			},
			Warnings: []definition.Warning{
				{Kind: definition.WarningSameValue, Environment: "production", Definition: "a", Reference: "same"},
				{Kind: definition.WarningSandboxValue, Environment: "production", Definition: "a", Reference: "sandbox"},
			},
			Policy: definition.Policy{Protected: true},
		}
		ignored := cmp.Options{
			cmpopts.IgnoreFields(definition.PlannedChange{}, "Edits"),
			cmpopts.IgnoreFields(definition.Blocker{}, "Message"), cmpopts.IgnoreFields(definition.Warning{}, "Message"),
		}
		if len(got.Steps) != 1 || got.Kind != definition.PlanPromotion {
			t.Fatalf("got %+v, want one step", got)
		}
		if diff := cmp.Diff(want, got.Steps[0], ignored); diff != "" {
			t.Errorf("plan (-want +got):\n%s", diff)
		}
		if e := got.Steps[0].Changes[1].Edits; len(e) != 1 || e[0].Op != definition.EditAdd || !strings.Contains(string(e[0].After), `"environments":{"production":`) {
			t.Errorf("edits: got %+v, want the whole, with environments by name", e)
		}
		raw, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		for text := range x.hidden {
			if strings.Contains(string(raw), text) {
				t.Errorf("the plan tells %s", x.hidden[text])
			}
		}
		if strings.Contains(string(raw), "ingerprint") {
			t.Error("the plan tells fingerprints")
		}
		before := x.state(t)
		_, err = x.Promote(t.Context(), x.owner, control.PromotionRequest{To: "production", Plan: got.Hash})
		wantFault(t, "with blockers", err, fault.NotReady, "2 things stand in the way; the first: secret 'empty' has no value in environment 'production', where route 'b' needs it; set it")
		var told *fault.Error
		if !asFault(err, &told) {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, told.Detail); diff != "" {
			t.Errorf("the plan beside the refusal (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(before, x.state(t)); diff != "" {
			t.Errorf("the refusal changed (-before +after):\n%s", diff)
		}
		// what does not go up stands in nobody's way
		done, err := x.Promote(t.Context(), x.owner, control.PromotionRequest{To: "production", Definitions: refs("a")})
		if err != nil || done.State != control.PromotionDone {
			t.Errorf("without b: got %+v and %v", done, err)
		}
	})
}

// A plan's hash changes with what matters for it, and stays with what does not, whoever looks.
func TestThePlansHash(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createEnvironment(t, "staging")
		x.createSecret(t, "stripe")
		x.createSecret(t, "other")
		x.createRoute(t, `{"key":"a","target_url":"https://example.com","inject_headers":{"A":"{{secret:stripe}}"},"environments":{"production":{"timeout":"1s"}}}`)
		x.commit(t)
		request := control.PromotionRequest{To: "staging"}
		last := x.plan(t, x.owner, request).Hash
		local := x.with("local", access.Grant{Environment: x.development, Role: access.Developer},
			access.Grant{Environment: x.environment(t, "staging").ID, Role: access.Developer})
		step := func(what string, changes bool, do func()) {
			t.Helper()
			do()
			mine, theirs := x.plan(t, x.owner, request), x.plan(t, local, request)
			if mine.Hash != theirs.Hash {
				t.Errorf("%s: got another hash for who sees less", what)
			}
			if raw, err := json.Marshal(theirs); err != nil || strings.Contains(string(raw), "production") {
				t.Errorf("%s: got %s, want nothing of what is not seen", what, raw)
			}
			if changed := mine.Hash != last; changed != changes {
				t.Errorf("%s: got another hash: %v, want %v", what, changed, changes)
			}
			last = mine.Hash
		}
		step("nothing", false, func() {})
		step("a draft", false, func() { x.updateRoute(t, "a", `{"timeout":"9s"}`) })
		step("a value below", false, func() { x.setValue(t, "stripe", "development", "the value below") })
		step("a value of another secret", false, func() { x.setValue(t, "other", "staging", "another value") })
		step("a value above", false, func() { x.setValue(t, "stripe", "production", "the value above") })
		step("the value there", true, func() { x.setValue(t, "stripe", "staging", valueB) })
		step("the rule about equal values", false, func() {
			if _, err := x.UpdateEnvironment(t.Context(), x.owner, "staging", environment.Fields{DistinctValues: ptr(environment.DistinctWarn)}); err != nil {
				t.Fatal(err)
			}
		})
		step("a new version of it", true, func() { x.setValue(t, "stripe", "staging", valueA) })
		step("the same value", true, func() { x.setValue(t, "stripe", "development", valueA) })
		step("a key", false, func() { x.createKey(t, "staging") })
		step("a commit below", true, func() { x.commit(t) })
		step("approvals asked for", true, func() { x.protect(t, "staging", environment.Protection{Approvals: 1}) })
		step("none any more", true, func() { x.protect(t, "staging", environment.Protection{}) })
		step("a switch", false, func() { x.switchRoute(t, "a", "staging", false) })
		step("time", false, func() { x.clock.pass(1e12) })
		step("a freeze", false, func() { x.freeze(t, "staging", 1e12) })
		x.clock.pass(1e12)
		step("a promotion into it", true, func() { x.promote(t, "staging") })
		step("its rollback", true, func() {
			if _, err := x.Rollback(t.Context(), x.owner, "staging", control.RollbackRequest{To: "0"}); err != nil {
				t.Fatal(err)
			}
		})
		step("lifting the hold", true, func() {
			if _, err := x.LiftHold(t.Context(), x.owner, "staging"); err != nil {
				t.Fatal(err)
			}
		})
		if p := x.plan(t, x.owner, request); p.Seal().Hash != p.Hash {
			t.Error("the hash is not of the plan")
		}
	})
}

func TestPlansAreRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createRoute(t, `{"key":"a","target_url":"https://example.com"}`)
		x.commit(t)
		above := x.with("above", access.Grant{Environment: x.production, Role: access.Admin})
		mixed := x.with("mixed", access.Grant{Environment: x.production, Role: access.Admin}, access.Grant{Environment: x.development, Role: access.Support})
		for what, tt := range map[string]struct {
			who  access.Principal
			r    control.PromotionRequest
			kind fault.Kind
		}{
			"a viewer":                  {x.viewer, control.PromotionRequest{To: "production"}, fault.Forbidden},
			"from what is not seen":     {above, control.PromotionRequest{To: "production"}, fault.Forbidden},
			"from what may not be read": {mixed, control.PromotionRequest{To: "production"}, fault.Forbidden},
			"nowhere":                   {x.owner, control.PromotionRequest{}, fault.NotFound},
			"a definition there is not": {x.owner, control.PromotionRequest{To: "production", Definitions: refs("a", "zebra")}, fault.NotFound},
			"a commit there is not":     {x.owner, control.PromotionRequest{To: "production", Commits: []string{never}}, fault.NotFound},
			"a commit of no kind":       {x.owner, control.PromotionRequest{To: "production", Commits: []string{"\x00"}}, fault.NotFound},
			"both":                      {x.owner, control.PromotionRequest{To: "production", Definitions: refs("a"), Commits: []string{never}}, fault.Invalid},
			"through nothing":           {x.owner, control.PromotionRequest{To: "production", Through: "zebra"}, fault.NotFound},
			"through the first":         {x.owner, control.PromotionRequest{To: "production", Through: "development"}, fault.Invalid},
			"through what is above":     {x.owner, control.PromotionRequest{To: "development", Through: "production"}, fault.Invalid},
			"into the first":            {x.owner, control.PromotionRequest{To: "development"}, fault.Invalid},
		} {
			p, err := x.PlanPromotion(t.Context(), tt.who, tt.r)
			wantFault(t, what, err, tt.kind, "")
			if p.Hash != "" {
				t.Errorf("%s: got %+v, want nothing told", what, p)
			}
			_, err = x.Promote(t.Context(), tt.who, tt.r)
			wantFault(t, what+", carried out", err, tt.kind, "")
		}
		if _, err := x.PlanPromotion(t.Context(), x.developer, control.PromotionRequest{To: "production"}); err != nil {
			t.Errorf("a developer plans: got %v, want no error though production is protected", err)
		}
	})
}
