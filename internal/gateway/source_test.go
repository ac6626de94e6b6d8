package gateway_test

import (
	"net/netip"
	"strings"
	"testing"
)

// A call tells where it comes from, past the proxies that are trusted and no others. What goes upstream does not depend on
// it: the header passes as it came.
func TestACallTellsWhereItComesFrom(t *testing.T) {
	for name, c := range map[string]struct {
		trusted string
		want    string
	}{
		"behind a trusted proxy":        {"127.0.0.0/8", "203.0.113.9"},
		"from whom nobody speaks for":   {"10.0.0.0/8", "127.0.0.1"},
		"a proxy of another kind of IP": {"::1/128", "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			upstream := echo(t)
			w := newWorld(t, map[string]string{"api": `{"target_url":"` + upstream.URL + `"}`}, func(w *world) {
				w.config.Proxies = []netip.Prefix{netip.MustParsePrefix(c.trusted)}
			}).serve()
			const header, sent = "X-Forwarded-For", "198.51.100.1, 203.0.113.9"
			_, body := w.call("GET", "/api/v1", w.prod, nil, header, sent)
			w.call("GET", "/api/v1", unknownKey, nil, header, sent)
			if got := w.sink.wait(t, 1)[0].Address; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if logs := w.logs.String(); !strings.Contains(logs, "address="+c.want+"\n") && !strings.Contains(logs, "address="+c.want+" ") {
				t.Errorf("log: got %q, want the address of who was refused", logs)
			}
			if !strings.Contains(body, sent) {
				t.Errorf("upstream: got %s, want the header as it came", body)
			}
		})
	}
}
