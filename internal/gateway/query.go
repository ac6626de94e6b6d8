package gateway

import (
	"strings"

	"github.com/lockage/lockage/internal/snapshot"
)

// keepQuery appends a query without the parameters that are injected, which replace those of the same decoded name.
// Every other byte stays as it was sent. Some upstreams take a semicolon for an ampersand, so a parameter of that name
// is one behind either.
func keepQuery(to *buffer, query string, injected []snapshot.Field) {
	if query == "" {
		return
	}
	kept, separator := false, byte('&')
	for more := true; more; {
		piece, next := query, byte('&')
		if i := strings.IndexAny(query, "&;"); i >= 0 {
			piece, next, query = query[:i], query[i], query[i+1:]
		} else {
			more = false
		}
		name, _, _ := strings.Cut(piece, "=")
		if !isInjected(name, injected) {
			if kept {
				to.addByte(separator)
			}
			to.addString(piece)
			kept = true
		}
		separator = next
	}
}

func isInjected(escaped string, injected []snapshot.Field) bool {
	for i := range injected {
		if decodesTo(escaped, injected[i].Name) {
			return true
		}
	}
	return false
}

// decodesTo says whether an escaped name stands for name. An escape that is none stands for itself, as lenient readers
// take it.
func decodesTo(escaped, name string) bool {
	at := 0
	for i := 0; i < len(escaped); i++ {
		c := escaped[i]
		switch {
		case c == '+':
			c = ' '
		case c == '%' && i+2 < len(escaped):
			if high, low := unhex(escaped[i+1]), unhex(escaped[i+2]); high >= 0 && low >= 0 {
				c = byte(high<<4 | low)
				i += 2
			}
		}
		if at >= len(name) || name[at] != c {
			return false
		}
		at++
	}
	return at == len(name)
}

const digits = "0123456789ABCDEF"

// addEscaped appends a value as it stands in a query.
func addEscaped(to *buffer, value []byte) {
	to.grow(3 * len(value))
	for _, c := range value {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.', c == '~':
			to.b = append(to.b, c)
		default:
			to.b = append(to.b, '%', digits[c>>4], digits[c&15])
		}
	}
}
