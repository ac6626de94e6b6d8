package gateway_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/lockage/lockage/internal/gateway"
)

// call makes a call with the key and returns the answer, body read.
func (w *world) call(method, path, key string, body io.Reader, headers ...string) (*http.Response, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, "http://"+w.address+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Lockage-Key", key)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true}
	answer, err := transport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer, string(b)
}

// echo is an upstream that answers what it was sent.
func echo(t testing.TB) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("RateLimit-Limit", "of the upstream")
		_ = json.NewEncoder(w).Encode(map[string]any{ //nolint:errchkjson // of strings
			"method": r.Method, "uri": r.RequestURI, "header": r.Header, "body": string(body), "length": r.ContentLength,
		})
	}))
	t.Cleanup(s.Close)
	return s
}

type echoed struct {
	Method, URI, Body string
	Length            int64
	Header            http.Header
}

func TestGatewayAnswersItsOwnErrors(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	silent := newOrigin(t, func(w *wire, _ int) { w.head(); drain(w.r) })
	garbage := newOrigin(t, func(w *wire, _ int) { w.head(); w.send("hello there\r\n\r\n") })
	redirect := newOrigin(t, func(w *wire, _ int) {
		w.head()
		w.send("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
	})
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	w := newWorld(t, map[string]string{
		"closed":    `{"target_url":"http://` + closed.Addr().String() + `"}`,
		"silent":    `{"target_url":"` + silent.url() + `","timeout":"30ms"}`,
		"garbage":   `{"target_url":"` + garbage.url() + `"}`,
		"redirect":  `{"target_url":"` + redirect.url() + `"}`,
		"metadata":  `{"target_url":"http://169.254.169.254/latest"}`,
		"private":   `{"target_url":"http://10.255.255.1"}`,
		"untrusted": `{"target_url":"` + untrusted.URL + `"}`,
		"secret":    `{"target_url":"` + silent.url() + `","inject_headers":{"X-A":"{{secret:stripe_api_key}}"}}`,
		"limited":   `{"target_url":"` + redirect.url() + `","rate_limit":{"requests":1,"window":"1h"}}`,
		"body":      `{"target_url":"` + silent.url() + `","inject_body":{"a":1}}`,
		"slow":      `{"target_url":"` + silent.url() + `","inject_body":{"a":1},"timeout":"30ms"}`,
	}).serve()
	for name, test := range map[string]struct {
		method, path, body string
		headers            []string
		status             int
		kind               string
	}{
		"connection refused":    {"GET", "/closed", "", nil, 502, "upstream_unreachable"},
		"timeout":               {"GET", "/silent/x", "", nil, 504, "upstream_timeout"},
		"timeout with a body":   {"POST", "/silent/x", "hello", nil, 504, "upstream_timeout"},
		"no HTTP":               {"GET", "/garbage", "", nil, 502, "upstream_unreachable"},
		"metadata":              {"GET", "/metadata", "", nil, 502, "destination_refused"},
		"private":               {"GET", "/private", "", nil, 502, "destination_refused"},
		"certificate":           {"GET", "/untrusted", "", nil, 502, "upstream_unreachable"},
		"upgrade, refused":      {"GET", "/metadata", "", []string{"Connection", "Upgrade", "Upgrade", "websocket"}, 502, "destination_refused"},
		"upgrade, closed":       {"GET", "/closed", "", []string{"Connection", "Upgrade", "Upgrade", "websocket"}, 502, "upstream_unreachable"},
		"upgrade, timeout":      {"GET", "/silent", "", []string{"Connection", "Upgrade", "Upgrade", "websocket"}, 504, "upstream_timeout"},
		"no value":              {"GET", "/secret", "", nil, 500, "secret_not_configured"},
		"unknown route":         {"GET", "/unknown", "", nil, 404, "not_found"},
		"malformed body":        {"POST", "/body", "{", []string{"Content-Type", "application/json"}, 400, "validation_error"},
		"encoded body":          {"POST", "/body", "{}", []string{"Content-Type", "application/json", "Content-Encoding", "gzip"}, 400, "validation_error"},
		"body too large":        {"POST", "/body", strings.Repeat(" ", 10<<20+1), []string{"Content-Type", "application/json"}, 413, "too_large"},
		"own page that is none": {"GET", "/_lockage/other", "", nil, 404, "not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			answer, body := w.call(test.method, test.path, w.stage, strings.NewReader(test.body), test.headers...)
			p := decodeProblem(t, strings.NewReader(body))
			if answer.StatusCode != test.status || p.Type != test.kind || answer.Header.Get("Lockage-Error") != test.kind {
				t.Errorf("got %d, type %q, Lockage-Error %q, want %d %q", answer.StatusCode, p.Type, answer.Header.Get("Lockage-Error"), test.status, test.kind)
			}
			if p.RequestID != answer.Header.Get("Lockage-Request-Id") || len(p.RequestID) != 36 || answer.Header.Get("Content-Type") != "application/json" {
				t.Errorf("got request id %q, headers %v", p.RequestID, answer.Header)
			}
			if !strings.HasPrefix(test.path, "/_") && answer.Header.Get("Lockage-Environment") != "staging" {
				t.Errorf("got environment %q, want staging", answer.Header.Get("Lockage-Environment"))
			}
			for _, internal := range []string{"127.0.0.1", "169.254", "10.255", "refused:", "x509"} {
				if strings.Contains(p.Error, internal) {
					t.Errorf("the message %q tells of the inside", p.Error)
				}
			}
		})
	}
	t.Run("a body that does not come", func(t *testing.T) {
		c := w.dial()
		c.send("POST /slow HTTP/1.1\r\nHost: g\r\nLockage-Key: %s\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n{", w.stage)
		if answer := c.response("POST"); answer.StatusCode != 504 || !answer.Close {
			t.Errorf("got %d, close %v, want 504 and the end", answer.StatusCode, answer.Close)
		}
	})
	t.Run("redirects are not followed", func(t *testing.T) {
		if answer, _ := w.call("GET", "/redirect", w.stage, nil); answer.StatusCode != 302 || answer.Header.Get("Location") != "http://127.0.0.1:1/" {
			t.Errorf("got %d %v, want the upstream's 302", answer.StatusCode, answer.Header)
		}
	})
	t.Run("limits", func(t *testing.T) {
		for _, key := range []string{w.stage, w.prod} { // each has its own
			answer, _ := w.call("GET", "/limited", key, nil)
			if h := answer.Header; answer.StatusCode != 302 || h.Get("RateLimit-Limit") != "1" || h.Get("RateLimit-Remaining") != "0" || h.Get("RateLimit-Reset") != "3600" {
				t.Errorf("first: got %d %v, want the upstream's answer with our limits", answer.StatusCode, h)
			}
			answer, body := w.call("GET", "/limited", key, nil)
			if h := answer.Header; answer.StatusCode != 429 || h.Get("Retry-After") != "3600" || h.Get("RateLimit-Remaining") != "0" || h.Get("Lockage-Error") != "rate_limited" {
				t.Errorf("second: got %d %v %s, want 429 with the time to wait", answer.StatusCode, h, body)
			}
		}
	})
	if strings.Contains(w.logs.String(), devValue) || strings.Contains(w.logs.String(), w.stage) {
		t.Error("the log holds a secret")
	}
	eventually(t, "the end of all calls", func() bool { return w.gateway.Stats().InFlight == 0 })
	if s := w.gateway.Stats(); s.Errors["destination_refused"] != 3 || s.Errors["upstream_timeout"] != 4 || s.Classes["3xx"] != 3 {
		t.Errorf("stats: got %+v", s)
	}
}

