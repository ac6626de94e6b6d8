package cut_test

import (
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/cut"
)

// canary is a value that must not stay, not even its beginning.
const canary = "CANARY-7f3a91"

func TestBodies(t *testing.T) {
	for _, test := range []struct {
		name, kind, text, want string
		fields                 []string
	}{
		{"a member", "application/json", `{"a":1,"password":"CANARY-7f3a91","b":[2]}`, `{"a":1,"password":"[redacted]","b":[2]}`, nil},
		{"spelled otherwise", "application/json", `{"apiKey" : "CANARY-7f3a91", "API-KEY":"CANARY-7f3a91"}`, `{"apiKey" : "[redacted]", "API-KEY":"[redacted]"}`, nil},
		{"escaped", "application/json", `{"pass\u0077ord":"CANARY-7f3a91 \" \\"}`, `{"pass\u0077ord":"[redacted]"}`, nil},
		{"deep", "application/problem+json", `[{"x":{"secret":{"k":["CANARY-7f3a91","}"]}}},1]`, `[{"x":{"secret":"[redacted]"}},1]`, nil},
		{"a number", "application/json", `{"cvv":737,"pin":  0123 }`, `{"cvv":"[redacted]","pin":  "[redacted]" }`, nil},
		{"null", "application/json", `{"token":null}`, `{"token":null}`, nil},
		{"a value that looks like a name", "application/json", `["password","x"]`, `["password","x"]`, nil},
		{"a name on the list", "application/json", `{"IBAN":"CANARY-7f3a91"}`, `{"IBAN":"[redacted]"}`, []string{"iban"}},
		{"a path", "application/json", `{"a":{"b":"CANARY-7f3a91","c":1},"b":2}`, `{"a":{"b":"[redacted]","c":1},"b":2}`, []string{"$.a.b"}},
		{"an index", "application/json", `{"k":["x","CANARY-7f3a91",{"z":3}]}`, `{"k":["x","[redacted]",{"z":3}]}`, []string{"$.k[1]"}},
		{"every element", "application/json", `[{"v":"CANARY-7f3a91"},{"v":{"w":"CANARY-7f3a91"}}]`, `[{"v":"[redacted]"},{"v":"[redacted]"}]`, []string{"$[*].v"}},
		{"a path into what is not JSON any more", "application/json", `{"a":1]},{"b":"CANARY-7f3a91"}`, `{"a":1[redacted]`, []string{"$.b"}},
		{"lines of JSON", "application/x-ndjson", "{\"token\":\"CANARY-7f3a91\"}\n{\"token\":1}\n", "{\"token\":\"[redacted]\"}\n{\"token\":\"[redacted]\"}\n", nil},
		{"events", "text/event-stream", "event: x\ndata: {\"token\":\"CANARY-7f3a91\"}\n\n", "event: x\ndata: {\"token\":\"[redacted]\"}\n\n", nil},
		{"JavaScript", "application/javascript", `x = {password: 'CANARY-7f3a91', b: 1}`, `x = {password: "[redacted]", b: 1}`, nil},
		{"a form", "application/x-www-form-urlencoded", "a=1&card%5Bcvv%5D=CANARY-7f3a91&password=CANARY-7f3a91", "a=1&card%5Bcvv%5D=[redacted]&password=[redacted]", nil},
		{"XML", "application/xml", `<a><s:Password x="1">CANARY-7f3a91</s:Password><b token="CANARY-7f3a91"/></a>`, `<a><s:Password x="1">[redacted]</s:Password><b token="[redacted]"/></a>`, nil},
		{"lines", "text/plain; charset=utf-8", "user: me\npassword: CANARY-7f3a91 x\r\nend\n", "user: me\npassword: [redacted]\r\nend\n", nil},
		{"YAML", "application/yaml", "db:\n  api_key = CANARY-7f3a91\n", "db:\n  api_key = [redacted]\n", nil},
		{"no type, JSON", "", ` {"password":"CANARY-7f3a91"}`, ` {"password":"[redacted]"}`, nil},
		{"no type, a form", "", `x=1&password=CANARY-7f3a91`, `x=1&password=[redacted]`, nil},
		{"a form of parts", "multipart/form-data; boundary=B", "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--B\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nCANARY-7f3a91\r\n--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\nCANARY-7f3a91\r\n--B--\r\n", "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--B\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n[redacted]\r\n--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\n[redacted]\r\n--B--\r\n", nil},
	} {
		f := cut.New(test.fields)
		got, n := f.Body(test.kind, []byte(test.text))
		if string(got) != test.want || n != strings.Count(test.want, cut.Mark) {
			t.Errorf("%s: got %q and %d, want %q", test.name, got, n, test.want)
		}
		for end := range len(test.text) { // it may break off anywhere
			if got, _ := f.Body(test.kind, []byte(test.text[:end])); strings.Contains(string(got), canary[:3]) {
				t.Errorf("%s, cut short after %d bytes: got %q", test.name, end, got)
			}
		}
	}
}

