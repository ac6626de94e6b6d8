package gateway_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// The battery, continued: bodies that stream, and what happens when one side stops.

const getAPI = "GET /api/x HTTP/1.1\r\nHost: g\r\nX-Api-Key: %s\r\n\r\n"

func TestWireEventStreamIsPrompt(t *testing.T) {
	for name, head := range map[string]string{
		"sse_chunked_prompt":        "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n",
		"stream_with_length_prompt": "Content-Length: 15\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			seen := make(chan struct{})
			world, _ := newWireWorld(t, func(w *wire, _ int) {
				w.mustHead()
				w.send("HTTP/1.1 200 OK\r\n%s\r\n", head)
				for _, event := range []string{"one..", "two..", "three"} {
					if strings.Contains(head, "chunked") {
						event = "5\r\n" + event + "\r\n"
					}
					w.send("%s", event)
					<-seen // nothing more comes before the caller has it
				}
				if strings.Contains(head, "chunked") {
					w.send("0\r\n\r\n")
				}
			})
			c := world.dial()
			c.send(getAPI, world.prod)
			answer := c.response("GET")
			for _, want := range []string{"one..", "two..", "three"} {
				b := make([]byte, 5)
				if _, err := io.ReadFull(answer.Body, b); err != nil || string(b) != want {
					t.Errorf("got %q, %v, want %q at once", b, err, want)
				}
				seen <- struct{}{}
			}
			if got := body(t, answer); got != "" {
				t.Errorf("after the last event: got %q, want the end", got)
			}
		})
	}
}

func TestWireUploadStreams(t *testing.T) {
	for name, test := range map[string]struct{ head, first, second string }{
		"upload_streams":    {"Transfer-Encoding: chunked", "5\r\nfirst\r\n", "6\r\nsecond\r\n0\r\n\r\n"},
		"upload_cl_streams": {"Content-Length: 11", "first", "second"},
	} {
		t.Run(name, func(t *testing.T) {
			seen := make(chan struct{})
			world, _ := newWireWorld(t, func(w *wire, _ int) {
				r, err := http.ReadRequest(w.r)
				if err != nil {
					t.Error(err)
					return
				}
				b := make([]byte, 5)
				if _, err := io.ReadFull(r.Body, b); err != nil || string(b) != "first" {
					t.Errorf("upstream: got %q, %v, want first", b, err)
				}
				close(seen)
				if rest := drain(r.Body); rest != "second" {
					t.Errorf("upstream: got %q, want second", rest)
				}
				w.send(okAnswer)
			})
			c := world.dial()
			c.send("POST /api/x HTTP/1.1\r\nHost: g\r\nX-Api-Key: %s\r\n%s\r\n\r\n%s", world.prod, test.head, test.first)
			<-seen
			c.send("%s", test.second)
			if answer := c.response("POST"); answer.StatusCode != 200 {
				t.Errorf("answer: got %d, want 200", answer.StatusCode)
			}
			if call := world.sink.wait(t, 1)[0]; call.BytesIn != 11 || call.BytesOut != 2 {
				t.Errorf("record: got %d bytes in, %d out, want 11, 2", call.BytesIn, call.BytesOut)
			}
		})
	}
}

func TestWireCancelPropagates(t *testing.T) {
	for name, answered := range map[string]bool{"before the answer": false, "during the answer": true} {
		t.Run(name, func(t *testing.T) {
			received, ended := make(chan struct{}), make(chan error, 1)
			world, _ := newWireWorld(t, func(w *wire, _ int) {
				w.mustHead()
				if answered {
					w.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
				}
				close(received)
				_, err := w.r.ReadByte()
				ended <- err
			})
			c := world.dial()
			c.send(getAPI, world.prod)
			<-received
			if answered {
				io.ReadFull(c.response("GET").Body, make([]byte, 1)) //nolint:errcheck // to have it begun
			}
			_ = c.Close()
			if err := <-ended; err != io.EOF && !isReset(err) { //nolint:errorlint // of a bufio.Reader
				t.Errorf("upstream: got %v, want the end of the connection", err)
			}
			call := world.sink.wait(t, 1)[0]
			if call.ErrorType != "client_closed" || !answered && call.Status != 499 {
				t.Errorf("record: got status %d, type %q, want client_closed", call.Status, call.ErrorType)
			}
		})
	}
}

