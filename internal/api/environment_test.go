package api_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/wire"
)

func TestEnvironments(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var list []wire.Environment
	r.do("GET", "/v1/environments", nil).data(200, &list)
	if len(list) != 2 || list[0].Name != "development" || list[1].Name != "production" || !list[1].IsDefault {
		t.Fatalf("got %+v, want development and production, the default", list)
	}

	var e wire.Environment
	r.do("POST", "/v1/environments", `{"name":"staging","display_name":"Staging","description":"Pre-production testing","color":"#f59e0b"}`).data(201, &e)
	want := wire.Environment{
		Name: "staging", DisplayName: "Staging", Description: "Pre-production testing", Color: "#f59e0b", Level: 1,
		ShowMessageContents: true, DistinctValues: "off", Protection: json.RawMessage(`{"approvals":0,"freeze":[]}`), Logs: wire.LogSettings{Retention: "30d", Cut: []string{}},
	}
	if d := cmp.Diff(want, e, cmpopts.IgnoreFields(want, "ID", "RootHash", "CreatedAt", "UpdatedAt"), cmpopts.EquateComparable(wire.Time{})); d != "" {
		t.Errorf("created (-want +got):\n%s", d)
	}
	for _, ref := range []string{e.ID, "staging"} {
		var got wire.Environment
		r.do("GET", "/v1/environments/"+ref, nil).data(200, &got)
		if got.ID != e.ID {
			t.Errorf("GET by %s: got id %s, want %s", ref, got.ID, e.ID)
		}
	}
	r.do("PATCH", "/v1/environments/staging", `{"name":"qa","is_default":true}`).data(200, &e)
	if e.Name != "qa" || e.DisplayName != "Staging" || !e.IsDefault {
		t.Errorf("PATCH: got %+v, want qa, still Staging, the default", e)
	}
	r.do("PATCH", "/v1/environments/qa", `{}`).data(200, &e)
	r.do("PATCH", "/v1/environments/production", `{"is_default":true}`).data(200, nil)
	a := r.do("DELETE", "/v1/environments/qa", nil)
	a.exactly(200, `{"data":{"deleted":true},"meta":{"request_id":"`+a.header.Get("X-Request-Id")+`"}}`)
	r.do("GET", "/v1/environments/qa", nil).problem(404, "not_found")
}

func TestEnvironmentDefaults(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.environment("staging")
	if e.Color != "#6366f1" || e.DisplayName != "staging" || e.IsDefault {
		t.Errorf("got %+v, want the default colour, the name as display name, not the default", e)
	}
}

