package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/wire"
)

func TestRollback(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	made := r.lives()
	const path = "/v1/environments/production/rollback"
	p := r.plan(path, `{"to":1}`)
	if p.Kind != "rollback" || len(p.Steps) != 1 || p.Steps[0].From != p.Steps[0].To || len(p.Steps[0].Changes) != 1 ||
		p.Steps[0].Changes[0].Key != "two" || p.Steps[0].Changes[0].After != "" {
		t.Errorf("plan: got %+v, want two taken out", p)
	}
	for _, body := range []string{`{"to":"1"}`, fmt.Sprintf(`{"to":%q}`, made[0].ID)} {
		differ(t, "plan of "+body, p, r.plan(path, body))
	}
	r.as(everywhere(access.Developer)).do("POST", path, `{"to":1}`).problem(403, "forbidden")
	stale := r.do("POST", path, `{"to":1,"plan":"none"}`).problem(409, "stale")
	differ(t, "stale: plan", &p, stale.Plan)
	r.do("POST", path, fmt.Sprintf(`{"to":1,"message":"two is broken","plan":%q}`, p.Hash)).shaped(201,
		`{"data":{"id":"I","number":3,"environment":"production","cause":"rollback","message":"two is broken","author":"bootstrap",`+
			`"created_at":"T","root_before":"H","root_hash":"H","source":"I","changes":[{"kind":"route","key":"two","before":"H","after":""}]},`+
			`"meta":{"request_id":"I"}}`)
	r.do("POST", path, `{"to":3}`).problem(409, "conflict")

	for body, tt := range map[string]struct {
		status int
		kind   string
		fields []string
	}{
		`{}`:                     {400, "validation_error", []string{"to"}},
		`{"to":""}`:              {400, "validation_error", []string{"to"}},
		`{"to":null}`:            {400, "validation_error", []string{"to"}},
		`{"to":1.5}`:             {400, "validation_error", []string{"to"}},
		`{"to":-1}`:              {400, "validation_error", []string{"to"}},
		`{"to":[1]}`:             {400, "validation_error", []string{"to"}},
		`{"to":9}`:               {404, "not_found", nil},
		`{"to":"none"}`:          {404, "not_found", nil},
		`{"to":1,"force":"yes"}`: {400, "validation_error", []string{"force"}},
	} {
		r.do("POST", path, body).problem(tt.status, tt.kind, tt.fields...)
		r.do("POST", path+"/plan", body).problem(tt.status, tt.kind, tt.fields...)
	}
	r.do("POST", path, fmt.Sprintf(`{"to":%q}`, made[0].Source)).problem(404, "not_found")
	r.do("POST", path, `{"to":2,"force":true}`).problem(400, "validation_error", "message")
	r.do("POST", "/v1/environments/nowhere/rollback", `{"to":1}`).problem(404, "not_found")
}

func TestAHoldKeepsPromotionsOut(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.lives()
	const hold = "/v1/environments/production/hold"
	r.do("DELETE", hold, nil).problem(404, "not_found")
	r.do("POST", "/v1/environments/production/rollback", `{"to":1,"message":"two is broken"}`).data(201, nil)
	var e wire.Environment
	r.do("GET", "/v1/environments/production", nil).data(200, &e)
	if e.Hold == nil || e.Hold.Reason != "two is broken" || e.Hold.By != "bootstrap" || e.Head != 3 {
		t.Errorf("got %+v, want a hold with its reason, at commit 3", e)
	}
	p := r.do("POST", "/v1/promotions", `{"to":"production"}`).problem(409, "on_hold")
	if !strings.Contains(p.Message, "by bootstrap: two is broken") || p.Plan == nil {
		t.Errorf("got %+v, want who holds it and why, and the plan", p)
	}
	differ(t, "blockers", []string{"hold"}, kinds(p.Plan.Steps[0].Blockers))
	r.as(everywhere(access.Developer)).do("DELETE", hold, nil).problem(403, "forbidden")
	r.do("DELETE", hold, nil).shaped(200, `{"data":{"lifted":true},"meta":{"request_id":"I"}}`)
	r.do("POST", "/v1/promotions", `{"to":"production"}`).data(201, nil)
	r.do("DELETE", "/v1/environments/nowhere/hold", nil).problem(404, "not_found")
}

func TestARollbackInSpiteOfBlockers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.secret("key", "production", "v")
	r.route("pay", `,"inject_headers":{"a":"{{secret:key}}"}`)
	r.do("POST", "/v1/promotions", `{"to":"production"}`).data(201, nil)
	r.do("DELETE", "/v1/routes/pay?commit=", nil).data(200, nil)
	r.do("POST", "/v1/promotions", `{"to":"production"}`).data(201, nil)
	r.do("DELETE", "/v1/secrets/key/environments/production", nil).data(200, nil)
	const path = "/v1/environments/production/rollback"
	p := r.do("POST", path, `{"to":1}`).problem(409, "not_ready")
	differ(t, "blockers", []string{"secret_unset"}, kinds(p.Plan.Steps[0].Blockers))
	r.do("POST", path, `{"to":1,"force":true,"message":"it must be"}`).data(201, nil)
}
