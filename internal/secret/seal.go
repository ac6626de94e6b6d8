package secret

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
)

// What opening can fail with besides the errors of a KEK.
var (
	// ErrSeal says that a sealed value was changed, or moved to a row it was not sealed for.
	ErrSeal = errors.New("the sealed value does not open: it was changed or belongs elsewhere")
	// ErrOtherKEK says that a value was sealed under a key-encryption key this server does not hold.
	ErrOtherKEK = errors.New("sealed under another key-encryption key")
)

// Binding is the place a value is sealed for. It opens in no other: not in another environment, under another secret's
// name, as another version, or in another account.
type Binding struct {
	Account     string
	Environment string
	Secret      string
	Version     int64
	Type        Type
}

// sealFormat begins the additional data, so that a later format cannot be taken for this one.
const sealFormat = "lockage-seal-1"

// AdditionalData is the binding as bytes, with the id of a key-encryption key:
//
//	format, account, environment, secret, version, type, kek
//
// each as its length in 8 bytes, big-endian, and then its bytes; the version is 8 bytes, big-endian.
func (b Binding) AdditionalData(kek string) []byte {
	var version [8]byte
	binary.BigEndian.PutUint64(version[:], uint64(b.Version)) //nolint:gosec // the bits of the number are meant
	out := make([]byte, 0, 7*8+len(sealFormat)+len(b.Account)+len(b.Environment)+len(b.Secret)+8+len(b.Type)+len(kek))
	for _, s := range []string{sealFormat, b.Account, b.Environment, b.Secret, string(version[:]), string(b.Type), kek} {
		out = binary.BigEndian.AppendUint64(out, uint64(len(s)))
		out = append(out, s...)
	}
	return out
}

// Sealed is a value at rest: AES-256-GCM under a data key of its own, and the data key wrapped by the key-encryption
// key. Both are bound to the place they are for; the wrapped key also to the key-encryption key's id. The value itself
// is not, so that wrapping its data key anew is enough to change that key.
type Sealed struct {
	Ciphertext []byte // as long as the value
	Nonce      []byte // 12 bytes
	Tag        []byte // 16 bytes
	WrappedKey []byte // as the KEK made it
	KEK        string // the id of the KEK
}

// Sealer seals and opens values with one key-encryption key. It is safe for concurrent use.
type Sealer struct{ kek KEK }

// NewSealer makes a Sealer.
func NewSealer(kek KEK) *Sealer { return &Sealer{kek: kek} }

// Seal encrypts a value for one place, under a new random key. It refuses a plaintext that is empty or wiped, and does
// not wipe it.
func (s *Sealer) Seal(ctx context.Context, b Binding, p Plaintext) (Sealed, error) {
	value := p.bytes()
	if len(value) == 0 {
		return Sealed{}, errors.New("sealing a value: it is empty or was wiped")
	}
	key := randomBytes(keyLength)
	defer clear(key)
	aead, err := newGCM(key)
	if err != nil {
		return Sealed{}, err
	}
	kek := s.kek.ID()
	wrapped, err := s.kek.Wrap(ctx, key, b.AdditionalData(kek))
	if err != nil {
		return Sealed{}, fmt.Errorf("wrapping a data key: %w", err)
	}
	nonce := randomBytes(nonceLength)
	sealed := aead.Seal(nil, nonce, value, b.AdditionalData(""))
	end := len(sealed) - tagLength
	return Sealed{
		Ciphertext: sealed[:end:end],
		Nonce:      slices.Clip(nonce),
		Tag:        sealed[end:],
		WrappedKey: wrapped,
		KEK:        kek,
	}, nil
}

// Open unwraps the data key, once, and answers what can decrypt the value as often as needed. It answers ErrOtherKEK for
// a value sealed under another key-encryption key and ErrSeal for one that was not sealed for this place.
func (s *Sealer) Open(ctx context.Context, b Binding, v Sealed) (*Opener, error) {
	if held := s.kek.ID(); v.KEK != held {
		return nil, fmt.Errorf("%w (%q; this server holds %q); start it with the key it had when the value was set",
			ErrOtherKEK, v.KEK, held)
	}
	if len(v.Nonce) != nonceLength || len(v.Tag) != tagLength {
		return nil, ErrSeal
	}
	key, err := s.kek.Unwrap(ctx, v.WrappedKey, b.AdditionalData(v.KEK))
	if err != nil {
		return nil, fmt.Errorf("unwrapping a data key: %w", err)
	}
	defer clear(key)
	if len(key) != keyLength {
		return nil, ErrSeal
	}
	aead, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	return &Opener{&opener{
		aead:       aead,
		nonce:      slices.Clone(v.Nonce),
		ciphertext: slices.Concat(v.Ciphertext, v.Tag),
		additional: b.AdditionalData(""),
	}}, nil
}

// String is [redacted].
func (*Sealer) String() string { return redacted }

// GoString is [redacted].
func (*Sealer) GoString() string { return redacted }

// Format writes [redacted] for every verb.
func (*Sealer) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// LogValue is [redacted].
func (*Sealer) LogValue() slog.Value { return slog.StringValue(redacted) }
