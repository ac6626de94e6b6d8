package gateway_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/gateway"
)

// bodyRoute injects into bodies at several depths.
const bodyRoute = `{"target_url":"https://api.example.com","inject_body":{"payment":{"key":"{{secret:odd}}","fixed":1},"env":"in {{environment}}","list":["{{route}}",{}],"none":null}}`

// odd is a value that JSON must escape.
const odd = "a\"b\\c\n\u0001é"

func newBodyDecision(t testing.TB, content string, values map[string]string) (*gateway.Decision, func()) {
	t.Helper()
	w := newWorld(t, map[string]string{"api": content}, func(w *world) { w.addSecret("odd", values) })
	e := engineOf(w)
	d := e.Begin("id", now)
	if r := e.Decide(&gateway.Ask{Method: "POST", Path: "/api", Key: []string{w.prod}}, d); r != nil {
		t.Fatal(r.Message)
	}
	return d, func() { e.Release(d) }
}

func TestMergeBody(t *testing.T) {
	d, release := newBodyDecision(t, bodyRoute, map[string]string{production: odd})
	defer release()
	const key = `"a\"b\\c\n\u0001é"`
	const rest = `"env":"in production","list":["api",{}],"none":null`
	for name, test := range map[string]struct{ body, want string }{
		"empty body":           {"", `{` + rest + `,"payment":{"fixed":1,"key":` + key + `}}`},
		"empty object":         {"{}", `{` + rest + `,"payment":{"fixed":1,"key":` + key + `}}`},
		"kept as it was":       {" {\"n\" : 1.0e+2 ,\n\t\"big\":12345678901234567890.10, \"s\":\"\\u00e9\\/\" }\n", " {\"n\" : 1.0e+2 ,\n\t\"big\":12345678901234567890.10, \"s\":\"\\u00e9\\/\"," + rest + `,"payment":{"fixed":1,"key":` + key + "} }\n"},
		"injected wins":        {`{"env":{"a":1},"x":1,"payment":{"amount": 5 ,"key":"mine"},"none":[1, 2]}`, `{"env":"in production","x":1,"payment":{"amount": 5 ,"key":` + key + `,"fixed":1},"none":null,"list":["api",{}]}`},
		"object replaces":      {`{"payment":[{"key":1}],"list":[1]}`, `{"payment":{"fixed":1,"key":` + key + `},"list":["api",{}],"env":"in production","none":null}`},
		"another case":         {`{"x":1,"ENV":2,"y":3}`, `{"x":1,"y":3,` + rest + `,"payment":{"fixed":1,"key":` + key + `}}`},
		"another case, first":  {`{ "ENV":2, "Env" : [3] ,"x":1}`, `{"x":1,` + rest + `,"payment":{"fixed":1,"key":` + key + `}}`},
		"another case, last":   {`{"env":1, "eNV":2 }`, `{"env":"in production","list":["api",{}],"none":null,"payment":{"fixed":1,"key":` + key + `} }`},
		"another case, alone":  {`{ "ENV":{"a":1} }`, `{` + rest + `,"payment":{"fixed":1,"key":` + key + `} }`},
		"another case, inside": {`{"payment":{"Fixed":2,"amount":5,"KEY":"mine"},"Payment":{"key":1},"li\u017ft":[]}`, `{"payment":{"amount":5,"fixed":1,"key":` + key + `},` + rest + `}`},
		"escaped name":         {`{"\u0065nv":1,"payment":{}}`, `{"\u0065nv":"in production","payment":{"fixed":1,"key":` + key + `},"list":["api",{}],"none":null}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, r := gateway.MergeBody([]byte(test.body), d)
			if r != nil {
				t.Fatalf("got %s", r.Message)
			}
			if !json.Valid([]byte(got)) {
				t.Errorf("got %s, which is not JSON", got)
			}
			if got != test.want {
				t.Errorf("got\n%s, want\n%s", got, test.want)
			}
		})
	}
}

func TestMergeBodyRefuses(t *testing.T) {
	d, release := newBodyDecision(t, bodyRoute, map[string]string{production: odd})
	defer release()
	for name, body := range map[string]string{
		"no JSON":               "hello",
		"cut":                   `{"a":1`,
		"text behind":           `{"a":1} x`,
		"second value":          `{"a":1}{}`,
		"a list":                `[1]`,
		"a string":              `"x"`,
		"white space":           ` `,
		"name twice":            `{"a":1,"a":2}`,
		"name twice, escaped":   `{"a":1,"\u0061":2}`,
		"name twice, deep":      `{"a":[{"b":1,"b":2}]}`,
		"name twice, injected":  `{"env":1,"env":2}`,
		"name twice, merged":    `{"payment":{"key":1,"key":2}}`,
		"broken UTF-8":          "{\"a\":\"\xff\"}",
		"broken UTF-8, in name": "{\"\xff\":1}",
		"comment":               `{"a":1/**/}`,
		"trailing comma":        `{"a":1,}`,
		"byte order mark":       "\ufeff{}",
		"no value":              `{"env"}`,
	} {
		t.Run(name, func(t *testing.T) {
			got, r := gateway.MergeBody([]byte(body), d)
			if r == nil {
				t.Fatalf("got %q, want a refusal", got)
			}
			if r.Status != 400 || r.Type != "validation_error" || strings.Contains(r.Message, "hello") {
				t.Errorf("got %d %s %q, want 400 validation_error", r.Status, r.Type, r.Message)
			}
		})
	}
}

func TestMergeBodyNamesTheSecretThatIsNotText(t *testing.T) {
	d, release := newBodyDecision(t, bodyRoute, map[string]string{production: "\xff\xfe"})
	defer release()
	_, r := gateway.MergeBody(nil, d)
	if r == nil || r.Status != 500 || r.Type != "invalid_credential" || !strings.Contains(r.Message, "'odd'") {
		t.Errorf("got %+v, want 500 invalid_credential that names the secret", r)
	}
}

func TestIsJSON(t *testing.T) {
	for kind, want := range map[string]bool{
		"application/json": true, "Application/JSON; charset=utf-8": true, "application/vnd.api+json": true, "application/problem+JSON ;a=b": true,
		"text/plain": false, "application/jsonx": false, "+json": false, "json": false, "application/x-www-form-urlencoded": false, "": false, "application/json-seq": false,
	} {
		if got := gateway.IsJSON(kind); got != want {
			t.Errorf("%q: got %v, want %v", kind, got, want)
		}
	}
}

// Whatever is accepted stays valid JSON, holds what is injected, and keeps the members that are not.
func FuzzMergeBody(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"payment":{"key":1}}`, ` { "a" : [ 1 , {"env":2} ] } `, `{"payment":[],"x":"\u0000"}`, `{"a":1e400}`, `{"ENV":1,"Env":{},"x":2}`} {
		f.Add([]byte(seed))
	}
	d, release := newBodyDecision(f, bodyRoute, map[string]string{production: odd})
	f.Cleanup(release)
	f.Fuzz(func(t *testing.T, body []byte) {
		got, r := gateway.MergeBody(body, d)
		if r != nil {
			return
		}
		var before, after map[string]json.RawMessage
		if err := json.Unmarshal([]byte(got), &after); err != nil {
			t.Fatalf("%q became %q: %v", body, got, err)
		}
		var payment struct{ Key string }
		if err := json.Unmarshal(after["payment"], &payment); err != nil || payment.Key != odd || string(after["env"]) != `"in production"` {
			t.Fatalf("%q became %q, without what is injected", body, got)
		}
		if len(body) == 0 {
			return
		}
		if err := json.Unmarshal(body, &before); err != nil {
			t.Fatalf("%q was accepted: %v", body, err)
		}
		for name, value := range before {
			injected, differs := false, false
			for _, own := range []string{"payment", "env", "list", "none"} {
				injected = injected || name == own
				differs = differs || strings.EqualFold(name, own)
			}
			if _, kept := after[name]; differs && !injected && kept {
				t.Fatalf("%q became %q: member %q stays beside the one that is injected", body, got, name)
			}
			if !differs && string(after[name]) != string(value) {
				t.Fatalf("%q became %q: member %q changed", body, got, name)
			}
		}
	})
}
