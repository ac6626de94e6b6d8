package gateway_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// The battery: what must be right on the wire, each by raw sockets on both sides. This file: headers and framing.

func TestWireInjectAndStrip(t *testing.T) {
	for name, credential := range map[string]string{
		"Lockage-Key":          "Lockage-Key: %s\r\n",
		"bearer":               "Authorization: Bearer %s\r\n",
		"X-Api-Key":            "X-Api-Key: %s\r\n",
		"all":                  "Lockage-Key: %[1]s\r\nAuthorization: bearer %[1]s\r\nX-Api-Key: %[1]s\r\n",
		"beside another's":     "Lockage-Key: %s\r\nAuthorization: Bearer sk_live_of_the_provider\r\n",
		"with Lockage headers": "Lockage-Key: %s\r\nLockage-Environment: production\r\nLockage-Future: x\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			heads := make(chan string, 1)
			world, _ := newWireWorld(t, func(w *wire, _ int) {
				heads <- w.mustHead()
				w.send(okAnswer)
			})
			c := world.dial()
			c.send("GET /api/v1/charges%%2F1?expand=a%%20b HTTP/1.1\r\nHost: gateway\r\nX-Own: kept\r\n"+credential+"\r\n", world.prod)
			answer := c.response("GET")
			if got := body(t, answer); answer.StatusCode != 200 || got != "ok" {
				t.Errorf("answer: got %d %q, want 200 ok", answer.StatusCode, got)
			}
			if answer.Header.Get("Lockage-Environment") != "production" || len(answer.Header.Get("Lockage-Request-Id")) != 36 || answer.Header.Get("Lockage-Error") != "" {
				t.Errorf("answer: got headers %v, want environment, request id, no error", answer.Header)
			}
			head := <-heads
			if !strings.HasPrefix(head, "GET /base/v1/charges%2F1?expand=a%20b HTTP/1.1\r\n") {
				t.Errorf("upstream: got %q, want the path below the target's, as escaped", head)
			}
			if got, want := field(head, "Authorization"), "Bearer "+prodValue; got != want {
				t.Errorf("upstream: got Authorization %q, want %q", got, want)
			}
			if strings.Contains(head, world.prod) || strings.Contains(head, "Lockage") || has(head, "X-Api-Key") {
				t.Errorf("upstream: got %q, want nothing of ours", head)
			}
			if field(head, "X-Own") != "kept" || field(head, "Host") == "gateway" || has(head, "User-Agent") || has(head, "Accept-Encoding") {
				t.Errorf("upstream: got %q, want the caller's headers, the target's host and nothing added", head)
			}
		})
	}
}

func TestWireConnectionCannotStripInjected(t *testing.T) {
	heads := make(chan string, 1)
	world, _ := newWireWorld(t, func(w *wire, _ int) {
		heads <- w.mustHead()
		w.send(okAnswer)
	})
	c := world.dial()
	c.send("GET /api/x HTTP/1.1\r\nHost: g\r\nLockage-Key: %s\r\nConnection: close, Authorization, Host, Content-Length\r\n\r\n", world.prod)
	c.response("GET")
	if head := <-heads; field(head, "Authorization") != "Bearer "+prodValue || !has(head, "Host") {
		t.Errorf("upstream: got %q, want the injected header in it", head)
	}
}

func TestWireHopByHopRequest(t *testing.T) {
	heads := make(chan string, 1)
	world, _ := newWireWorld(t, func(w *wire, _ int) {
		heads <- w.mustHead()
		w.send(okAnswer)
	})
	c := world.dial()
	c.send("GET /api/x HTTP/1.1\r\nHost: g\r\nX-Api-Key: %s\r\nConnection: X-Hop, keep-alive\r\nConnection: X-Second\r\nX-Hop: 1\r\nX-Second: 2\r\n"+
		"Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic eA==\r\nTE: trailers, deflate\r\nUpgrade: h2c\r\nX-End: 3\r\n\r\n", world.prod)
	c.response("GET")
	head := <-heads
	for _, name := range []string{"X-Hop", "X-Second", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization", "Upgrade", "X-Api-Key", "Connection"} {
		if has(head, name) {
			t.Errorf("upstream: got %s in %q", name, head)
		}
	}
	if field(head, "X-End") != "3" || field(head, "Te") != "trailers" {
		t.Errorf("upstream: got %q, want X-End and TE: trailers", head)
	}
}

