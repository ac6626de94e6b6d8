package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/wire"
)

func TestSecrets(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var s wire.Secret
	r.do("POST", "/v1/secrets", `{"name":"stripe_api_key","description":"for payments"}`).data(201, &s)
	if s.Name != "stripe_api_key" || s.Type != "string" || s.Description != "for payments" || s.CreatedBy == "" {
		t.Errorf("got %+v", s)
	}
	r.do("PATCH", "/v1/secrets/"+s.ID, `{"description":""}`).data(200, &s)
	if s.Description != "" {
		t.Errorf("PATCH: got description %q, want none", s.Description)
	}
	r.do("GET", "/v1/secrets/stripe_api_key", nil).data(200, &s)
	var list []wire.Secret
	r.do("GET", "/v1/secrets", nil).data(200, &list)
	if len(list) != 1 || list[0].ID != s.ID {
		t.Errorf("list: got %+v, want the one secret", list)
	}

	var slot wire.SecretEnvironment
	a := r.do("PUT", "/v1/secrets/stripe_api_key/environments/production", `{"value":"sk_live_canary"}`)
	a.data(200, &slot)
	if slot.Environment != "production" || !slot.Configured || slot.Version != 1 || strings.Contains(a.body, "canary") {
		t.Errorf("PUT: got %s", a.body)
	}
	r.do("PUT", "/v1/secrets/stripe_api_key/environments/production", `{"value":"sk_live_canary2"}`).data(200, &slot)
	if slot.Version != 2 {
		t.Errorf("second PUT: got version %d, want 2", slot.Version)
	}
	r.environment("staging")
	r.do("POST", "/v1/secrets/stripe_api_key/environments/production/duplicate", `{"target_environment":"staging"}`).data(200, &slot)
	if slot.Environment != "staging" || !slot.Configured || slot.Version != 1 {
		t.Errorf("duplicate: got %+v, want staging at version 1", slot)
	}
	r.do("POST", "/v1/secrets/stripe_api_key/environments/production/duplicate", `{"target_environment":"staging"}`).problem(409, "conflict")
	r.do("POST", "/v1/secrets/stripe_api_key/environments/production/duplicate", `{"target_environment":"staging","overwrite":true}`).data(200, &slot)
	r.do("POST", "/v1/secrets", `{"name":"other"}`).data(201, &wire.Secret{})
	var other wire.SecretEnvironment
	r.do("POST", "/v1/secrets/stripe_api_key/environments/production/duplicate", `{"target_environment":"production","target_secret":"other"}`).data(200, &other)
	if other.Environment != "production" || other.Version != 1 || !other.Configured {
		t.Errorf("duplicate into another secret: got %+v, want production at version 1 of its own", other)
	}
	if slot.Version != 2 {
		t.Errorf("overwrite: got version %d, want 2", slot.Version)
	}

	rt := r.route("stripe", `,"name":"Stripe Charges","inject_headers":{"Authorization":"Bearer {{secret:stripe_api_key}}"}`)
	var slots []wire.SecretEnvironment
	a = r.do("GET", "/v1/secrets/stripe_api_key/environments", nil)
	a.data(200, &slots)
	var got []string
	for _, s := range slots {
		got = append(got, s.Environment)
	}
	if d := cmp.Diff([]string{"development", "staging", "production"}, got); d != "" {
		t.Errorf("environments (-want +got):\n%s", d)
	}
	if slots[0].Configured || !time.Time(slots[0].CreatedAt).IsZero() || !strings.Contains(a.body, `"created_at":null`) {
		t.Errorf("development: got %s, want it not configured", a.body)
	}
	if d := cmp.Diff([]wire.RouteRef{{ID: rt.ID, Name: "Stripe Charges"}}, slots[0].Routes); d != "" {
		t.Errorf("routes in development (-want +got):\n%s", d)
	}

	r.do("PUT", "/v1/secrets/stripe_api_key/environments/development", `{"value":"v"}`).data(200, nil)
	p := r.do("DELETE", "/v1/secrets/stripe_api_key/environments/development", nil).problem(409, "in_use")
	if d := cmp.Diff([]wire.RouteRef{{ID: rt.ID, Name: "Stripe Charges"}}, p.Routes); d != "" {
		t.Errorf("routes of the refusal (-want +got):\n%s", d)
	}
	r.do("DELETE", "/v1/secrets/stripe_api_key", nil).problem(409, "in_use")
	r.do("DELETE", "/v1/secrets/stripe_api_key/environments/staging", nil).data(200, &wire.Deleted{})

	r.do("DELETE", "/v1/routes/stripe?commit=gone", nil).data(200, nil)
	r.do("DELETE", "/v1/secrets/stripe_api_key", nil).data(200, &wire.Deleted{})
	r.do("GET", "/v1/secrets/stripe_api_key", nil).problem(404, "not_found")
	if strings.Contains(r.logged(), "canary") {
		t.Error("the log has a secret's value")
	}
}

