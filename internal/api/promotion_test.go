package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/wire"
)

func TestCommitsAndPromotions(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.do("POST", "/v1/routes", `{"key":"one","target_url":"https://example.com"}`).data(201, nil)
	r.do("POST", "/v1/routes", `{"key":"two","target_url":"https://example.com"}`).data(201, nil)
	var c wire.Commit
	r.do("POST", "/v1/commits", `{"message":"first","definitions":[{"kind":"route","key":"two"}]}`).data(201, &c)
	if c.Number != 1 || c.Environment != "development" || c.Cause != "commit" || c.Message != "first" || c.Author == "" ||
		len(c.Changes) != 1 || c.Changes[0].Key != "two" || c.Changes[0].Before != "" || c.Changes[0].After == "" {
		t.Errorf("got %+v", c)
	}
	r.do("POST", "/v1/commits", nil).data(201, &c)
	if len(c.Changes) != 1 || c.Changes[0].Key != "one" {
		t.Errorf("all the rest: got %+v, want one", c.Changes)
	}
	r.do("POST", "/v1/commits", nil).problem(409, "conflict")
	var p wire.Promotion
	r.do("POST", "/v1/promotions", `{"to":"production","message":"go"}`).data(201, &p)
	if p.Commit == nil || len(p.Commit.Changes) != 2 || p.Commit.RootHash != c.RootHash {
		t.Errorf("promotion: got %+v", p)
	}
	const head = `"from":"development","to":"production","message":"go","author":"bootstrap","plan_hash":"H",` +
		`"approvals_needed":0,"approvals":[],"reason":"","created_at":"T","closed_at":"T",`
	const made = `{"id":"I","number":1,"environment":"production","cause":"promotion","message":"go","author":"bootstrap",` +
		`"created_at":"T","root_before":"H","root_hash":"H","source":"I","changes":[` +
		`{"kind":"route","key":"one","before":"","after":"H"},{"kind":"route","key":"two","before":"","after":"H"}]}`
	r.do("GET", "/v1/promotions/"+p.ID, nil).shaped(200, `{"data":{"id":"I","state":"done",`+head+
		`"commit":`+made+`,"commits":[`+made+`],"plan":null},"meta":{"request_id":"I"}}`)
	r.do("POST", "/v1/promotions", `{"to":"production","message":"go"}`).shaped(201, `{"data":{"id":"","state":"unchanged",`+head+
		`"commit":null,"commits":[],"plan":null},"meta":{"request_id":"I"}}`)

	for _, tt := range []struct {
		path, body string
		status     int
		kind       string
		fields     []string
	}{
		{"/v1/commits", `{"definitions":[{"kind":"route","key":"none"}]}`, 404, "not_found", nil},
		{"/v1/commits", `{"definitions":[{"kind":"route","kye":"one"}]}`, 400, "validation_error", []string{"definitions[0].kye"}},
		{"/v1/commits", `{"definitions":[{"kind":"route","key":1}]}`, 400, "validation_error", []string{"definitions[0].key"}},
		{"/v1/commits", `{"definitions":{}}`, 400, "validation_error", []string{"definitions"}},
		{"/v1/commits", `{"message":"\u0000"}`, 400, "validation_error", []string{"message"}},
		{"/v1/promotions", `{}`, 400, "validation_error", []string{"to"}},
		{"/v1/promotions", `{"to":"production","commits":[1]}`, 400, "validation_error", []string{"commits[0]"}},
		{"/v1/promotions", `{"to":"production","message":"\u0000"}`, 400, "validation_error", []string{"message"}},
	} {
		r.do("POST", tt.path, tt.body).problem(tt.status, tt.kind, tt.fields...)
	}
	for _, path := range []string{"/v1/promotions", "/v1/promotions/plan"} {
		for body, want := range map[string]struct {
			status int
			kind   string
		}{
			`{"to":"nowhere"}`:                                                                    {404, "not_found"},
			`{"to":"development"}`:                                                                {400, "validation_error"},
			`{"to":"production","through":"nowhere"}`:                                             {404, "not_found"},
			`{"to":"production","through":"development"}`:                                         {400, "validation_error"},
			`{"to":"production","commits":["none"]}`:                                              {404, "not_found"},
			`{"to":"production","definitions":[{"kind":"route","key":"none"}]}`:                   {404, "not_found"},
			`{"to":"production","commits":["none"],"definitions":[{"kind":"route","key":"one"}]}`: {400, "validation_error"},
		} {
			r.do("POST", path, body).problem(want.status, want.kind)
		}
	}
	r.as(everywhere(access.Viewer)).do("POST", "/v1/promotions/plan", `{"to":"production"}`).problem(403, "forbidden")
	r.as(everywhere(access.Developer)).do("POST", "/v1/promotions", `{"to":"production"}`).problem(403, "forbidden")
}

