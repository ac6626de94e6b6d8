package main_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func (w *world) refusesAtTheGateway(t *testing.T, key string) {
	t.Helper()
	for _, c := range []struct {
		path, key string
		status    int
		headers   []string
	}{
		{"/" + canary, key, http.StatusNotFound, nil},
		{"/victim/" + canary, key, http.StatusNotFound, nil}, // a draft only
		{"/victim/..%2f" + canary, key, 0, nil},
		{"/%00" + canary, key, 0, nil},
		{"/%ff" + canary, key, 0, nil},
		{"/" + long, key, 0, nil},
		{"/x", canary, http.StatusUnauthorized, nil},
		{"/x", key + canary, http.StatusUnauthorized, nil},
		{"/x", "", http.StatusUnauthorized, []string{"Lockage-Key", canary}},
		{"/x", "", http.StatusUnauthorized, []string{"Authorization", "Basic " + canary}},
		{"/x", key, http.StatusForbidden, []string{"Lockage-Environment", "production"}},
		{"/x", key, http.StatusForbidden, []string{"Lockage-Environment", canary}},
		{"/x", key, http.StatusNotFound, []string{"Lockage-Route", canary}},
	} {
		a := w.send(t, http.MethodGet, w.gateway+c.path, c.key, "", c.headers...)
		if a.StatusCode < 400 || a.StatusCode > 499 || c.status != 0 && a.StatusCode != c.status {
			t.Errorf("gateway call %s %q: status %d, want %d (0: any 4xx): %s", short(c.path), c.headers, a.StatusCode, c.status, a.body)
		}
		var e gatewayError
		read(t, a.body, &e)
		if e.Error == "" || e.Type == "" || e.RequestID == "" || a.Header.Get("Lockage-Error") != e.Type {
			t.Errorf("gateway call %s: the body is not the gateway's: %s", short(c.path), a.body)
		}
		notRepeated(t, "gateway call "+c.path, a)
	}
}

// refusesRaw sends what no client library lets through.
func (w *world) refusesRaw(t *testing.T) {
	t.Helper()
	for _, base := range []string{w.control, w.gateway} {
		for _, request := range []string{
			"GET /v1/environments HTTP/1.1\r\nHost: a\r\nX-" + canary + "\x01: v\r\n\r\n",
			"GET /v1/environments HTTP/1.1\r\nHost: a\r\nX-A: " + canary + "\x00\r\n\r\n",
			"GET /v1/environments HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + canary + "\x7f\r\n\r\n",
			"GET /" + canary + "\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: a\r\nHost: " + canary + "\r\n\r\n",
			"POST /v1/environments HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n" + canary,
		} {
			conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			_ = conn.SetDeadline(time.Now().Add(patience))
			_, _ = io.WriteString(conn, request)
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatalf("%q: %v", request, err)
			}
			b, _ := io.ReadAll(resp.Body) // what came is judged
			if a := (reply{resp, string(b)}); a.StatusCode < 400 || a.StatusCode > 499 {
				t.Errorf("%q: status %d, want 4xx", request, a.StatusCode)
			} else {
				notRepeated(t, request, a)
			}
			_ = conn.Close()
		}
	}
}
