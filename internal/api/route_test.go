package api_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/wire"
)

func TestRoutes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.secret("key")
	var rt wire.Route
	r.do("POST", "/v1/routes", `{
		"key":"charges","name":"Charges","target_url":"https://api.example.com/v1","methods":["post"],
		"inject_headers":{"authorization":"Bearer {{secret:key}}"},"inject_body":{"a":{"b":"c"}},
		"rate_limit":{"requests":10,"window":"1m"},"timeout":"5s",
		"environments":{"production":{"target_url":null,"timeout":"1s"}}}`).data(201, &rt)
	if rt.Key != "charges" || !rt.Draft || rt.ActiveEnvironment != "production" || *rt.Timeout != "5s" || rt.RateLimit.Requests != 10 {
		t.Errorf("created: got %+v", rt)
	}
	if d := cmp.Diff([]string{"POST"}, rt.Methods); d != "" {
		t.Errorf("methods (-want +got):\n%s", d)
	}
	var overlay map[string]any
	must(t, json.Unmarshal(rt.Environments["production"], &overlay))
	if d := cmp.Diff(map[string]any{"target_url": nil, "timeout": "1s"}, overlay); d != "" {
		t.Errorf("overlay (-want +got):\n%s", d)
	}
	for _, s := range rt.Status {
		if s.Committed {
			t.Errorf("status of a draft: got %+v, want it committed nowhere", s)
		}
	}

	a := r.do("PATCH", "/v1/routes/charges?commit=", `{"description":"d","timeout":null,"methods":null,"rate_limit":null}`)
	a.data(200, &rt)
	if rt.Draft || rt.Description != "d" || rt.Methods != nil || rt.RateLimit != nil || *rt.Timeout != "30s" {
		t.Errorf("changed and committed: got %s", a.body)
	}
	if len(rt.Status) != 2 || rt.Status[0] != (wire.RouteStatus{Environment: "development", Committed: true, Active: true, Hash: rt.Hash}) {
		t.Errorf("status after the commit: got %+v, want it live in development", rt.Status)
	}
	r.do("PATCH", "/v1/routes/"+rt.ID, `{"description":"e"}`).data(200, &rt)
	if !rt.Draft {
		t.Errorf("changed without commit: got %+v, want a draft", rt)
	}

	var e wire.RouteEffective
	r.do("GET", "/v1/routes/charges/effective?environment=development", nil).data(200, &e)
	if *e.TargetURL != "https://api.example.com/v1" || e.InjectHeaders["Authorization"] != "Bearer {{secret:key}}" ||
		e.Origin["inject_headers.Authorization"] != "base" || *e.Timeout != "30s" {
		t.Errorf("effective in development: got %+v", e)
	}
	r.do("PUT", "/v1/secrets/key/environments/production", `{"value":"v"}`).data(200, nil)
	r.do("POST", "/v1/promotions", `{"to":"production"}`).data(201, nil)
	a = r.do("GET", "/v1/routes/charges/effective?environment=production", nil)
	var inProduction wire.RouteEffective
	a.data(200, &inProduction)
	if inProduction.TargetURL != nil || *inProduction.Timeout != "1s" || inProduction.Origin["timeout"] != "environment" {
		t.Errorf("effective in production: got %s, want no target and 1s", a.body)
	}

	var status wire.RouteStatus
	r.do("PUT", "/v1/routes/charges/environments/production/status", `{"active":false}`).data(200, &status)
	if status.Environment != "production" || status.Active || !status.Committed {
		t.Errorf("switched off: got %+v", status)
	}
	r.do("PUT", "/v1/routes/charges/environments/production/status", `{"active":true}`).data(200, &status)
	if !status.Active {
		t.Errorf("switched on: got %+v", status)
	}
	var list []wire.Route
	r.do("GET", "/v1/routes", nil).data(200, &list)
	if len(list) != 1 || list[0].ID != rt.ID {
		t.Errorf("list: got %+v, want the one route", list)
	}
	r.do("DELETE", "/v1/routes/charges", nil).data(200, &wire.Deleted{})
}

func TestRouteRefusals(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.route("pay", "")
	for _, tt := range []struct {
		method, path, body string
		status             int
		kind               string
		fields             []string
	}{
		{"POST", "", `{}`, 400, "validation_error", []string{"key", "target_url"}},
		{"POST", "", ``, 400, "validation_error", []string{"body"}},
		{"POST", "", `{"key":"x","target_url":"ftp://x"}`, 400, "validation_error", []string{"target_url"}},
		{"POST", "", `{"key":"x","target_url":"/relative"}`, 400, "validation_error", []string{"target_url"}},
		{"POST", "", `{"key":"x","target_url":"https://x","extra":1}`, 400, "validation_error", []string{"extra"}},
		{"POST", "", `{"key":"x","target_url":"https://x","inject_headers":{"A":"{{secret:"}}`, 400, "validation_error", []string{"inject_headers.A"}},
		{"POST", "", `{"key":"x","target_url":"https://x","inject_headers":{"Host":"x"}}`, 400, "validation_error", []string{"inject_headers.Host"}},
		{"POST", "", `{"key":"x","key":"y"}`, 400, "validation_error", []string{"key"}},
		{"POST", "", `{"key":"pay","target_url":"https://x"}`, 409, "conflict", nil},
		{"PATCH", "/pay", `{"key":"other"}`, 400, "validation_error", []string{"key"}},
		{"PATCH", "/none", `{}`, 404, "not_found", nil},
		{"PATCH", "/pay?commit=a&commit=b", `{}`, 400, "validation_error", []string{"commit"}},
		{"GET", "/none", "", 404, "not_found", nil},
		{"GET", "/none/effective?environment=production", "", 404, "not_found", nil},
		{"GET", "/pay/effective", "", 400, "validation_error", []string{"environment"}},
		{"GET", "/pay/effective?environment=nowhere", "", 404, "not_found", nil},
		{"PUT", "/pay/environments/development/status", `{}`, 400, "validation_error", []string{"active"}},
		{"PUT", "/pay/environments/development/status", `{"active":null}`, 400, "validation_error", []string{"active"}},
		{"PUT", "/pay/environments/development/status", `{"active":"yes"}`, 400, "validation_error", []string{"active"}},
		{"PUT", "/pay/environments/nowhere/status", `{"active":true}`, 404, "not_found", nil},
		{"DELETE", "/none", "", 404, "not_found", nil},
	} {
		var body any
		if tt.body != "" {
			body = tt.body
		}
		r.do(tt.method, "/v1/routes"+tt.path, body).problem(tt.status, tt.kind, tt.fields...)
	}
}
