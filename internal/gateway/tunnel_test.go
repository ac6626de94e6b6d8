package gateway_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/snapshot"
)

// openTunnel opens an upgraded connection that lasts.
func openTunnel(t *testing.T, key func(*world) string, edits ...func(*world)) (*world, *wire) {
	t.Helper()
	o := newOrigin(t, func(w *wire, _ int) {
		w.mustHead()
		w.send("%s", switching)
		drain(w.r)
	})
	w := newWorld(t, map[string]string{"api": `{"target_url":"` + o.url() + `","public":true}`}, edits...).serve()
	c := w.dial()
	c.send(getUpgrade, key(w))
	if head := c.mustHead(); !strings.HasPrefix(head, "HTTP/1.1 101 ") {
		t.Fatalf("got %q, want 101", head)
	}
	return w, c
}

// routes edits the routes of an environment.
func (w *world) routes(environment string, edit func(*snapshot.Route)) {
	for i := range w.in.Routes {
		if w.in.Routes[i].EnvironmentID == environment {
			edit(&w.in.Routes[i])
		}
	}
}

// An upgraded connection may last for days; it does not outlive the right to open it.
func TestTunnelEndsWithTheRightToCall(t *testing.T) {
	prod := func(w *world) string { return w.prod }
	token := func(w *world) string { return w.token }
	for name, test := range map[string]struct {
		key    func(*world) string
		change func(*world)
		want   string
	}{
		"nothing":                    {prod, func(*world) {}, ""},
		"another key":                {prod, func(w *world) { w.in.Keys = append(w.in.Keys[:1:1], w.in.Keys[2:]...) }, ""},
		"key revoked":                {prod, func(w *world) { w.in.Keys = append(w.in.Keys[:2:2], w.in.Keys[3:]...) }, "unauthenticated"},
		"key expired":                {prod, func(w *world) { w.in.Keys[2].ExpiresAt = time.Now().Add(-time.Second) }, "unauthenticated"},
		"environment deleted":        {prod, func(w *world) { w.in.Environments = w.in.Environments[:2] }, "unauthenticated"},
		"environment deleted, token": {token, func(w *world) { w.in.Environments = w.in.Environments[:2] }, "not_found"},
		"token revoked":              {token, func(w *world) { w.in.Tokens = w.in.Tokens[1:] }, "unauthenticated"},
		"token may less": {token, func(w *world) {
			w.in.Tokens[0].Grants = []access.Grant{{Environment: access.AnyEnvironment, Role: access.Viewer}}
		}, "forbidden"},
		"token for other addresses": {token, func(w *world) {
			w.in.Tokens[0].Addresses = [][]netip.Prefix{{netip.MustParsePrefix("192.0.2.0/24")}}
		}, "unauthenticated"},
		"token for its address": {token, func(w *world) {
			w.in.Tokens[0].Addresses = [][]netip.Prefix{{netip.MustParsePrefix("127.0.0.0/8")}}
		}, ""},
		"route switched off": {prod, func(w *world) {
			w.routes(production, func(r *snapshot.Route) { r.Active = false })
		}, "not_found"},
		"route switched off elsewhere": {prod, func(w *world) {
			w.routes(staging, func(r *snapshot.Route) { r.Active = false })
		}, ""},
		"route deleted": {prod, func(w *world) {
			w.routes(production, func(r *snapshot.Route) { r.EnvironmentID = staging; r.Key, r.ID = "moved", "moved" })
		}, "not_found"},
		"another of its key": {prod, func(w *world) {
			w.routes(production, func(r *snapshot.Route) { r.ID = "another" })
		}, "not_found"},
		"public no more": {func(w *world) string { return w.public }, func(w *world) {
			w.routes(production, func(r *snapshot.Route) {
				r.Content = []byte(strings.Replace(string(r.Content), `"public":true`, `"public":false`, 1))
				r.Hash += "x"
			})
		}, "forbidden"},
	} {
		t.Run(name, func(t *testing.T) {
			w, c := openTunnel(t, test.key)
			test.change(w)
			w.refresh()
			w.gateway.Review()
			if test.want == "" {
				_ = c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
				if _, err := c.r.ReadByte(); err == nil || !strings.Contains(err.Error(), "timeout") {
					t.Errorf("got %v, want the connection open", err)
				}
				return
			}
			drain(c.r)
			if call := w.sink.wait(t, 1)[0]; call.Status != 101 || call.ErrorType != test.want {
				t.Errorf("record: got %d %q, want 101 %s", call.Status, call.ErrorType, test.want)
			}
		})
	}
}

func TestTunnelsAreReviewedEverySecond(t *testing.T) {
	w, c := openTunnel(t, func(w *world) string { return w.prod })
	w.in.Keys = nil
	w.refresh()
	start := time.Now()
	drain(c.r)
	if got := time.Since(start); got > 20*time.Second {
		t.Errorf("a revoked key's connection: got its end after %v, want it within a second", got)
	}
}
