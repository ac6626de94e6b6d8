package echo_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/echo"
)

const value = "sk_live_51H8x+Yz/0?&<ä=\"€\n😀>"

// redact lets a text pass in chunks of a size, as the gateway does.
func redact(g *echo.Guard, text string, size int) string {
	var out, data []byte
	for {
		n := min(size, len(text))
		data, text = append(data, text[:n]...), text[n:]
		some, held := g.Redact(data, text == "")
		out = append(out, some...)
		data = append([]byte{}, data[len(data)-held:]...)
		if text == "" {
			return string(out)
		}
	}
}

func guard(values ...string) *echo.Guard {
	g := &echo.Guard{}
	for i, v := range values {
		g.Add(i, []byte(v))
	}
	return g
}

// encodings write a value as the libraries in use do.
var encodings = map[string]func(string) string{
	"raw":           func(s string) string { return s },
	"base64":        func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64 url":    func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
	"query":         url.QueryEscape,
	"query, lower":  func(s string) string { return lowerEscapes(url.QueryEscape(s)) },
	"path":          url.PathEscape,
	"path, lower":   func(s string) string { return lowerEscapes(url.PathEscape(s)) },
	"json":          func(s string) string { return inJSON(s, true) },
	"json, no HTML": func(s string) string { return inJSON(s, false) },
	"json, RFC 8259": func(s string) string {
		b, _ := jsontext.AppendQuote(nil, s)
		return string(b[1 : len(b)-1])
	},
	"json of PHP": func(s string) string {
		return strings.NewReplacer("/", `\/`, "ä", `\u00e4`, "€", `\u20ac`, "😀", `\ud83d\ude00`, "\n", `\n`, `"`, `\"`).Replace(s)
	},
	"json of .NET": func(s string) string {
		return strings.NewReplacer("+", `\u002B`, "&", `\u0026`, "<", `\u003C`, ">", `\u003E`, "ä", `\u00E4`, "€", `\u20AC`, "😀", `\uD83D\uDE00`, "\n", `\n`, `"`, `\u0022`).Replace(s)
	},
}

func inJSON(s string, html bool) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(html)
	_ = e.Encode(s)
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(b.String()), `"`), `"`)
}

func lowerEscapes(s string) string {
	b := []byte(s)
	for i := range b {
		if b[i] == '%' {
			copy(b[i:], bytes.ToLower(b[i:i+3]))
		}
	}
	return string(b)
}

func TestEveryForm(t *testing.T) {
	for name, encode := range encodings {
		for _, v := range []string{value, "abcdef", "plain_token-0.9", strings.Repeat("long "+value, 100), string(bytes.Repeat([]byte{0xFE, 0, 9}, 700))} {
			if strings.HasPrefix(name, "json") && v[0] == 0xFE {
				continue // no JSON holds it
			}
			for _, size := range []int{1, 7, 1 << 10, 1 << 20} {
				if len(v) > 1<<10 && size < 1<<10 {
					continue // for the time it takes
				}
				g := guard("other value", v)
				got := redact(g, "before <"+encode(v)+"> behind", size)
				got = strings.Replace(got, "=", "", 2) // of base64, which tells nothing
				if want := "before <[redacted]> behind"; got != want {
					t.Errorf("%s of %.20q in chunks of %d: got %.200q, want %q", name, v, size, got, want)
				}
				if g.Count() != 1 || !g.Found(1) || g.Found(0) {
					t.Errorf("%s of %.20q: got the count %d, found %v and %v, want 1 of the second", name, v, g.Count(), g.Found(0), g.Found(1))
				}
			}
		}
	}
}

