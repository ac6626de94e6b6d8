package gateway_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/gateway"
)

// echoWorld is a world whose upstream does what a test says with what it was sent.
func echoWorld(t testing.TB, upstream http.HandlerFunc, edits ...func(*world)) *world {
	t.Helper()
	up := httptest.NewServer(upstream)
	t.Cleanup(up.Close)
	return newWorld(t, map[string]string{
		"api":    `{"target_url":"` + up.URL + `","inject_headers":{"Authorization":"Bearer {{secret:stripe_api_key}}"}}`,
		"off":    `{"target_url":"` + up.URL + `","echo_guard":false,"inject_headers":{"Authorization":"Bearer {{secret:stripe_api_key}}"}}`,
		"none":   `{"target_url":"` + up.URL + `"}`,
		"made":   `{"target_url":"` + up.URL + `","inject_headers":{"Authorization":"Basic {{secret:stripe_api_key | basic: me}}","X-Sign":"{{hmac_sha256: stripe_api_key, method}}"}}`,
		"query":  `{"target_url":"` + up.URL + `","inject_query":{"key":"{{secret:stripe_api_key}}"}}`,
		"fields": `{"target_url":"` + up.URL + `","inject_body":{"a":[{"b":"{{secret:stripe_api_key | base64}}"}]}}`,
	}, edits...).serve()
}

// ask calls a route in production and reads the whole answer.
func (w *world) ask(method, route string, header http.Header) (*http.Response, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, "http://"+w.address+"/"+route, strings.NewReader(""))
	if err != nil {
		w.t.Fatal(err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("X-Api-Key", w.prod)
	answer, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatalf("body: %v", err)
	}
	return answer, string(b)
}

func reply(contentType, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = io.WriteString(w, text)
	}
}

func TestEchoGuard(t *testing.T) {
	const found = prodValue
	in64 := base64.StdEncoding.EncodeToString([]byte("me:" + found))
	for name, test := range map[string]struct {
		route, contentType, text, want string
		redacted                       int64
	}{
		"JSON":               {"api", "application/json", `{"key":"` + found + `"}`, `{"key":"[redacted]"}`, 1},
		"twice":              {"api", "text/plain", found + " and " + found, "[redacted] and [redacted]", 2},
		"a vendor's JSON":    {"api", "application/vnd.x+json; charset=utf-8", found, "[redacted]", 1},
		"events":             {"api", "text/event-stream", "data: " + found + "\n\n", "data: [redacted]\n\n", 1},
		"in base64":          {"api", "text/html", base64.RawURLEncoding.EncodeToString([]byte(found)), "[redacted]", 1},
		"something else":     {"api", "application/json", `{"key":"sk_live_productiom"}`, `{"key":"sk_live_productiom"}`, 0},
		"too short to be it": {"api", "application/json", `{}`, `{}`, 0},
		"binary":             {"api", "application/octet-stream", found, found, 0},
		"an image":           {"api", "image/png", found, found, 0},
		"an image in XML":    {"api", "image/svg+xml", found, "[redacted]", 1},
		"switched off":       {"off", "application/json", found, found, 0},
		"nothing injected":   {"none", "application/json", found, found, 0},
		"basic credentials":  {"made", "text/plain", "<" + in64 + ">", "<[redacted]>", 1},
		"the value of these": {"made", "text/plain", found, "[redacted]", 1},
		"in the query":       {"query", "text/plain", "?key=" + found, "?key=[redacted]", 1},
		"in a body":          {"fields", "text/plain", base64.StdEncoding.EncodeToString([]byte(found)), "[redacted]", 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := echoWorld(t, reply(test.contentType, test.text))
			answer, got := w.ask("POST", test.route, http.Header{"Content-Type": {"application/json"}})
			if got != test.want || answer.ContentLength != int64(len(test.want)) {
				t.Errorf("got %q of the length %d, want %q", got, answer.ContentLength, test.want)
			}
			call := w.sink.wait(t, 1)[0]
			var echoed []string
			if test.redacted > 0 {
				echoed = []string{"id-stripe_api_key"}
			}
			if diff := cmp.Diff(echoed, call.Echoed); call.Redacted != test.redacted || diff != "" {
				t.Errorf("record: got %d redacted of %q, want %d of %q", call.Redacted, call.Echoed, test.redacted, echoed)
			}
			if call.BytesOut != int64(len(test.want)) {
				t.Errorf("record: got %d bytes out, want %d", call.BytesOut, len(test.want))
			}
			if stats := w.gateway.Stats(); stats.Echoes != test.redacted || stats.Unscanned != 0 {
				t.Errorf("counters: got %d echoes and %d unscanned, want %d and none", stats.Echoes, stats.Unscanned, test.redacted)
			}
		})
	}
}