func TestGatewayInjectsBodies(t *testing.T) {
	upstream := echo(t)
	w := newWorld(t, map[string]string{
		"api": `{"target_url":"` + upstream.URL + `","echo_guard":false,"inject_body":{"key":"{{secret:stripe_api_key}}"},"rate_limit":{"requests":100,"window":"1m"}}`,
	}).serve()
	const merged = `{"a":1.50,"key":"` + prodValue + `"}`
	for name, test := range map[string]struct {
		method, kind, body, want string
		secrets                  int
	}{
		"POST":                    {"POST", "application/json", `{"a":1.50}`, merged, 1},
		"PUT":                     {"PUT", "application/json; charset=utf-8", `{"a":1.50}`, merged, 1},
		"PATCH, +json":            {"PATCH", "application/merge-patch+json", `{"a":1.50}`, merged, 1},
		"empty, JSON":             {"POST", "application/json", "", `{"key":"` + prodValue + `"}`, 1},
		"empty, no type":          {"POST", "", "", `{"key":"` + prodValue + `"}`, 1},
		"no type":                 {"POST", "", "plain", "plain", 0},
		"another type":            {"POST", "text/plain", `{"a":1}`, `{"a":1}`, 0},
		"a method without a body": {"DELETE", "application/json", `{"a":1}`, `{"a":1}`, 0},
	} {
		for _, chunked := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", in chunks"}[chunked], func(t *testing.T) {
				var body io.Reader = strings.NewReader(test.body)
				if chunked {
					body = io.MultiReader(body)
				}
				headers := []string{"Content-Digest", "sha-256=:x:"}
				if test.kind != "" {
					headers = append(headers, "Content-Type", test.kind)
				}
				answer, text := w.call(test.method, "/api", w.prod, body, headers...)
				var got echoed
				if err := json.Unmarshal([]byte(text), &got); err != nil {
					t.Fatalf("got %d %s", answer.StatusCode, text)
				}
				injected := test.secrets > 0
				if got.Body != test.want || got.Method != test.method || (got.Header.Get("Content-Digest") == "") != injected {
					t.Errorf("upstream: got %s %q, digest %q, want %q", got.Method, got.Body, got.Header.Get("Content-Digest"), test.want)
				}
				if injected && (got.Length != int64(len(test.want)) || !strings.Contains(got.Header.Get("Content-Type"), "json")) {
					t.Errorf("upstream: got length %d, type %q", got.Length, got.Header.Get("Content-Type"))
				}
				if answer.Header.Get("RateLimit-Limit") != "100" {
					t.Errorf("RateLimit-Limit: got %q, want ours", answer.Header.Get("RateLimit-Limit"))
				}
				calls := w.sink.wait(t, 1)
				id := answer.Header.Get("Lockage-Request-Id")
				eventually(t, "the record", func() bool {
					w.sink.mu.Lock()
					defer w.sink.mu.Unlock()
					calls = w.sink.calls
					return calls[len(calls)-1].RequestID == id
				})
				if last := calls[len(calls)-1]; len(last.Secrets) != test.secrets || last.BytesIn != int64(len(test.body)) {
					t.Errorf("record: got secrets %v, %d bytes in, want %d, %d", last.Secrets, last.BytesIn, test.secrets, len(test.body))
				}
			})
		}
	}
}

