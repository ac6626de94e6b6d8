package definition_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/fault"
)

func TestCanonical(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"order":          {` { "b" : 1, "a" : [ true , null ] } `, `{"a":[true,null],"b":1}`},
		"order in UTF16": {`{"\ufb33":1,"\ud83d\ude00":2,"1":3,"\r":4}`, "{\"\\r\":4,\"1\":3,\"\U0001f600\":2,\"\ufb33\":1}"},
		"numbers":        {`[1.0,1e2,-0,0.10,1E21,333333333.33333329,1e-7]`, `[1,100,0,0.1,1e+21,333333333.3333333,1e-7]`},
		"strings":        {`["\u0041\/\u00e4","\u001f\u0008","<&>\u2028"]`, "[\"A/ä\",\"\\u001f\\b\",\"<&>\u2028\"]"},
		"scalar":         {`"a"`, `"a"`},
		"largest number": {`1.7976931348623157e308`, `1.7976931348623157e+308`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			raw := []byte(tt.in)
			got, err := definition.Canonical(raw)
			if err != nil {
				t.Fatalf("Canonical: got %v, want no error", err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("Canonical (-want +got):\n%s", diff)
			}
			if string(raw) != tt.in {
				t.Errorf("the input was modified: got %s, want %s", raw, tt.in)
			}
		})
	}
}

func TestCanonicalRefuses(t *testing.T) {
	tests := map[string]string{
		"nothing":              ``,
		"white space":          `  `,
		"half":                 `{"a":`,
		"trailing comma":       `{"a":1,}`,
		"trailing data":        `{} zebra`,
		"two values":           `{}{}`,
		"comment":              `{} // zebra`,
		"literal":              `{"a":zebra}`,
		"single quotes":        `{'zebra':1}`,
		"name twice":           `{"zebra":1,"zebra":2}`,
		"name twice, escaped":  `{"zebra":1,"\u007aebra":2}`,
		"name twice, inside":   `[{"b":{"zebra":1,"zebra":1}}]`,
		"broken UTF-8":         "{\"a\":\"zebra\xff\"}",
		"lone surrogate":       `{"a":"zebra\ud800"}`,
		"byte order mark":      "\ufeff{}",
		"control in string":    "\"zebra\x01\"",
		"too large a number":   `{"a":1e400}`,
		"too large a negative": `[-1e309]`,
		"leading zero":         `01`,
		"not a number":         `NaN`,
		"nested too deep":      strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001),
	}
	for name, in := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := definition.Canonical([]byte(in))
			if !fault.Is(err, fault.Invalid) || got != nil {
				t.Fatalf("Canonical: got %.40q and %v, want nothing and kind %s", got, err, fault.Invalid)
			}
			if strings.Contains(err.Error(), "zebra") {
				t.Errorf("the message repeats the input: %v", err)
			}
		})
	}
}

func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `{"b":1,"a":[true,null,"x"]}`, `{"a":1,"a":2}`, `[1.0,1e400,-0]`, "\"\xff\"", `"\ud83d\ude00"`, `{}{}`, `[[[]]]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		once, err := definition.Canonical(raw)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("got %v, want kind %s", err, fault.Invalid)
			}
			return
		}
		twice, err := definition.Canonical(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("canonical bytes changed: got %q and %v, want %q", twice, err, once)
		}
		var before, after any
		if err := json.Unmarshal(raw, &before); err != nil {
			t.Fatalf("another reader refuses what was accepted: %v", err)
		}
		if err := json.Unmarshal(once, &after); err != nil {
			t.Fatalf("another reader refuses the canonical form: %v", err)
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("the meaning changed (-want +got):\n%s", diff)
		}
	})
}
