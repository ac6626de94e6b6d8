package gateway_test

import (
	"net/http"
	"strings"
	"testing"
)

// An upstream that redirects with the query it was called with does not hand the injected value to the caller.
func TestWireRedirectKeepsTheInjectedQuery(t *testing.T) {
	o := newOrigin(t, func(w *wire, _ int) {
		head := w.mustHead()
		name, value := field(head, "X-Name"), field(head, "X-Value")
		if name == "Link" {
			w.send("HTTP/1.1 103 Early Hints\r\nLink: %s\r\n\r\n", value)
		}
		w.send("HTTP/1.1 302 Found\r\n%s: %s\r\nX-Other: %s\r\nTrailer: %s\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n%s: %s\r\n\r\n", name, value, value, name, name, value)
	})
	w := newWorld(t, map[string]string{
		"api":   `{"target_url":"` + o.url() + `","echo_guard":false,"inject_query":{"api_key":"{{secret:stripe_api_key}}","b b":"c"}}`,
		"plain": `{"target_url":"` + o.url() + `"}`,
	}).serve()
	const v = prodValue
	for _, test := range []struct{ name, value, want string }{
		{"Location", "/next?a=1&api_key=" + v, "/next?a=1"},
		{"Location", "/next?api_key=" + v, "/next"},
		{"Location", "?api_key=" + v, "?"},
		{"Location", "https://other.example/x?api%5Fkey=" + v + "&a=%zz;b+b=c#top", "https://other.example/x?a=%zz#top"},
		{"Location", "//other.example?a=1;api_key=" + v + "&amp;api_key=" + v, "//other.example?a=1&amp"},
		{"Location", "/next?a=1&&B=|#x", "/next?a=1&&B=|#x"},
		{"Location", "", ""},
		{"Location", "https://other.example:port/?api_key=" + v, ""},
		{"Location", "/%zz?api_key=" + v, ""},
		{"Location", "/login?to=%2Fx%3Fapi_key%3D" + v, ""},
		{"Location", "/login?to=%252Fx%253Fa%253D1%2526api_key%253D" + v, ""},
		{"Location", "/login?to=%2Fx%3Fother%3D1", "/login?to=%2Fx%3Fother%3D1"},
		{"Location", "/x%3Fapi_key=" + v, ""},
		{"Location", "/x#api_key=" + v, ""},
		{"Content-Location", "/x?b%20b=c", "/x"},
		{"Refresh", "5", "5"},
		{"Refresh", "0; url=/x?api_key=" + v, "0; url=/x"},
		{"Refresh", "0.5;URL = '/x?api_key=" + v + "&a=1'", "0.5;URL = '/x?a=1'"},
		{"Refresh", "1, https://other.example/?api_key=" + v, "1, https://other.example/"},
		{"Refresh", `1; url="/x?api_key=` + v, ""},
		{"Refresh", "soon; url=/x?api_key=" + v, ""},
		{"Refresh", "1 /x?api_key=" + v, ""},
		{"Link", "</p?page=2&api_key=" + v + `>; rel="next", <https://o.example/?api_key=` + v + `>; rel=last; title="<a>, b\"c"`, `</p?page=2>; rel="next", <https://o.example/>; rel=last; title="<a>, b\"c"`},
		{"Link", "</a>; rel=next", "</a>; rel=next"},
		{"Link", "</p?api_key=" + v, ""},
		{"Link", "/p?api_key=" + v, ""},
		{"Link", "<:x:?api_key=" + v + ">; rel=next", ""},
		{"Link", `</a>; anchor="/p?api_key=` + v + `"`, ""},
		{"Link", `</a>; anchor=/p?api_key=` + v, ""},
		{"Link", `</a>; title="open`, ""},
	} {
		c := w.dial()
		c.send("GET /api HTTP/1.1\r\nHost: g\r\nLockage-Key: %s\r\nX-Name: %s\r\nX-Value: %s\r\n\r\n", w.prod, test.name, test.value)
		if test.name == "Link" {
			if got := field(c.mustHead(), "Link"); got != test.want {
				t.Errorf("Link %q, in early hints: got %q, want %q", test.value, got, test.want)
			}
		}
		answer := c.response("GET")
		if got := answer.Header.Get(test.name); got != test.want || answer.StatusCode != 302 {
			t.Errorf("%s %q: got %d %q, want %q", test.name, test.value, answer.StatusCode, got, test.want)
		}
		if got := answer.Header.Get("X-Other"); got != test.value {
			t.Errorf("X-Other: got %q, want %q: it says nothing of a place", got, test.value)
		}
		body(t, answer)
		if got := answer.Trailer.Get(test.name); got != test.want {
			t.Errorf("trailer %s %q: got %q, want %q", test.name, test.value, got, test.want)
		}
		_ = c.Conn.Close()
	}
	t.Run("a route that injects none", func(t *testing.T) {
		for _, value := range []string{"/x?api_key=mine", "/%zz?a"} {
			answer, _ := w.call("GET", "/plain", w.prod, http.NoBody, "X-Name", "Location", "X-Value", value)
			if got := answer.Header.Get("Location"); got != value {
				t.Errorf("got %q, want %q as it was", got, value)
			}
		}
	})
	if strings.Contains(w.logs.String(), prodValue) {
		t.Error("the log holds the value")
	}
}

func TestWireUpgradeKeepsTheInjectedQuery(t *testing.T) {
	o := newOrigin(t, func(w *wire, _ int) {
		w.mustHead()
		w.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nLocation: /x?api_key=%s\r\n\r\n", prodValue)
	})
	w := newWorld(t, map[string]string{"api": `{"target_url":"` + o.url() + `","echo_guard":false,"inject_query":{"api_key":"{{secret:stripe_api_key}}"}}`}).serve()
	c := w.dial()
	c.send(getUpgrade, w.prod)
	if head := c.mustHead(); !strings.HasPrefix(head, "HTTP/1.1 101 ") || field(head, "Location") != "/x" {
		t.Errorf("got %q, want 101 and the place without the parameter", head)
	}
	drain(c.r)
}
