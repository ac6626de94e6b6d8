package main_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// login asks for a JWT of the owner.
func (w *world) login(t testing.TB) {
	t.Helper()
	body := `{"email":"` + ownerEmail + `","password":"` + ownerPassword + `"}`
	a := w.send(t, http.MethodPost, w.control+"/admin/auth/login", "", body)
	var answer struct {
		Token string `json:"token"`
	}
	read(t, a.body, &answer)
	w.jwt = answer.Token
	w.seen.secret("a session", w.jwt)
	w.seen.answer("login", a, w.jwt)
	if form := regexp.MustCompile(`^{"token":"[^"]+","expires_at":"` + instant + `","session_id":"[0-9a-f-]{36}","session_expires_at":"` + instant +
		`","account_id":"[0-9a-f-]{36}","accounts":\[{"id":"[0-9a-f-]{36}","name":"default"}\]}\n?$`); a.StatusCode != http.StatusOK || !form.MatchString(a.body) {
		t.Fatalf("login: status %d, body not of the form %s", a.StatusCode, form)
	}
}

const (
	instant = `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`
	uuid    = `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`
)

// exactly makes a call of the admin surface; the body must be of the form from its first byte to its last.
func (w *world) exactly(t testing.TB, method, path, body string, status int, form string) {
	t.Helper()
	a := w.send(t, method, w.control+path, w.jwt, body)
	w.seen.answer(method+" "+path, a)
	if a.StatusCode != status || !regexp.MustCompile(`^`+form+`\n?$`).MatchString(a.body) {
		t.Errorf("%s %s: status %d, want %d; body\n%swant\n%s", method, path, a.StatusCode, status, a.body, form)
	}
	if kind := a.Header.Get("Content-Type"); kind != "application/json" {
		t.Errorf("%s %s: Content-Type %q, want application/json", method, path, kind)
	}
}

func adminSurface(t *testing.T, s *story) {
	const refusedLogin = `{"error":"the e-mail address or the password is wrong"}`
	for _, body := range []string{
		`{"email":"` + ownerEmail + `","password":"not the password"}`, `{"email":"nobody@example.com","password":"not the password"}`,
	} {
		s.exactly(t, http.MethodPost, "/admin/auth/login", body, http.StatusUnauthorized, refusedLogin)
	}
	a := s.send(t, http.MethodGet, s.control+"/admin/secrets/stripe_api_key/environments", ownerToken, "")
	if a.StatusCode != http.StatusUnauthorized {
		t.Errorf("the admin surface takes a management token: status %d, want 401", a.StatusCode)
	}
	s.login(t)

	id := want[struct {
		ID string `json:"id"`
	}](t, s.api(t, http.MethodGet, "/v1/secrets/stripe_api_key", ""), http.StatusOK).ID
	values := "/admin/secrets/" + id + "/environments"
	entry := func(name string) string {
		return `{"environment_name":"` + name + `","created_at":"` + instant + `","updated_at":"` + instant + `"}`
	}
	list := func(names ...string) string {
		var entries []string
		for _, name := range names {
			entries = append(entries, entry(name))
		}
		return `{"secret_id":"` + id + `","secret_name":"stripe_api_key","secret_type":"string","base_environment":"production",` +
			`"environments":\[` + strings.Join(entries, ",") + `\]}`
	}
	s.exactly(t, http.MethodGet, values, "", http.StatusOK, list("development", "production"))

	// A value from the admin surface is used like any other, at once.
	s.values["staging"] = "sk_test_admin_BQokikJOvBiI2HlWgH4olfQ2"
	s.seen.secret("a value of the admin surface", s.values["staging"])
	s.exactly(t, http.MethodPut, values+"/staging", `{"value":"`+s.values["staging"]+`"}`, http.StatusOK, `{"ok":true,"environment":"staging"}`)
	s.expect(t, "staging", s.second)
	s.exactly(t, http.MethodGet, values, "", http.StatusOK, list("development", "staging", "production"))
	s.exactly(t, http.MethodPut, values+"/qa", `{"value":"x"}`, http.StatusNotFound, `{"error":"[^"]+"}`)

	// A duplicate never overwrites by accident.
	s.exactly(t, http.MethodPost, values+"/development/duplicate", `{"target_environment":"staging"}`, http.StatusConflict, `{"error":".+overwrite.+"}`)
	s.expect(t, "staging", s.second)
	s.exactly(t, http.MethodPost, values+"/development/duplicate", `{"target_environment":"staging","overwrite":true}`, http.StatusOK,
		`{"ok":true,"environment":"staging","message":"Successfully created environment 'staging' from 'development'"}`)
	s.values["staging"] = s.values["development"]
	s.expect(t, "staging", s.second)

	s.exactly(t, http.MethodDelete, values+"/staging", "", http.StatusConflict,
		`{"error":"Cannot remove environment 'staging' from this secret\. It is used by the following routes in that environment: `+
			`stripe-charges\. Remove the secret from those routes first\.","routes":\[{"id":"`+uuid+`","name":"stripe-charges"}\]}`)
	s.runs(t, "", "secrets", "create", "unused")
	s.exactly(t, http.MethodPut, "/admin/secrets/unused/environments/staging", `{"value":"sk_unused_BQokikJOvBiI2HlWg"}`, http.StatusOK,
		`{"ok":true,"environment":"staging"}`)
	s.seen.secret("a value that nothing uses", "sk_unused_BQokikJOvBiI2HlWg")
	s.exactly(t, http.MethodPost, "/admin/secrets/unused/environments/staging/duplicate", `{"target_environment":"development"}`, http.StatusOK,
		`{"ok":true,"environment":"development","message":"Successfully created environment 'development' from 'staging'"}`)
	s.exactly(t, http.MethodDelete, "/admin/secrets/unused/environments/staging", "", http.StatusOK, `{"ok":true}`)
	s.exactly(t, http.MethodDelete, "/admin/secrets/unused/environments/staging", "", http.StatusNotFound, `{"error":"[^"]+"}`)
}
