package route_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/route"
)

func TestTargets(t *testing.T) {
	for _, target := range []string{
		"https://api.stripe.com", "http://localhost:8080/", "HTTPS://Api.Example.com/v1", "http://10.0.0.1", "http://[::1]:7070/a",
		"https://a_b.example-1.com./x%20y", "https://a/ü", "http://a:65535", "https://a/" + strings.Repeat("p", 2038), "https://a/b..c/...",
	} {
		r := create(t, fmt.Sprintf(`{"key":"k","target_url":%q}`, target))
		if r.TargetURL != target {
			t.Errorf("got the target %q, want it as sent: %q", r.TargetURL, target)
		}
	}
}

func TestTargetsAreRefused(t *testing.T) {
	tests := map[string]string{
		"no scheme":           "sk_live_slipped.example.com",
		"relative":            "/v1",
		"without scheme":      "//a",
		"ftp":                 "ftp://sk_live_slipped",
		"file":                "file:///etc/passwd",
		"javascript":          "javascript:alert(1)",
		"opaque":              "http:a",
		"no host":             "http://",
		"only a path":         "http:///v1",
		"only a port":         "http://:80",
		"user":                "https://sk_live_slipped@a",
		"user and password":   "https://user:sk_live_slipped@a",
		"empty user":          "https://@a",
		"query":               "https://a/?key=sk_live_slipped",
		"empty query":         "https://a/?",
		"fragment":            "https://a/#sk_live_slipped",
		"empty fragment":      "https://a/#",
		"placeholder":         "https://{{environment}}.example.com",
		"placeholder in path": "https://a/{{secret:sk_live_slipped}}",
		"space":               "https://a/b c",
		"leading space":       " https://a",
		"new line":            "https://a/\nb",
		"nul":                 "https://a/\x00",
		"backslash":           `https://a\@b`,
		"port 0":              "http://a:0",
		"port too high":       "http://a:65536",
		"port of letters":     "http://a:sk_live_slipped",
		"empty port":          "http://a:",
		"escaped host":        "http://a%62",
		"host of others":      "http://ä.example.com",
		"host and comma":      "http://a,b",
		"dash at the start":   "http://-a",
		"dot at the start":    "http://.a",
		"long host":           "http://" + strings.Repeat("a.", 127),
		"zone":                "http://[fe80::1%25eth0]",
		"no IPv6":             "http://[a]",
		"IPv4 in brackets":    "http://[127.0.0.1]",
		"parent":              "https://a/b/../c",
		"escaped parent":      "https://a/b/%2e%2E",
		"current":             "https://a/./b",
		"broken escape":       "https://a/%zz",
		"too long":            "https://a/" + strings.Repeat("p", 2039),
		"empty":               "",
	}
	for name, target := range tests {
		t.Run(name, func(t *testing.T) {
			quoted, err := json.Marshal(target)
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = route.DecodeCreate(fmt.Appendf(nil, `{"key":"k","target_url":%s}`, quoted), pipeline)
			if diff := cmp.Diff([]string{"target_url"}, refusedFields(t, err)); diff != "" {
				t.Errorf("refused fields (-want +got):\n%s", diff)
			}
		})
	}
	_, _, err := route.DecodeCreate([]byte(`{"key":"k","target_url":5}`), pipeline)
	if diff := cmp.Diff([]string{"target_url"}, refusedFields(t, err)); diff != "" {
		t.Errorf("a number: refused fields (-want +got):\n%s", diff)
	}
}

func TestHeaderNames(t *testing.T) {
	r := create(t, `{"key":"k","target_url":"http://a","inject_headers":{"x-API-key":"a\tb","etag":"","!#$%&'*+-.^_`+"`"+`|~":"ü"}}`)
	want := map[string]string{"X-Api-Key": "a\tb", "Etag": "", "!#$%&'*+-.^_`|~": "ü"}
	if diff := cmp.Diff(want, r.InjectHeaders); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

func TestHeaderNamesAreRefused(t *testing.T) {
	for _, name := range []string{
		"connection", "Keep-Alive", "proxy-authorization", "Proxy-Connection", "TE", "Trailer", "transfer-encoding", "Upgrade",
		"content-length", "HOST", "Expect", "lockage-key", "Lockage-Anything",
	} {
		_, _, err := route.DecodeCreate(fmt.Appendf(nil, `{"key":"k","target_url":"http://a","inject_headers":{%q:"v"}}`, name), pipeline)
		fields := refusedFields(t, err)
		if len(fields) != 1 || !strings.EqualFold(fields[0], "inject_headers."+name) {
			t.Errorf("%s: got the fields %v, want it named", name, fields)
		}
	}
	for _, name := range []string{"", "a b", "a:", "a\r\nsk_live_slipped: x", "ä", "a\x00", "{{route}}", "a/b", "(", strings.Repeat("h", 257)} {
		quoted, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = route.DecodeCreate(fmt.Appendf(nil, `{"key":"k","target_url":"http://a","inject_headers":{%s:"v"}}`, quoted), pipeline)
		if diff := cmp.Diff([]string{"inject_headers"}, refusedFields(t, err)); diff != "" {
			t.Errorf("%q: refused fields (-want +got):\n%s", name, diff)
		}
	}
}

func TestTooManyHeaders(t *testing.T) {
	body := func(n int) []byte {
		var members []string
		for i := range n {
			members = append(members, fmt.Sprintf(`"h%d":"v"`, i))
		}
		return fmt.Appendf(nil, `{"key":"k","target_url":"http://a","inject_headers":{%s}}`, strings.Join(members, ","))
	}
	if _, _, err := route.DecodeCreate(body(64), pipeline); err != nil {
		t.Errorf("64: got %v, want no error", err)
	}
	_, _, err := route.DecodeCreate(body(65), pipeline)
	if diff := cmp.Diff([]string{"inject_headers"}, refusedFields(t, err)); diff != "" {
		t.Errorf("65: refused fields (-want +got):\n%s", diff)
	}
}

func TestBodyDepth(t *testing.T) {
	body := func(depth int) []byte {
		return fmt.Appendf(nil, `{"key":"k","target_url":"http://a","inject_body":%s1%s}`, strings.Repeat(`{"a":`, depth), strings.Repeat("}", depth))
	}
	if _, _, err := route.DecodeCreate(body(63), pipeline); err != nil {
		t.Errorf("64 levels: got %v, want no error", err)
	}
	_, _, err := route.DecodeCreate(body(64), pipeline)
	if fields := refusedFields(t, err); len(fields) != 1 || !strings.HasPrefix(fields[0], "inject_body.a.a") {
		t.Errorf("65 levels: got the fields %.60q, want the one too deep", fields)
	}
}

func TestBodyNumbersAreKept(t *testing.T) {
	r := create(t, `{"key":"k","target_url":"http://a","inject_body":{"a":[0,-0,0.0e5,9007199254740992,-1.50,1E3,1e+21,5e-324,0.1,100000000000000000000]}}`)
	want := `{"a":[0,0,0,9007199254740992,-1.5,1000,1e+21,5e-324,0.1,100000000000000000000]}`
	if diff := cmp.Diff(want, string(r.InjectBody)); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}