func TestSecretRefusals(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.secret("key", "production", "value")
	for _, tt := range []struct {
		method, path, body string
		status             int
		kind               string
		fields             []string
	}{
		{"POST", "", `{}`, 400, "validation_error", []string{"name"}},
		{"POST", "", `{"name":"a b"}`, 400, "validation_error", []string{"name"}},
		{"POST", "", `{"name":"x","value":"v"}`, 400, "validation_error", []string{"value"}},
		{"POST", "", `{"name":"x","type":"other"}`, 400, "validation_error", []string{"type"}},
		{"POST", "", `{"name":"key"}`, 409, "conflict", nil},
		{"PATCH", "/key", `{"name":"other"}`, 400, "validation_error", []string{"name"}},
		{"PATCH", "/none", `{}`, 404, "not_found", nil},
		{"GET", "/none", "", 404, "not_found", nil},
		{"DELETE", "/none", "", 404, "not_found", nil},
		{"GET", "/none/environments", "", 404, "not_found", nil},
		{"PUT", "/key/environments/production", `{}`, 400, "validation_error", []string{"value"}},
		{"PUT", "/key/environments/production", `{"value":""}`, 400, "validation_error", []string{"value"}},
		{"PUT", "/key/environments/production", `{"value":7}`, 400, "validation_error", []string{"value"}},
		{"PUT", "/key/environments/production", `{"value":"a\u0000b"}`, 400, "validation_error", []string{"value"}},
		{"PUT", "/key/environments/production", `{"value":"AAE","encoding":"base64"}`, 400, "validation_error", []string{"value"}},
		{"PUT", "/key/environments/production", `{"value":"AAE_","encoding":"base64"}`, 400, "validation_error", []string{"value"}},
		{"PUT", "/key/environments/production", `{"value":"v","encoding":"hex"}`, 400, "validation_error", []string{"encoding"}},
		{"PUT", "/key/environments/production", `{"value":"v","strict":true}`, 400, "validation_error", []string{"strict"}},
		{"PUT", "/key/environments/production", `{"value":"v","expires_at":"2001-01-01T00:00:00Z"}`, 400, "validation_error", []string{"expires_at"}},
		{"PUT", "/key/environments/production", `{"value":"v","expires_at":"soon"}`, 400, "validation_error", []string{"expires_at"}},
		{"PUT", "/key/environments/production", `{"value":"v","allowed_hosts":["https://x"]}`, 400, "validation_error", []string{"allowed_hosts"}},
		{"PUT", "/key/environments/nowhere", `{"value":"v"}`, 404, "not_found", nil},
		{"PUT", "/none/environments/production", `{"value":"v"}`, 404, "not_found", nil},
		{"DELETE", "/key/environments/development", "", 404, "not_found", nil},
		{"DELETE", "/key/environments/nowhere", "", 404, "not_found", nil},
		{"POST", "/key/environments/production/duplicate", `{}`, 400, "validation_error", []string{"target_environment"}},
		{"POST", "/key/environments/production/duplicate", `{"target_environment":"nowhere"}`, 404, "not_found", nil},
		{"POST", "/key/environments/production/duplicate", `{"target_environment":"production","target_secret":"none"}`, 404, "not_found", nil},
		{"POST", "/key/environments/development/duplicate", `{"target_environment":"production"}`, 404, "not_found", nil},
	} {
		var body any
		if tt.body != "" {
			body = tt.body
		}
		r.do(tt.method, "/v1/secrets"+tt.path, body).problem(tt.status, tt.kind, tt.fields...)
	}
}
