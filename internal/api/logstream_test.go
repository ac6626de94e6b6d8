package api_test

import (
	"bufio"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/api"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/wire"
)

// event is a server-sent event as its reader has it.
type event struct{ id, name, data string }

// stream is an open stream of events.
type stream struct {
	t     *testing.T
	lines *bufio.Scanner
	head  http.Header
	leave func()
}

// stream opens the rig's stream of the log over a connection; it has begun when this returns.
func (r *rig) stream(address, query, lastEventID string) *stream {
	r.t.Helper()
	ctx, cancel := context.WithCancel(r.t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", address+"/v1/logs/stream"+query, nil)
	must(r.t, err)
	req.Header.Set("Authorization", "Bearer "+r.token)
	if lastEventID != "" {
		req.Header.Set("Last-Event-ID", lastEventID)
	}
	answer, err := http.DefaultClient.Do(req)
	must(r.t, err)
	r.t.Cleanup(func() { cancel(); _ = answer.Body.Close() })
	if answer.StatusCode != 200 || answer.Header.Get("Content-Type") != "text/event-stream" || answer.Header.Get("Cache-Control") != "no-store" {
		r.t.Fatalf("got %d %v", answer.StatusCode, answer.Header)
	}
	s := &stream{r.t, bufio.NewScanner(answer.Body), answer.Header, cancel}
	if line := s.line(); line != "retry: 3000" {
		r.t.Fatalf("begins with %q", line)
	}
	return s
}

func (s *stream) line() string {
	s.t.Helper()
	if !s.lines.Scan() {
		s.t.Fatalf("the stream ended: %v", s.lines.Err())
	}
	return s.lines.Text()
}

// next reads an event; comments are none.
func (s *stream) next() (e event) {
	s.t.Helper()
	for {
		line := s.line()
		name, value, _ := strings.Cut(line, ": ")
		switch {
		case line == "" && e != event{}:
			return e
		case name == "id":
			e.id = value
		case name == "event":
			e.name = value
		case name == "data":
			e.data += value
		case line != "" && name != "":
			s.t.Fatalf("got the line %q", line)
		}
	}
}

// call reads an event and decodes its call.
func (s *stream) call() (record wire.LogRecord, id string) {
	s.t.Helper()
	e := s.next()
	if e.name != "call" || e.id == "" {
		s.t.Fatalf("got %+v, want a call", e)
	}
	strict(s.t, e.data, &record)
	return record, e.id
}

// ends checks that the stream says why it ends, and ends.
func (s *stream) ends(kind string) {
	s.t.Helper()
	e := s.next()
	var end wire.LogStreamEnd
	strict(s.t, e.data, &end)
	if e.name != "end" || end.Type != kind || end.Message == "" {
		s.t.Fatalf("got %+v, want the end because of %s", e, kind)
	}
	if s.lines.Scan() || s.lines.Err() != nil {
		s.t.Errorf("after the end: %q and %v", s.lines.Text(), s.lines.Err())
	}
}

func (r *rig) called(environmentID, path string, status int) route.Call {
	at := r.clock.Now()
	c := route.Call{ID: idAt(at), Account: r.account, RequestID: "q", Time: at, EnvironmentID: environmentID, Method: "GET", Path: path, Status: status}
	must(r.t, r.control.RecordCalls(r.t.Context(), []route.Call{c}))
	return c
}

func (r *rig) environmentID(name string) string {
	r.t.Helper()
	var e wire.Environment
	r.do("GET", "/v1/environments/"+name, nil).data(200, &e)
	return e.ID
}

func TestLogStream(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	server := httptest.NewServer(r.handler)
	t.Cleanup(server.Close)
	development, production := r.environmentID("development"), r.environmentID("production")
	r.called(development, "/before", 200)
	s := r.stream(server.URL, "", "")
	failed := r.stream(server.URL, "?status=5xx&environment=production", "")
	// what a caller wrote must not become an event of its own
	const odd = "/a\n\nevent: end\ndata: {\"type\":\"canary\"}\n\n\x1b[2J"
	first := r.called(development, odd, 200)
	r.called(production, "/broken/ada@example.com", 503)
	got, id := s.call()
	if got.ID != first.ID || got.Path != odd || got.Environment != "development" {
		t.Errorf("got %+v, want the call of %+v", got, first)
	}
	second, _ := s.call()
	if third, _ := failed.call(); third.ID != second.ID || third.Status != 503 {
		t.Errorf("got %+v, want %+v", third, second)
	}
	// production masks: the stream obeys as the list does
	var list []wire.LogRecord
	r.do("GET", "/v1/logs?environment=production", nil).data(200, &list)
	if second.Path != list[0].Path || strings.Contains(second.Path, "ada@") {
		t.Errorf("got %s, want the mask %s", second.Path, list[0].Path)
	}
	// after a place, calls may come a second time, and none is missing
	again, missing := r.stream(server.URL, "", id), second.ID
	for missing != "" {
		if c, _ := again.call(); c.ID == missing {
			missing = ""
		}
	}
	for _, c := range []struct{ query, field string }{
		{"?status=canary", "status"}, {"?limit=5", "limit"}, {"?since=2026-01-01T00:00:00Z", "since"},
	} {
		r.do("GET", "/v1/logs/stream"+c.query, nil).problem(400, "validation_error", c.field)
	}
	r.do("GET", "/v1/logs/stream", nil, "Last-Event-ID", "canary").problem(400, "validation_error", "Last-Event-ID")
	r.do("GET", "/v1/logs/stream?environment=canary", nil).problem(404, "not_found")
	r.do("GET", "/v1/logs/stream", nil, "Authorization", "").problem(401, "unauthenticated")
	r.do("GET", "/v1/logs/stream", nil, "Authorization", "Bearer "+r.as().token).problem(403, "forbidden")
	for range 2 { // with the three that are open
		r.stream(server.URL, "", "")
	}
	if a := r.do("GET", "/v1/logs/stream", nil); a.problem(429, "rate_limited").Message == "" || a.header.Get("Retry-After") == "" {
		t.Errorf("one too many: got %v", a.header)
	}
}

// A stream ends with what allows it, and not at the next call.
func TestLogStreamEndsWithTheRightToIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	server := httptest.NewServer(r.handler)
	t.Cleanup(server.Close)
	change := func(who *rig, statement string) {
		t.Helper()
		id := uuid.MustParse(strings.TrimPrefix(who.token, "tk_")).String()
		r.sql(strings.ReplaceAll(statement, "?", "'"+id+"'"))
	}
	viewer := r.as(everywhere(access.Viewer))
	s := viewer.stream(server.URL, "", "")
	change(viewer, `DELETE FROM grants WHERE holder_id = ?`)
	s.ends("forbidden")

	viewer = r.as(everywhere(access.Viewer))
	s = viewer.stream(server.URL, "", "")
	change(viewer, `UPDATE tokens SET revoked_at = 1 WHERE id = ?`)
	s.ends("unauthenticated")

	jwt := *r
	jwt.token = r.jwt()
	s = jwt.stream(server.URL, "?environment=production", "")
	if a := jwt.do("POST", "/admin/auth/logout", nil); a.status != 200 {
		t.Fatalf("logout: got %d %s", a.status, a.body)
	}
	s.ends("unauthenticated")
}

// At shutdown streams end first, and say that they may be gone on with.
func TestLogStreamEndsAtShutdown(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ending := make(chan struct{})
	h, err := api.New(api.Config{Control: r.control, Logger: slog.New(slog.DiscardHandler), Now: r.clock.Now, Ending: ending})
	must(t, err)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	s := r.stream(server.URL, "", "")
	close(ending)
	s.ends("unavailable")
}
