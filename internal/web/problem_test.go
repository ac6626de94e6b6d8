package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/web"
)

func TestStatus(t *testing.T) {
	for kind, want := range map[fault.Kind]int{
		fault.Invalid: 400, fault.Unauthenticated: 401, fault.Forbidden: 403, fault.PlanLimit: 403, fault.NotFound: 404,
		fault.MethodDenied: 405, fault.Conflict: 409, fault.InUse: 409, fault.Stale: 409, fault.NotReady: 409,
		fault.OnHold: 409, fault.Frozen: 409, fault.TooLarge: 413, fault.Limited: 429, fault.Internal: 500, fault.Unavailable: 503, "": 500,
	} {
		if got := web.Status(kind); got != want {
			t.Errorf("Status(%q): got %d, want %d", kind, got, want)
		}
	}
}

func TestProblem(t *testing.T) {
	for name, tt := range map[string]struct {
		err     error
		status  int
		body    string // RID stands for the request id
		admin   string
		headers map[string]string
		cause   any
	}{
		"fields": {
			err:    fault.RefusedFields([]fault.Field{{Field: "name", Message: "is required"}, {Field: "color", Message: "is <bad>"}}),
			status: 400,
			body: `{"error":{"type":"validation_error","message":"2 fields were refused; the first is name: is required",` +
				`"request_id":"RID","fields":[{"field":"name","message":"is required"},{"field":"color","message":"is <bad>"}]}}`,
			admin: `{"error":"2 fields were refused; the first is name: is required"}`,
		},
		"routes": {
			err:    &fault.Error{Kind: fault.InUse, Message: "it's used", Routes: []fault.Route{{ID: "1", Name: "a"}}},
			status: 409,
			body:   `{"error":{"type":"in_use","message":"it's used","request_id":"RID","routes":[{"id":"1","name":"a"}]}}`,
			admin:  `{"error":"it's used","routes":[{"id":"1","name":"a"}]}`,
		},
		"wrapped, with a cause for the log": {
			err:     fmt.Errorf("canary: %w", &fault.Error{Kind: fault.Unauthenticated, Message: "log in", Err: errors.New("checksum")}),
			status:  401,
			body:    `{"error":{"type":"unauthenticated","message":"log in","request_id":"RID"}}`,
			admin:   `{"error":"log in"}`,
			headers: map[string]string{"WWW-Authenticate": "Bearer"},
			cause:   "checksum",
		},
		"retry": {
			err:     &fault.Error{Kind: fault.Limited, Message: "wait", RetryAfter: 1500 * time.Millisecond},
			status:  429,
			body:    `{"error":{"type":"rate_limited","message":"wait","request_id":"RID"}}`,
			admin:   `{"error":"wait"}`,
			headers: map[string]string{"Retry-After": "2"},
		},
		"plan": {
			err:    &fault.Error{Kind: fault.Stale, Message: "look again", Detail: struct{ Hash string }{"h"}},
			status: 409,
			body:   `{"error":{"type":"stale","message":"look again","request_id":"RID","plan":{"Hash":"h"}}}`,
			admin:  `{"error":"look again"}`,
		},
		"freeze": {
			err:     &fault.Error{Kind: fault.Frozen, Message: "wait", RetryAfter: time.Hour},
			status:  409,
			body:    `{"error":{"type":"frozen","message":"wait","request_id":"RID"}}`,
			admin:   `{"error":"wait"}`,
			headers: map[string]string{"Retry-After": "3600"},
		},
		"without a kind": {
			err:    errors.New("canary"),
			status: 500,
			body:   `{"error":{"type":"internal_error","message":"internal error","request_id":"RID"}}`,
			admin:  `{"error":"internal error"}`,
			cause:  "canary",
		},
	} {
		for _, admin := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%v", name, admin), func(t *testing.T) {
				refuse, want := web.Problem, tt.body
				if admin {
					refuse, want = web.AdminProblem, tt.admin
				}
				h, log := front(t, web.Config{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { refuse(w, r, tt.err) }))
				w := serve(h, httptest.NewRequest("GET", "/", nil))
				if w.Code != tt.status {
					t.Errorf("got status %d, want %d", w.Code, tt.status)
				}
				want = strings.ReplaceAll(want, "RID", w.Header().Get("X-Request-Id"))
				if d := cmp.Diff(want, w.Body.String()); d != "" {
					t.Errorf("body (-want +got):\n%s", d)
				}
				if got := w.Header().Get("Content-Type"); got != "application/json" {
					t.Errorf("got content type %q, want application/json", got)
				}
				for _, name := range []string{"WWW-Authenticate", "Retry-After"} {
					if got := w.Header().Get(name); got != tt.headers[name] {
						t.Errorf("%s: got %q, want %q", name, got, tt.headers[name])
					}
				}
				if got := event(t, log)["cause"]; got != tt.cause {
					t.Errorf("got cause %v in the event, want %v", got, tt.cause)
				}
			})
		}
	}
}

func TestWhatCannotBeEncodedIsNotSentByHalf(t *testing.T) {
	h, log := front(t, web.Config{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		web.WriteJSON(w, r, 200, map[string]any{"a": "canary", "b": func() {}})
	}))
	w := serve(h, httptest.NewRequest("GET", "/", nil))
	if w.Code != 500 || strings.Contains(w.Body.String(), "canary") {
		t.Errorf("got %d %s, want 500 without a part of the answer", w.Code, w.Body)
	}
	if event(t, log)["cause"] == nil {
		t.Error("got no cause in the event, want one")
	}
}

