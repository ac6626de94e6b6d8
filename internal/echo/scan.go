package echo

import (
	"bytes"
	"encoding/binary"
)

// next finds the first place from on, and before limit, where a form stands, and the length of the longest that does. It
// answers limit when there is none.
func (g *Guard) next(data []byte, from, limit int) (at, length int) {
	if len(g.forms) == 0 {
		return limit, 0
	}
	table, shift, window := g.table, g.shift, g.window
	full := window - block + 1
	last := min(len(data), limit+window-1)
	for end := from + window - 1; end < last; {
		// the window has more than four bytes: they come by one load, and the first of them does not count
		near := int(table[(binary.LittleEndian.Uint32(data[end-3:])>>8)*factor>>shift])
		if near < full {
			end += full - near
			continue
		}
		start := end - window + 1
		if length := g.standing(data[start:]); length > 0 {
			return start, length
		}
		end++
	}
	return limit, 0
}

// standing is the length of the longest form that a text begins with, 0 for none. Whose it is, is noted.
func (g *Guard) standing(text []byte) (longest int) {
	for i := g.first[text[0]]; i > 0; i = g.forms[i-1].next {
		f := &g.forms[i-1]
		if bytes.HasPrefix(text, g.arena[f.from:f.to]) {
			longest = max(longest, f.to-f.from)
			g.found[f.owner] = true
		}
	}
	return longest
}

// undecided is the first place of a text from which on it might be the beginning of a form that goes on behind it: its
// end when there is none.
func (g *Guard) undecided(data []byte) int {
	for at := max(0, len(data)-g.longest+1); at < len(data); at++ {
		for i := g.first[data[at]]; i > 0; i = g.forms[i-1].next {
			f := &g.forms[i-1]
			if tail := data[at:]; f.to-f.from > len(tail) && bytes.Equal(g.arena[f.from:f.from+len(tail)], tail) {
				return at
			}
		}
	}
	return len(data)
}
