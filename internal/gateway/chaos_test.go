package gateway_test

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// misbehave serves requests as each of them asks for in X-Do. A reply begins with the request's id and the checksum of
// the body that was received, and is as long as X-Size says.
func misbehave(w *wire, _ int) {
	for {
		_ = w.SetDeadline(time.Now().Add(patience))
		r, err := http.ReadRequest(w.r)
		if err != nil {
			return
		}
		do := r.Header.Get("X-Do")
		if do == "early" {
			w.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
			return
		}
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		size, _ := strconv.Atoi(r.Header.Get("X-Size"))
		reply := chaosReply(r.Header.Get("X-Id"), b, size)
		half := reply[:len(reply)/2]
		switch do {
		case "close":
			return
		case "reset":
			_ = w.Conn.(*net.TCPConn).SetLinger(0) //nolint:forcetypeassert // it is one
			return
		case "truncate":
			w.send("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(reply), half)
			return
		case "truncate chunks":
			w.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(half), half)
			return
		case "chunks":
			w.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n", len(half), half, len(reply)-len(half), reply[len(half):])
		case "last":
			w.send("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(reply), reply)
			return
		default:
			w.send("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(reply), reply)
		}
	}
}

func chaosReply(id string, body []byte, size int) string {
	begin := fmt.Sprintf("%s %08x ", id, crc32.ChecksumIEEE(body))
	return begin + strings.Repeat("x", size)
}

// Callers and upstream close, reset, cut, answer early and leave, all at once. No answer may be another call's, and none
// may look complete that is not.
func TestChaos(t *testing.T) {
	duration := 2 * time.Second
	if testing.Short() {
		duration = 300 * time.Millisecond
	}
	o := newOrigin(t, misbehave)
	w := newWorld(t, wireRoute(o)).serve()
	ctx, cancel := context.WithTimeout(t.Context(), duration)
	defer cancel()
	var complete, cut, refused atomic.Int64
	var group sync.WaitGroup
	for worker := range 24 {
		group.Go(func() {
			c := chaosCaller{w: w, random: rand.New(rand.NewPCG(1, uint64(worker))), transport: &http.Transport{MaxIdleConnsPerHost: 4}} //nolint:gosec // repeatable on purpose
			defer c.transport.CloseIdleConnections()
			for i := 0; ctx.Err() == nil; i++ {
				switch wrong, whole, status := c.call(ctx, fmt.Sprintf("%d-%d", worker, i)); {
				case wrong != "":
					t.Error(wrong)
					return
				case !whole:
					cut.Add(1)
				case status == http.StatusOK:
					complete.Add(1)
				default:
					refused.Add(1)
				}
			}
		})
	}
	group.Wait()
	t.Logf("%d complete, %d visibly cut, %d refused", complete.Load(), cut.Load(), refused.Load())
	if complete.Load() == 0 || cut.Load() == 0 || refused.Load() == 0 {
		t.Error("the run met only part of what it is for")
	}
	eventually(t, "the end of all calls", func() bool { return w.gateway.Stats().InFlight == 0 })
	for _, call := range w.sink.wait(t, 1) {
		if call.ErrorType == "internal_error" {
			t.Errorf("a call ended in %d %s", call.Status, call.ErrorType)
		}
	}
	if strings.Contains(w.logs.String(), "panic") {
		t.Errorf("log: %s", w.logs)
	}
}

type chaosCaller struct {
	w         *world
	random    *rand.Rand
	transport *http.Transport
}

// call makes one call: what is wrong with its answer, whether the answer was whole, and its status.
func (c *chaosCaller) call(ctx context.Context, id string) (wrong string, whole bool, status int) {
	does := []string{"", "", "", "", "chunks", "last", "close", "reset", "truncate", "truncate chunks", "early"}
	do := does[c.random.IntN(len(does))]
	body := bytes.Repeat([]byte{byte(c.random.Uint32())}, c.random.IntN(100_000))
	if c.random.IntN(2) == 0 {
		body = nil
	}
	size := 1 + c.random.IntN(100_000)
	method, reader := http.MethodGet, io.Reader(nil)
	if body != nil {
		method, reader = http.MethodPost, bytes.NewReader(body)
		if c.random.IntN(2) == 0 {
			reader = io.MultiReader(reader) // in chunks
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://"+c.w.address+"/api/x", reader)
	if err != nil {
		return err.Error(), false, 0
	}
	r.Header.Set("Lockage-Key", c.w.prod)
	r.Header.Set("X-Do", do)
	r.Header.Set("X-Id", id)
	r.Header.Set("X-Size", strconv.Itoa(size))
	if c.random.IntN(20) == 0 {
		time.AfterFunc(time.Duration(c.random.IntN(int(time.Millisecond))), cancel)
	}
	answer, err := c.transport.RoundTrip(r)
	if err != nil {
		return "", false, 0
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", false, 0
	}
	want := chaosReply(id, body, size)
	switch {
	case answer.StatusCode == http.StatusOK && string(got) != want:
		return fmt.Sprintf("call %s (%q): got a complete answer of %d bytes beginning with %.30q, want %d of its own", id, do, len(got), got, len(want)), true, 200
	case answer.StatusCode == http.StatusOK && strings.HasPrefix(do, "truncate"):
		return fmt.Sprintf("call %s: an answer that was cut looks complete", id), true, 200
	}
	return "", true, answer.StatusCode
}
