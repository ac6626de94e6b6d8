package secret

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"regexp"
)

// Marks are what may be known of a value without opening it.
type Marks struct {
	Fingerprint string // equal for equal values of one account, and nothing else; hex
	Sandbox     bool   // it looks like a credential of a provider's test mode
	Guessable   bool   // whoever may ask whether it equals another value could find it by trying
}

// Marker makes marks. Its key must never lie beside the values, or short values could be guessed.
type Marker struct{ key func() []byte }

// NewMarker makes a Marker of a key of 32 bytes.
func NewMarker(key []byte) *Marker {
	key = bytes.Clone(key)
	return &Marker{key: func() []byte { return key }} // behind a function, which fmt does not look into
}

// sandboxLike finds the words by which providers tell test credentials apart: sk_test_…, SANDBOX-…, test-….
var sandboxLike = regexp.MustCompile(`(?i)^([a-z0-9]{1,8}[_\-.:])?(test|testing|sandbox|sbx|demo)[_\-.:]`)

// Mark answers the marks of a value in an account: HMAC-SHA-256 over the account, length first, and the value.
func (m *Marker) Mark(account string, p Plaintext) Marks {
	value := p.bytes()
	sum := hmac.New(sha256.New, m.key())
	sum.Write(binary.BigEndian.AppendUint64(nil, uint64(len(account))))
	sum.Write([]byte(account))
	sum.Write(value)
	return Marks{
		Fingerprint: hex.EncodeToString(sum.Sum(nil)), Sandbox: sandboxLike.Match(value), Guessable: Guessable(value),
	}
}
