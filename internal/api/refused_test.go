package api_test

import (
	"net/http"
	"testing"

	"github.com/lockage/lockage/wire"
)

// Every refusal of a change stands in the audit log once, also that of a request that never reached its operation.
func TestRefusalsAreAudited(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.do("POST", "/v1/environments", `{"name":5}`).problem(400, "validation_error", "name")
	r.do("POST", "/v1/environments", `{`).problem(400, "validation_error", "body")
	r.do("POST", "/v1/environments", `{"name":"Bad Name"}`).problem(400, "validation_error", "name")
	r.do("DELETE", "/v1/environments/nowhere", nil).problem(404, "not_found")
	r.do("GET", "/v1/environments/nowhere", nil).problem(404, "not_found")
	for action, want := range map[string]int{
		"request.refuse": 2, "environment.create": 1, "environment.delete": 1, "environment.read": 1,
	} {
		var list []wire.AuditEntry
		r.do("GET", "/v1/audit-logs?outcome=refused&action="+action, nil).data(200, &list)
		if len(list) != want {
			t.Errorf("%s: got %d refused entries, want %d", action, len(list), want)
		}
	}
	var list []wire.AuditEntry
	r.do("GET", "/v1/audit-logs?action=request.refuse", nil).data(200, &list)
	if got := list[0].Target; got.Kind != "operation" || got.Name != "create-environment" {
		t.Errorf("target: got %+v, want the operation create-environment", got)
	}
}

// A change that is made although its answer is a failure must not be made again under the same Idempotency-Key.
func TestIdempotencyOfASavedChangeThatFailed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	body := `{"environment":"development","type":"secret"}`
	r.sql(`ALTER TABLE tree_entries RENAME TO tree_entries_away`) // the gateway's snapshot cannot be loaded any more
	r.do("POST", "/v1/api-keys", body, "Idempotency-Key", "once").problem(http.StatusServiceUnavailable, "unavailable")
	r.sql(`ALTER TABLE tree_entries_away RENAME TO tree_entries`)
	r.do("POST", "/v1/api-keys", body, "Idempotency-Key", "once").problem(http.StatusConflict, "conflict")
	var keys []wire.APIKey
	r.do("GET", "/v1/api-keys", nil).data(200, &keys)
	if len(keys) != 1 {
		t.Errorf("got %d keys, want 1", len(keys))
	}
}

func TestLoginIsLimited(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for range 10 {
		r.do("POST", "/admin/auth/login", `{"email":"nobody@example.com","password":"wrong wrong wrong"}`).exactly(401, `{"error":"the e-mail address or the password is wrong"}`)
	}
	a := r.do("POST", "/admin/auth/login", `{"email":"nobody@example.com","password":"wrong wrong wrong"}`)
	a.exactly(429, `{"error":"too many attempts; wait before the next"}`)
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}
