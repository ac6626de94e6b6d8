package gateway_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/gateway"
)

// A caller that is refused learns it at once, however much of its body it keeps back, and its connection ends soon.
func TestWireRefusedBeforeTheBody(t *testing.T) {
	world, _ := newWireWorld(t, func(*wire, int) { t.Error("upstream: got a connection, want none") })
	tests := map[string]struct {
		head   string
		status int
	}{
		"no key":          {"POST /api HTTP/1.1\r\nContent-Length: 100\r\n", 401},
		"no key, 1.0":     {"POST /api HTTP/1.0\r\nContent-Length: 100\r\n", 401},
		"in chunks":       {"POST /api HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", 401},
		"large":           {"POST /api HTTP/1.1\r\nContent-Length: 10000000\r\n", 401},
		"expectation":     {"POST /api HTTP/1.1\r\nContent-Length: 100\r\nExpect: 100-continue\r\n", 401},
		"unknown route":   {"POST /none HTTP/1.1\r\nContent-Length: 100\r\nLockage-Key: " + world.prod + "\r\n", 404},
		"our page":        {"POST /_lockage/healthz HTTP/1.1\r\nContent-Length: 100\r\n", 200},
		"no page of ours": {"POST /_lockage/x HTTP/1.1\r\nContent-Length: 100\r\n", 404},
	}
	calls := map[string]*wire{}
	for name, test := range tests { // all at once: each ends only after a moment
		calls[name] = world.dial()
		_ = calls[name].SetDeadline(time.Now().Add(30 * time.Second))
		calls[name].send("%sHost: g\r\n\r\n", test.head)
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := calls[name]
			answer := c.response("POST")
			if answer.StatusCode != test.status || !answer.Close {
				t.Errorf("got %d, close %v, want %d and the end announced", answer.StatusCode, answer.Close, test.status)
			}
			if b := body(t, answer); answer.StatusCode > 400 && !strings.HasSuffix(b, "}\n") {
				t.Errorf("body: got %q, want a line", b)
			}
			if rest := drain(c.r); rest != "" {
				t.Errorf("after the answer: got %q", rest)
			}
			if _, err := c.r.ReadByte(); !errors.Is(err, io.EOF) {
				t.Errorf("after the answer: got %v, want the end of the connection", err)
			}
		})
	}
}

func TestWireRefusedDoesNotHoldShutdown(t *testing.T) {
	world, _ := newWireWorld(t, func(*wire, int) {})
	c := world.dial()
	c.send("POST /api HTTP/1.1\r\nHost: g\r\nContent-Length: 100\r\n\r\n")
	c.mustHead()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := world.server.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: got %v, want nil", err)
	}
}

// A refusal of a body that was sent whole reaches a caller that goes on writing.
func TestWireRefusedWithABody(t *testing.T) {
	world, _ := newWireWorld(t, func(*wire, int) {})
	c := world.dial()
	c.send("POST /api HTTP/1.1\r\nHost: g\r\nContent-Length: 1000000\r\n\r\n%s", strings.Repeat("x", 1_000_000))
	if answer := c.response("POST"); answer.StatusCode != 401 || !strings.Contains(body(t, answer), "unauthenticated") {
		t.Errorf("got %d, want 401", answer.StatusCode)
	}
}

