package gateway_test

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/gateway"
	"github.com/lockage/lockage/internal/snapshot"
)

func TestAddress(t *testing.T) {
	for name, test := range map[string]struct {
		path        string
		header      []string
		route, rest string
		refused     bool
	}{
		"route alone":        {path: "/stripe", route: "stripe"},
		"route and slash":    {path: "/stripe/", route: "stripe", rest: "/"},
		"rest stays escaped": {path: "/stripe/v1/a%2Fb%20c/", route: "stripe", rest: "/v1/a%2Fb%20c/"},
		"empty segments":     {path: "/stripe//a//", route: "stripe", rest: "//a//"},
		"nothing":            {path: "/", route: "", rest: ""},
		"header":             {path: "/v1/charges", header: []string{"stripe"}, route: "stripe", rest: "/v1/charges"},
		"header, no path":    {path: "/", header: []string{"stripe"}, route: "stripe", rest: ""},
		"two headers":        {path: "/", header: []string{"a", "a"}, refused: true},
		"names with dots":    {path: "/stripe/.a/..b/c../...", route: "stripe", rest: "/.a/..b/c../..."},
		"parameters":         {path: "/stripe/a;v=1/b", route: "stripe", rest: "/a;v=1/b"},

		"dot":                    {path: "/stripe/./x", refused: true},
		"dots":                   {path: "/stripe/../x", refused: true},
		"dots at the end":        {path: "/stripe/..", refused: true},
		"dots first":             {path: "/../x", refused: true},
		"half escaped dots":      {path: "/stripe/.%2E/x", refused: true},
		"escaped dots":           {path: "/stripe/%2e%2e/x", refused: true},
		"dots, escaped slash":    {path: "/stripe/..%2fx", refused: true},
		"escaped slash, dots":    {path: "/stripe/a%2f..", refused: true},
		"dots with a parameter":  {path: "/stripe/..;a=1/x", refused: true},
		"dots, parameter, slash": {path: "/stripe/..%3ba%2fx", refused: true},
		"backslash":              {path: `/stripe/a\b`, refused: true},
		"escaped backslash":      {path: "/stripe/a%5Cb", refused: true},
		"header and dots":        {path: "/..", header: []string{"stripe"}, refused: true},
		"no slash":               {path: "*", refused: true},
		"empty":                  {path: "", refused: true},
		"half an escape":         {path: "/stripe/%2", refused: true},
		"no escape":              {path: "/stripe/%zz", refused: true},
		"space":                  {path: "/stripe/a b", refused: true},
		"line break":             {path: "/stripe/a\r\nb", refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			route, rest, r := gateway.Address(test.path, test.header)
			if (r != nil) != test.refused || route != test.route || rest != test.rest {
				t.Errorf("got %q, %q, refused %v, want %q, %q, %v", route, rest, r != nil, test.route, test.rest, test.refused)
			}
			if r != nil && (r.Status != http.StatusBadRequest || r.Type != "validation_error") {
				t.Errorf("refusal: got %d %s, want 400 validation_error", r.Status, r.Type)
			}
		})
	}
}

func TestQueryProblem(t *testing.T) {
	for query, want := range map[string]bool{"": true, "a=1&b=%20;c[]=é": true, "a b": false, "a\x00": false, "a\x7f": false, "a#b": false, "a\r\n": false} {
		if got := gateway.QueryOK(query); got != want {
			t.Errorf("%q: got %v, want %v", query, got, want)
		}
	}
}

func TestJoin(t *testing.T) {
	for _, test := range []struct{ target, rest, want string }{
		{"", "", "/"}, {"", "/a", "/a"}, {"/v1", "", "/v1"}, {"/v1/", "", "/v1/"}, {"/v1", "/a", "/v1/a"}, {"/v1/", "/a", "/v1/a"}, {"/v1", "/", "/v1/"}, {"/", "/a", "/a"},
	} {
		if got := gateway.Join(test.target, test.rest); got != test.want {
			t.Errorf("%q and %q: got %q, want %q", test.target, test.rest, got, test.want)
		}
	}
}

// What is accepted stays below the target's path, however it is read: escaped slashes as slashes, backslashes as slashes,
// parameters cut off, and the path cleaned.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{"/r/a", "/r/%2e%2e/x", "/r/..;/x", "/r/a%2f..%2f..", `/r/a\..\b`, "/r//..", "/r/%252e%252e/", "/r/%c0%ae%c0%ae/", "/r/..%00/", "/r/a%2Fb|c", "/a%2fb%2F\"<>^{}`é", "/r/%2f#%2F[]", "/?"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		route, rest, r := gateway.Address(raw, nil)
		if r != nil {
			return
		}
		if "/"+route+rest != raw && rest != "" {
			t.Fatalf("%q was taken apart into %q and %q", raw, route, rest)
		}
		joined := gateway.Join("/base", rest)
		decoded, err := url.PathUnescape(joined)
		if err != nil {
			t.Fatalf("%q cannot be read: %v", joined, err)
		}
		for _, read := range []string{decoded, strings.ReplaceAll(decoded, `\`, "/"), withoutParameters(decoded)} {
			if clean := path.Clean(read); clean != "/base" && !strings.HasPrefix(clean, "/base/") {
				t.Fatalf("%q leads to %q", raw, clean)
			}
		}
		checkSeparators(t, raw)
	})
}

// checkSeparators sends a path as a caller does: what was an escaped slash stays one, and nothing else becomes a slash.
func checkSeparators(t *testing.T, raw string) {
	t.Helper()
	u, err := url.ParseRequestURI(raw)
	if err != nil || raw[0] != '/' || u.Path == "/" { // which stands for no path
		return
	}
	_, rest, r := gateway.Address(gateway.EscapedPath(u), []string{"r"})
	if r != nil {
		return
	}
	out, err := gateway.UpstreamURL(&snapshot.Target{Scheme: "http", Host: "h", Path: "/base"}, rest, "")
	if err != nil {
		t.Fatalf("%q became %q: %v", raw, rest, err)
	}
	sent, _, _ := strings.Cut(raw, "?")
	got, want := strings.TrimPrefix(out.RequestURI(), "/base"), sent
	for _, separator := range []string{"/", "%2f"} {
		if g, w := strings.Count(strings.ToLower(got), separator), strings.Count(strings.ToLower(want), separator); g != w {
			t.Fatalf("%q became %q: got %d of %s, want %d", raw, got, g, separator, w)
		}
	}
}

func TestEscapedPath(t *testing.T) {
	for raw, want := range map[string]string{
		"/a/b":             "/a/b",
		"/a%2Fb%20c":       "/a%2Fb%20c",
		"/a%2Fb|c":         "/a%2Fb%7Cc",
		"/%2f\"<>^{}`é":    "/%2f%22%3C%3E%5E%7B%7D%60%C3%A9",
		"/a|b":             "/a%7Cb",
		"/a!$&'()*+,;=:@~": "/a!$&'()*+,;=:@~",
		"/%41[b]#":         "/%41[b]%23",
	} {
		u, err := url.ParseRequestURI(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := gateway.EscapedPath(u); got != want {
			t.Errorf("%q: got %q, want %q", raw, got, want)
		}
	}
}

func withoutParameters(p string) string {
	segments := strings.Split(p, "/")
	for i := range segments {
		segments[i], _, _ = strings.Cut(segments[i], ";")
	}
	return strings.Join(segments, "/")
}
