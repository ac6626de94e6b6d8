package testkit

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// Canaries are values that must not be found where they do not belong, as they are or in any encoding that hides nothing.
// It is safe for concurrent use.
type Canaries struct {
	mu      sync.Mutex
	what    map[string]string    // what each value is
	needles map[uint64][]*needle // by their first 8 bytes
}

// needle is a form of a part of a value.
type needle struct {
	bytes      []byte
	what, form string
}

// shortest is the length of a form below which something else could be taken for it.
const shortest = 10

// Add remembers a value, and what it is. Of one of 24 bytes or more each half counts, so that it is found cut off too.
func (c *Canaries) Add(what, value string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.what == nil {
		c.what, c.needles = map[string]string{}, map[uint64][]*needle{}
	}
	if _, known := c.what[value]; known {
		return
	}
	c.what[value] = what
	parts := []string{value}
	if half := len(value) / 2; len(value) >= 24 {
		for utf8.ValidString(value) && !utf8.RuneStart(value[half]) {
			half--
		}
		parts = []string{value[:half], value[half:]}
	}
	for _, part := range parts {
		for form, b := range Forms([]byte(part)) {
			if len(b) < shortest {
				continue // what is too short in one form is long enough in another
			}
			at := binary.LittleEndian.Uint64(b)
			c.needles[at] = append(c.needles[at], &needle{b, what, form})
		}
	}
}

// Forms are the encodings of a text, by name. Those of base64 are at each of three places in a longer text, without the
// characters that depend on what stands around it.
func Forms(b []byte) map[string][]byte {
	list := map[string][]byte{
		"raw": b, "hex": []byte(hex.EncodeToString(b)), "HEX": bytes.ToUpper([]byte(hex.EncodeToString(b))),
		"query": []byte(url.QueryEscape(string(b))), "path": []byte(url.PathEscape(string(b))), "decimal": []byte(strings.Trim(fmt.Sprint(b), "[]")),
		"quoted": []byte(trimQuotes(strconv.Quote(string(b)))), "ascii": []byte(trimQuotes(strconv.QuoteToASCII(string(b)))),
		"reversed": reversed(b), // as numbers lie in memory
	}
	var percent strings.Builder
	for _, c := range b {
		fmt.Fprintf(&percent, "%%%02X", c)
	}
	list["percent"], list["percent, lower"] = []byte(percent.String()), []byte(strings.ToLower(percent.String()))
	if text, err := json.Marshal(string(b)); err == nil && utf8.Valid(b) {
		html := trimQuotes(string(text))
		plain := strings.NewReplacer(`\u0026`, "&", `\u003c`, "<", `\u003e`, ">").Replace(html)
		list["json for HTML"], list["json"], list["json, slashes"] = []byte(html), []byte(plain), []byte(strings.ReplaceAll(plain, "/", `\/`))
	}
	for at := range 3 {
		whole := append(make([]byte, at), b...)
		first, end := (at*8+5)/6, len(whole)*8/6
		list[fmt.Sprint("base64, ", at)] = []byte(base64.RawStdEncoding.EncodeToString(whole)[first:end])
		list[fmt.Sprint("base64url, ", at)] = []byte(base64.RawURLEncoding.EncodeToString(whole)[first:end])
	}
	var le, be []byte
	units := utf16.Encode([]rune(string(b)))
	if !utf8.Valid(b) {
		units = units[:0]
		for _, c := range b {
			units = append(units, uint16(c))
		}
	}
	for _, u := range units {
		le, be = binary.LittleEndian.AppendUint16(le, u), binary.BigEndian.AppendUint16(be, u)
	}
	list["UTF-16LE"], list["UTF-16BE"] = le, be
	return list
}

func trimQuotes(s string) string { return s[1 : len(s)-1] }

func reversed(b []byte) []byte {
	b = slices.Clone(b)
	slices.Reverse(b)
	return b
}

// Len is how many values there are.
func (c *Canaries) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.what)
}

// Find looks for every value in a text, of any length, and answers what was found, in which form and where first; it
// never repeats a value.
func (c *Canaries) Find(text []byte) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var begins [1 << 16 / 64]uint64 // of which two bytes a form begins with: most places are none
	for at := range c.needles {
		begins[uint16(at)/64] |= 1 << (at % 64) //nolint:gosec // the low two bytes are meant
	}
	var found []string
	seen := map[*needle]bool{}
	for i := 0; i+8 <= len(text); i++ {
		two := binary.LittleEndian.Uint16(text[i:])
		if begins[two/64]&(1<<(two%64)) == 0 {
			continue
		}
		for _, n := range c.needles[binary.LittleEndian.Uint64(text[i:])] {
			if !seen[n] && bytes.HasPrefix(text[i:], n.bytes) {
				seen[n] = true
				found = append(found, fmt.Sprintf("%s (%s, at byte %d)", n.what, n.form, i))
				break // many forms of a text are the text itself
			}
		}
	}
	return found
}