// A body that must be read whole is waited for only so long, however steadily it trickles.
func TestWireTricklingBody(t *testing.T) {
	o := newOrigin(t, func(*wire, int) { t.Error("upstream: got a connection, want none") })
	world := newWorld(t, map[string]string{"api": `{"target_url":"` + o.url() + `","timeout":"200ms","inject_body":{"a":1}}`}).serve()
	for _, framing := range []string{"Content-Length: 1000000", "Transfer-Encoding: chunked"} {
		c := world.dial()
		c.send("POST /api HTTP/1.1\r\nHost: g\r\nLockage-Key: %s\r\nContent-Type: application/json\r\n%s\r\n\r\n", world.prod, framing)
		done := make(chan struct{})
		go func() {
			defer close(done)
			drop := "1\r\n \r\n"
			if strings.HasPrefix(framing, "Content-Length") {
				drop = " "
			}
			for range 150 { // three seconds
				if _, err := io.WriteString(c, drop); err != nil {
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
		}()
		start := time.Now()
		answer := c.response("POST")
		if got := time.Since(start); answer.StatusCode != 504 || got > 10*time.Second {
			t.Errorf("%s: got %d after %v, want 504 after 200 ms", framing, answer.StatusCode, got)
		}
		if p := decodeProblem(t, answer.Body); !strings.Contains(p.Error, "body") {
			t.Errorf("%s: got %q, want the body named", framing, p.Error)
		}
		_ = c.Conn.Close()
		<-done
	}
}

func TestGatewayBoundsBodiesInMemory(t *testing.T) {
	upstream := echo(t)
	w := newWorld(t, map[string]string{"api": `{"target_url":"` + upstream.URL + `","inject_body":{"a":1}}`}).serve()
	release := w.gateway.HoldBodies(gateway.MaxBodies - 5000)
	for _, test := range []struct {
		body   string
		chunks bool
		status int
	}{
		{`{"b":2}`, false, 200},
		{`{"b":2}`, true, 200}, // twice: what it took is given back
		{`{"b":"` + strings.Repeat("x", 4980) + `"}`, false, 200},
		{`{"b":"` + strings.Repeat("x", 4980) + `"}`, false, 200},
		{`{"b":"` + strings.Repeat("x", 5000) + `"}`, false, 503},
		{`{"b":"` + strings.Repeat("x", 5000) + `"}`, true, 503},
		{`{"b":2`, false, 400},
		{`{"b":2}`, true, 200},
	} {
		var body io.Reader = strings.NewReader(test.body)
		if test.chunks {
			body = io.MultiReader(body)
		}
		answer, text := w.call("POST", "/api", w.prod, body, "Content-Type", "application/json")
		if answer.StatusCode != test.status {
			t.Errorf("%d bytes, in chunks %v: got %d %s, want %d", len(test.body), test.chunks, answer.StatusCode, text, test.status)
		}
		if answer.StatusCode == 503 && (answer.Header.Get("Retry-After") != "1" || answer.Header.Get("Lockage-Error") != "unavailable") {
			t.Errorf("got %v, want unavailable and a second to wait", answer.Header)
		}
		eventually(t, "the end of the call", func() bool { return w.gateway.Stats().InFlight == 0 })
	}
	release()
	eventually(t, "all memory given back", func() bool {
		defer func() { _ = recover() }()
		w.gateway.HoldBodies(gateway.MaxBodies)()
		return true
	})
}

type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

func TestGatewayNamesWhatDoesNotResolve(t *testing.T) {
	w := newWorld(t, map[string]string{"api": `{"target_url":"http://nowhere.example"}`})
	w.gateway.Intercept(failing{&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "nowhere.example", IsNotFound: true}}})
	w.serve()
	answer, text := w.call("GET", "/api", w.prod, nil)
	p := decodeProblem(t, strings.NewReader(text))
	if answer.StatusCode != 502 || p.Type != "upstream_unreachable" || p.Error != "the target's name could not be resolved" {
		t.Errorf("got %d %+v, want 502 and the name as the reason", answer.StatusCode, p)
	}
}

func TestGatewayThrottlesRefusedDestinations(t *testing.T) {
	w := newWorld(t, map[string]string{"api": `{"target_url":"http://10.255.255.1"}`}, func(w *world) {
		w.config.Now = func() time.Time { return now }
	}).serve()
	for range 30 {
		w.call("GET", "/api", w.prod, nil)
	}
	if got := strings.Count(w.logs.String(), "destination refused"); got != 20 {
		t.Errorf("lines: got %d, want 20 in a second", got)
	}
}

func TestWireRawBytesKeepEscapedSlashes(t *testing.T) {
	lines := make(chan string, 1)
	world, _ := newWireWorld(t, func(w *wire, _ int) {
		head, _, _ := strings.Cut(w.mustHead(), "\r\n")
		lines <- head
		w.send(okAnswer)
	})
	c := world.dial()
	c.send("GET /api/a%%2Fb|c HTTP/1.1\r\nHost: g\r\nLockage-Key: %s\r\n\r\n", world.prod)
	body(t, c.response("GET"))
	if got, want := <-lines, "GET /base/a%2Fb%7Cc HTTP/1.1"; got != want {
		t.Errorf("upstream: got %q, want %q", got, want)
	}
	if got, want := world.sink.wait(t, 1)[0].Path, "/api/a%2Fb%7Cc"; got != want {
		t.Errorf("record: got %q, want %q", got, want)
	}
}