func isReset(err error) bool { return err != nil && strings.Contains(err.Error(), "reset by peer") }

const postExpect = "POST /api/x HTTP/1.1\r\nHost: g\r\nX-Api-Key: %s\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"

func TestWireExpect100(t *testing.T) {
	world, _ := newWireWorld(t, func(w *wire, _ int) {
		if head := w.mustHead(); !strings.EqualFold(field(head, "Expect"), "100-continue") {
			t.Errorf("upstream: got %q, want Expect in it", head)
		}
		if w.r.Buffered() != 0 {
			t.Error("upstream: got a body before it asked for it")
		}
		w.send("HTTP/1.1 100 Continue\r\n\r\n")
		if got := w.read(5); got != "hello" {
			t.Errorf("upstream: got body %q, want hello", got)
		}
		w.send(okAnswer)
	})
	c := world.dial()
	c.send(postExpect, world.prod)
	if head := c.mustHead(); !strings.HasPrefix(head, "HTTP/1.1 100 ") {
		t.Fatalf("got %q, want 100 Continue", head)
	}
	c.send("hello")
	if answer := c.response("POST"); answer.StatusCode != 200 || body(t, answer) != "ok" {
		t.Errorf("answer: got %d, want 200 ok", answer.StatusCode)
	}
}

func TestWireExpectFinalBeforeBody(t *testing.T) {
	world, _ := newWireWorld(t, func(w *wire, _ int) {
		w.mustHead()
		w.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno")
		if rest := w.rest(); rest != "" {
			t.Errorf("upstream: got %q after it refused, want nothing", rest)
		}
	})
	c := world.dial()
	c.send(postExpect, world.prod)
	answer := c.response("POST")
	if answer.StatusCode != 401 || body(t, answer) != "no" || !answer.Close {
		t.Errorf("answer: got %d, close %v, want the upstream's 401 and the end of the connection", answer.StatusCode, answer.Close)
	}
	if rest := c.rest(); rest != "" {
		t.Errorf("after the answer: got %q, want the end", rest)
	}
}

func TestWireEarly413DuringUpload(t *testing.T) {
	for name, framing := range map[string]string{"chunked": "Transfer-Encoding: chunked", "length": "Content-Length: 100000000"} {
		t.Run(name, func(t *testing.T) {
			world, _ := newWireWorld(t, func(w *wire, _ int) {
				w.mustHead()
				w.read(1000)
				w.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig")
				drain(w.r)
			})
			c := world.dial()
			c.send("POST /api/x HTTP/1.1\r\nHost: g\r\nX-Api-Key: %s\r\n%s\r\n\r\n", world.prod, framing)
			go func() { // uploads until it is told to stop
				chunk := []byte("1000\r\n" + strings.Repeat("x", 0x1000) + "\r\n")
				for {
					if _, err := c.Write(chunk); err != nil {
						return
					}
				}
			}()
			answer := c.response("POST")
			if got := body(t, answer); answer.StatusCode != 413 || got != "big" || !answer.Close {
				t.Errorf("answer: got %d %q, close %v, want the upstream's 413 and the end of the connection", answer.StatusCode, got, answer.Close)
			}
		})
	}
}

// A caller that waits for the answer before it sends the rest of its body must get it whole.
func TestWireEarlyAnswerToAWaitingCaller(t *testing.T) {
	world, _ := newWireWorld(t, func(w *wire, _ int) {
		w.mustHead()
		w.send("HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n")
		drain(w.r)
	})
	c := world.dial()
	c.send("POST /api/x HTTP/1.1\r\nHost: g\r\nX-Api-Key: %s\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", world.prod)
	if answer := c.response("POST"); answer.StatusCode != 400 || body(t, answer) != "no" {
		t.Errorf("answer: got %d, want 400 no", answer.StatusCode)
	}
}