func TestRoutes(t *testing.T) {
	mux := http.NewServeMux()
	ok := func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.PathValue("id")) }
	mux.HandleFunc("GET /a/{id}", ok)
	mux.HandleFunc("PUT /a/{id}", ok)
	h, _ := front(t, web.Config{}, web.Routes(mux, web.Problem))
	for _, tt := range []struct {
		method, path, allow string
		status              int
		body                string
	}{
		{method: "GET", path: "/a/1", status: 200, body: "1"},
		{method: "HEAD", path: "/a/1", status: 200, body: "1"},
		{method: "GET", path: "/a/%2e%2e%2f", status: 200, body: "../"},
		{method: "GET", path: "/a/", status: 404},
		{method: "GET", path: "/a", status: 404},
		{method: "GET", path: "/", status: 404},
		{method: "GET", path: "/a/b/../1", status: 404},
		{method: "GET", path: "//a/1", status: 404},
		{method: "GET", path: "/a//1", status: 404},
		{method: "GET", path: "/a/./1", status: 404},
		{method: "POST", path: "/a/1", status: 405, allow: "GET, HEAD, PUT"},
		{method: "OPTIONS", path: "/a/1", status: 405, allow: "GET, HEAD, PUT"},
		{method: "CONNECT", path: "/a/1", status: 405, allow: "GET, HEAD, PUT"},
	} {
		r := httptest.NewRequest(tt.method, "/", nil)
		r.URL.Path, r.URL.RawPath = tt.path, ""
		if strings.Contains(tt.path, "%") {
			r = httptest.NewRequest(tt.method, tt.path, nil)
		}
		w := serve(h, r)
		if w.Code != tt.status || w.Header().Get("Allow") != tt.allow {
			t.Errorf("%s %s: got %d, Allow %q; want %d, %q", tt.method, tt.path, w.Code, w.Header().Get("Allow"), tt.status, tt.allow)
		}
		if tt.status == 200 {
			if got := w.Body.String(); got != tt.body {
				t.Errorf("%s %s: got %q, want %q", tt.method, tt.path, got, tt.body)
			}
			continue
		}
		var body struct{ Error struct{ Type string } }
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || body.Error.Type == "" {
			t.Errorf("%s %s: got body %q, want a problem", tt.method, tt.path, w.Body)
		}
	}
}

func TestBearer(t *testing.T) {
	for name, tt := range map[string]struct {
		values []string
		want   string
	}{
		"plain":            {[]string{"Bearer abc"}, "abc"},
		"any case":         {[]string{"bEARER abc"}, "abc"},
		"spaces around":    {[]string{"Bearer   abc "}, "abc"},
		"none":             {nil, ""},
		"twice":            {[]string{"Bearer abc", "Bearer abc"}, ""},
		"another scheme":   {[]string{"Basic abc"}, ""},
		"no credential":    {[]string{"Bearer "}, ""},
		"scheme alone":     {[]string{"Bearer"}, ""},
		"two credentials":  {[]string{"Bearer a b"}, ""},
		"not ASCII":        {[]string{"Bearer ä"}, ""},
		"control":          {[]string{"Bearer a\x01"}, ""},
		"long beyond ours": {[]string{"Bearer " + strings.Repeat("a", 4097)}, ""},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Authorization"] = tt.values
		got, err := web.Bearer(r)
		if got != tt.want || (err == nil) != (tt.want != "") || err != nil && !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%s: got %q, %v; want %q", name, got, err, tt.want)
		}
	}
}

func TestPrincipalCarriesTheReasonOfAnOverride(t *testing.T) {
	for name, tt := range map[string]struct {
		values  []string
		want    string
		refused bool
	}{
		"none":        {nil, "", false},
		"text":        {[]string{"the key leaked"}, "the key leaked", false},
		"not ASCII":   {[]string{"die Schlüssel"}, "die Schlüssel", false},
		"longest":     {[]string{strings.Repeat("ü", 500)}, strings.Repeat("ü", 500), false},
		"too long":    {[]string{strings.Repeat("a", 501)}, "", true},
		"empty":       {[]string{""}, "", true},
		"blank":       {[]string{" "}, "", true},
		"twice":       {[]string{"a", "b"}, "", true},
		"control":     {[]string{"a\tb"}, "", true},
		"not UTF-8":   {[]string{"a\xff"}, "", true},
		"unprintable": {[]string{"a\u202e"}, "", true},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", "Bearer abc")
		r.Header[web.OverrideHeader] = tt.values
		var got access.Request
		_, err := web.Principal(r, func(_ context.Context, _ string, from access.Request) (access.Principal, error) {
			got = from
			return access.Principal{}, nil
		})
		if got.Override != tt.want || fault.Is(err, fault.Invalid) != tt.refused || !tt.refused && err != nil {
			t.Errorf("%s: got %q, %v; want %q, refused %v", name, got.Override, err, tt.want, tt.refused)
		}
	}
}

func TestPrincipalPassesTheRefusalOn(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	if _, err := web.Principal(r, nil); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("without a credential: got %v, want %s", err, fault.Unauthenticated)
	}
}
