package api_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/wire"
)

const overrideFreeze = "Lockage-Override-Freeze"

// freeze freezes production for an hour.
func (r *rig) freeze(more string) (end time.Time) {
	r.t.Helper()
	start := r.clock.Now().Truncate(time.Second)
	end = start.Add(time.Hour)
	r.protect("production", fmt.Sprintf(`{"freeze":[{"start":%q,"end":%q,"reason":"the holidays"%s}]}`,
		start.Format(time.RFC3339), end.Format(time.RFC3339), more))
	return end
}

func TestProtection(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const path = "/v1/environments/production"
	const sent = `{"approvals":2,"freeze":[{"weekly":{"days":["friday"],"from":"16:00","to":"24:00","time_zone":"Europe/Berlin"},"allow_rollback":true}]}`
	var e wire.Environment
	r.do("PATCH", path, `{"protected":false,"protection":`+sent+`}`).data(200, &e)
	if e.Protected || string(e.Protection) != sent {
		t.Errorf("got protected %v, protection %s; want false, %s", e.Protected, e.Protection, sent)
	}
	r.do("PATCH", path, `{"description":"d"}`).data(200, nil)
	if r.do("GET", path, nil).data(200, &e); string(e.Protection) != sent {
		t.Errorf("after another change: got protection %s, want %s", e.Protection, sent)
	}
	if r.do("PATCH", path, `{"protection":null}`).data(200, &e); string(e.Protection) != `{"approvals":0,"freeze":[]}` {
		t.Errorf("taken away: got protection %s, want none", e.Protection)
	}
	for body, field := range map[string]string{
		`{"approvals":11}`:             "protection.approvals",
		`{"approvals":"two"}`:          "protection.approvals",
		`{"freeze":[{"reason":"x"}]}`:  "protection.freeze[0]",
		`{"x":1}`:                      "protection",
		`[]`:                           "protection",
		`{"freeze":[{"start":"now"}]}`: "protection.freeze[0].start",
	} {
		r.do("PATCH", path, `{"protection":`+body+`}`).problem(400, "validation_error", field)
	}
	r.do("PATCH", path, `{"protected":null}`).problem(400, "validation_error", "protected")
	r.as(everywhere(access.Developer)).do("PATCH", path, `{"protected":false}`).problem(403, "forbidden")
}

func TestAFreezeRefuses(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.lives()
	r.secret("key", "production", "v")
	var k wire.APIKey
	r.do("POST", "/v1/api-keys", `{"environment":"production","type":"secret"}`).data(201, &k)
	r.do("PUT", "/v1/routes/two/environments/production/status", `{"active":false}`).data(200, nil)
	r.do("GET", "/v1/environments/production/freeze", nil).shaped(200,
		`{"data":{"frozen":false,"until":null,"windows":[],"refuses":[],"overrides":[]},"meta":{"request_id":"I"}}`)
	end := r.freeze("")
	r.do("GET", "/v1/environments/production/freeze", nil).shaped(200, `{"data":{"frozen":true,"until":"T",`+
		`"windows":[{"reason":"the holidays","until":"T","allow_rollback":false}],"refuses":["api_key.create","api_key.rotate","environment.delete",`+
		`"promotion.approve","promotion.create","rollback.create","route.switch","secret.delete","secret.value.activate","secret.value.delete",`+
		`"secret.value.duplicate","secret.value.set","secret.value.update","variable.delete","variable.set"],"overrides":[]},"meta":{"request_id":"I"}}`)
	for _, tt := range []struct{ method, path, body string }{
		{"POST", "/v1/promotions", `{"to":"production"}`},
		{"POST", "/v1/environments/production/rollback", `{"to":1}`},
		{"PUT", "/v1/secrets/key/environments/production", `{"value":"w"}`},
		{"DELETE", "/v1/secrets/key/environments/production", ``},
		{"POST", "/v1/secrets/key/environments/development/duplicate", `{"target_environment":"production"}`},
		{"DELETE", "/v1/secrets/key", ``},
		{"POST", "/v1/api-keys", `{"environment":"production","type":"secret"}`},
		{"POST", "/v1/api-keys/" + k.ID + "/rotate", `{}`},
		{"PUT", "/v1/routes/two/environments/production/status", `{"active":true}`},
		{"PATCH", "/v1/environments/production", `{"protection":null}`},
		{"PATCH", "/v1/environments/production", `{"protected":false}`},
		{"DELETE", "/v1/environments/production", ``},
	} {
		var body any
		if tt.body != "" {
			body = tt.body
		}
		a := r.do(tt.method, tt.path, body)
		p := a.problem(409, "frozen")
		if !strings.Contains(p.Message, "until "+end.UTC().Format(time.RFC3339)+": the holidays") {
			t.Errorf("%s: got message %q, want until when and why", a.what, p.Message)
		}
		var seconds int
		if _, err := fmt.Sscan(a.header.Get("Retry-After"), &seconds); err != nil || seconds < 3500 || seconds > 3600 {
			t.Errorf("%s: got Retry-After %q, want about an hour", a.what, a.header.Get("Retry-After"))
		}
	}
	// What reduces risk works on, and so does what only looks.
	r.do("PUT", "/v1/routes/one/environments/production/status", `{"active":false}`).data(200, nil)
	r.do("DELETE", "/v1/api-keys/"+k.ID, nil).data(200, nil)
	r.do("POST", "/v1/promotions/plan", `{"to":"production"}`).data(200, nil)
	r.do("GET", "/v1/environments/nowhere/freeze", nil).problem(404, "not_found")
}

