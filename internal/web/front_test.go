package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/web"
)

// front wraps h and gives the handler and what it logs.
func front(t *testing.T, c web.Config, h http.Handler) (http.Handler, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	c.Logger = slog.New(slog.NewJSONHandler(&log, nil))
	if c.Refuse == nil {
		c.Refuse = web.Problem
	}
	f, err := web.New(c)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return f.Wrap(h), &log
}

func event(t *testing.T, log *bytes.Buffer) map[string]any {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 1 {
		t.Fatalf("got %d events, want 1:\n%s", len(lines), log)
	}
	var e map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &e); err != nil {
		t.Fatalf("event %q: %v", lines[0], err)
	}
	return e
}

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestNewWantsItsParts(t *testing.T) {
	for name, c := range map[string]web.Config{
		"no logger": {Refuse: web.Problem},
		"no refuse": {Logger: slog.New(slog.DiscardHandler)},
	} {
		if _, err := web.New(c); err == nil {
			t.Errorf("%s: got no error, want one", name)
		}
	}
}

func TestTheEventHoldsNamedFactsOnly(t *testing.T) {
	start := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	ticks := 0
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/things/{id}", func(w http.ResponseWriter, r *http.Request) {
		who, err := web.Principal(r, func(_ context.Context, bearer string, from access.Request) (access.Principal, error) {
			if bearer != "canary-bearer" || from.Address != "192.0.2.1" || from.ID != web.RequestID(r.Context()) {
				t.Errorf("got bearer %q, request %+v", bearer, from)
			}
			return access.Principal{ID: "p1"}, nil
		})
		if err != nil || who.ID != "p1" {
			t.Errorf("Principal: got %v, %v", who, err)
		}
		_, _ = io.WriteString(w, "hello")
	})
	h, log := front(t, web.Config{Now: func() time.Time {
		ticks++
		return start.Add(time.Duration(ticks) * time.Second)
	}}, mux)
	r := httptest.NewRequest("POST", "/v1/things/canary-id?q=canary-query", strings.NewReader("canary-body"))
	r.Header.Set("Authorization", "Bearer canary-bearer")
	r.Header.Set("X-Request-Id", "canary-request")
	w := serve(h, r)

	e := event(t, log)
	id := w.Header().Get("X-Request-Id")
	if u, err := uuid.Parse(id); err != nil || u.Version() != 7 {
		t.Errorf("request id %q: want a UUID of version 7", id)
	}
	delete(e, "time")
	want := map[string]any{
		"level": "INFO", "msg": "request", "method": "POST", "path": "/v1/things/{id}", "status": 200.0,
		"duration": float64(time.Second), "bytes": 5.0, "request_id": id, "principal_id": "p1",
	}
	if d := cmp.Diff(want, e); d != "" {
		t.Errorf("event (-want +got):\n%s", d)
	}
	if strings.Contains(log.String(), "canary") {
		t.Errorf("the event repeats what was sent: %s", log)
	}
}

func TestAnUnknownMethodAndPathAreNotLogged(t *testing.T) {
	h, log := front(t, web.Config{}, web.Routes(http.NewServeMux(), web.Problem))
	serve(h, httptest.NewRequest("CANARY", "/canary", nil))
	e := event(t, log)
	if e["method"] != "other" || e["path"] != "/" || e["type"] != "not_found" {
		t.Errorf("got event %v, want method other, path /, type not_found", e)
	}
}

func TestSecurityHeaders(t *testing.T) {
	h, _ := front(t, web.Config{}, http.NotFoundHandler())
	w := serve(h, httptest.NewRequest("GET", "/", nil))
	for name, want := range map[string]string{
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "no-referrer",
		"Cache-Control":                "no-store",
		"Content-Security-Policy":      "default-src 'none'; frame-ancestors 'none'",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Strict-Transport-Security":    "",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	w = serve(h, httptest.NewRequest("GET", "https://example.com/", nil))
	if w.Header().Get("Strict-Transport-Security") == "" {
		t.Error("got no Strict-Transport-Security over TLS, want one")
	}
}

func TestAPanicIsAnInternalError(t *testing.T) {
	h, log := front(t, web.Config{}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("canary") }))
	w := serve(h, httptest.NewRequest("GET", "/", nil))
	if w.Code != 500 || strings.Contains(w.Body.String(), "canary") {
		t.Errorf("got %d %s, want 500 that tells nothing", w.Code, w.Body)
	}
	e := event(t, log)
	if e["level"] != "ERROR" || e["cause"] != "panic: canary" || e["stack"] == nil {
		t.Errorf("got event %v, want an error with cause and stack", e)
	}
}

func TestAPanicInTheMiddleOfAnAnswerTearsItDown(t *testing.T) {
	for name, panicked := range map[string]any{"ours": "canary", "abort": http.ErrAbortHandler} {
		h, log := front(t, web.Config{}, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half")
			panic(panicked)
		}))
		func() {
			defer func() {
				if got := recover(); got != http.ErrAbortHandler {
					t.Errorf("%s: got panic %v, want http.ErrAbortHandler", name, got)
				}
			}()
			serve(h, httptest.NewRequest("GET", "/", nil))
		}()
		if e := event(t, log); e["bytes"] != 4.0 {
			t.Errorf("%s: got event %v, want 4 bytes", name, e)
		}
	}
}

func TestABodyOverTheLimit(t *testing.T) {
	var err error
	h, _ := front(t, web.Config{BodyLimit: 4}, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err = web.ReadBody(r)
	}))
	serve(h, httptest.NewRequest("POST", "/", strings.NewReader("1234")))
	if err != nil {
		t.Errorf("at the limit: got %v, want none", err)
	}
	serve(h, httptest.NewRequest("POST", "/", strings.NewReader("12345")))
	if !fault.Is(err, fault.TooLarge) {
		t.Errorf("over the limit: got %v, want %s", err, fault.TooLarge)
	}
	serve(h, httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader("1"), failing{})))
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("broken off: got %v, want %s", err, fault.Invalid)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("canary") }

func TestTheTimeLimitReachesTheHandler(t *testing.T) {
	h, log := front(t, web.Config{TimeLimit: time.Nanosecond}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		web.Problem(w, r, r.Context().Err())
	}))
	w := serve(h, httptest.NewRequest("GET", "/", nil))
	if w.Code != 503 || event(t, log)["type"] != "unavailable" {
		t.Errorf("got %d %s, want 503 unavailable", w.Code, w.Body)
	}
}

func TestACallerWhoGoesAwayIsNoError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	h, log := front(t, web.Config{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cancel()
		web.Problem(w, r, r.Context().Err())
	}))
	serve(h, httptest.NewRequest("GET", "/", nil).WithContext(ctx))
	if got := event(t, log)["level"]; got != "INFO" {
		t.Errorf("got level %v, want INFO", got)
	}
}

func TestTheServerHasLimits(t *testing.T) {
	s := web.NewServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	if s.ReadHeaderTimeout == 0 || s.ReadTimeout == 0 || s.WriteTimeout == 0 || s.IdleTimeout == 0 || s.MaxHeaderBytes == 0 {
		t.Errorf("got a server without a limit: %+v", s)
	}
}