// The signature of the call is looked for as the upstream received it.
func TestEchoGuardTakesSignaturesOut(t *testing.T) {
	w := echoWorld(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("X-Sign")+" "+r.Header.Get("Authorization"))
	})
	if _, got := w.ask("GET", "made", nil); got != "[redacted] Basic [redacted]" {
		t.Errorf("got %q", got)
	}
}

func TestEchoGuardOfHeadersAndTrailers(t *testing.T) {
	w := echoWorld(t, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["X-Echo"] = []string{"one", r.Header.Get("Authorization")}
		h.Set("Set-Cookie", "session="+base64.StdEncoding.EncodeToString([]byte(r.Header.Get("Authorization"))))
		h.Set("Etag", `"1"`)
		h.Set("Content-Digest", "sha-256=:abc:")
		switch r.URL.Path {
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		case "/trailers":
			h.Set("Trailer", "X-Late")
			_, _ = io.WriteString(w, "text")
			h.Set("X-Late", "late "+r.Header.Get("Authorization"))
			h.Set(http.TrailerPrefix+"X-Later", "later "+prodValue)
		}
	})
	for i, test := range []struct {
		method, path  string
		status, count int
	}{{"HEAD", "", 200, 2}, {"GET", "/none", 204, 2}, {"GET", "/trailers", 200, 4}} {
		answer, _ := w.ask(test.method, "api"+test.path, nil)
		if diff := cmp.Diff([]string{"one", "Bearer [redacted]"}, answer.Header["X-Echo"]); diff != "" || answer.StatusCode != test.status {
			t.Errorf("%s %s: status %d, X-Echo (-want +got):\n%s", test.method, test.path, answer.StatusCode, diff)
		}
		if got := answer.Header.Get("Set-Cookie"); !strings.Contains(got, "[redacted]") {
			t.Errorf("%s %s: got the cookie %q", test.method, test.path, got)
		}
		if answer.Header.Get("Etag") != `"1"` || answer.Header.Get("Content-Digest") == "" {
			t.Errorf("%s %s: got %v, want what it says of a body that did not change", test.method, test.path, answer.Header)
		}
		if test.count == 4 && (answer.Trailer.Get("X-Late") != "late Bearer [redacted]" || answer.Trailer.Get("X-Later") != "later [redacted]") {
			t.Errorf("trailers: got %v", answer.Trailer)
		}
		if call := w.sink.wait(t, i+1)[i]; call.Redacted != int64(test.count) {
			t.Errorf("%s %s: got %d redacted, want %d", test.method, test.path, call.Redacted, test.count)
		}
	}
}

// A provisional answer is an answer too.
func TestEchoGuardOfEarlyHints(t *testing.T) {
	world, _ := newWireWorld(t, func(w *wire, _ int) {
		w.mustHead()
		w.send("HTTP/1.1 103 Early Hints\r\nLink: </a?%s>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", prodValue)
	})
	c := world.dial()
	c.send(getAPI, world.prod)
	if head, _ := c.head(); strings.Contains(head, prodValue) || !strings.Contains(head, "103") || !strings.Contains(head, "</a?[redacted]>") {
		t.Errorf("got %q", head)
	}
	if answer := c.response("GET"); body(t, answer) != "ok" {
		t.Error("the answer behind it is lost")
	}
}

// The value is cut in every place, and what cannot belong to it is not held back.
func TestEchoGuardAcrossChunks(t *testing.T) {
	seen := make(chan struct{})
	world, _ := newWireWorld(t, func(w *wire, _ int) {
		w.mustHead()
		w.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
		for at := 1; at < len(prodValue); at++ {
			for _, part := range []string{"data: " + prodValue[:at], prodValue[at:] + "\n\n"} {
				w.send("%x\r\n%s\r\n", len(part), part)
			}
			<-seen // nothing more comes before the caller has it
		}
		w.send("0\r\n\r\n")
	})
	c := world.dial()
	c.send(getAPI, world.prod)
	answer := c.response("GET")
	const want = "data: [redacted]\n\n"
	for at := 1; at < len(prodValue); at++ {
		b := make([]byte, len(want))
		if _, err := io.ReadFull(answer.Body, b); err != nil || string(b) != want {
			t.Errorf("cut at %d: got %q, %v, want %q at once", at, b, err, want)
		}
		seen <- struct{}{}
	}
	if rest := body(t, answer); rest != "" {
		t.Errorf("got %q after the last event", rest)
	}
}

