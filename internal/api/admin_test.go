package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/wire"
)

// admin is the rig with a member's JWT in place of the token.
func (r *rig) admin() *rig {
	r.t.Helper()
	other := *r
	other.token = r.jwt()
	return &other
}

func TestLogin(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.do("POST", "/admin/auth/login", wire.Login{Email: ownerEmail, Password: ownerPassword}, "Authorization", "")
	var got wire.LoginAnswer
	strict(t, a.body, &got)
	if d := time.Time(got.ExpiresAt).Sub(r.clock.Now()); a.status != 200 || d < 59*time.Minute || d > time.Hour {
		t.Errorf("got %d %s, want 200 and an hour", a.status, a.body)
	}
	wrong := r.do("POST", "/admin/auth/login", wire.Login{Email: ownerEmail, Password: "canary"}, "Authorization", "")
	unknown := r.do("POST", "/admin/auth/login", wire.Login{Email: "canary@example.com", Password: "canary"}, "Authorization", "")
	if wrong.status != 401 || wrong.body != unknown.body || wrong.header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("got %d %s for a wrong password and %s for an unknown person, want the same 401", wrong.status, wrong.body, unknown.body)
	}
	if strings.Contains(wrong.body+r.logged(), "canary") {
		t.Error("what was tried is repeated")
	}
	r.do("POST", "/admin/auth/login", `{"email":"x"}`, "Authorization", "").exactly(400, `{"error":"password: is required"}`)
}

func TestAdminTakesJWTsOnly(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.secret("key")
	const path = "/admin/secrets/key/environments"
	for _, authorization := range []string{"Bearer " + machineToken, "", "Basic abc", "Bearer x.y.z"} {
		a := r.do("GET", path, nil, "Authorization", authorization)
		if a.status != 401 || a.header.Get("WWW-Authenticate") != "Bearer" || !strings.HasPrefix(a.body, `{"error":"`) || strings.Contains(a.body, "request_id") {
			t.Errorf("%q: got %d %s, want 401 in the bare form", authorization, a.status, a.body)
		}
	}
	m := r.admin()
	m.do("GET", "/v1/environments", nil).data(200, nil)
	r.clock.forward(61 * time.Minute)
	if a := m.do("GET", path, nil); a.status != 401 {
		t.Errorf("after an hour: got %d %s, want 401", a.status, a.body)
	}
}

func TestAdminSecretEnvironments(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.environment("staging")
	s := r.secret("stripe-prod-key")
	m := r.admin()
	base := "/admin/secrets/" + s.ID + "/environments"

	m.do("GET", base, nil).exactly(200,
		`{"secret_id":"`+s.ID+`","secret_name":"stripe-prod-key","secret_type":"string","base_environment":"production","environments":[]}`)
	m.do("PUT", base+"/staging", `{"value":"sk_test_abc123"}`).exactly(200, `{"ok":true,"environment":"staging"}`)
	m.do("POST", base+"/staging/duplicate", `{"target_environment":"development"}`).exactly(200,
		`{"ok":true,"environment":"development","message":"Successfully created environment 'development' from 'staging'"}`)
	if a := m.do("POST", base+"/staging/duplicate", `{"target_environment":"development"}`); a.status != 409 || !strings.HasPrefix(a.body, `{"error":"`) {
		t.Errorf("duplicate again: got %d %s, want 409", a.status, a.body)
	}
	var got wire.SecretEnvironments
	strict(t, m.do("GET", "/admin/secrets/stripe-prod-key/environments", nil).body, &got)
	if len(got.Environments) != 2 || got.Environments[0].EnvironmentName != "development" || got.Environments[1].EnvironmentName != "staging" ||
		time.Time(got.Environments[0].CreatedAt).IsZero() {
		t.Errorf("got %+v, want development and staging", got.Environments)
	}
	m.do("DELETE", base+"/staging", nil).exactly(200, `{"ok":true}`)

	one := r.route("one", `,"name":"stripe-charges","inject_headers":{"Authorization":"Bearer {{secret:stripe-prod-key}}"}`)
	m.do("DELETE", base+"/development", nil).exactly(409,
		`{"error":"Cannot remove environment 'development' from this secret. It is used by the following routes in that environment: stripe-charges. `+
			`Remove the secret from those routes first.","routes":[{"id":"`+one.ID+`","name":"stripe-charges"}]}`)
	two := r.route("two", `,"name":"zwei","inject_query":{"k":"{{secret:stripe-prod-key}}"}`)
	m.do("DELETE", base+"/development", nil).exactly(409,
		`{"error":"Cannot remove environment 'development' from this secret. It is used by the following routes in that environment: stripe-charges, zwei. `+
			`Remove the secret from those routes first.","routes":[{"id":"`+one.ID+`","name":"stripe-charges"},{"id":"`+two.ID+`","name":"zwei"}]}`)
}

func TestAdminRefusals(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.secret("key", "production", "v")
	m := r.admin()
	for _, tt := range []struct {
		method, path, body string
		status             int
		allow              string
	}{
		{"PUT", "/admin/secrets/key/environments/production", `{"value":""}`, 400, ""},
		{"PUT", "/admin/secrets/key/environments/production", `{}`, 400, ""},
		{"PUT", "/admin/secrets/key/environments/production", `{"value":"v","more":1}`, 400, ""},
		{"PUT", "/admin/secrets/key/environments/production?x=1", `{"value":"v"}`, 400, ""},
		{"PUT", "/admin/secrets/key/environments/nowhere", `{"value":"v"}`, 404, ""},
		{"PUT", "/admin/secrets/none/environments/production", `{"value":"v"}`, 404, ""},
		{"PUT", "/admin/secrets/key/environments/Production%20", `{"value":"v"}`, 404, ""},
		{"PUT", "/admin/secrets/key/environments/production", strings.Repeat(" ", 2<<20), 413, ""},
		{"GET", "/admin/secrets/none/environments", "", 404, ""},
		{"DELETE", "/admin/secrets/key/environments/development", "", 404, ""},
		{"POST", "/admin/secrets/key/environments/production/duplicate", `{"target_environment":"nowhere"}`, 404, ""},
		{"POST", "/admin/secrets/key/environments/nowhere/duplicate", `{"target_environment":"production"}`, 404, ""},
		{"POST", "/admin/secrets/key/environments/production/duplicate", `{}`, 400, ""},
		{"GET", "/admin/nothing", "", 404, ""},
		{"GET", "/admin", "", 404, ""},
		{"PATCH", "/admin/secrets/key/environments/production", "", 405, "DELETE, PUT"},
	} {
		var body any
		if tt.body != "" {
			body = tt.body
		}
		a := m.do(tt.method, tt.path, body)
		var failure wire.AdminFailure
		strict(t, a.body, &failure)
		if a.status != tt.status || failure.Error == "" || a.header.Get("Allow") != tt.allow {
			t.Errorf("%s %s: got %d %s, Allow %q; want %d with an error, %q", tt.method, tt.path, a.status, a.body, a.header.Get("Allow"), tt.status, tt.allow)
		}
	}
}
