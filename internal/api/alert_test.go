package api_test

import (
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/webhook"
	"github.com/lockage/lockage/wire"
)

func TestAlerts(t *testing.T) {
	t.Parallel()
	sender, err := webhook.New(webhook.Config{})
	must(t, err)
	r := newRig(t, rigConfig{webhooks: sender})
	staging := r.environment("staging").ID
	body := `{"environment":"staging","name":"slow","kind":"latency_p95","threshold":800,"to":[{"webhook":"https://hooks.example.com/canary"}]}`
	a := r.do("POST", "/v1/alerts", body, "Idempotency-Key", "once")
	var made wire.Alert
	a.data(201, &made)
	if len(made.To) != 1 || !strings.HasPrefix(made.To[0].Key, "whsec_") || strings.Contains(a.body, "canary") {
		t.Errorf("got %s", a.body)
	}
	if again := r.do("POST", "/v1/alerts", body, "Idempotency-Key", "once"); again.body != a.body {
		t.Errorf("the same request again: got %s, want %s", again.body, a.body)
	}
	one := "/v1/alerts/" + made.ID
	r.do("GET", one, nil).shaped(200,
		`{"data":{"id":"I","environment":"staging","name":"slow","kind":"latency_p95","route":"","threshold":800,"window":"5m0s","minimum_calls":20,"quiet":"1h0m0s",`+
			`"to":[{"id":"I","webhook":"https://hooks.example.com"}],"active":true,"state":"ok","since":null,"value":0,"looked_at":null,`+
			`"created_at":"T","created_by":"bootstrap","updated_at":"T"},"meta":{"request_id":"I"}}`)
	var changed wire.Alert
	r.do("PATCH", one, `{"active":false,"quiet":"4h","to":[{"id":"`+made.To[0].ID+`"}]}`).data(200, &changed)
	if changed.Active || changed.Quiet != "4h0m0s" || len(changed.To) != 1 || changed.To[0].Key != "" || changed.To[0].ID != made.To[0].ID {
		t.Errorf("changed: got %+v", changed)
	}
	to := `"to":[{"webhook":"https://hooks.example.com"}]`
	for body, field := range map[string]string{
		`{"environment":"staging","name":"x","kind":"canary",` + to + `}`:                                           "kind",
		`{"environment":"staging","kind":"hard_fail",` + to + `}`:                                                   "name",
		`{"environment":"staging","name":"x","kind":"hard_fail"}`:                                                   "to",
		`{"environment":"staging","name":"x","kind":"hard_fail","to":[{"email":"canary@example.com"}]}`:             "to",
		`{"environment":"staging","name":"x","kind":"hard_fail","to":[{"webhook":"canary"}]}`:                       "to",
		`{"environment":"staging","name":"x","kind":"hard_fail","to":[{"webhook":"https://u:canary@example.com"}]}`: "to",
		`{"environment":"staging","name":"x","kind":"hard_fail","window":"canary",` + to + `}`:                      "window",
		`{"environment":"staging","name":"x","kind":"hard_fail","window":"48h",` + to + `}`:                         "window",
		`{"environment":"staging","name":"x","kind":"hard_fail","route":"canary",` + to + `}`:                       "route",
		`{"environment":"staging","name":"x","kind":"error_rate","threshold":101,` + to + `}`:                       "threshold",
		`{"environment":"staging","name":"x","kind":"hard_fail","canary":1,` + to + `}`:                             "canary",
	} {
		r.do("POST", "/v1/alerts", body).problem(400, "validation_error", field)
	}
	for role, status := range map[access.Role][2]int{
		access.Admin: {200, 200}, access.Developer: {200, 403}, access.Support: {403, 403}, access.Viewer: {403, 403},
	} {
		who := r.as(access.Grant{Environment: staging, Role: role})
		if got := who.do("GET", one, nil).status; got != status[0] {
			t.Errorf("%s reads: got %d, want %d", role, got, status[0])
		}
		if got := who.do("PATCH", one, `{"threshold":900}`).status; got != status[1] {
			t.Errorf("%s changes: got %d, want %d", role, got, status[1])
		}
	}
	elsewhere := r.as(access.Grant{Environment: r.environment("qa").ID, Role: access.Owner})
	for _, path := range []string{one, one + "/history"} {
		elsewhere.do("GET", path, nil).problem(404, "not_found")
	}
	var test wire.AlertEvent
	r.do("POST", one+"/test", nil).data(201, &test)
	if test.State != "test" || len(test.Deliveries) != 1 || test.Deliveries[0].State != "pending" || test.Deliveries[0].To != "https://hooks.example.com" {
		t.Errorf("test: got %+v", test)
	}
	r.do("POST", one+"/test", nil).data(201, nil)
	var events []wire.AlertEvent
	next := r.do("GET", one+"/history?limit=1", nil).data(200, &events).NextCursor
	if len(events) != 1 || events[0].ID == test.ID {
		t.Errorf("history: got %+v, want the second test first", events)
	}
	r.do("GET", one+"/history?limit=1&cursor="+next, nil).data(200, &events)
	if len(events) != 1 || events[0].ID != test.ID {
		t.Errorf("history, further: got %+v, want the first test", events)
	}
	r.do("DELETE", one, nil).data(200, nil)
	r.do("GET", one, nil).problem(404, "not_found")
	var list []wire.Alert
	r.do("GET", "/v1/alerts", nil).data(200, &list)
	if len(list) != 0 {
		t.Errorf("left: got %+v", list)
	}
}