// A body that is long, or of which a part is missing yet, loses its length; a short one that is there keeps it.
func TestEchoGuardAndContentLength(t *testing.T) {
	block := strings.Repeat("0123456789abcde\n", 4<<10)
	var text bytes.Buffer
	for text.Len() < 1<<20 {
		text.WriteString(block + `"` + prodValue + `"`)
	}
	w := echoWorld(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"strong"`)
		w.Header().Set("Content-Digest", "sha-256=:abc:")
		switch r.URL.Path {
		case "/large":
			w.Header().Set("Content-Length", strconv.Itoa(text.Len()))
			_, _ = w.Write(text.Bytes())
		case "/short":
			_, _ = io.WriteString(w, "it is "+prodValue)
		case "/nothing":
			_, _ = io.WriteString(w, strings.Repeat("nothing ", 10))
		}
	})
	answer, got := w.ask("GET", "api/large", nil)
	if want := strings.ReplaceAll(text.String(), prodValue, "[redacted]"); got != want || answer.ContentLength != -1 {
		t.Errorf("a large body: got %d bytes of the length %d, want %d without one", len(got), answer.ContentLength, len(want))
	}
	if answer.Header.Get("Content-Digest") == "" || answer.Header.Get("Etag") != `"strong"` {
		t.Errorf("a large body: got %v, want what the upstream says of the body", answer.Header)
	}
	answer, got = w.ask("GET", "api/short", nil)
	if got != "it is [redacted]" || answer.Header.Get("Content-Digest") != "" || answer.Header.Get("Etag") != `W/"strong"` {
		t.Errorf("a short body: got %q and %v, want no digest and a weak tag", got, answer.Header)
	}
	answer, got = w.ask("GET", "api/nothing", nil)
	if len(got) != 80 || answer.ContentLength != 80 || answer.Header.Get("Content-Digest") == "" || answer.Header.Get("Etag") != `"strong"` {
		t.Errorf("nothing in it: got %q and %v, want all as it was", got, answer.Header)
	}
}

func compress(t testing.TB, coding, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch coding {
	case "gzip", "x-gzip":
		w = gzip.NewWriter(&b)
	case "deflate":
		w = zlib.NewWriter(&b)
	default:
		w, _ = flate.NewWriter(&b, flate.DefaultCompression)
	}
	_, _ = io.WriteString(w, text)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestEchoGuardDecodes(t *testing.T) {
	text := strings.Repeat("some text, ", 5000) + prodValue + "."
	asked := ""
	coding, name, status := "", "", http.StatusOK
	w := echoWorld(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.Header.Get("Accept-Encoding")
		h := w.Header()
		h.Set("Content-Type", "text/plain")
		h.Set("Content-Encoding", name)
		h.Set("Etag", `"1"`)
		h.Set("Repr-Digest", "sha-256=:abc:")
		w.WriteHeader(status)
		_, _ = w.Write(compress(t, coding, text))
	})
	for _, test := range []struct {
		coding, name string
		status       int
		decoded      bool
	}{
		{"gzip", "gzip", 200, true},
		{"gzip", "X-GZIP", 200, true},
		{"deflate", "deflate", 200, true},
		{"raw", "deflate", 200, true},
		{"gzip", "br", 200, false},
		{"gzip", "gzip, gzip", 200, false},
		{"gzip", "gzip", 206, false},
	} {
		coding, name, status = test.coding, test.name, test.status
		before := w.gateway.Stats()
		answer, got := w.ask("GET", "api", http.Header{"Accept-Encoding": {"gzip, br"}})
		after := w.gateway.Stats()
		if asked != "identity" {
			t.Errorf("%s: the upstream was asked for %q, want identity", test.name, asked)
		}
		if !test.decoded {
			if got != string(compress(t, coding, text)) || answer.Header.Get("Content-Encoding") != test.name || after.Unscanned != before.Unscanned+1 {
				t.Errorf("%s, %d: got %d bytes, %v, %d unscanned, want it as it came, and counted", test.name, test.status, len(got), answer.Header, after.Unscanned-before.Unscanned)
			}
			continue
		}
		if got != strings.Replace(text, prodValue, "[redacted]", 1) || after.Echoes != before.Echoes+1 || after.Unscanned != before.Unscanned {
			t.Errorf("%s: got %.100q… of %d bytes and %d echoes", test.name, got, len(got), after.Echoes-before.Echoes)
		}
		if h := answer.Header; h.Get("Content-Encoding") != "" || h.Get("Repr-Digest") != "" || h.Get("Etag") != `W/"1"` {
			t.Errorf("%s: got %v, want a head that fits the decoded body", test.name, h)
		}
	}
	if w.ask("GET", "off", http.Header{"Accept-Encoding": {"gzip, br"}}); asked != "gzip, br" {
		t.Errorf("switched off: the upstream was asked for %q, want what the caller takes", asked)
	}
	if w.ask("GET", "none", http.Header{"Accept-Encoding": {"gzip, br"}}); asked != "gzip, br" {
		t.Errorf("nothing injected: the upstream was asked for %q, want what the caller takes", asked)
	}
	if w.ask("GET", "api", nil); asked != "" {
		t.Errorf("the upstream was asked for %q, want nothing", asked)
	}
}

// What becomes far too large, or is broken, is cut off, and the caller sees it.
func TestEchoGuardBoundsDecoding(t *testing.T) {
	for name, sent := range map[string][]byte{
		"a bomb":  compress(t, "gzip", strings.Repeat("\x00", 64<<20)),
		"broken":  append(compress(t, "gzip", "")[:10], "no deflate at all, not in the least"...),
		"cut":     compress(t, "gzip", strings.Repeat("text ", 1000))[:40],
		"no gzip": []byte("plain text that says it is gzip"),
	} {
		t.Run(name, func(t *testing.T) {
			world, _ := newWireWorld(t, func(w *wire, _ int) {
				w.mustHead()
				w.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n", len(sent))
				_, _ = w.Write(sent)
			})
			c := world.dial()
			c.send(getAPI, world.prod)
			n, err := io.Copy(io.Discard, c.response("GET").Body)
			if err == nil || n > 32<<20 {
				t.Errorf("got %d bytes, %v, want to see that it was cut", n, err)
			}
			if call := world.sink.wait(t, 1)[0]; call.ErrorType != "upstream_truncated" {
				t.Errorf("record: got %q, want upstream_truncated", call.ErrorType)
			}
		})
	}
}

// What was held back of an answer that is cut short may be most of a value.
func TestEchoGuardKeepsWhatItHeldBack(t *testing.T) {
	for name, head := range map[string]string{
		"chunked":     "Transfer-Encoding: chunked\r\n\r\n16\r\n",
		"with length": "Content-Length: 100\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			world, _ := newWireWorld(t, func(w *wire, _ int) {
				w.mustHead()
				w.send("HTTP/1.1 200 OK\r\n%sit is %s", head, prodValue[:16])
			})
			c := world.dial()
			c.send(getAPI, world.prod)
			got, err := io.ReadAll(c.response("GET").Body)
			if string(got) != "it is " || err == nil {
				t.Errorf("got %q, %v, want what is before the value, cut short", got, err)
			}
		})
	}
}

func TestEchoGuardOfUpgradedConnections(t *testing.T) {
	world, _ := newWireWorld(t, func(w *wire, _ int) {
		w.mustHead()
		w.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Echo: %s\r\n\r\n%s", prodValue, prodValue)
	})
	c := world.dial()
	c.send("GET /api/x HTTP/1.1\r\nHost: g\r\nX-Api-Key: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", world.prod)
	head, _ := c.head()
	if field(head, "X-Echo") != "[redacted]" {
		t.Errorf("got %q, want the value taken out of the head", head)
	}
	if got := c.read(len(prodValue)); got != prodValue {
		t.Errorf("got %q, want what the two say to each other as it is", got)
	}
	_ = c.Close()
	if call := world.sink.wait(t, 1)[0]; call.Redacted != 1 {
		t.Errorf("record: got %d redacted, want 1", call.Redacted)
	}
	if got := world.gateway.Stats().Unscanned; got != 1 {
		t.Errorf("got %d unscanned, want 1", got)
	}
}

func TestIsText(t *testing.T) {
	for contentType, want := range map[string]bool{
		"": true, "text/plain": true, "TEXT/HTML; charset=x": true, "application/json": true, "application/problem+json": true,
		"application/xml": true, "image/svg+xml": true, "application/javascript": true, "application/x-www-form-urlencoded": true,
		"application/graphql": true, "application/x-ndjson": true, "multipart/mixed; boundary=x": true, "text/event-stream": true,
		"application/yaml": true, " application/json ": true,
		"application/octet-stream": false, "image/png": false, "video/mp4": false, "application/pdf": false, "application/zip": false,
		"application/grpc": false, "application/protobuf": false, "font/woff2": false, "application/jsonx": false,
	} {
		if got := gateway.IsText([]string{contentType}); got != want {
			t.Errorf("%q: got %v, want %v", contentType, got, want)
		}
	}
	if !gateway.IsText(nil) {
		t.Error("no type: got false, want true")
	}
}
