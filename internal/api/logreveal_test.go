package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/wire"
)

func TestRevealLog(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var production wire.Environment
	r.do("GET", "/v1/environments/production", nil).data(200, &production)
	const id = "01a1fbed-28ad-7a01-a5be-a66fed5fc146"
	must(t, r.control.RecordCalls(t.Context(), []route.Call{{
		ID: id, Account: r.account, EnvironmentID: production.ID, Method: "POST", Path: "/pay/customers/ada@example.com", Status: 404, Time: r.clock.Now(),
		Content: &route.Content{Query: "first_name=Ada", RequestBody: route.Body{Bytes: []byte(`{"email":"ada@example.com"}`), Type: "application/json"}},
	}}))
	support, viewer := r.as(everywhere(access.Support)), r.as(everywhere(access.Viewer))
	const at, body = "/v1/logs/" + id, `{"reason":"ticket 4711: no refund"}`
	get := func(who *rig) (d wire.LogDetail) {
		t.Helper()
		a := who.do("GET", at, nil)
		a.data(200, &d)
		if d.RevealedUntil == nil && strings.Contains(strings.ToLower(a.body), "ada@") {
			t.Errorf("unrevealed: got %s", a.body)
		}
		return d
	}
	d := get(support)
	if !d.ContentsHidden || d.Content != nil || !d.Obfuscated || !d.Reveal.Allowed || !strings.Contains(d.Reveal.Notice, "audit log") {
		t.Errorf("before: got %+v", d)
	}
	if d := get(viewer); d.Reveal.Allowed {
		t.Errorf("to a viewer: got %+v", d)
	}
	viewer.do("POST", at+"/reveal", body).problem(403, "forbidden")
	support.do("POST", at+"/reveal", `{}`).problem(400, "validation_error", "reason")
	support.do("POST", at+"/reveal", `{"reason":"canary"}`).problem(400, "validation_error", "reason")
	support.do("POST", at+"/reveal", `{"reason":"a good reason","for":"1h"}`).problem(400, "validation_error", "for")
	support.do("POST", "/v1/logs/01a1fbed-28ad-7a01-a5be-a66fed5fc147/reveal", body).problem(404, "not_found")
	revealed := func(d wire.LogDetail) bool {
		return d.RevealedUntil != nil && d.Path == "/pay/customers/ada@example.com" && d.Content != nil && d.Content.Query == "first_name=Ada" &&
			strings.Contains(d.Content.RequestBody.Text, "ada@example.com") && !d.ContentsHidden && !d.Obfuscated && !d.Reveal.Allowed
	}
	// the answer is not kept: the same key asks anew
	for range 2 {
		if support.do("POST", at+"/reveal", body, "Idempotency-Key", "once").data(200, &d); !revealed(d) {
			t.Errorf("got %+v, want all of it", d)
		}
		r.clock.forward(10 * time.Minute)
	}
	if until := time.Time(*d.RevealedUntil); until.Sub(r.clock.Now()).Round(time.Minute) != 5*time.Minute {
		t.Errorf("got until %v, want it counted from the second time", until)
	}
	if !revealed(get(support)) {
		t.Error("read again: it is masked")
	}
	get(r)
	get(viewer)
	if a := support.do("GET", "/v1/logs", nil); strings.Contains(strings.ToLower(a.body), "ada@") {
		t.Errorf("the list: got %s", a.body)
	}
	r.clock.forward(5 * time.Minute)
	if d := get(support); d.RevealedUntil != nil || !d.Reveal.Allowed {
		t.Errorf("after its end: got %+v", d)
	}
	var entries []wire.AuditEntry
	r.do("GET", "/v1/audit-logs?action=log.reveal&outcome=allowed", nil).data(200, &entries)
	if len(entries) != 2 || entries[0].Detail["reason"] != "ticket 4711: no refund" || entries[0].Target.ID != id {
		t.Errorf("got %+v, want two entries with the reason", entries)
	}
	r.do("PATCH", "/v1/environments/production", `{"obfuscate_customer_data":false,"show_message_contents":true}`).data(200, nil)
	support.do("POST", at+"/reveal", body).problem(409, "conflict")
}