func TestWireHopByHopResponse(t *testing.T) {
	world, _ := newWireWorld(t, func(w *wire, _ int) {
		w.mustHead()
		w.send("HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=9\r\nProxy-Authenticate: Basic\r\nUpgrade: h2c\r\n" +
			"Lockage-Error: forged\r\nLockage-Environment: forged\r\nX-End: 3\r\nContent-Length: 2\r\n\r\nok")
	})
	c := world.dial()
	c.send("GET /api/x HTTP/1.1\r\nHost: g\r\nX-Api-Key: %s\r\n\r\n", world.prod)
	h := c.response("GET").Header
	for _, name := range []string{"X-Hop", "Keep-Alive", "Proxy-Authenticate", "Upgrade", "Lockage-Error", "Content-Type"} {
		if _, ok := h[name]; ok {
			t.Errorf("answer: got %s in %v", name, h)
		}
	}
	if h.Get("X-End") != "3" || !slices.Equal(h["Lockage-Environment"], []string{"production"}) {
		t.Errorf("answer: got %v, want X-End and our own Lockage-Environment", h)
	}
}

func TestWireResponseTrailers(t *testing.T) {
	world, _ := newWireWorld(t, func(w *wire, _ int) {
		w.mustHead()
		w.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 42\r\nX-Late: 43\r\nLockage-Error: forged\r\n\r\n")
	})
	c := world.dial()
	c.send("GET /api/x HTTP/1.1\r\nHost: g\r\nX-Api-Key: %s\r\n\r\n", world.prod)
	answer := c.response("GET")
	if got := body(t, answer); got != "abc" {
		t.Errorf("body: got %q, want abc", got)
	}
	if answer.Trailer.Get("X-Sum") != "42" || answer.Trailer.Get("X-Late") != "43" || answer.Trailer.Get("Lockage-Error") != "" {
		t.Errorf("trailers: got %v, want X-Sum and X-Late", answer.Trailer)
	}
}

func TestWireRequestTrailers(t *testing.T) {
	for _, announced := range []string{"Trailer: X-Sum, Authorization, Lockage-Key\r\n", ""} {
		t.Run(fmt.Sprintf("announced=%v", announced != ""), func(t *testing.T) {
			got := make(chan *http.Request, 1)
			world, _ := newWireWorld(t, func(w *wire, _ int) {
				r, err := http.ReadRequest(w.r)
				if err != nil {
					t.Error(err)
					return
				}
				drain(r.Body)
				got <- r
				w.send(okAnswer)
			})
			c := world.dial()
			c.send("POST /api/x HTTP/1.1\r\nHost: g\r\nX-Api-Key: %s\r\nTransfer-Encoding: chunked\r\n"+announced+"\r\n"+
				"3\r\nabc\r\n0\r\nX-Sum: 42\r\nAuthorization: Bearer forged\r\nLockage-Key: x\r\n\r\n", world.prod)
			c.response("POST")
			r := <-got
			if r.Trailer.Get("X-Sum") != "42" || len(r.Trailer) != 1 {
				t.Errorf("trailers: got %v, want X-Sum alone", r.Trailer)
			}
			if r.Header.Get("Authorization") != "Bearer "+prodValue {
				t.Errorf("Authorization: got %q, want the injected one", r.Header.Get("Authorization"))
			}
		})
	}
}

func TestWireEarlyHints103(t *testing.T) {
	proceed := make(chan struct{})
	world, _ := newWireWorld(t, func(w *wire, _ int) {
		w.mustHead()
		w.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nConnection: X-Hop\r\nX-Hop: 1\r\nLockage-Error: forged\r\n\r\n")
		<-proceed
		w.send(okAnswer)
	})
	c := world.dial()
	c.send("GET /api/x HTTP/1.1\r\nHost: g\r\nX-Api-Key: %s\r\n\r\n", world.prod)
	head := c.mustHead()
	if !strings.HasPrefix(head, "HTTP/1.1 103 ") || field(head, "Link") == "" || has(head, "X-Hop") || has(head, "Lockage-Error") {
		t.Errorf("early hints: got %q, want the Link, cleaned", head)
	}
	close(proceed)
	if answer := c.response("GET"); answer.StatusCode != 200 || answer.Header.Get("Link") != "" {
		t.Errorf("answer: got %d %v, want 200 without the hints", answer.StatusCode, answer.Header)
	}
}

