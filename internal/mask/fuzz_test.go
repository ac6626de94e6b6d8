package mask_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/lockage/lockage/internal/mask"
)

// Whatever stands around it, an address is found, and what was JSON stays JSON.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`{"email":"ada@example.com","a":[1,{"phone":"+491701234567"}]}`, `{"a":"\ud83d\u0000"}`, `[[[{"x":{}}]]]`, `{"a":1e999,"zip":-0}`, `"\"`, `{"":""}`,
		`<a b="c">d</a>`, `{"raw":"{\"email\":\"x\"}"}`, `a@b.c %40 +1 (0) 4242424242424242 DE89370400440532013000`, "{\"a\xff\":\"\x00\"}",
	} {
		f.Add([]byte(s), s)
	}
	m := masker(0, mask.Rules{Fields: []mask.Field{{"$.a.*", mask.Phone}, {"$..x", mask.Name}}, Keep: []string{"$.kept"}})
	const canary = "canary.of.ada@example.com"
	f.Fuzz(func(t *testing.T, document []byte, s string) {
		out := m.JSON(document)
		if json.Valid(document) && !json.Valid(out) {
			t.Errorf("%q became %q, which is no JSON", document, out)
		}
		if most := 16*len(document) + 256; len(out) > most {
			t.Errorf("%d bytes became %d, want at most %d", len(document), len(out), most)
		}
		if !utf8.ValidString(s) {
			return
		}
		for _, in := range []string{s + " " + canary + " " + s, s + "<" + canary, canary + "," + s} {
			for _, name := range []string{"id", "first_name", "note", "phone"} {
				object, err := json.Marshal(map[string]any{name: in, "list": []string{in}, in: 1})
				if err != nil {
					t.Fatal(err)
				}
				if out := m.JSON(object); strings.Contains(string(out), "canary") || !json.Valid(out) {
					t.Errorf("%s became %s", object, out)
				}
			}
			if out := m.Text(in); strings.Contains(out, "canary") {
				t.Errorf("%q became %q", in, out)
			}
		}
	})
}

func FuzzBody(f *testing.F) {
	for _, kind := range []string{"", "application/json", "text/xml", "application/x-www-form-urlencoded", "text/event-stream", "multipart/form-data; boundary=X"} {
		f.Add(kind, "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n<a b='c@d.de'>{\"x\":1}</a>&e=f%40g.hi\r\n--X--")
	}
	m := masker(0, mask.Rules{})
	f.Fuzz(func(t *testing.T, kind, s string) {
		for _, cut := range []bool{false, true} {
			out, shown := m.Body(kind, []byte(s), cut)
			if !shown && len(out) > 0 {
				t.Errorf("%q: %q is shown though it is not to be", s, out)
			}
			if shown && utf8.ValidString(s) && !utf8.Valid(out) {
				t.Errorf("%q became %q, which is no text", s, out)
			}
		}
		m.Path(s)
		m.Query(s)
		m.Field(kind, s)
		if out, _ := m.Body("text/plain", []byte(s+" canary.of.ada@example.com ."), false); strings.Contains(string(out), "canary") && !strings.HasPrefix(strings.TrimLeft(s, " \t\r\n\ufeff"), "<") {
			t.Errorf("%q became %q", s, out)
		}
	})
}