func TestWireTruncationIsVisible(t *testing.T) {
	for name, test := range map[string]struct{ request, answer string }{
		"truncated_cl_is_visible":    {getAPI, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf."},
		"truncated_chunk_is_visible": {getAPI, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf.\r\n"},
		"inside a chunk":             {getAPI, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf."},
		"malformed chunk":            {getAPI, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf.\r\nzz\r\n"},
		"HTTP/1.0 caller":            {"GET /api/x HTTP/1.0\r\nX-Api-Key: %s\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf.\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			world, _ := newWireWorld(t, func(w *wire, _ int) {
				w.mustHead()
				w.send("%s", test.answer)
			})
			c := world.dial()
			c.send(test.request, world.prod)
			answer := c.response("GET")
			got, err := io.ReadAll(answer.Body)
			if err == nil {
				t.Errorf("body: got %q and its end, want to see that it was cut", got)
			}
			if call := world.sink.wait(t, 1)[0]; call.ErrorType != "upstream_truncated" || call.Status != 200 {
				t.Errorf("record: got status %d, type %q, want 200 upstream_truncated", call.Status, call.ErrorType)
			}
		})
	}
}

func TestWireDownload50MSlowReader(t *testing.T) {
	const size = 50 << 20
	var written, read atomic.Int64
	world, _ := newWireWorld(t, func(w *wire, _ int) {
		w.mustHead()
		w.send("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", size)
		block := bytes.Repeat([]byte("0123456789abcdef"), 4<<10)
		for written.Load() < size {
			n, err := w.Write(block)
			if err != nil {
				t.Errorf("upstream: %v", err)
				return
			}
			written.Add(int64(n))
		}
	})
	c := world.dial()
	c.send(getAPI, world.prod)
	answer := c.response("GET")
	b := make([]byte, 64<<10)
	for {
		n, err := io.ReadFull(answer.Body, b)
		for i := 0; i+16 <= n; i += 16 {
			if string(b[i:i+16]) != "0123456789abcdef" {
				t.Fatalf("after %d bytes: got %q", read.Load(), b[i:i+16])
			}
		}
		if ahead := written.Load() - read.Add(int64(n)); ahead > 32<<20 {
			t.Fatalf("the upstream is %d bytes ahead of the caller: the gateway buffers", ahead)
		}
		if err != nil {
			break
		}
	}
	if read.Load() != size {
		t.Errorf("read: got %d bytes, want %d", read.Load(), size)
	}
}

func TestWireUpload30M(t *testing.T) {
	const size = 30 << 20
	world, _ := newWireWorld(t, func(w *wire, _ int) {
		r, err := http.ReadRequest(w.r)
		if err != nil {
			t.Error(err)
			return
		}
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			t.Errorf("upstream: %v", err)
		}
		w.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n%08d", n)
	})
	c := world.dial()
	c.send("PUT /api/x HTTP/1.1\r\nHost: g\r\nX-Api-Key: %s\r\nContent-Length: %d\r\n\r\n", world.prod, size)
	go io.Copy(c, bytes.NewReader(make([]byte, size))) //nolint:errcheck // the answer tells
	if got, want := body(t, c.response("PUT")), fmt.Sprintf("%08d", size); got != want {
		t.Errorf("upstream received %s bytes, want %s", got, want)
	}
}

const getUpgrade = "GET /api/socket HTTP/1.1\r\nHost: g\r\nLockage-Key: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat\r\n\r\n"

const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade, X-Hop\r\nX-Hop: 1\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nLockage-Error: forged\r\n\r\n"

func TestWireWebsocket(t *testing.T) {
	heads := make(chan string, 1)
	world, _ := newWireWorld(t, func(w *wire, _ int) {
		heads <- w.mustHead()
		w.send("%s", switching)
		io.Copy(w, w.r) //nolint:errcheck // echoes until the end
	})
	c := world.dial()
	c.send(getUpgrade, world.prod)
	head := c.mustHead()
	if !strings.HasPrefix(head, "HTTP/1.1 101 ") || field(head, "Sec-WebSocket-Accept") == "" || field(head, "Lockage-Environment") != "production" ||
		has(head, "X-Hop") || has(head, "Lockage-Error") {
		t.Errorf("answer: got %q, want 101, cleaned, with our headers", head)
	}
	for _, message := range []string{"hello", "again"} {
		c.send("%s", message)
		if got := c.read(5); got != message {
			t.Errorf("echo: got %q, want %q", got, message)
		}
	}
	up := <-heads
	if field(up, "Authorization") != "Bearer "+prodValue || has(up, "Lockage-Key") || !strings.EqualFold(field(up, "Upgrade"), "websocket") || field(up, "Sec-WebSocket-Protocol") != "chat" {
		t.Errorf("upstream: got %q, want the handshake with the injected credential", up)
	}
	_ = c.Conn.(*net.TCPConn).CloseWrite() //nolint:errcheck,forcetypeassert // it is one
	if rest := c.rest(); rest != "" {
		t.Errorf("after the end: got %q", rest)
	}
	call := world.sink.wait(t, 1)[0]
	if call.Status != 101 || call.BytesIn != 10 || call.BytesOut != 10 {
		t.Errorf("record: got %d, %d in, %d out, want 101, 10, 10", call.Status, call.BytesIn, call.BytesOut)
	}
}

