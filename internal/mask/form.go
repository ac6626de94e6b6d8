package mask

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// query masks name=value pairs. What needs no mask is copied as it stands; a mask is escaped as far as it must be.
func (r *run) query(dst, s []byte) []byte {
	base := len(r.nodes)
	defer func() { r.nodes = r.nodes[:base] }()
	r.nodes = append(r.nodes, r.rules.root)
	root := frame{from: base, to: base + 1}
	var fragment []byte
	if i := bytes.IndexByte(s, '#'); i >= 0 {
		s, fragment = s[:i], s[i:]
	}
	for i := 0; ; i++ {
		pair, rest, more := bytes.Cut(s, []byte{'&'})
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = r.pair(dst, pair, &root)
		r.nodes = r.nodes[:root.to]
		if s = rest; !more {
			break
		}
	}
	out, changed := r.patterns(dst, fragment)
	if !changed {
		out = append(dst, fragment...)
	}
	return out
}

func (r *run) pair(dst, pair []byte, root *frame) []byte {
	base := len(r.bare)
	defer func() { r.bare = r.bare[:base] }()
	rawName, rawValue, has := bytes.Cut(pair, []byte{'='})
	name, value := r.unescaped(rawName, true), r.unescaped(rawValue, true)
	at := *root
	for part := range bytes.FieldsFuncSeq(name, func(x rune) bool { return x == '[' || x == ']' || x == '.' }) {
		at = r.child(&at, part)
	}
	start := len(dst)
	if out, changed := r.patterns(dst, name); changed {
		dst = r.escaped(out, start, inQuery)
	} else {
		dst = append(dst, rawName...)
	}
	if !has {
		return dst
	}
	dst = append(dst, '=')
	start = len(dst)
	if out, changed := r.value(dst, value, &at); changed {
		return r.escaped(out, start, inQuery)
	}
	return append(dst, rawValue...)
}

// path masks the segments of a path: what is customers' data by its pattern, and what stands behind a segment that names
// it, like /by-phone/1234. Where one is escaped twice, both are taken off.
func (r *run) path(dst, s []byte) []byte {
	before := none
	for i := 0; ; i++ {
		raw, rest, more := bytes.Cut(s, []byte{'/'})
		if i > 0 {
			dst = append(dst, '/')
		}
		base, segment := len(r.bare), raw
		for n := 0; n < 3 && bytes.IndexByte(segment, '%') >= 0; n++ {
			segment = r.unescaped(segment, false)
		}
		start := len(dst)
		if out, changed := r.segment(dst, segment, before); changed {
			dst = r.escaped(out, start, inPath)
		} else {
			dst = append(dst, raw...)
		}
		before = none
		if m := r.meaningOf(segment); m.is == phone || m.is == card || m.is == person {
			before = m.is
		} else if bytes.HasPrefix(segment, []byte("by-name")) {
			before = person
		}
		r.bare = r.bare[:base]
		if s = rest; !more {
			return dst
		}
	}
}

func (r *run) segment(dst, s []byte, before class) ([]byte, bool) {
	numbers := 0
	for _, c := range s {
		if isDigit(c) {
			numbers++
		}
	}
	if before == person && len(s) > 0 || before != none && numbers >= 4 {
		return r.apply(dst, before, s), true
	}
	return r.patterns(dst, s)
}

// unescaped is what s says without its escapes. It holds until r.bare is cut back to what it was.
func (r *run) unescaped(s []byte, plus bool) []byte {
	if bytes.IndexByte(s, '%') < 0 && !(plus && bytes.IndexByte(s, '+') >= 0) {
		return s
	}
	start := len(r.bare)
	r.bare = unescapeURL(r.bare, s, plus)
	return r.bare[start:len(r.bare):len(r.bare)]
}

// escaped escapes what stands in dst from start on.
func (r *run) escaped(dst []byte, start int, special string) []byte {
	if plainURL(dst[start:], special) {
		return dst
	}
	base := len(r.bare)
	r.bare = append(r.bare, dst[start:]...)
	dst = escapeURL(dst[:start], r.bare[base:], special)
	r.bare = r.bare[:base]
	return dst
}

// plainURL says whether s needs no escapes.
func plainURL(s []byte, special string) bool {
	ascii := true
	for _, c := range s {
		if c <= ' ' || c == 0x7f || strings.IndexByte(special, c) >= 0 {
			return false
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	return ascii || utf8.Valid(s)
}

// unescapeURL takes percent-escapes out; what is no escape stays. In a query + is a space.
func unescapeURL(dst, s []byte, plus bool) []byte {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+' && plus:
			dst = append(dst, ' ')
		case s[i] == '%' && i+2 < len(s) && unhex(s[i+1]) >= 0 && unhex(s[i+2]) >= 0:
			dst = append(dst, byte(unhex(s[i+1])<<4|unhex(s[i+2])))
			i += 2
		default:
			dst = append(dst, s[i])
		}
	}
	return dst
}

func unhex(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// What must be escaped, besides spaces, control characters and what is no UTF-8.
const (
	inQuery = "%&=#+"
	inPath  = "%/?#"
)

// escapeURL escapes what would be read as something else. Bullets stay: people read this.
func escapeURL(dst, s []byte, special string) []byte {
	const hex = "0123456789ABCDEF"
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			if x, size := utf8.DecodeRune(s[i:]); x != utf8.RuneError || size > 1 {
				dst = append(dst, s[i:i+size]...)
				i += size
				continue
			}
		}
		switch {
		case c == ' ' && special == inQuery:
			dst = append(dst, '+')
		case c <= ' ' || c >= 0x7f || strings.IndexByte(special, c) >= 0:
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, c)
		}
		i++
	}
	return dst
}

// CutPath masks the last segment of a path that was cut off: what is left of a pattern is none.
func CutPath(path string) string { return path[:strings.LastIndexByte(path, '/')+1] + hidden }
