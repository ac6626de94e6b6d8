package gateway_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// The battery, continued: requests that two servers could take apart differently.

// smuggled follows each of them; it carries no credential, so it must never be answered by the upstream.
const smuggled = "GET /api/smuggled HTTP/1.1\r\nHost: g\r\n\r\n"

// recording is an origin's script that takes whole, well-framed requests and tells of each.
func recording(t *testing.T, seen chan<- *http.Request) func(w *wire, connection int) {
	return func(w *wire, _ int) {
		for {
			r, err := http.ReadRequest(w.r)
			if err != nil {
				return
			}
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				return // it was broken off, and so is no request
			}
			if len(r.TransferEncoding) > 0 && r.Header.Get("Content-Length") != "" {
				t.Errorf("upstream: got two framings in %v", r.Header)
			}
			seen <- r
			w.send(okAnswer)
		}
	}
}

func TestWireSmugglingIsRefused(t *testing.T) {
	const chunked = "Transfer-Encoding: chunked\r\n"
	for name, request := range map[string]string{
		"smuggle_dup_cl":       "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
		"smuggle_te_dup":       chunked + chunked + "\r\n0\r\n\r\n",
		"smuggle_te_list":      "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"smuggle_te_space":     "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
		"smuggle_te_xchunked":  "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"smuggle_cl_plus":      "Content-Length: +5\r\n\r\nhello",
		"smuggle_cl_list":      "Content-Length: 5, 5\r\n\r\nhello",
		"smuggle_bare_cr_hdr":  "X-A: a\rContent-Length: 5\r\n\r\n",
		"smuggle_nul_hdr":      "X-A: a\x00b\r\n\r\n",
		"smuggle_chunk_ext_lf": chunked + "\r\n2;a\nxx\r\n10\r\n\r\nGET /api/inner HTTP/1.1\r\n0\r\n\r\n",
		"chunk size too large": chunked + "\r\nfffffffffffffffff\r\n",
		"dup_host":             "Host: other\r\n\r\n",
		"dup_api_key":          "X-Api-Key: other\r\n\r\n",
		"space in a name":      "X A: a\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			seen := make(chan *http.Request, 8)
			world, _ := newWireWorld(t, recording(t, seen))
			c := world.dial()
			c.send("POST /api/x HTTP/1.1\r\nHost: g\r\nX-Api-Key: %s\r\n%s"+smuggled, world.prod, request)
			answer := c.response("POST")
			if answer.StatusCode != 400 && answer.StatusCode != 501 {
				t.Errorf("answer: got %d, want 400 or 501", answer.StatusCode)
			}
			for {
				drain(answer.Body)
				next, err := http.ReadResponse(c.r, nil)
				if err != nil {
					break
				}
				if answer = next; answer.StatusCode != 401 {
					t.Errorf("what followed: got %d, want 401 or nothing", answer.StatusCode)
				}
				if name != "dup_api_key" {
					t.Error("what followed: got an answer, want the end of the connection")
				}
				_ = c.Conn.Close()
			}
			select {
			case r := <-seen:
				t.Errorf("upstream: got %s %s, want nothing", r.Method, r.URL)
			default:
			}
		})
	}
}

// What net/http does not refuse as a lean parser would, it makes harmless: it takes the request one way only and writes
// it anew. What matters is that the upstream sees exactly one request, framed once, and that what is left of the
// caller's bytes is a request of its own, which must authenticate itself.
func TestWireSmugglingIsHarmless(t *testing.T) {
	for name, test := range map[string]struct {
		request string
		check   func(*testing.T, *http.Request)
	}{
		"smuggle_cl_te": {
			"Content-Length: 60\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
			func(t *testing.T, r *http.Request) {
				if r.ContentLength != -1 || len(r.TransferEncoding) != 1 {
					t.Errorf("upstream: got length %d and %v, want chunks alone", r.ContentLength, r.TransferEncoding)
				}
			},
		},
		"smuggle_obs_fold": {
			"Content-Length: 2\r\nX-Folded: a\r\n Transfer-Encoding: chunked\r\n\tX-Api-Key: b\r\n\r\nhi",
			func(t *testing.T, r *http.Request) {
				if got, want := r.Header.Get("X-Folded"), "a Transfer-Encoding: chunked X-Api-Key: b"; got != want || r.ContentLength != 2 || r.TransferEncoding != nil {
					t.Errorf("upstream: got X-Folded %q, length %d, %v, want one value in one line", got, r.ContentLength, r.TransferEncoding)
				}
			},
		},
		"equal lengths twice": {
			"Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
			func(t *testing.T, r *http.Request) {
				if r.ContentLength != 2 {
					t.Errorf("upstream: got length %d, want 2", r.ContentLength)
				}
			},
		},
		"chunk extension": {
			"Transfer-Encoding: chunked\r\n\r\n2;a=\"b\"\r\nhi\r\n0\r\n\r\n",
			func(*testing.T, *http.Request) {},
		},
	} {
		t.Run(name, func(t *testing.T) {
			seen := make(chan *http.Request, 8)
			world, _ := newWireWorld(t, recording(t, seen))
			c := world.dial()
			c.send("POST /api/x HTTP/1.1\r\nHost: g\r\nX-Api-Key: %s\r\n%s"+smuggled, world.prod, test.request)
			if answer := c.response("POST"); answer.StatusCode != 200 || body(t, answer) != "ok" {
				t.Errorf("answer: got %d, want 200", answer.StatusCode)
			}
			if next, err := http.ReadResponse(c.r, nil); err == nil && next.StatusCode != 401 {
				t.Errorf("what followed: got %d, want 401 or the end", next.StatusCode)
			}
			r := <-seen
			test.check(t, r)
			if !strings.HasSuffix(r.URL.Path, "/x") || r.Header.Get("Authorization") != "Bearer "+prodValue {
				t.Errorf("upstream: got %s %v", r.URL, r.Header)
			}
			select {
			case r := <-seen:
				t.Errorf("upstream: got also %s %s", r.Method, r.URL)
			default:
			}
		})
	}
}