func TestAFreezeMayLetRollbacksThrough(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.lives()
	r.freeze(`,"allow_rollback":true`)
	var f wire.Freeze
	r.do("GET", "/v1/environments/production/freeze", nil).data(200, &f)
	if !f.Frozen || !f.Windows[0].AllowRollback || strings.Contains(strings.Join(f.Refuses, " "), "rollback") {
		t.Errorf("got %+v, want a freeze that does not refuse rollbacks", f)
	}
	r.do("POST", "/v1/environments/production/rollback", `{"to":1}`).data(201, nil)
}

func TestOverrides(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.lives()
	r.secret("key")
	r.freeze("")
	const set, reason = "/v1/secrets/key/environments/production", "the key leaked ünd must go"
	admin := r.as(everywhere(access.Admin))
	admin.do("PUT", set, `{"value":"v"}`, overrideFreeze, reason).problem(403, "forbidden")
	r.do("PUT", set, `{"value":"v"}`, overrideFreeze, reason).data(200, nil)
	r.do("POST", "/v1/environments/production/rollback", `{"to":1}`, overrideFreeze, "now").data(201, nil)
	r.do("DELETE", "/v1/environments/production/hold", nil).data(200, nil)
	r.do("POST", "/v1/promotions", `{"to":"production"}`, overrideFreeze, "again").data(201, nil)
	// Where nothing is frozen there is nothing to override.
	r.do("PUT", "/v1/secrets/key/environments/development", `{"value":"v"}`, overrideFreeze, reason).data(200, nil)

	var f wire.Freeze
	a := admin.do("GET", "/v1/environments/production/freeze", nil)
	a.data(200, &f)
	var got []string
	for _, o := range f.Overrides {
		got = append(got, o.Action+" by "+o.Author+": "+o.Reason)
	}
	differ(t, "overrides", []string{
		"secret.value.set by bootstrap: " + reason, "rollback.create by bootstrap: now", "promotion.create by bootstrap: again",
	}, got)
	var entries []wire.AuditEntry
	r.do("GET", "/v1/audit-logs?action=secret.value.set&outcome=allowed", nil).data(200, &entries)
	if len(entries) != 2 || entries[1].Detail["reason"] != reason || entries[0].Detail["reason"] != "" {
		t.Errorf("audit: got %+v, want the reason with the one that overrode", entries)
	}

	path := "/v1/environments/production/freeze/overrides/" + f.Overrides[0].ID + "/acknowledge"
	r.do("POST", path, nil).problem(403, "forbidden")
	r.as(everywhere(access.Developer)).do("POST", path, nil).problem(403, "forbidden")
	admin.do("POST", path, nil).shaped(200, `{"data":{"acknowledged":true},"meta":{"request_id":"I"}}`)
	admin.do("POST", path, nil).problem(404, "not_found")
	admin.do("POST", "/v1/environments/development/freeze/overrides/none/acknowledge", nil).problem(404, "not_found")
	if admin.do("GET", "/v1/environments/production/freeze", nil).data(200, &f); len(f.Overrides) != 2 {
		t.Errorf("acknowledged: got %+v, want the two others", f.Overrides)
	}
}

func TestTheReasonOfAnOverrideIsChecked(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	send := func(reasons ...string) (int, wire.Problem) {
		req := httptest.NewRequestWithContext(t.Context(), "GET", "/v1/account", nil)
		req.Header.Set("Authorization", "Bearer "+r.token)
		req.Header[overrideFreeze] = reasons
		w := httptest.NewRecorder()
		r.handler.ServeHTTP(w, req)
		var f wire.Failure
		must(t, json.Unmarshal(w.Body.Bytes(), &f))
		return w.Code, f.Error
	}
	if status, _ := send(strings.Repeat("ü", 500)); status != 200 {
		t.Errorf("500 characters: got %d, want 200", status)
	}
	for name, reasons := range map[string][]string{
		"empty": {""}, "blank": {"  "}, "long": {strings.Repeat("a", 501)}, "control": {"a\x01"}, "not UTF-8": {"a\xff"},
		"twice": {"a", "a"}, "unprintable": {"a\u200b"},
	} {
		status, p := send(reasons...)
		if status != 400 || len(p.Fields) != 1 || p.Fields[0].Field != overrideFreeze {
			t.Errorf("%s: got %d %+v, want 400 for the header", name, status, p)
		}
	}
}
