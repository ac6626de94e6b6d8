package gateway_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/gateway"
)

func TestDecodesTo(t *testing.T) {
	for _, test := range []struct {
		escaped, name string
		want          bool
	}{
		{"key", "key", true},
		{"%6bey", "key", true},
		{"%6Bey", "key", true},
		{"a+b", "a b", true},
		{"a%20b", "a b", true},
		{"a%2Bb", "a+b", true},
		{"Key", "key", false},
		{"keys", "key", false},
		{"ke", "key", false},
		{"", "key", false},
		{"ke%", "ke%", true},
		{"ke%zz", "ke%zz", true},
		{"k%C3%A9", "ké", true},
	} {
		if got := gateway.DecodesTo(test.escaped, test.name); got != test.want {
			t.Errorf("%q as %q: got %v, want %v", test.escaped, test.name, got, test.want)
		}
	}
}

// injected is a route that injects one parameter.
const injected = `{"target_url":"https://api.example.com","inject_query":{"api_key":"{{secret:stripe_api_key}}"}}`

func queryFor(t testing.TB, e *gateway.Engine, key, query string) string {
	t.Helper()
	d := e.Begin("id", now)
	defer e.Release(d)
	if r := e.Decide(&gateway.Ask{Method: "GET", Path: "/api", Query: query, Key: []string{key}}, d); r != nil {
		t.Fatalf("got %s", r.Message)
	}
	return string(d.Query())
}

func TestInjectedQueryReplacesOnlyItsOwn(t *testing.T) {
	w := newWorld(t, map[string]string{"api": injected})
	e := engineOf(w)
	for query, want := range map[string]string{
		"":                           "api_key=" + devValue,
		"a=1":                        "a=1&api_key=" + devValue,
		"api_key=mine":               "api_key=" + devValue,
		"api%5Fkey=mine&a=%zz&&b=+;": "a=%zz&&b=+;&api_key=" + devValue,
		"a=1&api_key&API_KEY=other":  "a=1&API_KEY=other&api_key=" + devValue,
		"a=1;api_key=evil":           "a=1&api_key=" + devValue,
		"api%5fkey=evil;a=1;b=2&c":   "a=1;b=2&c&api_key=" + devValue,
		"a;api_key;b&api_key=1;c":    "a;b;c&api_key=" + devValue,
	} {
		if got := queryFor(t, e, w.dev, query); got != want {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
	}
}

func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"", "a=1", "api_key=mine", "api%5fkey=x&b", "&&=&", "%", "a=b&a=c", "a=1;api_key=2;;"} {
		f.Add(seed)
	}
	w := newWorld(f, map[string]string{"api": injected})
	e := engineOf(w)
	f.Fuzz(func(t *testing.T, query string) {
		if !gateway.QueryOK(query) {
			t.Skip()
		}
		got := queryFor(t, e, w.dev, query)
		kept, ok := strings.CutSuffix(got, "api_key="+devValue)
		if !ok {
			t.Fatalf("%q became %q, want the injected parameter last", query, got)
		}
		for piece := range strings.FieldsFuncSeq(kept, func(c rune) bool { return c == '&' || c == ';' }) {
			name, _, _ := strings.Cut(piece, "=")
			if decoded, err := url.QueryUnescape(name); err == nil && decoded == "api_key" {
				t.Fatalf("%q became %q, want the caller's parameter gone", query, got)
			}
		}
		if !strings.Contains(query, "%") && !strings.Contains(query, "api_key") && strings.TrimSuffix(kept, "&") != query && kept != query {
			t.Fatalf("%q became %q, want the rest as it was", query, got)
		}
	})
}
