package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/wire"
)

func TestLogs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var production wire.Environment
	r.do("GET", "/v1/environments/production", nil).data(200, &production)
	rt := r.route("pay", "")
	at := r.clock.Now()
	call := route.Call{
		ID: idAt(at), Account: r.account, RequestID: "q1", Time: at, EnvironmentID: production.ID,
		RouteID: rt.ID, RouteKey: "pay", KeyID: "k1", Address: "192.0.2.7", Method: "POST", Path: "/v1/charges", Status: 404,
		Latency: 1500 * time.Microsecond, BytesIn: 1, BytesOut: 2, Secrets: []string{"key"}, Redacted: 3, ErrorType: "",
	}
	other := call
	other.Status, other.Secrets, other.Time = 200, nil, at.Add(time.Second)
	other.ID = idAt(other.Time)
	must(t, r.control.RecordCalls(t.Context(), []route.Call{call, other}))

	for query, want := range map[string]int{
		"": 2, "?status=404": 1, "?status=2xx": 1, "?environment=production": 2, "?environment=development": 0,
		"?route=pay": 2, "?key=k1": 2, "?key=k2": 0,
		"?since=" + at.Add(500*time.Millisecond).Format(time.RFC3339Nano): 1,
		"?until=" + at.Add(500*time.Millisecond).Format(time.RFC3339Nano): 1,
	} {
		var list []wire.LogRecord
		r.do("GET", "/v1/logs"+query, nil).data(200, &list)
		if len(list) != want {
			t.Errorf("%q: got %d records, want %d", query, len(list), want)
		}
	}
	var list []wire.LogRecord
	r.do("GET", "/v1/logs?status=4xx", nil).data(200, &list)
	want := wire.LogRecord{
		ID: call.ID, RequestID: "q1", Environment: "production", Route: "pay", RouteID: rt.ID, KeyID: "k1", Address: "192.0.2.7", Method: "POST",
		Path: "/v1/charges", Status: 404, LatencyMS: 1.5, BytesIn: 1, BytesOut: 2, Secrets: []string{"key"}, Redacted: 3,
	}
	list[0].Time = wire.Time{}
	if d := cmp.Diff([]wire.LogRecord{want}, list, cmp.Comparer(func(x, y wire.Time) bool { return time.Time(x).Equal(time.Time(y)) })); d != "" {
		t.Errorf("record (-want +got):\n%s", d)
	}
	for query, field := range map[string]string{
		"?status=canary": "status", "?since=yesterday": "since", "?until=12": "until", "?limit=x": "limit", "?from=x": "from",
	} {
		r.do("GET", "/v1/logs"+query, nil).problem(400, "validation_error", field)
	}
}

// idAt is an id of a time, as calls have it.
func idAt(at time.Time) string {
	ms := at.UnixMilli()
	return fmt.Sprintf("%08x-%04x-7a01-a5be-a66fed5fc146", ms>>16, ms&0xffff)
}

func TestAuditLogs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.secret("key", "production", "value")
	r.do("DELETE", "/v1/environments/production", nil).problem(400, "validation_error")

	var list []wire.AuditEntry
	r.do("GET", "/v1/audit-logs?action=secret.value.set", nil).data(200, &list)
	if len(list) != 1 {
		t.Fatalf("got %d entries, want 1", len(list))
	}
	e := list[0]
	if e.Actor.Kind != "token" || e.Outcome != "allowed" || e.Environment != "production" || e.Target.Name != "key" ||
		e.RequestID == "" || e.Address != "192.0.2.1" || e.Hash == "" || e.Prev == "" {
		t.Errorf("got %+v", e)
	}
	r.do("GET", "/v1/audit-logs?outcome=refused", nil).data(200, &list)
	if len(list) != 1 || list[0].Action != "environment.delete" {
		t.Errorf("refused: got %+v, want the deletion", list)
	}
	var newest, oldest []wire.AuditEntry
	r.do("GET", "/v1/audit-logs", nil).data(200, &newest)
	meta := r.do("GET", "/v1/audit-logs?order=asc&limit=2", nil).data(200, &oldest)
	if oldest[0].Sequence != 1 || oldest[1].Sequence != 2 || newest[0].Sequence != int64(len(newest)) || meta.NextCursor == "" {
		t.Errorf("got %d first in order and %d newest of %d", oldest[0].Sequence, newest[0].Sequence, len(newest))
	}
	for query, field := range map[string]string{"?outcome=canary": "outcome", "?action=canary": "action", "?order=up": "order", "?since=x": "since", "?cursor=canary": "cursor"} {
		r.do("GET", "/v1/audit-logs"+query, nil).problem(400, "validation_error", field)
	}
}

