package gateway

// buffer holds plaintext for the time of one call. It leaves no copy behind: it wipes what it outgrows and what it is
// reset from.
type buffer struct{ b []byte }

// grow makes room for n more bytes.
func (b *buffer) grow(n int) {
	if cap(b.b)-len(b.b) >= n {
		return
	}
	larger := make([]byte, len(b.b), 2*cap(b.b)+n)
	copy(larger, b.b)
	clear(b.b)
	b.b = larger
}

func (b *buffer) add(p []byte) {
	b.grow(len(p))
	b.b = append(b.b, p...)
}

func (b *buffer) addString(s string) {
	b.grow(len(s))
	b.b = append(b.b, s...)
}

func (b *buffer) addByte(c byte) {
	b.grow(1)
	b.b = append(b.b, c)
}

// reset wipes the buffer and empties it.
func (b *buffer) reset() {
	clear(b.b)
	b.b = b.b[:0]
}
