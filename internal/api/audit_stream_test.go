package api_test

import (
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/wire"
)

func TestAuditStreams(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.do("POST", "/v1/audit-streams", `{"name":"siem","kind":"webhook","url":"https://hooks.example.com/x","from":"beginning"}`, "Idempotency-Key", "once")
	var made wire.AuditStream
	a.data(201, &made)
	if !strings.HasPrefix(made.Key, "whsec_") || made.Backlog < 1 || made.Position != 0 {
		t.Errorf("got %s", a.body)
	}
	again := r.do("POST", "/v1/audit-streams", `{"name":"siem","kind":"webhook","url":"https://hooks.example.com/x","from":"beginning"}`, "Idempotency-Key", "once")
	if again.body != a.body {
		t.Errorf("the same request again: got %s, want %s", again.body, a.body)
	}
	one := "/v1/audit-streams/" + made.ID
	r.do("GET", one, nil).shaped(200,
		`{"data":{"id":"I","name":"siem","kind":"webhook","url":"https://hooks.example.com/x","paused":false,"created_at":"T","created_by":"bootstrap","updated_at":"T",`+
			`"status":"ok","position":0,"backlog":2,"waiting_since":"T","attempts":0,"holding":false,"skipped":0},"meta":{"request_id":"I"}}`)
	var changed wire.AuditStream
	r.do("PATCH", one, `{"paused":true,"url":"https://hooks.example.com/y"}`).data(200, &changed)
	if changed.Status != "paused" || changed.URL != "https://hooks.example.com/y" || changed.Key != "" {
		t.Errorf("changed: got %+v", changed)
	}
	var collector wire.AuditStream
	r.do("POST", "/v1/audit-streams", `{"name":"logs","kind":"syslog","address":"tls://logs.example.com:6514","facility":4}`).data(201, &collector)
	if collector.Key != "" || collector.URL != "" || collector.Address != "tls://logs.example.com:6514" || *collector.Facility != 4 {
		t.Errorf("got %+v", collector)
	}
	for body, field := range map[string]string{
		`{"name":"x","kind":"webhook","url":"https://a","from":"canary"}`: "from",
		`{"name":"x","kind":"canary","url":"https://a"}`:                  "kind",
		`{"name":"x","kind":"webhook","url":"canary"}`:                    "url",
		`{"name":"x","kind":"webhook","key":"canary"}`:                    "key",
		`{"name":"x"}`: "kind",
	} {
		r.do("POST", "/v1/audit-streams", body).problem(400, "validation_error", field)
	}
	for _, who := range []*rig{r.as(everywhere(access.Admin)), r.as(access.Grant{Environment: r.environment("staging").ID, Role: access.Owner})} {
		who.do("GET", "/v1/audit-streams", nil).problem(403, "forbidden")
		who.do("GET", one, nil).problem(403, "forbidden")
		who.do("POST", one+"/test", nil).problem(403, "forbidden")
		who.do("DELETE", one, nil).problem(403, "forbidden")
	}
	var test wire.AuditStreamTest
	r.do("POST", one+"/test", nil).data(200, &test)
	if test.Delivered || test.Failure != "not_configured" {
		t.Errorf("without a sender: got %+v", test)
	}
	r.do("DELETE", one, nil).data(200, nil)
	r.do("GET", one, nil).problem(404, "not_found")
	var list []wire.AuditStream
	r.do("GET", "/v1/audit-streams", nil).data(200, &list)
	if len(list) != 1 || list[0].ID != collector.ID {
		t.Errorf("left: got %+v", list)
	}
}
