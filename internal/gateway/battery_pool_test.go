package gateway_test

import (
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
)

// The battery, continued: connections to the upstream that are used again.

// serveThenClose answers one request, ends the connection, and tells when the gateway has noticed.
func serveThenClose(noticed chan<- struct{}) func(w *wire, connection int) {
	return func(w *wire, connection int) {
		if _, ok := w.head(); !ok {
			return
		}
		w.send(okAnswer)
		if connection == 0 {
			_ = w.Conn.(*net.TCPConn).CloseWrite() //nolint:forcetypeassert // it is one
			drain(w.r)
			close(noticed)
		}
	}
}

func TestWireStalePool(t *testing.T) {
	for name, second := range map[string]string{
		"stale_pool_get_ok":  getAPI,
		"stale_pool_post_ok": "POST /api/x HTTP/1.1\r\nHost: g\r\nX-Api-Key: %s\r\nContent-Length: 2\r\n\r\nhi",
	} {
		t.Run(name, func(t *testing.T) {
			noticed := make(chan struct{})
			world, origin := newWireWorld(t, serveThenClose(noticed))
			c := world.dial()
			c.send(getAPI, world.prod)
			body(t, c.response("GET"))
			<-noticed
			c.send(second, world.prod)
			if answer := c.response("GET"); answer.StatusCode != 200 || origin.connections() != 2 {
				t.Errorf("got %d over %d connections, want 200 over a second one", answer.StatusCode, origin.connections())
			}
		})
	}
}

func TestWireConnectionsAreReused(t *testing.T) {
	world, origin := newWireWorld(t, func(w *wire, _ int) {
		for {
			if _, ok := w.head(); !ok {
				return
			}
			w.send(okAnswer)
		}
	})
	c := world.dial()
	for range 20 {
		c.send(getAPI, world.prod)
		body(t, c.response("GET"))
	}
	if got := origin.connections(); got != 1 {
		t.Errorf("connections to the upstream: got %d, want 1", got)
	}
}

func TestWireRaceCloseGet(t *testing.T) {
	world, _ := newWireWorld(t, func(w *wire, connection int) {
		if _, ok := w.head(); !ok {
			return
		}
		w.send(okAnswer)
		if connection == 0 {
			w.head() // and is closed with the next request unanswered
		}
	})
	c := world.dial()
	c.send(getAPI, world.prod)
	body(t, c.response("GET"))
	c.send(getAPI, world.prod)
	if answer := c.response("GET"); answer.StatusCode != 200 {
		t.Errorf("got %d, want 200 over another connection", answer.StatusCode)
	}
}

func TestWirePostNeverReplayed(t *testing.T) {
	var posts atomic.Int64
	world, _ := newWireWorld(t, func(w *wire, _ int) {
		for {
			head, ok := w.head()
			if !ok {
				return
			}
			if strings.HasPrefix(head, "POST") {
				w.read(2)
				posts.Add(1)
				return // closed without an answer: it may have been carried out
			}
			w.send(okAnswer)
		}
	})
	c := world.dial()
	for _, warm := range []bool{true, false} {
		if warm {
			c.send(getAPI, world.prod)
			body(t, c.response("GET"))
		}
		c.send("POST /api/x HTTP/1.1\r\nHost: g\r\nX-Api-Key: %s\r\nContent-Length: 2\r\n\r\nhi", world.prod)
		answer := c.response("POST")
		if p := decodeProblem(t, answer.Body); answer.StatusCode != 502 || p.Type != "upstream_unreachable" {
			t.Errorf("warm %v: got %d %s, want 502 upstream_unreachable", warm, answer.StatusCode, p.Type)
		}
	}
	if got := posts.Load(); got != 2 {
		t.Errorf("the upstream saw %d POSTs, want 2", got)
	}
}

// A connection with anything left in it must not serve the next call.
func TestWireLeftoverBytesAreNotAnAnswer(t *testing.T) {
	world, _ := newWireWorld(t, func(w *wire, connection int) {
		if _, ok := w.head(); !ok {
			return
		}
		w.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n%02dHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged", connection)
		w.head()
	})
	for i := range 3 {
		c := world.dial()
		c.send(getAPI, world.prod)
		if got, want := body(t, c.response("GET")), fmt.Sprintf("%02d", i); got != want {
			t.Errorf("call %d: got %q, want %q", i, got, want)
		}
	}
}
