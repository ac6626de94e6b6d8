package apikey

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"slices"
	"sync"
)

// Digest is what is kept of a credential: HMAC-SHA-256 under the pepper.
type Digest [32]byte

// Digester makes digests. It holds the pepper, which never lies in the database, so that a stolen table is worth
// nothing. It is safe for concurrent use and prints as [redacted].
type Digester struct {
	pool *sync.Pool // of *digestState
}

// digestState is what one Sum needs; keeping it is what makes Sum free of allocations.
type digestState struct {
	mac hash.Hash
	in  []byte
	out []byte
}

// NewDigester makes a Digester from a pepper of 32 bytes, of which it keeps a copy.
func NewDigester(pepper []byte) (*Digester, error) {
	if len(pepper) != sha256.Size {
		return nil, errors.New("the pepper must have 32 bytes")
	}
	pepper = slices.Clone(pepper)
	return &Digester{pool: &sync.Pool{New: func() any {
		return &digestState{
			mac: hmac.New(sha256.New, pepper),
			in:  make([]byte, 0, 128),
			out: make([]byte, 0, sha256.Size),
		}
	}}}, nil
}

// Sum is the digest of a credential's text, whatever the text. It does not allocate for texts of up to 128 bytes.
func (d *Digester) Sum(credential string) Digest {
	s := d.pool.Get().(*digestState) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	s.in = append(s.in[:0], credential...)
	s.mac.Reset()
	s.mac.Write(s.in)
	s.out = s.mac.Sum(s.out[:0])
	digest := Digest(s.out)
	clear(s.in) // a credential should not outlive its use
	d.pool.Put(s)
	return digest
}

// String is [redacted].
func (*Digester) String() string { return redacted }

// GoString is [redacted].
func (*Digester) GoString() string { return redacted }

// Format writes [redacted] for every verb.
func (*Digester) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// LogValue is [redacted].
func (*Digester) LogValue() slog.Value { return slog.StringValue(redacted) }
