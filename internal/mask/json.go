package mask

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// mostDocuments is how deep documents in texts of documents are looked into.
const mostDocuments = 3

// json masks JSON, byte by byte: structure, spaces and what needs no mask are copied. It keeps no more of the document
// than how it got to where it is.
func (r *run) json(dst, s []byte) []byte {
	base, below := len(r.frames), len(r.nodes)
	defer func() { r.frames, r.nodes = r.frames[:base], r.nodes[:below] }()
	r.nodes = append(r.nodes, r.rules.root)
	at := frame{from: below, to: below + 1} // of the value that comes next
	for i := 0; i < len(s); {
		var top *frame
		if len(r.frames) > base {
			top = &r.frames[len(r.frames)-1]
		}
		switch c := s[i]; c {
		case ' ', '\t', '\n', '\r', ':':
			dst = append(dst, c)
			i++
		case '{', '[':
			at.object, at.key = c == '{', c == '{'
			r.frames = append(r.frames, at)
			dst = append(dst, c)
			i++
		case '}', ']':
			if top == nil || top.object != (c == '}') {
				return r.broken(dst, s[i:])
			}
			at = *top
			r.frames = r.frames[:len(r.frames)-1]
			if len(r.frames) > base {
				r.nodes = r.nodes[:r.frames[len(r.frames)-1].to]
			}
			dst = append(dst, c)
			i++
		case ',':
			switch {
			case top == nil:
			case top.object:
				top.key = true
				r.nodes = r.nodes[:top.to]
			default:
				at = *top
			}
			dst = append(dst, c)
			i++
		case '"':
			end, escaped, closed := stringEnd(s, i)
			raw := s[i:end]
			i = end
			if top != nil && top.object && top.key {
				top.key = false
				name := r.decoded(raw, escaped, closed)
				r.nodes = r.nodes[:top.to]
				at = r.child(top, name)
				dst = r.name(dst, raw, name)
				continue
			}
			dst = r.string(dst, raw, r.decoded(raw, escaped, closed), closed, &at)
		case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			end := i + 1
			for end < len(s) && (isDigit(s[end]) || s[end] == '.' || s[end] == '-' || s[end] == '+' || s[end]|0x20 == 'e') {
				end++
			}
			dst = r.literal(dst, s[i:end], &at)
			i = end
		case 't', 'f', 'n':
			end := i
			for end < len(s) && s[end] >= 'a' && s[end] <= 'z' {
				end++
			}
			switch word := string(s[i:end]); word {
			case "true", "false", "null":
				dst = append(dst, word...)
				i = end
			default:
				return r.broken(dst, s[i:])
			}
		default:
			return r.broken(dst, s[i:])
		}
	}
	return dst
}

// broken masks the rest of what is no JSON after all.
func (r *run) broken(dst, s []byte) []byte {
	out, changed := r.patterns(dst, s)
	if !changed {
		return append(dst, s...)
	}
	return out
}

// stringEnd finds the end of the string that begins at i, behind its quotation mark; not closed, it is the end of s.
func stringEnd(s []byte, i int) (end int, escaped, closed bool) {
	for j := i + 1; j < len(s); j++ {
		switch s[j] {
		case '"':
			return j + 1, escaped, true
		case '\\':
			escaped = true
			j++
		}
	}
	return len(s), escaped, false
}

// decoded is what a string says; it holds until the next call at this depth.
func (r *run) decoded(raw []byte, escaped, closed bool) []byte {
	inner := raw[1:]
	if closed {
		inner = inner[:len(inner)-1]
	}
	if !escaped {
		return inner
	}
	for len(r.plain) <= r.depth {
		r.plain = append(r.plain, nil)
	}
	r.plain[r.depth] = unescape(r.plain[r.depth][:0], inner)
	return r.plain[r.depth]
}

