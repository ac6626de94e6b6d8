package secret

import (
	"fmt"
	"io"
	"log/slog"
)

// Plaintext is a value in the clear. However it is printed, marshalled or logged, it is [redacted]; only the Sealer
// reads it. Copies share one buffer, so one Wipe ends them all. The zero value is empty.
type Plaintext struct {
	// A function, because package fmt does not ask a value in someone's unexported field how to print it: it prints
	// what it finds there, following pointers for a verb that does not fit, and of a function that is an address.
	buffer func() *[]byte
}

// NewPlaintext takes the bytes over: the caller must not use them again.
func NewPlaintext(value []byte) Plaintext {
	return Plaintext{buffer: func() *[]byte { return &value }}
}

// Check refuses what CheckValue refuses.
func (p Plaintext) Check() error { return CheckValue(len(p.bytes())) }

// Len is the length of the value in bytes.
func (p Plaintext) Len() int { return len(p.bytes()) }

// Wipe overwrites the value with zeros; it is empty afterwards and cannot be sealed any more. It must not run beside a
// use of the value or of a copy.
func (p Plaintext) Wipe() {
	if p.buffer == nil {
		return
	}
	value := p.buffer()
	clear(*value)
	*value = nil
}

func (p Plaintext) bytes() []byte {
	if p.buffer == nil {
		return nil
	}
	return *p.buffer()
}

const redacted = "[redacted]"

// String is [redacted].
func (Plaintext) String() string { return redacted }

// GoString is [redacted].
func (Plaintext) GoString() string { return redacted }

// Format writes [redacted] for every verb.
func (Plaintext) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// MarshalText is [redacted].
func (Plaintext) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON is "[redacted]".
func (Plaintext) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// LogValue is [redacted].
func (Plaintext) LogValue() slog.Value { return slog.StringValue(redacted) }
