package server_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/server"
)

// Pages and API share a listener: each answers in its own form, and what a browser keeps is nobody to the API.
func TestPagesBesideTheAPI(t *testing.T) {
	c := local(t.TempDir())
	c.BootstrapToken, c.BootstrapEmail, c.BootstrapPassword = "tk_0123456789abcdefghij", "owner@example.com", "correct horse battery staple"
	r, err := server.Start(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, r)
	cookie := ""
	ask := func(method, path, body string, headers ...string) (*http.Response, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+r.ControlAddress()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		if cookie != "" {
			req.Header.Set("Cookie", cookie)
		}
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		defer client.CloseIdleConnections()
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res, string(text)
	}
	form := url.Values{"email": {c.BootstrapEmail}, "password": {c.BootstrapPassword}, "next": {"/"}}.Encode()
	res, body := ask("POST", "/login", form, "Content-Type", "application/x-www-form-urlencoded")
	for _, set := range res.Cookies() {
		cookie = set.Name + "=" + set.Value
	}
	if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(cookie, "__Host-lockage-session=") {
		t.Fatalf("log in: got %d with %q\n%s", res.StatusCode, cookie, body)
	}
	if res, body := ask("GET", "/", ""); res.StatusCode != http.StatusOK || !strings.Contains(body, "You are <bdi>owner@example.com</bdi>") {
		t.Errorf("the first page: got %d\n%s", res.StatusCode, body)
	}
	for path, want := range map[string]int{
		"/v1/environments": 401, "/v1/sessions": 401, "/admin/auth/logout": 405, "/v1/nothing": 404, "/v1": 404, "/v1/": 404,
		"/admin": 404, "/admin/nothing": 404, "/openapi.json": 200, "/healthz": 200, "/readyz": 200,
	} {
		res, body := ask("GET", path, "")
		if res.StatusCode != want || !json.Valid([]byte(body)) {
			t.Errorf("%s: got %d %q, want %d and JSON: a cookie is nobody here", path, res.StatusCode, body, want)
		}
	}
	for _, path := range []string{"/admin/auth/logout", "/admin/auth/refresh", "/admin/auth/switch"} {
		if res, body := ask("POST", path, "{}", "Content-Type", "application/json"); res.StatusCode != http.StatusUnauthorized || !json.Valid([]byte(body)) {
			t.Errorf("%s: got %d %q, want 401", path, res.StatusCode, body)
		}
	}
	for _, path := range []string{"/nothing", "/v1x", "/administration", "/healthz/more"} {
		if res, body := ask("GET", path, ""); res.StatusCode != http.StatusNotFound || !strings.Contains(body, "There is no such page.") {
			t.Errorf("%s: got %d %q, want a page that says there is none", path, res.StatusCode, body)
		}
	}
	if _, body := ask("GET", "/metrics", ""); !strings.Contains(body, "# HELP") {
		t.Errorf("/metrics: got %q", body)
	}
}
