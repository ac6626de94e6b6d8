package gateway_test

import (
	"net/netip"
	"testing"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/gateway"
)

func ranges(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

// A token that is for some addresses is refused from every other like one that never was.
func TestDecideKnowsWhereATokenMayComeFrom(t *testing.T) {
	var token, child string
	w := newWorld(t, map[string]string{"api": plainRoute}, func(w *world) {
		everywhere := access.Grant{Environment: access.AnyEnvironment, Role: access.Owner}
		token, child = w.addToken("bound", everywhere), w.addToken("child", everywhere)
		n := len(w.in.Tokens)
		w.in.Tokens[n-2].Addresses = [][]netip.Prefix{ranges("10.0.0.0/8", "2001:db8::/32")}
		w.in.Tokens[n-1].Addresses = [][]netip.Prefix{ranges("10.1.0.0/16"), ranges("10.0.0.0/8", "2001:db8::/32")} // and its maker's
	})
	e := engineOf(w)
	decide := func(token, source string) string {
		d := e.Begin("id", now)
		defer e.Release(d)
		if r := e.Decide(&gateway.Ask{Method: "GET", Path: "/api", Source: source, Key: []string{token}}, d); r != nil {
			return r.Message
		}
		return ""
	}
	never := decide(unknownKey, "10.1.2.3")
	for source, want := range map[string]struct{ token, child bool }{
		"10.1.2.3":           {true, true},
		"::ffff:10.1.2.3":    {true, true},
		"10.2.2.3":           {true, false},
		"2001:db8::7":        {true, false},
		"2001:db9::7":        {},
		"11.0.0.1":           {},
		"":                   {},
		"@":                  {}, // of a socket in the file system
		"10.1.2.3, 11.0.0.1": {},
	} {
		for key, may := range map[string]bool{token: want.token, child: want.child, w.prod: true} {
			got := decide(key, source)
			if may && got != "" || !may && (got == "" || got != never) {
				t.Errorf("from %q: got %q, want it to be taken (%v) or to be answered like what never was", source, got, may)
			}
		}
	}
}
