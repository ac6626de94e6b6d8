package gateway_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience bounds every wait for bytes; no test waits that long unless it fails.
const patience = 10 * time.Second

// origin is an upstream that does on each connection what its script says, byte by byte.
type origin struct {
	t        testing.TB
	listener net.Listener
	mu       sync.Mutex
	open     []net.Conn
	accepted int
}

// wire is one side of a connection.
type wire struct {
	net.Conn
	t testing.TB
	r *bufio.Reader
}

// newOrigin starts an origin; script runs once for each connection, which is closed when it returns.
func newOrigin(t testing.TB, script func(w *wire, connection int)) *origin {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := &origin{t: t, listener: l}
	var scripts sync.WaitGroup
	scripts.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			o.mu.Lock()
			n := o.accepted
			o.accepted++
			o.open = append(o.open, c)
			o.mu.Unlock()
			scripts.Go(func() {
				defer c.Close()
				script(newWire(t, c), n)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		o.mu.Lock()
		for _, c := range o.open {
			_ = c.Close()
		}
		o.mu.Unlock()
		scripts.Wait()
	})
	return o
}

func (o *origin) url() string { return "http://" + o.listener.Addr().String() }

// connections is how many were accepted.
func (o *origin) connections() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.accepted
}

func newWire(t testing.TB, c net.Conn) *wire {
	_ = c.SetDeadline(time.Now().Add(patience))
	return &wire{Conn: c, t: t, r: bufio.NewReader(c)}
}

// dial connects a client to the gateway of a world.
func (w *world) dial() *wire {
	w.t.Helper()
	c, err := net.Dial("tcp", w.address)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = c.Close() })
	return newWire(w.t, c)
}

// send writes text, in which a line's end is \r\n as it stands. A peer that is gone is not an error.
func (w *wire) send(format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

// head reads lines up to the empty one; false at the connection's end.
func (w *wire) head() (string, bool) {
	var b strings.Builder
	for {
		line, err := w.r.ReadString('\n')
		if err != nil {
			return b.String(), false
		}
		if line == "\r\n" {
			return b.String(), true
		}
		b.WriteString(line)
	}
}

// mustHead is head where there must be one.
func (w *wire) mustHead() string {
	w.t.Helper()
	h, ok := w.head()
	if !ok {
		w.t.Errorf("head: the connection ended after %q", h)
	}
	return h
}

// read reads exactly n bytes, as text.
func (w *wire) read(n int) string {
	w.t.Helper()
	b := make([]byte, n)
	if read, err := io.ReadFull(w.r, b); err != nil {
		w.t.Errorf("reading %d bytes: %v after %q", n, err, b[:read])
	}
	return string(b)
}

// rest reads to the connection's end.
func (w *wire) rest() string {
	w.t.Helper()
	b, err := io.ReadAll(w.r)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		w.t.Errorf("the connection stays open after %q", b)
	}
	return string(b)
}

// response reads an answer as net/http does.
func (w *wire) response(method string) *http.Response {
	w.t.Helper()
	answer, err := http.ReadResponse(w.r, &http.Request{Method: method})
	if err != nil {
		w.t.Fatalf("answer: %v", err)
	}
	return answer
}

// body reads the body of an answer.
func body(t testing.TB, answer *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Errorf("body: %v after %q", err, b)
	}
	return string(b)
}

// field is the first value of a header in a head, "" for none.
func field(head, name string) string {
	for line := range strings.SplitSeq(head, "\r\n") {
		if n, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(n, name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// has says whether a head names a header at all.
func has(head, name string) bool {
	for line := range strings.SplitSeq(head, "\r\n") {
		if n, _, ok := strings.Cut(line, ":"); ok && strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// wireRoute is a route with an injected credential, to an origin.
func wireRoute(o *origin) map[string]string {
	return map[string]string{"api": `{"target_url":"` + o.url() + `/base","inject_headers":{"Authorization":"Bearer {{secret:stripe_api_key}}"}}`}
}

// newWire makes a world in front of a scripted origin.
func newWireWorld(t testing.TB, script func(w *wire, connection int)) (*world, *origin) {
	t.Helper()
	o := newOrigin(t, script)
	return newWorld(t, wireRoute(o)).serve(), o
}

// drain reads all there is, also of what ends badly.
func drain(r io.Reader) string {
	b, _ := io.ReadAll(r)
	return string(b)
}