// In front of a value and behind it stands something else, as in the credentials of Basic.
func TestBase64AnywhereInAText(t *testing.T) {
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding} {
		for before := range 7 {
			for behind := range 4 {
				text := strings.Repeat("u", before) + value + strings.Repeat("v", behind)
				g := guard(value)
				got := redact(g, encoding.EncodeToString([]byte(text)), 5)
				left, right, ok := strings.Cut(got, echo.Mark)
				if !ok || len(left) > (8*before+5)/6 || len(right) > (8*behind+5)/6+3 {
					t.Errorf("%d before and %d behind: got %q, want nothing of the value", before, behind, got)
				}
			}
		}
	}
}

func TestOverlaps(t *testing.T) {
	for _, test := range []struct {
		name, text, want string
		count            int
	}{
		{"none", "nothing of interest", "nothing of interest", 0},
		{"one behind the other", "abcdefabcdef", "[redacted][redacted]", 2},
		{"a value in itself", "abababababab.", "[redacted].", 1},
		{"the end of one begins another", "xabcdefghijy", "x[redacted]y", 1},
		{"one inside another", "-0123456789-", "-[redacted]-", 1},
		{"a beginning that does not go on", "abcdabcdefg abcde", "abcd[redacted]g abcde", 1},
	} {
		for size := 1; size <= len(test.text); size++ {
			g := guard("abcdef", "ababab", "defghij", "0123456789", "345678", "short")
			if got := redact(g, test.text, size); got != test.want || g.Count() != test.count {
				t.Errorf("%s in chunks of %d: got %q and %d, want %q and %d", test.name, size, got, g.Count(), test.want, test.count)
			}
		}
	}
}

// What cannot be the beginning of a value is not held back, so that events arrive when they are sent.
func TestNothingIsHeldBackInVain(t *testing.T) {
	g := guard("secret-value")
	for _, test := range []struct {
		data string
		held int
	}{{"data: x\n\n", 0}, {"data: s", 1}, {"secret-valu", 11}, {"secret-value", 0}, {"secret-values", 1}, {"", 0}} {
		out, held := g.Redact([]byte(test.data), false)
		if held != test.held {
			t.Errorf("%q: got %d held back and %q, want %d", test.data, held, out, test.held)
		}
	}
}

func TestShortValuesAreNotLookedFor(t *testing.T) {
	g := guard("12345", "")
	if got := redact(g, "12345", 2); got != "12345" || !g.Empty() {
		t.Errorf("got %q, want it as it was", got)
	}
}

func TestResetWipes(t *testing.T) {
	g := guard(value, strings.Repeat("x", 3000))
	redact(g, value, 3)
	arena, table := g.Plain()
	g.Reset()
	if slices.Max(arena) != 0 || slices.Max(table) != 0 {
		t.Error("something of the values is left")
	}
	if got := redact(g, value, 3); got != value || g.Count() != 0 || g.Found(0) {
		t.Errorf("got %q after Reset, want it as it was", got)
	}
	g.Reset()
	g.Add(0, []byte("others"))
	if got := redact(g, "x others y", 3); got != "x [redacted] y" {
		t.Errorf("got %q for the next values", got)
	}
}

func TestAbandonForgetsWhatWasHeldBack(t *testing.T) {
	g := guard("ababab")
	if _, held := g.Redact([]byte("abababab"), false); held == 0 {
		t.Fatal("nothing was held back")
	}
	g.Abandon()
	if out, _ := g.Redact([]byte("next text"), true); string(out) != "next text" {
		t.Errorf("got %q, want it whole", out)
	}
}

func TestAllocations(t *testing.T) {
	values := [][]byte{[]byte(value), []byte("sk_live_0123456789abcdefghij")}
	text := []byte(strings.Repeat("an answer without any of it, ", 1000))
	g := &echo.Guard{}
	call := func() {
		for i, v := range values {
			g.Add(i, v)
		}
		g.Redact(text, true)
		g.Reset()
	}
	call()
	if got := testing.AllocsPerRun(100, call); got > 0 {
		t.Errorf("allocations of a call: got %v, want none", got)
	}
}

