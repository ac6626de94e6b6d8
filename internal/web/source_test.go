package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/web"
)

func proxies(ranges ...string) (p web.Proxies) {
	for _, r := range ranges {
		p = append(p, netip.MustParsePrefix(r))
	}
	return p
}

func TestSource(t *testing.T) {
	front := proxies("10.0.0.0/8", "fd00::/8", "fe80::/10")
	for name, c := range map[string]struct {
		trusted   web.Proxies
		peer      string
		forwarded []string // lines of the header
		want      string
	}{
		"a peer alone":                          {nil, "192.0.2.7:1234", nil, "192.0.2.7"},
		"IPv6":                                  {nil, "[2001:db8::7]:1234", nil, "2001:db8::7"},
		"nobody is trusted":                     {nil, "10.0.0.1:1", []string{"203.0.113.9"}, "10.0.0.1"},
		"a peer that is not trusted":            {front, "192.0.2.7:1", []string{"203.0.113.9"}, "192.0.2.7"},
		"a peer that claims to be the proxy":    {front, "192.0.2.7:1", []string{"203.0.113.9, 10.0.0.1"}, "192.0.2.7"},
		"one proxy":                             {front, "10.0.0.1:1", []string{"203.0.113.9"}, "203.0.113.9"},
		"a caller who wrote the header before":  {front, "10.0.0.1:1", []string{"1.1.1.1, 203.0.113.9"}, "203.0.113.9"},
		"a caller who wrote a line before":      {front, "10.0.0.1:1", []string{"1.1.1.1", "203.0.113.9"}, "203.0.113.9"},
		"a caller who claims a trusted address": {front, "10.0.0.1:1", []string{"10.9.9.9, 203.0.113.9"}, "203.0.113.9"},
		"two proxies":                           {front, "10.0.0.1:1", []string{"1.1.1.1, 203.0.113.9, 10.0.0.2"}, "203.0.113.9"},
		"two proxies, a line each":              {front, "10.0.0.1:1", []string{"1.1.1.1", "203.0.113.9", "10.0.0.2"}, "203.0.113.9"},
		"trusted all along":                     {front, "10.0.0.1:1", []string{"10.0.0.3", "10.0.0.2"}, "10.0.0.3"},
		"no header":                             {front, "10.0.0.1:1", nil, "10.0.0.1"},
		"an empty header":                       {front, "10.0.0.1:1", []string{""}, "10.0.0.1"},
		"a comma too much":                      {front, "10.0.0.1:1", []string{"203.0.113.9,"}, "10.0.0.1"},
		"a comma too much between":              {front, "10.0.0.1:1", []string{"203.0.113.9,, 10.0.0.2"}, "10.0.0.2"},
		"unknown":                               {front, "10.0.0.1:1", []string{"203.0.113.9, unknown"}, "10.0.0.1"},
		"unknown past a proxy":                  {front, "10.0.0.1:1", []string{"203.0.113.9, _hidden, 10.0.0.2"}, "10.0.0.2"},
		"a name":                                {front, "10.0.0.1:1", []string{"localhost"}, "10.0.0.1"},
		"with a port":                           {front, "10.0.0.1:1", []string{"203.0.113.9:4711"}, "203.0.113.9"},
		"IPv6 bare":                             {front, "10.0.0.1:1", []string{"2001:db8::9"}, "2001:db8::9"},
		"IPv6 in brackets":                      {front, "10.0.0.1:1", []string{"[2001:db8::9]"}, "2001:db8::9"},
		"IPv6 with a port":                      {front, "10.0.0.1:1", []string{"[2001:db8::9]:4711"}, "2001:db8::9"},
		"IPv4 in brackets":                      {front, "10.0.0.1:1", []string{"[203.0.113.9]"}, "10.0.0.1"},
		"IPv6 written long":                     {front, "10.0.0.1:1", []string{"2001:0DB8:0:0:0:0:0:0009"}, "2001:db8::9"},
		"IPv4 within IPv6":                      {front, "10.0.0.1:1", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		"a proxy as IPv4 within IPv6":           {front, "10.0.0.1:1", []string{"203.0.113.9, ::ffff:10.0.0.2"}, "203.0.113.9"},
		"a peer as IPv4 within IPv6":            {front, "[::ffff:10.0.0.1]:1", []string{"203.0.113.9"}, "203.0.113.9"},
		"the same, not trusted":                 {front, "[::ffff:192.0.2.7]:1", []string{"203.0.113.9"}, "192.0.2.7"},
		"a peer with a zone":                    {front, "[fe80::1%eth0]:1", []string{"203.0.113.9"}, "203.0.113.9"},
		"a peer with a zone, not trusted":       {proxies("10.0.0.0/8"), "[fe80::1%eth0]:1", []string{"203.0.113.9"}, "fe80::1"},
		"a zone in the header":                  {front, "10.0.0.1:1", []string{"203.0.113.9, fe80::2%lo"}, "203.0.113.9"},
		"tabs and spaces":                       {front, "10.0.0.1:1", []string{"\t 203.0.113.9 \t"}, "203.0.113.9"},
		"octal":                                 {front, "10.0.0.1:1", []string{"010.0.0.9"}, "10.0.0.1"},
		"hexadecimal":                           {front, "10.0.0.1:1", []string{"0xcb.0.113.9"}, "10.0.0.1"},
		"an injected line":                      {front, "10.0.0.1:1", []string{"203.0.113.9\r\nX: y"}, "10.0.0.1"},
		"a quoted one":                          {front, "10.0.0.1:1", []string{`"203.0.113.9"`}, "10.0.0.1"},
		"a long list":                           {front, "10.0.0.1:1", []string{strings.Repeat("1.1.1.1,", 5000) + "203.0.113.9"}, "203.0.113.9"},
		"no peer":                               {front, "", []string{"203.0.113.9"}, ""},
		"a peer that is no address":             {front, "@:1", []string{"203.0.113.9"}, "@"},
	} {
		r := &http.Request{RemoteAddr: c.peer, Header: http.Header{"X-Forwarded-For": c.forwarded}}
		// other headers that proxies know are never read
		r.Header.Set("Forwarded", "for=198.51.100.1")
		r.Header.Set("X-Real-Ip", "198.51.100.1")
		r.Header.Set("True-Client-Ip", "198.51.100.1")
		if got := c.trusted.Source(r); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// FuzzSource: whatever a caller sends, behind a proxy that adds where it was asked from, that is the source.
func FuzzSource(f *testing.F) {
	f.Add("203.0.113.9")
	f.Add("10.0.0.1, [::1]:5,")
	f.Fuzz(func(t *testing.T, sent string) {
		trusted := proxies("10.0.0.0/8")
		r := &http.Request{RemoteAddr: "10.0.0.1:1", Header: http.Header{"X-Forwarded-For": {sent, "203.0.113.9"}}}
		if got := trusted.Source(r); got != "203.0.113.9" {
			t.Errorf("in a line of its own: got %q", got)
		}
		r.Header.Set("X-Forwarded-For", sent+", 203.0.113.9")
		if got := trusted.Source(r); got != "203.0.113.9" {
			t.Errorf("in one line: got %q", got)
		}
		r = &http.Request{RemoteAddr: "192.0.2.1:1", Header: http.Header{"X-Forwarded-For": {sent}}}
		if got := trusted.Source(r); got != "192.0.2.1" {
			t.Errorf("from a peer that is not trusted: got %q", got)
		}
	})
}

// A call that no proxy stands before costs nothing.
func TestSourceAllocatesNothing(t *testing.T) {
	r := &http.Request{RemoteAddr: "192.0.2.7:1234", Header: http.Header{"X-Forwarded-For": {"203.0.113.9"}}}
	trusted := proxies("10.0.0.0/8")
	if n := testing.AllocsPerRun(100, func() { trusted.Source(r) }); n != 0 {
		t.Errorf("got %v allocations, want none", n)
	}
}

// What operations and the audit log are told is the source.
func TestTheEventHasTheSource(t *testing.T) {
	var got access.Request
	h, _ := front(t, web.Config{Proxies: proxies("192.0.2.0/24")}, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = web.Request(r.Context())
	}))
	r := httptest.NewRequest("GET", "/", nil) // from 192.0.2.1
	r.Header.Set("X-Forwarded-For", "1.1.1.1, 203.0.113.9")
	serve(h, r)
	if got.Address != "203.0.113.9" {
		t.Errorf("got %q, want 203.0.113.9", got.Address)
	}
}