// unescape takes the escapes out of a string; what is no escape stays.
func unescape(dst, s []byte) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '\\' || i+1 == len(s) {
			dst = append(dst, c)
			continue
		}
		i++
		switch c = s[i]; c {
		case 'b', 'f', 'n', 'r', 't':
			dst = append(dst, "\b\f\n\r\t"[bytes.IndexByte([]byte("bfnrt"), c)])
		case 'u':
			x, ok := hexRune(s[i+1:])
			if !ok {
				dst = append(dst, c)
				continue
			}
			i += 4
			if utf16.IsSurrogate(x) {
				low, ok := rune(0), false
				if i+2 < len(s) && s[i+1] == '\\' && s[i+2] == 'u' {
					low, ok = hexRune(s[i+3:])
				}
				if x = utf16.DecodeRune(x, low); ok && x != utf8.RuneError {
					i += 6
				}
			}
			dst = utf8.AppendRune(dst, x)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

func hexRune(s []byte) (x rune, ok bool) {
	if len(s) < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(string(s[:4]), 16, 16)
	return rune(n), err == nil
}

// name keeps the name of a field, unless it is itself what must be masked: {"ada@example.com": …}.
func (r *run) name(dst, raw, name []byte) []byte {
	if masked, changed := r.patterns(nil, name); changed {
		return quote(dst, masked)
	}
	return append(dst, raw...)
}

// string masks a string. One that was cut off is masked whole: what is left of a pattern is no longer one.
func (r *run) string(dst, raw, s []byte, closed bool, at *frame) []byte {
	if !closed {
		if at.says.keep {
			return append(dst, raw...)
		}
		cut := *at
		if cut.class() == none {
			cut.is = text
		}
		at = &cut
	}
	start := len(dst)
	dst = append(dst, '"')
	out, changed := r.value(dst, s, at)
	if !changed {
		return append(dst[:start], raw...)
	}
	return requote(out, start)
}

// literal masks a number.
func (r *run) literal(dst, s []byte, at *frame) []byte {
	if at.says.keep {
		return append(dst, s...)
	}
	c := at.class()
	if c == none && cardAt(s, 0) == len(s) {
		c = card
	}
	if c == none {
		return append(dst, s...)
	}
	return r.numeral(dst, c, s)
}

// requote makes a string of the raw text that stands in dst behind the quotation mark at start.
func requote(dst []byte, start int) []byte {
	for _, c := range dst[start+1:] {
		if c == '"' || c == '\\' || c < ' ' {
			return quote(dst[:start], bytes.Clone(dst[start+1:]))
		}
	}
	return append(dst, '"')
}

func quote(dst, s []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

// free masks a text that nothing is known of: a document in it, a URL, or what it finds by patterns.
func (r *run) free(dst, s []byte) (out []byte, changed bool) {
	trimmed := bytes.TrimSpace(s)
	if len(trimmed) < 4 {
		return dst, false
	}
	first, last := trimmed[0], trimmed[len(trimmed)-1]
	if (first == '{' && last == '}' || first == '[' && last == ']') && r.depth < mostDocuments && jsontext.Value(trimmed).IsValid() {
		r.depth++
		start := len(dst)
		out = r.json(dst, s)
		r.depth--
		return settle(dst, out, start, s)
	}
	if question := bytes.IndexByte(s, '?'); question >= 0 && isURL(trimmed) {
		start := len(dst)
		var front bool
		if out, front = r.patterns(dst, s[:question]); !front {
			out = append(dst, s[:question]...)
		}
		out = append(out, '?')
		out = r.query(out, s[question+1:])
		return settle(dst, out, start, s)
	}
	return r.patterns(dst, s)
}

// settle says whether what was appended to dst from start on differs from s.
func settle(dst, out []byte, start int, s []byte) ([]byte, bool) {
	if bytes.Equal(out[start:], s) {
		return dst, false
	}
	return out, true
}

func isURL(s []byte) bool {
	return !bytes.ContainsAny(s, " \n\t") && (s[0] == '/' || bytes.HasPrefix(s, []byte("http://")) || bytes.HasPrefix(s, []byte("https://")))
}

// sound is s without the part of a character at its end.
func sound(s []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(s); i++ {
		if c := s[len(s)-i]; utf8.RuneStart(c) {
			if !utf8.FullRune(s[len(s)-i:]) {
				return s[:len(s)-i]
			}
			break
		}
	}
	return s
}
