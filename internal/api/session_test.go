package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/lockage/lockage/wire"
)

// login opens a session and gives the rig with its JWT.
func (r *rig) login(email, password string) (*rig, wire.LoginAnswer) {
	r.t.Helper()
	a := r.do("POST", "/admin/auth/login", wire.Login{Email: email, Password: password}, "Authorization", "")
	if a.status != 200 {
		r.t.Fatalf("log in %s: got %d %s", email, a.status, a.body)
	}
	var got wire.LoginAnswer
	strict(r.t, a.body, &got)
	other := *r
	other.token = got.Token
	return &other, got
}

func TestSessionsOverHTTP(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one, first := r.login(ownerEmail, ownerPassword)
	two, second := r.login(ownerEmail, ownerPassword)
	var list []wire.Session
	two.do("GET", "/v1/sessions", nil).data(200, &list)
	if len(list) != 2 || list[0].ID != second.SessionID || !list[0].Current || list[1].ID != first.SessionID || list[1].Current {
		t.Errorf("got %+v, want both, the newest first, and which one asks", list)
	}
	a := one.do("POST", "/admin/auth/refresh", nil)
	var again wire.Refreshed
	strict(t, a.body, &again)
	one.do("POST", "/admin/auth/logout", nil).exactly(200, `{"ok":true}`)
	for what, token := range map[string]string{"the JWT": first.Token, "the refreshed JWT": again.Token} {
		if a := one.do("GET", "/v1/sessions", nil, "Authorization", "Bearer "+token); a.status != 401 {
			t.Errorf("%s after the logout: got %d %s, want 401", what, a.status, a.body)
		}
	}
	three, third := r.login(ownerEmail, ownerPassword)
	two.do("DELETE", "/v1/sessions/"+third.SessionID, nil).data(200, nil)
	three.do("GET", "/v1/sessions", nil).problem(401, "unauthenticated")
	two.do("DELETE", "/v1/sessions/"+third.SessionID, nil).problem(404, "not_found")
	four, _ := r.login(ownerEmail, ownerPassword)
	two.do("DELETE", "/v1/sessions", nil).data(200, nil)
	four.do("GET", "/v1/sessions", nil).problem(401, "unauthenticated")
	two.do("GET", "/v1/sessions", nil).data(200, nil)
	r.do("GET", "/v1/sessions", nil).problem(403, "forbidden")
}

// Whoever verifies JWTs finds the public keys, and nothing of the private ones.
func TestVerificationKeys(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	get := func() (set jose.JSONWebKeySet) {
		t.Helper()
		a := r.do("GET", "/.well-known/jwks.json", nil, "Authorization", "")
		if a.status != 200 || a.header.Get("Cache-Control") != "public, max-age=300" || !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
			t.Fatalf("got %d %v %s", a.status, a.header, a.body)
		}
		must(t, json.Unmarshal([]byte(a.body), &set))
		return set
	}
	_, in := r.login(ownerEmail, ownerPassword)
	parsed, err := jwt.ParseSigned(in.Token, []jose.SignatureAlgorithm{jose.EdDSA})
	must(t, err)
	verify := func(set jose.JSONWebKeySet) error {
		keys := set.Key(parsed.Headers[0].KeyID)
		if len(keys) != 1 {
			return fmt.Errorf("%d keys of the id", len(keys))
		}
		if k := keys[0]; !k.Valid() || !k.IsPublic() || k.Algorithm != "EdDSA" || k.Use != "sig" {
			return fmt.Errorf("the key is %+v", k)
		}
		var claims jwt.Claims
		return parsed.Claims(keys[0].Key, &claims)
	}
	if err := verify(get()); err != nil {
		t.Error(err)
	}
	r.do("POST", "/v1/signing-keys/rotate", nil).data(200, nil)
	if err := verify(get()); err == nil {
		t.Error("a key that was replaced is shown")
	}
	r.do("GET", "/v1/sessions", nil, "Authorization", "Bearer "+in.Token).problem(401, "unauthenticated")
}