func TestGatewayRecordsCalls(t *testing.T) {
	upstream := echo(t)
	w := newWorld(t, map[string]string{
		"api": `{"target_url":"` + upstream.URL + `","inject_headers":{"X-A":"{{secret:stripe_api_key}}"}}`,
	}).serve()
	_, body := w.call("GET", "/api/v1?token=private", w.prod, nil)
	w.call("GET", "/unknown", w.prod, nil)
	w.call("GET", "/api", w.stage, nil)
	w.call("GET", "/api", unknownKey, nil) // nobody's, so in nobody's log
	calls := w.sink.wait(t, 3)
	got := calls[0]
	if got.Account != account || got.EnvironmentID != production || got.RouteID != "id-api" || got.RouteKey != "api" || got.KeyID != "key-2" ||
		got.Method != "GET" || got.Path != "/api/v1" || got.Status != 200 || got.BytesOut != int64(len(body)) || got.ErrorType != "" ||
		!slices.Equal(got.Secrets, []string{"stripe_api_key"}) || got.ID == "" || got.Latency <= 0 || got.Time.IsZero() {
		t.Errorf("a call: got %+v", got)
	}
	if got := calls[1]; got.Status != 404 || got.ErrorType != "not_found" || got.RouteID != "" || got.KeyID != "key-2" || got.Secrets != nil {
		t.Errorf("of an unknown route: got %+v", got)
	}
	if got := calls[2]; got.Status != 500 || got.ErrorType != "secret_not_configured" || !slices.Equal(got.Secrets, []string{"stripe_api_key"}) {
		t.Errorf("without a value: got %+v", got)
	}
	if len(calls) != 3 {
		t.Errorf("got %d records, want 3", len(calls))
	}
	if logs := w.logs.String(); !strings.Contains(logs, "unknown key") || strings.Contains(logs, unknownKey) || strings.Contains(logs, "private") {
		t.Errorf("log: got %q, want the reason and nothing of the call", logs)
	}
}