// The names that entries have, and filters take, come from one list.
func TestAuditActions(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var list []wire.AuditAction
	r.do("GET", "/v1/audit-logs/actions", nil).data(200, &list)
	if len(list) != len(access.Actions()) {
		t.Fatalf("got %d actions, want %d", len(list), len(access.Actions()))
	}
	for _, a := range list {
		if a.Does == "" {
			t.Errorf("%s does not say what it does", a.Name)
		}
		r.do("GET", "/v1/audit-logs?action="+a.Name, nil).data(200, nil)
	}
	refused := r.do("GET", "/v1/audit-logs?action=secret.value.zebra", nil)
	if p := refused.problem(400, "validation_error", "action"); !strings.Contains(p.Message, "/v1/audit-logs/actions") || strings.Contains(refused.body, "zebra") {
		t.Errorf("got %s, want it to say where the list is and not what was asked", refused.body)
	}
	r.as(everywhere(access.Viewer)).do("GET", "/v1/audit-logs/actions", nil).problem(403, "forbidden")
}

func TestSecretAudit(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.secret("key", "production", "value").ID
	r.as(everywhere(access.Viewer)).do("PUT", "/v1/secrets/key/environments/production", `{"value":"x"}`).problem(403, "forbidden")
	var list []wire.SecretAuditEntry
	meta := r.do("GET", "/v1/secrets/key/audit?limit=1", nil).data(200, &list)
	if len(list) != 1 || meta.NextCursor == "" || list[0].Outcome != "refused" || list[0].Version != 0 || list[0].Detail["error"] != "forbidden" {
		t.Errorf("the first page: got %+v, want the refusal", list)
	}
	r.do("GET", "/v1/secrets/key/audit?limit=1&cursor="+meta.NextCursor, nil).shaped(200, `{"data":[{"sequence":3,"time":"T","operation":"secret.value.set","outcome":"allowed",`+
		`"environment":"production","version":1,"actor":{"kind":"token","id":"I","name":"bootstrap"},"address":"192.0.2.1","detail":{},"request_id":"I"}],`+
		`"meta":{"request_id":"I","next_cursor":"Mw"}}`)
	r.do("GET", "/v1/secrets/key/audit?environment=production&outcome=allowed", nil).data(200, &list)
	if len(list) != 1 || list[0].Operation != "secret.value.set" {
		t.Errorf("in production: got %+v", list)
	}
	r.do("DELETE", "/v1/secrets/key", nil).data(200, nil)
	r.do("GET", "/v1/secrets/key/audit", nil).problem(404, "not_found")
	r.do("GET", "/v1/secrets/"+id+"/audit", nil).data(200, &list)
	if len(list) != 4 || list[0].Operation != "secret.delete" {
		t.Errorf("deleted: got %+v, want the deletion first", list)
	}
	r.as(everywhere(access.Developer)).do("GET", "/v1/secrets/"+id+"/audit", nil).problem(403, "forbidden")
	for query, field := range map[string]string{"?outcome=canary": "outcome", "?since=x": "since", "?cursor=canary": "cursor", "?limit=0": "limit"} {
		r.do("GET", "/v1/secrets/"+id+"/audit"+query, nil).problem(400, "validation_error", field)
	}
}

func TestAuditCheckpoint(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.secret("key")
	var newest []wire.AuditEntry
	r.do("GET", "/v1/audit-logs?limit=1", nil).data(200, &newest)
	var c wire.AuditCheckpoint
	r.do("GET", "/v1/audit-logs/checkpoint", nil).data(200, &c)
	got, err := audit.OpenCheckpoint([]byte(c.Checkpoint), c.Key)
	must(t, err)
	if got.Entries != newest[0].Sequence || got.Hash != newest[0].Hash || c.Entries != got.Entries || c.Hash != got.Hash || !time.Time(c.Time).Equal(got.Time) {
		t.Errorf("got %+v and %+v, want both of entry %d", c, got, newest[0].Sequence)
	}
	for _, role := range []access.Role{access.Developer, access.Support, access.Viewer} {
		r.as(everywhere(role)).do("GET", "/v1/audit-logs/checkpoint", nil).problem(403, "forbidden")
	}
	r.do("GET", "/v1/audit-logs/checkpoint", nil, "Authorization", "").problem(401, "unauthenticated")
	r.do("GET", "/v1/audit-logs/checkpoint?x=1", nil).problem(400, "validation_error", "x")
}
