package api_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/wire"
)

func TestHowABodyIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	field := func(name, message string) []wire.Field { return []wire.Field{{Field: name, Message: message}} }
	for _, tt := range []struct {
		path, body string
		want       []wire.Field
	}{
		{"/v1/secrets", `{"name":"a`, field("body", "is not valid JSON, see byte 10")},
		{"/v1/secrets", `{"name":"a"} x`, field("body", "is not valid JSON, see byte 13")},
		{"/v1/secrets", `{"name":"a"}{}`, field("body", "is not valid JSON, see byte 12")},
		{"/v1/secrets", "{\"name\":\"a\xff\"}", field("body", "is not valid UTF-8, see byte 10")},
		{"/v1/secrets", `{"name":"a","name":"b"}`, field("name", "is given twice; send it once")},
		{"/v1/secrets", `[]`, field("body", "must be a JSON object")},
		{"/v1/secrets", `null`, field("body", "must be a JSON object")},
		{"/v1/secrets", ``, field("name", "is required")},
		{"/v1/secrets", `{"name":true}`, field("name", "must be a string")},
		{"/v1/secrets", `{"name":"a","description":null}`, field("description", "must not be null")},
		{"/v1/secrets", `{"name":"a","value":"b"}`, field("value", "is not a field of this body")},
		{"/v1/secrets", `{"name":"a","` + strings.Repeat("x", 33) + `":"b"}`, field("?", "is not a field of this body")},
		{"/v1/environments", `{"name":"a","is_default":1}`, field("is_default", "must be true or false")},
		{"/v1/api-keys", `{"environment":"production","type":"secret","expires_at":"2026-01-02"}`, field("expires_at", "must be an RFC 3339 time, for instance 2026-01-02T15:04:05Z")},
		{"/v1/commits", `{"definitions":null}`, field("definitions", "must not be null")},
		{"/v1/commits", `{"definitions":"all"}`, field("definitions", "must be an array")},
		{"/v1/commits", `{"definitions":["all"]}`, field("definitions[0]", "must be a JSON object")},
		{"/v1/commits", `{"definitions":[{"kind":"route","kind":"route"}]}`, field("definitions[0].kind", "is given twice; send it once")},
		{"/v1/secrets?limit=1", `{"name":"a"}`, field("limit", "is not a query parameter of this operation")},
	} {
		p := r.do("POST", tt.path, tt.body).problem(400, "validation_error")
		if d := cmp.Diff(tt.want, p.Fields); d != "" {
			t.Errorf("%s %s: fields (-want +got):\n%s", tt.path, tt.body, d)
		}
	}
}

func TestContentTypes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i, contentType := range []string{"", "application/json", "Application/JSON", "application/json; charset=UTF-8"} {
		req := httptest.NewRequestWithContext(t.Context(), "POST", "/v1/secrets", strings.NewReader(`{"name":"a`+strings.Repeat("a", i)+`"}`))
		req.Header.Set("Authorization", "Bearer "+r.token)
		if contentType != "" {
			req.Header.Set("Content-Type", contentType)
		}
		w := httptest.NewRecorder()
		if r.handler.ServeHTTP(w, req); w.Code != 201 {
			t.Errorf("%q: got %d %s, want 201", contentType, w.Code, w.Body)
		}
	}
	for _, contentType := range []string{
		"text/plain", "application/x-www-form-urlencoded", "application/vnd.api+json", "application/json; charset=latin1", "application/cbor", ";", "a b",
	} {
		for _, path := range []string{"/v1/secrets", "/v1/routes"} {
			r.do("POST", path, `{}`, "Content-Type", contentType).problem(400, "validation_error", "Content-Type")
		}
	}
}

func TestABodyOverTheLimit(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const limit = 1 << 20
	body := `{"name":"a"}`
	for _, path := range []string{"/v1/secrets", "/v1/routes"} {
		r.do("POST", path, body+strings.Repeat(" ", limit+1-len(body))).problem(413, "too_large")
	}
	r.do("POST", "/v1/secrets", body+strings.Repeat(" ", limit-len(body))).data(201, nil)
}

func TestAnErrorWithoutAKindTellsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	m := r.admin()
	must(t, r.store.Close())
	p := r.do("GET", "/v1/environments", nil).problem(500, "internal_error")
	if p.Message != "internal error" {
		t.Errorf("got message %q, want one that tells nothing", p.Message)
	}
	m.do("GET", "/admin/secrets/x/environments", nil).exactly(500, `{"error":"internal error"}`)
	if !strings.Contains(r.logged(), `"cause":"control: `) {
		t.Errorf("got log %s, want the cause in it", r.logged())
	}
}
