package web_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/web"
)

// A stream goes on when the time of other requests is long over, and its reader has each piece as soon as it is sent.
func TestAStreamTakesAsLongAsItFlows(t *testing.T) {
	over := make(chan struct{}) // the time that another request has, and that of both at the server
	more := make(chan struct{})
	h, _ := front(t, web.Config{TimeLimit: 300 * time.Millisecond, Long: func(r *http.Request) bool { return r.URL.Path == "/long" }},
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/long" {
				<-r.Context().Done()
				close(over)
				return
			}
			s := web.NewStream(w)
			if s.Started() {
				t.Error("a stream that sent nothing says that it started")
			}
			_, _ = io.WriteString(s, "one\n")
			s.Flush()
			<-more
			if _, err := io.WriteString(s, "two\n"); err != nil || r.Context().Err() != nil || !s.Started() {
				t.Errorf("the second piece: %v, %v", err, r.Context().Err())
			}
			s.Header().Set("Lockage-Export-Entries", "2") // announced by nobody
		}))
	server := httptest.NewUnstartedServer(h)
	server.Config.ReadTimeout, server.Config.WriteTimeout = 200*time.Millisecond, 200*time.Millisecond
	server.Start()
	t.Cleanup(server.Close)
	answer, err := http.Get(server.URL + "/long")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewReader(answer.Body)
	if line, err := lines.ReadString('\n'); line != "one\n" || err != nil {
		t.Fatalf("got %q and %v", line, err)
	}
	if other, err := http.Get(server.URL + "/other"); err == nil {
		_ = other.Body.Close()
	}
	<-over
	close(more)
	if rest, err := io.ReadAll(lines); string(rest) != "two\n" || err != nil {
		t.Errorf("got %q and %v", rest, err)
	}
}

// Whoever reads must be able to tell an end from a stream that was torn down.
func TestAStreamThatFailsIsNoWholeAnswer(t *testing.T) {
	h, _ := front(t, web.Config{Long: func(*http.Request) bool { return true }}, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s := web.NewStream(w)
		_, _ = io.WriteString(s, "half")
		s.Flush()
		panic(http.ErrAbortHandler)
	}))
	server := httptest.NewServer(h)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(server.Close)
	answer, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, err := io.ReadAll(answer.Body); err == nil {
		t.Errorf("got %q as a whole answer", body)
	}
}

// A reader that goes away ends the context of a stream, which has no limit of time.
func TestAStreamEndsWithItsReader(t *testing.T) {
	ended := make(chan error, 1)
	h, _ := front(t, web.Config{Long: func(*http.Request) bool { return true }}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := web.NewStream(w)
		_, _ = io.WriteString(s, "one")
		s.Flush()
		<-r.Context().Done()
		ended <- context.Cause(r.Context())
	}))
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	if err := <-ended; err == nil {
		t.Error("the context has no end")
	}
}