func TestPlanAPromotion(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.secret("key", "development", "sk_test_4eC39HqLyjWDarjtT1zdp7dc")
	rt := r.route("pay", `,"inject_headers":{"authorization":"Bearer {{secret:key}}"}`)
	const plans, body = "/v1/promotions/plan", `{"to":"production","message":"go"}`
	environment := func(name string, head int) string {
		return fmt.Sprintf(`{"id":"I","name":%q,"root_hash":"H","head":%d}`, name, head)
	}
	edit := `{"path":"","op":"add","after":{"inject_headers":{"Authorization":"Bearer {{secret:key}}"},"name":"pay","target_url":"https://api.example.com"}}`
	message := `secret 'key' has no value in environment 'production', where route 'pay' needs it; set it`
	r.do("POST", plans, body).shaped(200, `{"data":{"kind":"promotion","steps":[{"from":`+environment("development", 1)+
		`,"to":`+environment("production", 0)+`,"changes":[{"kind":"route","key":"pay","after":"H","edits":[`+edit+
		`],"references":[{"kind":"secret","name":"key","type":"string","field":"inject_headers.Authorization","state":"unset"}]}],`+
		`"blockers":[{"kind":"secret_unset","environment":"production","definition":"pay","reference":"key","message":"`+message+
		`"}],"warnings":[],"policy":{"protected":true,"approvals":0}}],"hash":"H"},"meta":{"request_id":"I"}}`)
	blocked := r.plan("/v1/promotions", body)
	p := r.do("POST", "/v1/promotions", body).problem(409, "not_ready")
	if p.Plan == nil {
		t.Fatal("not ready: got no plan")
	}
	differ(t, "not ready: plan", blocked, *p.Plan)
	if p.Message != message {
		t.Errorf("not ready: got message %q, want %q", p.Message, message)
	}

	r.do("PUT", "/v1/secrets/key/environments/production", `{"value":"sk_test_4eC39HqLyjWDarjtT1zdp7dc"}`).data(200, nil)
	stale := fmt.Sprintf(`{"to":"production","plan":%q}`, blocked.Hash)
	p = r.do("POST", "/v1/promotions", stale).problem(409, "stale")
	ready := r.plan("/v1/promotions", body)
	differ(t, "stale: plan", &ready, p.Plan)
	step := ready.Steps[0]
	differ(t, "warnings", []string{"same_value", "sandbox_value"}, kinds(step.Warnings))
	if len(step.Blockers) != 0 || step.Changes[0].References[0].State != "set" || step.Changes[0].References[0].Version != 1 {
		t.Errorf("got %+v, want no blocker and the value set", step)
	}
	if got := r.do("POST", plans, body).body; strings.Contains(got, "sk_test_4eC39HqLyjWDarjtT1zdp7dc") {
		t.Errorf("the plan shows a value: %s", got)
	}

	var done wire.Promotion
	r.do("POST", "/v1/promotions", fmt.Sprintf(`{"to":"production","plan":%q}`, ready.Hash)).data(201, &done)
	if done.State != "done" || done.PlanHash != ready.Hash || done.Commit.Changes[0].After != rt.Hash {
		t.Errorf("got %+v, want the plan carried out", done)
	}
	r.do("POST", "/v1/promotions", fmt.Sprintf(`{"to":"production","plan":%q}`, ready.Hash)).problem(409, "stale")

	// A plan changes nothing, so that asking twice with one key is no repetition.
	first := r.do("POST", plans, body, idempotencyKey, "k")
	if again := r.do("POST", plans, body, idempotencyKey, "k"); first.status != 200 || again.header.Get("Idempotency-Replayed") != "" {
		t.Errorf("got %d and header %v, want a plan made anew", again.status, again.header)
	}
}

func TestPromoteThroughAndInPart(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.environment("staging")
	r.route("one", "")
	r.route("two", "")
	r.route("three", "")
	var p wire.Promotion
	r.do("POST", "/v1/promotions", `{"to":"production","through":"staging","definitions":[{"kind":"route","key":"one"}]}`).data(201, &p)
	if len(p.Commits) != 2 || p.Commits[0].Environment != "staging" || p.Commits[1].Source != p.Commits[0].ID ||
		p.Commit.ID != p.Commits[1].ID || p.From != "development" {
		t.Errorf("through: got %+v, want a commit in staging and from it one in production", p)
	}
	var list []wire.Commit
	r.do("GET", "/v1/commits?definition=route/two&environment=development", nil).data(200, &list)
	r.do("POST", "/v1/promotions", fmt.Sprintf(`{"to":"staging","commits":[%q]}`, list[0].ID)).data(201, &p)
	if len(p.Commit.Changes) != 1 || p.Commit.Changes[0].Key != "two" {
		t.Errorf("one commit: got %+v, want two", p.Commit)
	}
	// production is no neighbour of development: what is promoted comes from staging
	r.do("POST", "/v1/promotions", `{"to":"production"}`).data(201, &p)
	if p.From != "staging" || len(p.Commit.Changes) != 1 || p.Commit.Changes[0].Key != "two" {
		t.Errorf("got %+v, want two from staging", p)
	}
	var page []wire.Promotion
	next := r.do("GET", "/v1/promotions?limit=2&state=done", nil).data(200, &page).NextCursor
	if len(page) != 2 || page[0].From != "staging" || next == "" {
		t.Errorf("list: got %+v, cursor %q; want the newest two", page, next)
	}
	if r.do("GET", "/v1/promotions?limit=2&cursor="+next, nil).data(200, &page); len(page) != 1 {
		t.Errorf("second page: got %d, want 1", len(page))
	}
	r.do("GET", "/v1/promotions?state=lost", nil).problem(400, "validation_error", "state")
	r.do("GET", "/v1/promotions/none", nil).problem(404, "not_found")
	r.as(everywhere(access.Support)).do("GET", "/v1/promotions", nil).problem(403, "forbidden")

	// What lies in an environment one does not see is not told.
	var e wire.Environment
	r.do("GET", "/v1/environments/production", nil).data(200, &e)
	above := r.as(access.Grant{Environment: e.ID, Role: access.Admin})
	above.do("POST", "/v1/promotions/plan", `{"to":"production"}`).problem(403, "forbidden")
	above.do("POST", "/v1/promotions", `{"to":"production"}`).problem(403, "forbidden")
	above.do("POST", "/v1/promotions", `{"to":"production","through":"staging"}`).problem(404, "not_found")
	above.do("GET", "/v1/promotions", nil).data(200, &page)
	if len(page) != 2 || page[0].From != "" || len(page[1].Commits) != 1 {
		t.Errorf("to one who sees production only: got %+v, want no word of staging", page)
	}
}
