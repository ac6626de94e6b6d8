package secret_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/secret"
)

func TestFiltersAndSignatures(t *testing.T) {
	secretA := secret.Part{Kind: secret.SecretName, Text: "a"}
	with := func(filters ...secret.Filter) secret.Part {
		p := secretA
		p.Filters = filters
		return p
	}
	hmac := func(separator string, parts ...secret.SignPart) secret.Part {
		return secret.Part{Kind: secret.HMAC, Text: "a", Sign: secret.Sign{Parts: parts, Separator: separator}}
	}
	for text, want := range map[string]secret.Part{
		"{{secret:a | base64}}":                    with(secret.Filter{Name: secret.Base64}),
		"{{ secret : a|basic:me |urlencode }}":     with(secret.Filter{Name: secret.Basic, Argument: "me"}, secret.Filter{Name: secret.URLEncode}),
		"{{secret:a | basic}}":                     with(secret.Filter{Name: secret.Basic}),
		"{{secret:a | json}}":                      with(secret.Filter{Name: secret.JSON}),
		"{{var:region}}":                           {Kind: secret.Variable, Text: "region"},
		"{{var:region | urlencode}}":               {Kind: secret.Variable, Text: "region", Filters: []secret.Filter{{Name: secret.URLEncode}}},
		"{{hmac_sha256: a, method, path}}":         hmac("\n", secret.SignPart{Kind: secret.SignMethod}, secret.SignPart{Kind: secret.SignPath}),
		"{{hmac_sha256:a,timestamp,separator=''}}": hmac("", secret.SignPart{Kind: secret.SignTimestamp}),
		"{{hmac_sha256: a, 'v0, x|y', body_sha256, separator=':'}}": hmac(":",
			secret.SignPart{Kind: secret.SignText, Text: "v0, x|y"}, secret.SignPart{Kind: secret.SignBodyHash}),
	} {
		parts := parse(t, text).Parts()
		if diff := cmp.Diff([]secret.Part{want}, parts); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
	for text, message := range map[string]string{
		"{{secret:a | rot13}}":                        "unknown filter in the placeholder at position 1; known are base64, basic, json, urlencode",
		"{{secret:a | base64: x}}":                    "a filter in the placeholder at position 1 takes no argument; only basic does",
		"{{secret:a | basic: a:b}}":                   "the user in the placeholder at position 1 must be 1 to 256 visible characters without : and quotes",
		"{{secret:a | basic:}}":                       "the user in the placeholder at position 1 must be 1 to 256 visible characters without : and quotes",
		"{{route | base64}}":                          "the placeholder at position 1 takes no filter; secrets and variables do",
		"{{secret:a |json|json|json|json|json}}":      "the placeholder at position 1 has too many filters; use at most 4",
		"{{var:}}":                                    "the variable key at position 1 must have 1 to 128 characters, each a letter A-Z or a-z, a digit, _ or -",
		"{{hmac_sha256: a}}":                          "the signature at position 1 signs nothing; name what it is over: method, path, query, host, timestamp, request_id, body_sha256, 'text', and at the end separator='…'",
		"{{hmac_sha256: a, body}}":                    "the signature at position 1 has an unknown part; known are method, path, query, host, timestamp, request_id, body_sha256, 'text', and at the end separator='…'",
		"{{hmac_sha256: a, separator='', path}}":      "the signature at position 1 has an unknown part; known are method, path, query, host, timestamp, request_id, body_sha256, 'text', and at the end separator='…'",
		"{{hmac_sha256: a, path, 'x}}":                "a text in the signature at position 1 does not end; close it with a single quote",
		"{{hmac_sha256: a, path, separator=x}}":       "the separator at position 1 must stand in single quotes",
		"{{hmac_sha256: a, path | urlencode}}":        "the signature at position 1 may have the filter base64 and no other",
		"{{hmac_sha256: hunter2 hunter2, timestamp}}": "the secret name at position 1 must have 1 to 128 characters, each a letter A-Z or a-z, a digit, _ or -",
	} {
		_, err := secret.ParseTemplate(text)
		if err == nil || err.Error() != message {
			t.Errorf("%s: got %v, want %q", text, err, message)
		}
	}
	got := parse(t, "{{hmac_sha256: k, path}}{{var:v}}{{secret:k}}").References()
	want := []secret.Reference{{Kind: secret.SecretName, Name: "k"}, {Kind: secret.Variable, Name: "v"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("references (-want +got):\n%s", diff)
	}
}

// Each filter makes what the standard library makes, or what it undoes.
func FuzzFilters(f *testing.F) {
	for _, s := range []string{"", "a", "ab", "abc", "hunter2", "ü\"\\\n\x00</script>", "\xff\xfe", " +&=?%", "\u2028"} {
		f.Add("me", []byte(s))
		f.Add("", []byte(s))
	}
	f.Fuzz(func(t *testing.T, user string, value []byte) {
		apply := func(filter secret.Filter) (string, bool) {
			room := make([]byte, 1, 1+filter.Grows(len(value)))
			room[0] = '>'
			out, ok := filter.AppendTo(room, value)
			if &out[0] != &room[0] {
				t.Fatalf("%s grew its buffer: %d bytes of %d", filter.Name, len(out), cap(room))
			}
			if rest := out[len(out):cap(out)]; filter.Name == secret.JSON && bytes.IndexFunc(rest, func(r rune) bool { return r != 0 }) >= 0 {
				t.Errorf("%s leaves %q behind", filter.Name, rest)
			}
			return string(out[1:]), ok
		}
		if got, _ := apply(secret.Filter{Name: secret.Base64}); got != base64.StdEncoding.EncodeToString(value) {
			t.Errorf("base64: got %q", got)
		}
		if !strings.ContainsAny(user, ":\x00") {
			r := &http.Request{Header: http.Header{}}
			if user == "" {
				r.SetBasicAuth(string(value), "")
			} else {
				r.SetBasicAuth(user, string(value))
			}
			if got, _ := apply(secret.Filter{Name: secret.Basic, Argument: user}); "Basic "+got != r.Header.Get("Authorization") {
				t.Errorf("basic: got %q, want %q", got, r.Header.Get("Authorization"))
			}
		}
		got, _ := apply(secret.Filter{Name: secret.URLEncode})
		if back, err := url.PathUnescape(got); back != string(value) || err != nil || strings.ContainsAny(got, " +/?&=#") {
			t.Errorf("urlencode: got %q", got)
		}
		got, ok := apply(secret.Filter{Name: secret.JSON})
		var back string
		if ok != utf8.Valid(value) || ok && (json.Unmarshal([]byte(`"`+got+`"`), &back) != nil || back != string(value)) {
			t.Errorf("json: got %q, %v", got, ok)
		}
	})
}