func TestHeaders(t *testing.T) {
	f := cut.New([]string{"X-Customer"})
	for name, want := range map[string]bool{
		"Authorization": true, "Proxy-Authorization": true, "Cookie": true, "Set-Cookie": true, "X-Api-Key": true, "Lockage-Key": true,
		"X-Shopify-Access-Token": true, "Ocp-Apim-Subscription-Key": true, "X-Goog-Api-Key": true, "X-Customer": true, "Stripe-Signature": true,
		"Accept": false, "Idempotency-Key": false, "Content-Type": false, "Www-Authenticate": false, "X-Request-Id": false,
	} {
		if got := f.Header(name); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

func TestQueries(t *testing.T) {
	f := cut.New(nil)
	more := func(name string) bool { return name == "injected" }
	for text, want := range map[string]string{
		"":                                 "",
		"page=2&q=a%20b":                   "page=2&q=a%20b",
		"page=2&tok%65n=CANARY;injected=x": "page=2&tok%65n=[redacted];injected=[redacted]",
		"token":                            "token",
		"api_key=%zz&%zz=1":                "api_key=[redacted]&%zz=1",
	} {
		if got, n := f.Pairs(text, more); got != want || n != strings.Count(want, cut.Mark) {
			t.Errorf("%q: got %q and %d, want %q", text, got, n, want)
		}
	}
	if got, _ := f.Reference("<https://x.example/a?token=CANARY&b=1#access_token=CANARY>; rel=next", nil); strings.Contains(got, "CANARY") {
		t.Errorf("got %q", got)
	}
}

func TestProblem(t *testing.T) {
	for _, good := range [][]string{nil, {"iban"}, {"$.a.b", "$.a[*].b", "$.a[0]", "$[0]", "$.*", "x-customer-id"}} {
		if problem := cut.Problem(good); problem != "" {
			t.Errorf("%q: got %q, want none", good, problem)
		}
	}
	for _, bad := range [][]string{{""}, {"-_"}, {"$"}, {"$a"}, {"$.a..b"}, {"$.a[x]"}, {"$.a[0"}, {"$.a[-1]"}, {"a\nb"}, {"a\xff"}, {strings.Repeat("a", 201)}, make([]string, 101)} {
		if cut.Problem(bad) == "" {
			t.Errorf("%q: want a problem", bad)
		}
	}
}

// FuzzBody looks whether a member's value stays, whatever surrounds it.
func FuzzBody(f *testing.F) {
	f.Add("application/json", `{"a":[`, `]}`, "$.a")
	f.Add("text/plain", "x: ", "\n", "b")
	f.Add("application/xml", "<a>", "</a>", "")
	f.Add("text/event-stream", "data: {", "}", "$[0]")
	f.Fuzz(func(t *testing.T, kind, before, behind, field string) {
		if cut.Problem([]string{field}) != "" || strings.ContainsAny(before, `"'\`) || strings.Contains(kind, "multipart") || strings.Contains(kind, "xml") ||
			strings.Contains(kind, "html") || strings.Contains(kind, "form") || !strings.Contains(kind, "json") {
			return
		}
		out, _ := cut.New([]string{field}).Body(kind, []byte(before+`"password":"`+canary+`"`+behind))
		if strings.Contains(string(out), canary) {
			t.Errorf("%s: got %q", kind, out)
		}
	})
}
