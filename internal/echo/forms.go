package echo

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// eachPiece cuts a value into pieces, which share some bytes with their neighbours, so that those that stand one behind
// the other are replaced together, in every form. Of UTF-8 no character is cut.
func eachPiece(value []byte, do func([]byte)) {
	if len(value) <= pieceLength {
		do(value)
		return
	}
	text := utf8.Valid(value)
	back := func(at int) int {
		for text && at < len(value) && !utf8.RuneStart(value[at]) {
			at--
		}
		return at
	}
	for from := 0; ; {
		to := back(min(from+pieceLength, len(value)))
		if to == len(value) {
			do(value[min(from, back(to-pieceLength+utf8.UTFMax-1)):]) // not only a rest, which may be too short
			return
		}
		do(value[from:to])
		from = back(to - pieceShares)
	}
}

// addForms adds what a piece of a value looks like:
//
//   - as it is;
//   - in base64 (RFC 4648), in both alphabets, wherever in an encoded text it begins: there are three ways to fall into
//     groups of three bytes. Only characters that do not depend on the neighbours count, so that up to four bits of its
//     first and of its last byte may stay;
//   - percent-encoded, as those sets of characters have it that are in use for queries, forms and paths;
//   - inside a JSON string, as the libraries in use write it.
func (g *Guard) addForms(owner int, piece []byte) {
	since := len(g.forms)
	g.grow(len(piece))
	from := len(g.arena)
	g.arena = append(g.arena, piece...)
	g.put(owner, since, from)
	g.addBase64(owner, since, piece)
	if plain(piece) {
		return // the rest is what it is itself
	}
	for _, d := range escapes {
		for _, digits := range [...]string{upperHex, lowerHex} {
			g.grow(3 * len(piece))
			from := len(g.arena)
			g.arena = d.appendTo(g.arena, piece, digits)
			g.put(owner, since, from)
		}
	}
	if !utf8.Valid(piece) {
		return // JSON cannot hold it
	}
	for i := range dialects {
		g.grow(6 * len(piece))
		from := len(g.arena)
		g.arena = dialects[i].appendTo(g.arena, piece)
		g.put(owner, since, from)
	}
}

// addBase64 adds the three ways, and the whole text that a piece alone makes, in the one alphabet and in the other.
func (g *Guard) addBase64(owner, since int, piece []byte) {
	standard := len(g.forms)
	for before := range 3 {
		// bytes of a neighbour in front, of which no character counts that has any of their bits
		skip := (8*before + 5) / 6
		certain := 8*(before+len(piece))/6 - skip
		g.grow(base64.StdEncoding.EncodedLen(before + len(piece)))
		from := len(g.arena)
		var group [3]byte
		mine := copy(group[before:], piece)
		g.arena = base64.RawStdEncoding.AppendEncode(g.arena, group[:])
		g.arena = base64.RawStdEncoding.AppendEncode(g.arena, piece[mine:])
		clear(group[:])
		whole := len(g.arena) - from - skip
		copy(g.arena[from:], g.arena[from+skip:])
		clear(g.arena[from+certain:])
		g.arena = g.arena[:from+certain]
		g.put(owner, since, from)
		if before == 0 && certain < whole { // its end: the last bits are no neighbour's
			g.grow(whole)
			from := len(g.arena)
			g.arena = base64.RawStdEncoding.AppendEncode(g.arena, piece)
			g.put(owner, since, from)
		}
	}
	for i := standard; i < len(g.forms) && g.forms[i].owner == owner; i++ {
		text := g.text(i)
		if bytes.IndexByte(text, '+') < 0 && bytes.IndexByte(text, '/') < 0 {
			continue
		}
		g.grow(len(text))
		text = g.text(i) // where it lies now
		from := len(g.arena)
		for _, c := range text {
			switch c {
			case '+':
				c = '-'
			case '/':
				c = '_'
			}
			g.arena = append(g.arena, c)
		}
		g.put(owner, since, from)
	}
}

// plain says that no escape changes a piece.
func plain(piece []byte) bool {
	for _, c := range piece {
		if !alphanumeric(c) && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

func alphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

const (
	upperHex = "0123456789ABCDEF"
	lowerHex = "0123456789abcdef"
)

// escape is a way to percent-encode: besides letters and digits, what it keeps stays.
type escape struct {
	keeps string
	plus  bool // a space becomes a plus sign
}

var escapes = [...]escape{
	{keeps: "-_.~"},                 // RFC 3986
	{keeps: "-_.~", plus: true},     // queries, as Go and Python write them
	{keeps: "-_.*", plus: true},     // forms, as browsers and Java write them
	{keeps: "-_.", plus: true},      // forms, as PHP writes them
	{keeps: "-_.!~*'()"},            // encodeURIComponent
	{keeps: "-_.~/"},                // paths, as Python writes them
	{keeps: "-_.~$&+:=@"},           // a segment of a path, as Go writes it
	{keeps: "-_.!~*'();/?:@&=+$,#"}, // encodeURI
}

func (e escape) appendTo(dst, value []byte, digits string) []byte {
	for _, c := range value {
		switch {
		case alphanumeric(c) || strings.IndexByte(e.keeps, c) >= 0:
			dst = append(dst, c)
		case c == ' ' && e.plus:
			dst = append(dst, '+')
		default:
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		}
	}
	return dst
}

// dialect is a way to write a JSON string. All escape what they must, and most as short as they can.
type dialect struct {
	digits  string // of \uXXXX
	unicode string // written as \uXXXX although it need not be
	slash   bool   // a slash is escaped
	ascii   bool   // all but ASCII is escaped
	lines   bool   // U+2028 and U+2029 are escaped
}

var dialects = [...]dialect{
	{digits: lowerHex}, // RFC 8259: JavaScript, Rust and others
	{digits: lowerHex, unicode: "<>&", lines: true},          // Go
	{digits: lowerHex, lines: true},                          // Go, without escaping for HTML
	{digits: lowerHex, unicode: "<>&='", lines: true},        // Gson
	{digits: lowerHex, ascii: true, unicode: "\x7f"},         // Python
	{digits: lowerHex, ascii: true, slash: true},             // PHP
	{digits: lowerHex, slash: true, lines: true},             // PHP, with characters as they are
	{digits: upperHex, ascii: true, unicode: "\"<>&'+`\x7f"}, // .NET
}

func (d *dialect) appendTo(dst, value []byte) []byte {
	for len(value) > 0 {
		r, size := utf8.DecodeRune(value)
		switch {
		case r < utf8.RuneSelf && strings.IndexByte(d.unicode, byte(r)) >= 0:
			dst = d.escaped(dst, r)
		case r == '"' || r == '\\' || r == '/' && d.slash:
			dst = append(dst, '\\', byte(r))
		case r < ' ':
			if i := strings.IndexByte("\b\f\n\r\t", byte(r)); i >= 0 {
				dst = append(dst, '\\', "bfnrt"[i])
			} else {
				dst = d.escaped(dst, r)
			}
		case r >= 1<<16 && d.ascii:
			r -= 1 << 16
			dst = d.escaped(d.escaped(dst, 0xD800+r>>10), 0xDC00+r&0x3FF)
		case r >= utf8.RuneSelf && d.ascii || d.lines && (r == '\u2028' || r == '\u2029'):
			dst = d.escaped(dst, r)
		default:
			dst = append(dst, value[:size]...)
		}
		value = value[size:]
	}
	return dst
}

func (d *dialect) escaped(dst []byte, r rune) []byte {
	return append(dst, '\\', 'u', d.digits[r>>12&15], d.digits[r>>8&15], d.digits[r>>4&15], d.digits[r&15])
}
