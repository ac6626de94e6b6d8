package testkit

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// Received is a request as an upstream saw it. Its JSON form is what the upstream echoes; bytes of the body that are
// not UTF-8 are replaced there, and kept here.
type Received struct {
	Method   string      `json:"method"`
	Host     string      `json:"host"`
	Path     string      `json:"path"`  // escaped, as it was sent
	RawQuery string      `json:"query"` // without the question mark
	Proto    string      `json:"proto"` // "HTTP/1.1", "HTTP/2.0"
	Header   http.Header `json:"headers"`
	Trailer  http.Header `json:"trailers,omitempty"` // known once the body was read
	Body     string      `json:"body"`               // as far as it was read
}

// request is one that may still be running; the upstream's mutex guards it.
type request struct {
	Received
	body []byte // becomes Received.Body in a copy
}

func (r *request) copy() Received {
	c := r.Received
	c.Header, c.Trailer, c.Body = r.Header.Clone(), r.Trailer.Clone(), string(r.body)
	return c
}

// Upstream is a server that keeps every request it gets and answers with a JSON form of it (a Received), status 200,
// unless it was told another answer.
type Upstream struct {
	URL string // http://127.0.0.1:port or https://…, without a slash at the end

	server   *httptest.Server
	mu       sync.Mutex
	received []*request
	answer   http.HandlerFunc
}

// NewUpstream starts an upstream on loopback that ends with the test.
func NewUpstream(t testing.TB) *Upstream {
	return newUpstream(t, (*httptest.Server).Start)
}

// NewTLSUpstream starts one that speaks TLS, HTTP/1.1 and HTTP/2, under a certificate that only Certificates and Client
// trust.
func NewTLSUpstream(t testing.TB) *Upstream {
	return newUpstream(t, func(s *httptest.Server) {
		s.EnableHTTP2 = true
		s.StartTLS()
	})
}

func newUpstream(t testing.TB, start func(*httptest.Server)) *Upstream {
	u := &Upstream{}
	u.server = httptest.NewUnstartedServer(u)
	u.server.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes, which tests provoke
	start(u.server)
	u.URL = u.server.URL
	t.Cleanup(func() {
		u.server.CloseClientConnections() // an answer nobody reads to its end must not hold up the test's
		u.server.Close()
	})
	return u
}

// Answer has h answer the requests to come; nil brings back the echo. A request is kept before h is called, and its
// body as h reads it. It is safe to call while requests are running.
func (u *Upstream) Answer(h http.HandlerFunc) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.answer = h
}

// Requests answers copies of what was received so far, in order of arrival; nil when nothing was.
func (u *Upstream) Requests() []Received {
	u.mu.Lock()
	defer u.mu.Unlock()
	var all []Received
	for _, r := range u.received {
		all = append(all, r.copy())
	}
	return all
}

// Client is a client that trusts the upstream.
func (u *Upstream) Client() *http.Client { return u.server.Client() }

// Certificates holds the certificate of a TLS upstream, as the roots to trust.
func (u *Upstream) Certificates() *x509.CertPool {
	pool := x509.NewCertPool()
	if c := u.server.Certificate(); c != nil {
		pool.AddCert(c)
	}
	return pool
}

// ServeHTTP keeps the request and answers it.
func (u *Upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kept := &request{Received: Received{
		Method: r.Method, Host: r.Host, Path: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery, Proto: r.Proto,
		Header: r.Header.Clone(),
	}}
	u.mu.Lock()
	u.received = append(u.received, kept)
	answer := u.answer
	u.mu.Unlock()
	r.Body = &keeping{body: r.Body, keep: func(p []byte) {
		u.mu.Lock()
		defer u.mu.Unlock()
		kept.body = append(kept.body, p...)
		kept.Trailer = r.Trailer.Clone()
	}}
	if answer != nil {
		answer(w, r)
		return
	}
	u.echo(w, r, kept)
}

func (u *Upstream) echo(w http.ResponseWriter, r *http.Request, kept *request) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return // the caller has gone
	}
	var answer bytes.Buffer
	u.mu.Lock()
	received := kept.copy()
	u.mu.Unlock()
	if err := json.NewEncoder(&answer).Encode(received); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(answer.Bytes())
}

// keeping shows what is read from a body to keep, at the body's end with nothing.
type keeping struct {
	body io.ReadCloser
	keep func([]byte)
}

func (k *keeping) Read(p []byte) (int, error) {
	n, err := k.body.Read(p)
	k.keep(p[:n])
	return n, err
}

func (k *keeping) Close() error { return k.body.Close() }
