package main_test

import (
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/lockage/lockage/internal/testkit"
)

// open makes a route and a key in development, over HTTP.
func (w *world) open(t *testing.T, target string) apiKey {
	t.Helper()
	want[any](t, w.api(t, http.MethodPost, "/v1/routes?commit=first", `{"key":"open","target_url":"`+target+`"}`), http.StatusCreated)
	a := w.send(t, http.MethodPost, w.control+"/v1/api-keys", ownerToken, `{"environment":"development","type":"secret"}`)
	return want[apiKey](t, a, http.StatusCreated)
}

func TestTerminationLetsACallFinish(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "--dev")
	upstream := testkit.NewUpstream(t)
	key := w.open(t, upstream.URL)
	begun, release := make(chan struct{}), make(chan struct{})
	upstream.Answer(func(answer http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(answer, "the first half ")
		_ = http.NewResponseController(answer).Flush()
		close(begun)
		<-release
		_, _ = io.WriteString(answer, "and the second")
	})
	type result struct {
		reply
		err error
	}
	finished := make(chan result, 1)
	go func() {
		a, err := w.attempt(http.MethodGet, w.gateway+"/open", key.Key, "")
		finished <- result{a, err}
	}()
	<-begun
	w.signal(t, syscall.SIGTERM)
	probe := newClient(t, &http.Transport{DisableKeepAlives: true})
	until(t, patience, "refusing new connections on the gateway port", func() bool {
		resp, err := probe.Get(w.gateway + "/_lockage/healthz")
		if err == nil {
			_ = resp.Body.Close()
		}
		return err != nil
	})
	if resp, err := probe.Get(w.control + "/readyz"); err != nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("readiness while it drains: %v %v, want 503", resp, err)
	}
	if !w.running() {
		t.Fatal("the process ended with a call in flight")
	}
	close(release)
	if r := <-finished; r.err != nil || r.StatusCode != http.StatusOK || r.body != "the first half and the second" {
		t.Errorf("the call in flight: %v %q, want its whole answer", r.err, r.body)
	}
	if code := w.code(t); code != 0 {
		t.Errorf("after SIGTERM: code %d, want 0", code)
	}
}

func TestOnlyAllowedDestinationsAreReached(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, target string // target: "" is an upstream on loopback
		flags        []string
		status       int
	}{
		{"loopback is not allowed by itself", "", nil, http.StatusBadGateway},
		{"another range does not help", "", []string{"--allow-upstreams", "10.0.0.0/8"}, http.StatusBadGateway},
		{"the operator allows it", "", []string{"--allow-upstreams", "10.0.0.0/8,127.0.0.0/8"}, http.StatusOK},
		{"development allows it", "", []string{"--dev"}, http.StatusOK},
		{"metadata is never allowed", "http://169.254.169.254/latest", []string{"--dev", "--allow-upstreams", "0.0.0.0/0"}, http.StatusBadGateway},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, upstream := newWorld(t, c.flags...), testkit.NewUpstream(t)
			target := c.target
			if target == "" {
				target = upstream.URL
			}
			a := w.call(t, w.open(t, target).Key, "/open")
			if a.StatusCode != c.status {
				t.Fatalf("status %d, want %d: %s", a.StatusCode, c.status, a.body)
			}
			if c.status == http.StatusOK {
				return
			}
			var e gatewayError
			read(t, a.body, &e)
			if e.Type != "destination_refused" || a.Header.Get("Lockage-Error") != e.Type || strings.Contains(a.body, "169.254") {
				t.Errorf("the refusal is %s, want the type destination_refused and no address", a.body)
			}
			if n := len(upstream.Requests()); n != 0 {
				t.Errorf("the upstream received %d requests, want none", n)
			}
		})
	}
}
