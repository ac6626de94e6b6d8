package secret

import (
	"crypto/cipher"
	"fmt"
	"io"
	"log/slog"
)

// Opener decrypts one value, each time anew: between two uses only the ciphertext and its key schedule lie in memory.
// It is safe for concurrent use and prints as [redacted].
type Opener struct {
	*opener // a pointer, so that package fmt finds no key in someone's unexported field
}

type opener struct {
	aead       cipher.AEAD
	nonce      []byte
	ciphertext []byte // and its tag
	additional []byte
}

// AppendTo appends the value to dst and answers the longer slice; it allocates only when dst has no room for the value.
// It answers ErrSeal, and dst without more content, when the value was changed since it was sealed. Whoever calls it
// wipes what was appended after use.
func (o *Opener) AppendTo(dst []byte) ([]byte, error) {
	out, err := o.aead.Open(dst, o.nonce, o.ciphertext, o.additional)
	if err != nil {
		return dst, ErrSeal
	}
	return out, nil
}

// Len is the length of the value in bytes.
func (o *Opener) Len() int { return len(o.ciphertext) - tagLength }

// String is [redacted].
func (*Opener) String() string { return redacted }

// GoString is [redacted].
func (*Opener) GoString() string { return redacted }

// Format writes [redacted] for every verb.
func (*Opener) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// LogValue is [redacted].
func (*Opener) LogValue() slog.Value { return slog.StringValue(redacted) }