func TestStepUpOverHTTP(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.secret("stripe")
	m := r.admin()
	var account wire.Account
	m.do("PATCH", "/v1/account", `{"step_up":{"values":true,"grants":true,"max_age":"5m"}}`).data(200, &account)
	if want := (wire.StepUp{Values: true, Grants: true, MaxAge: "5m0s"}); account.StepUp != want {
		t.Errorf("got %+v, want %+v", account.StepUp, want)
	}
	for _, bad := range []string{`{"step_up":{"max_age":"1s"}}`, `{"step_up":{"max_age":"zebra"}}`, `{"step_up":{"max_age":"-5m"}}`} {
		if p := m.do("PATCH", "/v1/account", bad).problem(400, "validation_error", "step_up.max_age"); strings.Contains(p.Message, "zebra") {
			t.Errorf("%s: the refused value is repeated: %s", bad, p.Message)
		}
	}
	const path = "/v1/secrets/stripe/environments/production"
	m.do("PUT", path, `{"value":"one"}`).data(200, nil)
	r.clock.forward(5 * time.Minute)
	if p := m.do("PUT", path, `{"value":"two"}`).problem(403, "forbidden"); !p.StepUp || !strings.Contains(p.Message, "prove again who you are") {
		t.Errorf("got %+v, want step_up and what to do", p)
	}
	bare := m.do("PUT", "/admin/secrets/stripe/environments/production", `{"value":"two"}`)
	if bare.status != 403 || !strings.Contains(bare.body, `,"step_up":true}`) {
		t.Errorf("got %d %s, want step_up in the bare form", bare.status, bare.body)
	}
	if p := r.do("PUT", path, `{"value":"two"}`).problem(403, "forbidden"); p.StepUp {
		t.Errorf("a token: got %+v, want no proof demanded that it cannot give", p)
	}
	m.do("PUT", "/v1/secrets/stripe/environments/development", `{"value":"two"}`).data(200, nil)
	m.do("POST", "/admin/auth/prove", `{"password":"wrong wrong wrong"}`).exactly(400, `{"error":"password: is wrong"}`)
	m.do("POST", "/admin/auth/prove", `{"code":"123456"}`).exactly(400, `{"error":"code: is wrong, or was used before; try again with a new one"}`)
	m.do("POST", "/admin/auth/prove", `{}`).exactly(400, `{"error":"password: is wrong"}`)
	m.do("PUT", path, `{"value":"two"}`).problem(403, "forbidden")
	a := m.do("POST", "/admin/auth/prove", wire.Prove{Password: ownerPassword})
	var proven wire.Proven
	if strict(t, a.body, &proven); a.status != 200 || r.clock.Now().Sub(time.Time(proven.ProvedAt)) > time.Minute {
		t.Errorf("got %d %s, want a proof of now", a.status, a.body)
	}
	m.do("PUT", path, `{"value":"two"}`).data(200, nil)
	if a := r.do("POST", "/admin/auth/prove", wire.Prove{Password: ownerPassword}); a.status != 401 {
		t.Errorf("a token: got %d %s, want 401", a.status, a.body)
	}
}

func TestPasswordsOverHTTP(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const next = "a horse that is correct, with staples"
	m, _ := r.login(ownerEmail, ownerPassword)
	other, _ := r.login(ownerEmail, ownerPassword)
	m.do("POST", "/admin/auth/password", wire.PasswordChange{Current: "canary canary", Password: next}).exactly(400, `{"error":"current: is not your password"}`)
	m.do("POST", "/admin/auth/password", wire.PasswordChange{Current: ownerPassword, Password: "canary"}).exactly(400, `{"error":"password: must have at least 12 characters"}`)
	other.do("GET", "/v1/sessions", nil).data(200, nil)
	m.do("POST", "/admin/auth/password", wire.PasswordChange{Current: ownerPassword, Password: next}).exactly(200, `{"ok":true}`)
	other.do("GET", "/v1/sessions", nil).problem(401, "unauthenticated")
	m.do("GET", "/v1/sessions", nil).data(200, nil)
	if a := r.do("POST", "/admin/auth/login", wire.Login{Email: ownerEmail, Password: ownerPassword}); a.status != 401 {
		t.Errorf("the old password: got %d %s, want 401", a.status, a.body)
	}
	m, _ = r.login(ownerEmail, next)

	// there is no mail here
	r.do("POST", "/admin/auth/reset", wire.ResetRequest{Email: ownerEmail}).exactly(409, `{"error":"this server sends no mail: ask an owner or admin of your account for a link"}`)
	r.do("POST", "/admin/auth/reset/confirm", wire.ResetConfirm{Token: "rst_canary", Password: next}).exactly(404, `{"error":"the link is unknown, used or over; ask for a new one"}`)
	var list []wire.AuditEntry
	r.do("GET", "/v1/audit-logs?action=password.change&outcome=allowed", nil).data(200, &list)
	if len(list) != 1 || list[0].Actor.Kind != "member" {
		t.Errorf("got %+v, want the change recorded", list)
	}
	var me wire.Session
	var sessions []wire.Session
	m.do("GET", "/v1/sessions", nil).data(200, &sessions)
	if me = sessions[0]; len(me.Methods) != 1 || me.Methods[0] != "password" {
		t.Errorf("got %+v, want a session by password", me)
	}
	if strings.Contains(r.logged(), "canary") || strings.Contains(r.logged(), next) {
		t.Error("the log repeats a password or a link")
	}
}

// A password of a megabyte is hashed by nobody, wherever it is sent.
func TestLongPasswords(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	m := r.admin()
	long := strings.Repeat("canary", 1<<20/6)
	for path, body := range map[string]any{
		"/admin/auth/login":         wire.Login{Email: ownerEmail, Password: long},
		"/admin/auth/prove":         wire.Prove{Password: long},
		"/admin/auth/password":      wire.PasswordChange{Current: long, Password: long},
		"/admin/auth/reset/confirm": wire.ResetConfirm{Token: "rst_x", Password: long},
		"/admin/auth/reset":         wire.ResetRequest{Email: long},
	} {
		a := m.do("POST", path, body)
		if a.status < 400 || a.status >= 500 || strings.Contains(a.body, "canary") || len(a.body) > 300 {
			t.Errorf("%s: got %d %.300s, want it refused and not repeated", path, a.status, a.body)
		}
	}
	if strings.Contains(r.logged(), "canary") {
		t.Error("the log repeats what was sent")
	}
	m.do("GET", "/v1/sessions", nil).data(200, nil)
}