func TestWireHead204304(t *testing.T) {
	for _, test := range []struct{ method, answer, length string }{
		{"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n", "1234"},
		{"GET", "HTTP/1.1 204 No Content\r\n\r\n", ""},
		{"GET", "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n", ""},
	} {
		t.Run(test.method+test.answer[8:12], func(t *testing.T) {
			world, _ := newWireWorld(t, func(w *wire, _ int) {
				for {
					head, ok := w.head()
					if !ok {
						return
					}
					if strings.HasPrefix(head, "GET /base/next") {
						w.send(okAnswer)
						continue
					}
					w.send("%s", test.answer)
				}
			})
			c := world.dial()
			c.send("%s /api/x HTTP/1.1\r\nHost: g\r\nX-Api-Key: %s\r\n\r\nGET /api/next HTTP/1.1\r\nHost: g\r\nX-Api-Key: %[2]s\r\n\r\n", test.method, world.prod)
			head := c.mustHead()
			if field(head, "Content-Length") != test.length || has(head, "Transfer-Encoding") {
				t.Errorf("head: got %q, want Content-Length %q and no other framing", head, test.length)
			}
			if next := c.response("GET"); next.StatusCode != 200 || body(t, next) != "ok" {
				t.Errorf("the next answer on the connection: got %d, want 200 ok", next.StatusCode)
			}
		})
	}
}

func TestWireBodyUntilEOF(t *testing.T) {
	world, _ := newWireWorld(t, func(w *wire, _ int) {
		w.mustHead()
		w.send("HTTP/1.0 200 OK\r\n\r\nall there is")
	})
	c := world.dial()
	c.send("GET /api/x HTTP/1.1\r\nHost: g\r\nX-Api-Key: %s\r\n\r\n", world.prod)
	if got := body(t, c.response("GET")); got != "all there is" {
		t.Errorf("body: got %q, want all of it", got)
	}
}

func TestWireBigResponseHeaders(t *testing.T) {
	big := strings.Repeat("x", 20_000)
	world, _ := newWireWorld(t, func(w *wire, _ int) {
		w.mustHead()
		w.send("HTTP/1.1 200 OK\r\nX-Big: %s\r\nContent-Length: 2\r\n\r\nok", big)
	})
	c := world.dial()
	c.send("GET /api/x HTTP/1.1\r\nHost: g\r\nX-Api-Key: %s\r\n\r\n", world.prod)
	if answer := c.response("GET"); answer.Header.Get("X-Big") != big || body(t, answer) != "ok" {
		t.Error("a header of 20 KB did not arrive whole")
	}
}

func TestWirePipelinedInOrder(t *testing.T) {
	world, _ := newWireWorld(t, func(w *wire, _ int) {
		for {
			head, ok := w.head()
			if !ok {
				return
			}
			path, _, _ := strings.Cut(strings.TrimPrefix(head, "GET /base/"), " ")
			w.send("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(path), path)
		}
	})
	c := world.dial()
	var all strings.Builder
	for i := range 5 {
		fmt.Fprintf(&all, "GET /api/%d HTTP/1.1\r\nHost: g\r\nX-Api-Key: %s\r\n\r\n", i, world.prod)
	}
	c.send("%s", all.String())
	for i := range 5 {
		if got, want := body(t, c.response("GET")), fmt.Sprint(i); got != want {
			t.Errorf("answer %d: got %q, want %q", i, got, want)
		}
	}
}

func TestWireSplitRequestBytes(t *testing.T) {
	bodies := make(chan string, 1)
	world, _ := newWireWorld(t, func(w *wire, _ int) {
		r, err := http.ReadRequest(w.r)
		if err != nil {
			t.Error(err)
			return
		}
		bodies <- drain(r.Body)
		w.send(okAnswer)
	})
	c := world.dial()
	for _, b := range []byte("POST /api/x HTTP/1.1\r\nHost: g\r\nX-Api-Key: " + world.prod + "\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n") {
		if _, err := c.Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	if answer := c.response("POST"); answer.StatusCode != 200 {
		t.Errorf("answer: got %d, want 200", answer.StatusCode)
	}
	if got := <-bodies; got != "abcde" {
		t.Errorf("upstream: got body %q, want abcde", got)
	}
}

func TestWireH2CPriorKnowledge(t *testing.T) {
	heads := make(chan string, 1)
	world, _ := newWireWorld(t, func(w *wire, _ int) {
		heads <- w.mustHead()
		w.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 42\r\n\r\n")
	})
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+world.address+"/api/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Lockage-Key", world.prod)
	answer, err := (&http.Client{Transport: transport, Timeout: patience}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if got := body(t, answer); answer.ProtoMajor != 2 || got != "ok" || answer.Trailer.Get("X-Sum") != "42" {
		t.Errorf("answer: got %s %q, trailers %v, want HTTP/2 ok and X-Sum", answer.Proto, got, answer.Trailer)
	}
	if head := <-heads; field(head, "Authorization") != "Bearer "+prodValue {
		t.Errorf("upstream: got %q, want the injected credential", head)
	}
}