func TestEnvironmentRefusals(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigConfig{limit: 3})
	r.environment("staging")
	long := strings.Repeat("a", 300)
	for _, tt := range []struct {
		method, path, body string
		status             int
		kind               string
		fields             []string
	}{
		{"POST", "", `{}`, 400, "validation_error", []string{"name"}},
		{"POST", "", `{"name":""}`, 400, "validation_error", []string{"name"}},
		{"POST", "", `{"name":"Production "}`, 400, "validation_error", []string{"name"}},
		{"POST", "", `{"name":"../"}`, 400, "validation_error", []string{"name"}},
		{"POST", "", `{"name":"` + long + `"}`, 400, "validation_error", []string{"name"}},
		{"POST", "", `{"name":"x","color":"red"}`, 400, "validation_error", []string{"color"}},
		{"POST", "", `{"name":"X","color":"red"}`, 400, "validation_error", []string{"name", "color"}},
		{"POST", "", `{"name":"x","nmae":"x"}`, 400, "validation_error", []string{"nmae"}},
		{"POST", "", `{"Name":"x"}`, 400, "validation_error", []string{"Name", "name"}},
		{"POST", "", `{"name":1}`, 400, "validation_error", []string{"name"}},
		{"POST", "", `{"name":null}`, 400, "validation_error", []string{"name"}},
		{"POST", "", `{"name":"x","is_default":"yes"}`, 400, "validation_error", []string{"is_default"}},
		{"POST", "", `{"name":"other"}`, 403, "plan_limit", nil},
		{"PATCH", "/staging", `{"name":"production"}`, 409, "conflict", nil},
		{"PATCH", "/staging", `{"name":"Up"}`, 400, "validation_error", []string{"name"}},
		{"PATCH", "/staging", `{"display_name":null}`, 400, "validation_error", []string{"display_name"}},
		{"PATCH", "/production", `{"is_default":false}`, 400, "validation_error", []string{"is_default"}},
		{"PATCH", "/nowhere", `{"name":"x"}`, 404, "not_found", nil},
		{"GET", "/nowhere", "", 404, "not_found", nil},
		{"GET", "/Production%20", "", 404, "not_found", nil},
		{"GET", "/%2e%2e%2f", "", 404, "not_found", nil},
		{"GET", "/" + long, "", 404, "not_found", nil},
		{"GET", "/%ff", "", 400, "validation_error", []string{"id"}},
		{"GET", "/a%00", "", 400, "validation_error", []string{"id"}},
		{"GET", "/../secrets", "", 404, "not_found", nil},
		{"DELETE", "/production", "", 400, "validation_error", nil},
		{"DELETE", "/development", "", 400, "validation_error", nil},
		{"DELETE", "/nowhere", "", 404, "not_found", nil},
	} {
		var body any
		if tt.body != "" {
			body = tt.body
		}
		a := r.do(tt.method, "/v1/environments"+tt.path, body)
		a.problem(tt.status, tt.kind, tt.fields...)
		if strings.Contains(a.body, long) || strings.Contains(a.body, "Production ") {
			t.Errorf("%s repeats the value: %s", a.what, a.body)
		}
	}
}

func TestEnvironmentInUse(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.environment("staging")
	rt := r.route("stripe-charges", `,"name":"Stripe Charges","environments":{"staging":{"timeout":"5s"}}`)
	p := r.do("DELETE", "/v1/environments/staging", nil).problem(409, "in_use")
	if d := cmp.Diff([]wire.RouteRef{{ID: rt.ID, Name: "Stripe Charges"}}, p.Routes); d != "" {
		t.Errorf("routes (-want +got):\n%s", d)
	}
}

func TestEnvironmentConflict(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.environment("staging")
	r.do("POST", "/v1/environments", `{"name":"staging"}`).problem(409, "conflict")
}

func TestWhatARoleMayNotDo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var production wire.Environment
	r.do("GET", "/v1/environments/production", nil).data(200, &production)
	viewer := r.as(access.Grant{Environment: access.AnyEnvironment, Role: access.Viewer})
	for _, tt := range [][3]string{
		{"POST", "/v1/environments", `{"name":"x"}`},
		{"PATCH", "/v1/environments/production", `{"name":"x"}`},
		{"DELETE", "/v1/environments/production", ``},
		{"GET", "/v1/api-keys", ``},
		{"POST", "/v1/api-keys", `{"environment":"production","type":"secret"}`},
		{"GET", "/v1/secrets", ``},
		{"POST", "/v1/secrets", `{"name":"x"}`},
		{"POST", "/v1/routes", `{"key":"x","target_url":"https://example.com"}`},
		{"POST", "/v1/commits", `{}`},
		{"POST", "/v1/promotions", `{"to":"production"}`},
		{"GET", "/v1/audit-logs", ``},
	} {
		var body any
		if tt[2] != "" {
			body = tt[2]
		}
		viewer.do(tt[0], tt[1], body).problem(403, "forbidden")
	}
	viewer.do("GET", "/v1/environments/production", nil).data(200, nil)

	// A grant in one environment only: the other one answers as an id that never existed.
	narrow := r.as(access.Grant{Environment: production.ID, Role: access.Viewer})
	hidden := narrow.do("GET", "/v1/environments/development", nil).problem(404, "not_found")
	unknown := narrow.do("GET", "/v1/environments/"+url.PathEscape("no such"), nil).problem(404, "not_found")
	if hidden.Message != unknown.Message {
		t.Errorf("got %q for a hidden and %q for an unknown environment, want the same", hidden.Message, unknown.Message)
	}
}
