// Package echo takes values out of a text that streams by: what a call injected must not come back in the answer to it.
// A value is looked for as it is, in base64, percent-encoded and as JSON writes it; see forms. Whatever belongs to one,
// wherever the text was cut into chunks, is replaced by [redacted], and occurrences that overlap are replaced together.
//
// It promises to hold back no byte that cannot belong to a value any more, and never more than the longest form less one
// byte. It refuses to look for values shorter than MinLength. It is a net under upstreams that repeat what they were sent,
// not a wall: a value that was encoded twice, reversed or cut in two is not seen.
package echo

import (
	"bytes"
	"math/bits"
)

// MinLength is how long a value must be to be looked for, in bytes: shorter ones stand in too many texts by chance.
const MinLength = 6

// Mark stands where a value stood.
const Mark = "[redacted]"

const (
	pieceLength = 1 << 10 // of a value; a longer one is looked for in pieces
	pieceShares = 4       // bytes of a piece that the next begins with: with them all of them are replaced together

	// Longest is how long a form can be, in bytes: six for each byte of a piece, as JSON needs.
	Longest = 6 * pieceLength
)

// Guard looks for a set of values. Its zero value is ready for Add. It is for one goroutine, and holds plaintext until
// Reset, after which it is ready for other values.
type Guard struct {
	arena    []byte // every form, one behind the other
	forms    []form
	first    [256]int32 // 1 + the index of a form that begins with the byte; 0: there is none
	shortest int
	longest  int

	ready  bool
	window int     // of each form so much counts in table
	table  []uint8 // by the hash of a block: 1 + how far inside of a window it ends, as far as windows have it; 0: none has
	shift  uint    // of hashes

	covered int // bytes at the beginning of what was held back that stand under a Mark already
	count   int
	found   []bool // by owner
	out     []byte
}

// form is one text to look for, as it lies in arena.
type form struct {
	from, to int
	owner    int
	next     int32 // as in first
}

// Add looks for a value, in all its forms. The owner, a small number, tells afterwards which value was found; it may have
// several. Add comes before the first Redact, and copies the value.
func (g *Guard) Add(owner int, value []byte) {
	if len(value) < MinLength {
		return
	}
	for len(g.found) <= owner {
		g.found = append(g.found, false)
	}
	eachPiece(value, func(piece []byte) { g.addForms(owner, piece) })
}

// put adds what was appended to the arena behind from as a form, unless it is one of the forms since the index. One that
// is too short to mean anything is not looked for.
func (g *Guard) put(owner, since, from int) {
	text := g.arena[from:]
	known := len(text) < MinLength
	for i := since; i < len(g.forms) && !known; i++ {
		known = bytes.Equal(g.text(i), text)
	}
	if known {
		clear(text)
		g.arena = g.arena[:from]
		return
	}
	if g.shortest == 0 || len(text) < g.shortest {
		g.shortest = len(text)
	}
	g.longest = max(g.longest, len(text))
	g.forms = append(g.forms, form{from: from, to: len(g.arena), owner: owner, next: g.first[text[0]]})
	g.first[text[0]] = int32(len(g.forms)) //nolint:gosec // far fewer
}

func (g *Guard) text(i int) []byte { return g.arena[g.forms[i].from:g.forms[i].to] }

// grow makes room in the arena, and wipes what it leaves.
func (g *Guard) grow(n int) {
	if cap(g.arena)-len(g.arena) >= n {
		return
	}
	larger := make([]byte, len(g.arena), 2*cap(g.arena)+n)
	copy(larger, g.arena)
	clear(g.arena)
	g.arena = larger
}

// Empty says that there is nothing to look for.
func (g *Guard) Empty() bool { return len(g.forms) == 0 }

// Count is how many times a Mark was put since Reset.
func (g *Guard) Count() int { return g.count }

// Found says whether a value of the owner was found since Reset.
func (g *Guard) Found(owner int) bool { return owner < len(g.found) && g.found[owner] }

// Redact goes on with a text. data begins with what was held back before, followed by what came since; end says that
// nothing comes behind it. out is what may go on its way: a part of data, or memory that serves until the next call. The
// last held bytes of data might be the beginning of a value, and must stand in front of the data of the next call. After
// an end another text may begin.
func (g *Guard) Redact(data []byte, end bool) (out []byte, held int) {
	if !g.ready {
		g.compile()
	}
	limit := len(data)
	if !end {
		limit = g.undecided(data)
	}
	from, covered := g.covered, g.covered
	g.out = g.out[:0]
	marked := false
	for at, length := g.next(data, 0, limit); at < limit; at, length = g.next(data, at+1, limit) {
		if at >= covered {
			g.out = append(append(g.out, data[from:at]...), Mark...)
			g.count++
			marked = true
		}
		covered = max(covered, at+length)
		from = covered
	}
	g.covered = max(0, covered-limit)
	rest := data[min(from, limit):limit]
	if !marked {
		return rest, len(data) - limit
	}
	g.out = append(g.out, rest...)
	return g.out, len(data) - limit
}

// Abandon forgets what was held back, of a text that was cut short.
func (g *Guard) Abandon() { g.covered = 0 }

// most is how much memory is kept from one set of values to the next.
const most = 64 << 10

// Reset wipes the values and forgets them.
func (g *Guard) Reset() {
	clear(g.arena)
	if g.ready && len(g.forms) > 0 {
		clear(g.table[:1<<(32-g.shift)]) // it tells much of the values
	}
	clear(g.found)
	kept := Guard{arena: g.arena[:0], forms: g.forms[:0], table: g.table, found: g.found[:0], out: g.out[:0]}
	if cap(kept.arena) > most {
		kept.arena, kept.forms = nil, nil
	}
	if cap(kept.out) > most {
		kept.out = nil
	}
	*g = kept
}

const (
	block     = 3  // bytes that are looked up at a time
	maxWindow = 32 // further than so much no step goes
	minBits   = 10
	maxBits   = 16
)

// compile makes the table of steps, after Wu and Manber: of a place in the text where a block ends, it tells how far ahead
// the next place is where a form could end its window.
func (g *Guard) compile() {
	g.ready = true
	if len(g.forms) == 0 {
		return
	}
	g.window = min(g.shortest, maxWindow)
	size := min(max(bits.Len(uint(8*len(g.forms)*g.window)), minBits), maxBits) //nolint:gosec // not negative
	g.shift = uint(32 - size)                                                   //nolint:gosec // not negative
	if len(g.table) < 1<<size {
		g.table = make([]uint8, 1<<size) // the one before was cleared
	}
	for i := range g.forms {
		text := g.text(i)[:g.window]
		for end := block - 1; end < len(text); end++ {
			h := hash(text[end-2], text[end-1], text[end], g.shift)
			g.table[h] = max(g.table[h], uint8(end-block+2)) //nolint:gosec // below maxWindow
		}
	}
}

const factor = 0x9E3779B1 // 2^32 by the golden ratio

func hash(a, b, c byte, shift uint) uint32 {
	return (uint32(a) | uint32(b)<<8 | uint32(c)<<16) * factor >> shift
}
