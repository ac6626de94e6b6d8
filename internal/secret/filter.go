package secret

import (
	"encoding/base64"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Filter is an encoding that a placeholder asks for behind a |: filters apply from left to right.
type Filter struct {
	Name     FilterName
	Argument string // the user of Basic; else ""
}

// FilterName is what a filter does.
type FilterName string

// The filters.
const (
	Base64    FilterName = "base64"    // RFC 4648, section 4, with padding
	Basic     FilterName = "basic"     // the credentials of RFC 7617 in base64: "user:value", or "value:" without a user
	JSON      FilterName = "json"      // as it stands inside a JSON string, without the quotes (RFC 8259)
	URLEncode FilterName = "urlencode" // all but the unreserved characters of RFC 3986 in %XX
)

func (f Filter) String() string {
	if f.Argument == "" {
		return " | " + string(f.Name)
	}
	return " | " + string(f.Name) + ": " + f.Argument
}

// Grows is how long a value of n bytes can get.
func (f Filter) Grows(n int) int {
	switch f.Name {
	case Base64, Basic:
		return base64.StdEncoding.EncodedLen(n + len(f.Argument) + 1)
	case JSON:
		return 6*n + 2
	default:
		return 3 * n
	}
}

// AppendTo appends the encoded value to dst, which has room for what Grows says, so that no copy is left behind. It is
// false for a value that cannot be encoded: JSON takes UTF-8 only.
func (f Filter) AppendTo(dst, value []byte) ([]byte, bool) {
	switch f.Name {
	case Base64:
		return base64.StdEncoding.AppendEncode(dst, value), true
	case Basic:
		return f.basic(dst, value), true
	case JSON:
		if !utf8.Valid(value) {
			return dst, false
		}
		at := len(dst)
		dst, err := jsontext.AppendQuote(dst, value)
		if err != nil {
			return dst[:at], false
		}
		end := len(dst)
		copy(dst[at:], dst[at+1:end-1])
		clear(dst[end-2:])
		return dst[:end-2], true
	default:
		return AppendEscaped(dst, value), true
	}
}

// basic encodes user, colon and value three bytes at a time, for they lie nowhere together.
func (f Filter) basic(dst, value []byte) []byte {
	const colon = ":"
	parts := [3]string{f.Argument, colon}
	tail := ""
	if f.Argument == "" {
		parts, tail = [3]string{}, colon
	}
	var group [3]byte
	n := 0
	put := func(c byte) {
		if group[n] = c; n == 2 {
			dst = base64.StdEncoding.AppendEncode(dst, group[:])
		}
		n = (n + 1) % 3
	}
	for _, s := range parts {
		for i := range len(s) {
			put(s[i])
		}
	}
	for _, c := range value {
		put(c)
	}
	for i := range len(tail) {
		put(tail[i])
	}
	if n > 0 {
		dst = base64.StdEncoding.AppendEncode(dst, group[:n])
	}
	clear(group[:])
	return dst
}

const hexDigits = "0123456789ABCDEF"

// AppendEscaped appends a value with all but the unreserved characters of RFC 3986 as %XX; a space is %20.
func AppendEscaped(dst, value []byte) []byte {
	for _, c := range value {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.', c == '~':
			dst = append(dst, c)
		default:
			dst = append(dst, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return dst
}

func filterNames() []FilterName { return []FilterName{Base64, Basic, JSON, URLEncode} }

func known(name string) bool { return slices.Contains(filterNames(), FilterName(name)) }