func TestWireUpgradeEarlyBytes(t *testing.T) {
	world, _ := newWireWorld(t, func(w *wire, _ int) {
		w.mustHead()
		w.send("%searly from upstream", switching)
		if got := w.read(17); got != "early from caller" {
			t.Errorf("upstream: got %q, want early from caller", got)
		}
		w.send(" and done")
	})
	c := world.dial()
	c.send(getUpgrade+"early from caller", world.prod)
	c.mustHead()
	if got, want := c.rest(), "early from upstream and done"; got != want {
		t.Errorf("caller: got %q, want %q", got, want)
	}
}

func TestWireUpgradeRefusedByTheUpstream(t *testing.T) {
	big := strings.Repeat("x", 2<<20)
	world, _ := newWireWorld(t, func(w *wire, _ int) {
		w.mustHead()
		w.send("HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n%s", len(big), big)
	})
	c := world.dial()
	c.send(getUpgrade, world.prod)
	if head := c.mustHead(); !strings.HasPrefix(head, "HTTP/1.1 103 ") {
		t.Errorf("got %q, want the early hints", head)
	}
	if answer := c.response("GET"); answer.StatusCode != 403 || body(t, answer) != big {
		t.Errorf("answer: got %d, want the upstream's 403, whole", answer.StatusCode)
	}
}

func TestWireUpgradeToSomethingElse(t *testing.T) {
	world, _ := newWireWorld(t, func(w *wire, _ int) {
		w.mustHead()
		w.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n")
		drain(w.r)
	})
	c := world.dial()
	c.send(getUpgrade, world.prod)
	if answer := c.response("GET"); answer.StatusCode != 502 || answer.Header.Get("Lockage-Error") != "upstream_unreachable" {
		t.Errorf("answer: got %d, want 502", answer.StatusCode)
	}
}

// A protocol through which a caller could send further calls past the gateway is never switched to.
func TestWireUpgradeToHTTPIsIgnored(t *testing.T) {
	for _, protocol := range []string{"h2c", "websocket, h2c", "HTTP/2.0", "TLS/1.2"} {
		t.Run(protocol, func(t *testing.T) {
			world, _ := newWireWorld(t, func(w *wire, _ int) {
				if head := w.mustHead(); has(head, "Upgrade") || has(head, "Connection") {
					t.Errorf("upstream: got %q, want no upgrade", head)
				}
				w.send(okAnswer)
			})
			c := world.dial()
			c.send("GET /api/x HTTP/1.1\r\nHost: g\r\nLockage-Key: %s\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\nUpgrade: %s\r\n\r\n", world.prod, protocol)
			if answer := c.response("GET"); answer.StatusCode != 200 {
				t.Errorf("answer: got %d, want 200", answer.StatusCode)
			}
		})
	}
}

func TestWireTunnelEndsWithEitherSide(t *testing.T) {
	t.Run("the upstream resets", func(t *testing.T) {
		world, _ := newWireWorld(t, func(w *wire, _ int) {
			w.mustHead()
			w.send("%s", switching)
			w.read(1)
			_ = w.Conn.(*net.TCPConn).SetLinger(0) //nolint:forcetypeassert // it is one
		})
		c := world.dial()
		c.send(getUpgrade, world.prod)
		c.mustHead()
		c.send("x")
		drain(c.r) // ends, or the test's patience does
		world.sink.wait(t, 1)
	})
	t.Run("the gateway stops", func(t *testing.T) {
		ended := make(chan struct{})
		world, _ := newWireWorld(t, func(w *wire, _ int) {
			w.mustHead()
			w.send("%s", switching)
			drain(w.r)
			close(ended)
		})
		c := world.dial()
		c.send(getUpgrade, world.prod)
		c.mustHead()
		world.endTunnels()
		drain(c.r)
		<-ended
		world.sink.wait(t, 1)
	})
}