// naive looks at every place of the whole text for every form, and joins what overlaps.
func naive(g *echo.Guard, text string) (out string, count int, found []bool) {
	forms, owners := g.Forms()
	found = make([]bool, 8)
	var b strings.Builder
	gone := 0 // what is in front of it is written or replaced
	for at := range len(text) {
		longest := 0
		for i, form := range forms {
			if strings.HasPrefix(text[at:], form) {
				longest = max(longest, len(form))
				found[owners[i]] = true
			}
		}
		switch {
		case longest == 0 && at >= gone:
			b.WriteByte(text[at])
		case longest > 0 && at >= gone:
			b.WriteString(echo.Mark)
			count++
		}
		if longest > 0 {
			gone = max(gone, at+longest)
		}
	}
	return b.String(), count, found
}

// FuzzGuard compares with the naive reference. A text is made of letters of a small alphabet and of pieces of values, so
// that there is something to find.
func FuzzGuard(f *testing.F) {
	f.Add("abcabc", "bcabca", "abababab", []byte("xx\x80abcabcabc\x81\xc1yy"), byte(3))
	f.Add("sk_live_x/+ä", "zzzzzz", "", []byte("\x80\x90\xa0\xb0 \xc0"), byte(1))
	f.Add(strings.Repeat("a", 1100), "aaaaaaa", "ba", []byte("aaaa\x80\x80b\x81"), byte(200))
	f.Fuzz(func(t *testing.T, one, two, three string, plan []byte, chunk byte) {
		if len(one)+len(two)+len(three) > 1200 || len(plan) > 100 {
			return
		}
		g := guard(one, two, three)
		forms, _ := g.Forms()
		var text strings.Builder
		for _, c := range plan {
			if c < 0x80 || len(forms) == 0 {
				text.WriteByte(c)
				continue
			}
			form := forms[int(c)%len(forms)]
			switch c >> 5 {
			case 4, 5:
				text.WriteString(form)
			case 6:
				text.WriteString(form[:len(form)/2])
			default:
				text.WriteString(form[len(form)/3:])
			}
			if text.Len() > 4000 {
				return
			}
		}
		want, count, found := naive(g, text.String())
		got := redact(g, text.String(), max(1, int(chunk)))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("differs (-want +got):\n%s", diff)
		}
		if g.Count() != count {
			t.Errorf("got the count %d, want %d", g.Count(), count)
		}
		for i := range 3 {
			if g.Found(i) != found[i] {
				t.Errorf("found %d: got %v, want %v", i, g.Found(i), found[i])
			}
		}
		for _, form := range forms {
			if len(form) > echo.Longest {
				t.Errorf("a form is %d bytes long", len(form))
			}
		}
	})
}

// FuzzForms embeds a value in every encoding: nothing of it may be left.
func FuzzForms(f *testing.F) {
	f.Add("sk_live_x/+ä\"\\ \x01", "user:", "!")
	f.Add(strings.Repeat("é/ ", 500), "", "")
	f.Fuzz(func(t *testing.T, value, before, behind string) {
		if len(value) < echo.MinLength || len(value) > 3000 || len(before)+len(behind) > 100 {
			return
		}
		g := guard(value)
		for name, encode := range map[string]func(string) string{
			"raw": encodings["raw"], "query": encodings["query"], "path": encodings["path"],
			"json": encodings["json"], "json, no HTML": encodings["json, no HTML"],
		} {
			if json := strings.HasPrefix(name, "json"); json && strings.ToValidUTF8(value, "") != value {
				continue
			}
			left := g.Count()
			if got := redact(g, before+encode(value)+behind, 100); strings.Contains(got, encode(value)) || g.Count() == left {
				t.Errorf("%s: got %q", name, got)
			}
		}
		left := g.Count()
		redact(g, base64.StdEncoding.EncodeToString([]byte(before+value+behind)), 100)
		if g.Count() == left {
			t.Error("base64 is not found")
		}
	})
}