func TestGatewayTLSAndHTTP2Upstream(t *testing.T) {
	for _, version := range []int{1, 2} {
		upstream := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Upgrade") != "" {
				c, err := websocket.Accept(w, r, nil)
				if err != nil {
					return
				}
				kind, message, err := c.Read(r.Context())
				if err == nil {
					_ = c.Write(r.Context(), kind, append(message, r.Header.Get("Authorization")...))
				}
				_ = c.Close(websocket.StatusNormalClosure, "done")
				return
			}
			w.Header().Set("X-Proto", r.Proto)
			_, _ = io.Copy(w, r.Body)
		}))
		upstream.EnableHTTP2 = version == 2
		upstream.StartTLS()
		t.Cleanup(upstream.Close)
		authorities := x509.NewCertPool()
		authorities.AddCert(upstream.Certificate())
		w := newWorld(t, map[string]string{
			"api": `{"target_url":"` + upstream.URL + `","inject_headers":{"Authorization":"Bearer {{secret:stripe_api_key}}"}}`,
		}, func(w *world) { w.config.TLS = &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12} }).serve()
		answer, body := w.call("POST", "/api", w.prod, strings.NewReader("hello"))
		if answer.StatusCode != 200 || body != "hello" || !strings.HasPrefix(answer.Header.Get("X-Proto"), "HTTP/"+string(rune('0'+version))) {
			t.Errorf("got %d %q over %s, want the echo over HTTP/%d", answer.StatusCode, body, answer.Header.Get("X-Proto"), version)
		}
		// a websocket takes a connection of its own, which speaks HTTP/1.1
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		c, _, err := websocket.Dial(ctx, "ws://"+w.address+"/api/socket", &websocket.DialOptions{HTTPHeader: http.Header{"Lockage-Key": {w.prod}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Write(ctx, websocket.MessageText, []byte("hi ")); err != nil {
			t.Error(err)
		}
		if _, message, err := c.Read(ctx); err != nil || string(message) != "hi Bearer "+prodValue {
			t.Errorf("websocket: got %q, %v, want the echo with the credential", message, err)
		}
		if _, _, err := c.Read(ctx); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
			t.Errorf("websocket: got %v, want the upstream's farewell", err)
		}
		cancel()
	}
}

func TestGatewayOwnPages(t *testing.T) {
	ready := errors.New("draining")
	upstream := echo(t)
	w := newWorld(t, map[string]string{"api": `{"target_url":"` + upstream.URL + `"}`}, func(w *world) {
		w.config.Ready = func() error { return ready }
	}).serve()
	check := func(path string, status int, want string) {
		t.Helper()
		if answer, body := w.call("GET", path, "", nil); answer.StatusCode != status || body != want {
			t.Errorf("%s: got %d %s, want %d %s", path, answer.StatusCode, body, status, want)
		}
	}
	check("/_lockage/healthz", 200, `{"status":"ok"}`)
	check("/_lockage/readyz", 503, `{"status":"unavailable"}`)
	ready = nil
	check("/_lockage/readyz", 200, `{"status":"ok"}`)
	if answer, _ := w.call("GET", "/_lockage/healthz", w.prod, nil, "Lockage-Route", "api"); answer.Header.Get("Lockage-Environment") != "production" {
		t.Error("a path of ours with Lockage-Route: got our page, want the route's")
	}
}

func TestGatewayNeverCallsItself(t *testing.T) {
	var own netip.AddrPort
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	own = l.Addr().(*net.TCPAddr).AddrPort() //nolint:forcetypeassert // it is one
	w := newWorld(t, map[string]string{"loop": `{"target_url":"http://` + own.String() + `/loop"}`}, func(w *world) {
		w.config.Own = func() []netip.AddrPort { return []netip.AddrPort{own} }
	})
	s := &http.Server{Handler: w.gateway, ReadHeaderTimeout: time.Second}
	go s.Serve(l) //nolint:errcheck // it ends with Close
	t.Cleanup(func() { _ = s.Close() })
	w.address = own.String()
	if answer, _ := w.call("GET", "/loop", w.prod, nil); answer.StatusCode != 502 || answer.Header.Get("Lockage-Error") != "destination_refused" {
		t.Errorf("got %d %s, want 502 destination_refused", answer.StatusCode, answer.Header.Get("Lockage-Error"))
	}
}

func TestNewRefusesWhatIsMissing(t *testing.T) {
	if _, err := gateway.New(gateway.Config{}); err == nil {
		t.Error("an empty config: got no error")
	}
}

// The data plane must go on when the control plane and the database are down, so it may not even know them.
func TestGatewayDependsOnNoDatabase(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "github.com/lockage/lockage/internal/gateway").Output()
	if err != nil {
		t.Skipf("go list: %v", err)
	}
	for dep := range strings.FieldsSeq(string(out)) {
		switch dep {
		case "database/sql", "net/http/httputil", "github.com/lockage/lockage/internal/store", "github.com/lockage/lockage/internal/control":
			t.Errorf("the gateway depends on %s", dep)
		}
		if strings.HasPrefix(dep, "github.com/prometheus/") {
			t.Errorf("the gateway depends on %s", dep)
		}
	}
}
