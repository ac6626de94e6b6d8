package secret

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
)

// What opening can fail with besides the errors of a KEK.
var (
	// ErrSeal says that a sealed value was changed, or moved to a row it was not sealed for.
	ErrSeal = errors.New("the sealed value does not open: it was changed or belongs elsewhere")
	// ErrOtherKEK says that a value was sealed under a key-encryption key this server does not hold.
	ErrOtherKEK = errors.New("sealed under another key-encryption key")
	// ErrUnreachable says that whoever holds a key-encryption key did not answer: it may do so later.
	ErrUnreachable = errors.New("the key-encryption key cannot be reached")
)

// Binding is the place a value is sealed for. It opens in no other: not in another environment, under another secret's
// name, as another version, or in another account.
type Binding struct {
	Account     string
	Environment string
	Secret      string
	Version     int64
	Type        Type

	// Facts is what else stands in the row, made by Facts; "" where nothing else is bound, as in rows of before facts
	// were. It binds the wrapped data key alone, so that a fact can change without the value being sealed anew: see
	// Sealer.Rebind.
	Facts string
}

// The formats begin the additional data, so that none can be taken for another.
const (
	placeFormat = "lockage-seal-1"
	factsFormat = "lockage-seal-2"
)

// Place is the binding as bytes, for the value:
//
//	"lockage-seal-1", account, environment, secret, version, type, ""
//
// each as its length in 8 bytes, big-endian, and then its bytes; the version is 8 bytes, big-endian.
func (b Binding) Place() []byte { return b.additional(placeFormat, "") }

// AdditionalData is the binding as bytes, for the data key that the key-encryption key of an id wraps:
//
//	"lockage-seal-2", account, environment, secret, version, type, kek, facts
//
// in the form of Place; without facts, "lockage-seal-1" and no last part.
func (b Binding) AdditionalData(kek string) []byte {
	if b.Facts == "" {
		return b.additional(placeFormat, kek)
	}
	return b.additional(factsFormat, kek, b.Facts)
}

func (b Binding) additional(format string, more ...string) []byte {
	var version [8]byte
	binary.BigEndian.PutUint64(version[:], uint64(b.Version)) //nolint:gosec // the bits of the number are meant
	var out []byte
	for _, s := range append([]string{format, b.Account, b.Environment, b.Secret, string(version[:]), string(b.Type)}, more...) {
		out = binary.BigEndian.AppendUint64(out, uint64(len(s)))
		out = append(out, s...)
	}
	return out
}

// Facts joins the other fields of a row into what a Binding takes: each as its length in 8 bytes, big-endian, and then
// its bytes.
func Facts(fields ...string) string {
	var out []byte
	for _, s := range fields {
		out = binary.BigEndian.AppendUint64(out, uint64(len(s)))
		out = append(out, s...)
	}
	return string(out)
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

// Sealer seals values with one key-encryption key and opens what any of several wrapped. It is safe for concurrent use.
type Sealer struct{ *keyring }

// keyring is behind a pointer, so that package fmt finds no key in a Sealer that was copied.
type keyring struct {
	keks map[string]KEK
	main string
	wrap atomic.Pointer[wrapping]

	probe atomic.Pointer[probe]
	down  atomic.Pointer[outage] // nil: the key that wraps answered when it was last asked
}

// wrapping is the key that wraps.
type wrapping struct {
	id  string
	kek KEK
}

// NewSealer makes a Sealer that wraps with a key and also opens what the old ones wrapped.
func NewSealer(kek KEK, old ...KEK) *Sealer {
	k := &keyring{keks: make(map[string]KEK, 1+len(old)), main: kek.ID()}
	for _, held := range append(slices.Clone(old), kek) {
		k.keks[held.ID()] = held
	}
	k.wrap.Store(&wrapping{k.main, kek})
	return &Sealer{k}
}

// Main is the id of the key the Sealer was made for; it wraps until Use says otherwise.
func (s *Sealer) Main() string { return s.main }

// Wraps is the id of the key that wraps now.
func (s *Sealer) Wraps() string { return s.wrap.Load().id }

// Use makes a key of an id the one that wraps; false when the Sealer was not given it, and then nothing changes.
func (s *Sealer) Use(id string) bool {
	kek, ok := s.keks[id]
	if !ok {
		kek, ok = s.find(id)
		family, versions := kek.(interface{ Version(id string) KEK })
		if !ok || !versions {
			return false
		}
		kek = family.Version(id)
	}
	s.wrap.Store(&wrapping{id, kek})
	return true
}

// Holds says whether the Sealer can open what the key of an id wrapped; see holds.
func (s *Sealer) Holds(id string) bool {
	_, ok := s.find(id)
	return ok
}

func (s *Sealer) find(id string) (KEK, bool) {
	if kek, ok := s.keks[id]; ok {
		return kek, true
	}
	for _, kek := range s.keks {
		if holds(kek, id) {
			return kek, true
		}
	}
	return nil, false
}

// Keys are the ids of all keys it holds, in order.
func (s *Sealer) Keys() []string { return slices.Sorted(maps.Keys(s.keks)) }

// Local says whether the key that wraps is in this process's memory, and cannot be out of reach.
func (s *Sealer) Local() bool {
	_, local := s.wrap.Load().kek.(*LocalKEK)
	return local
}

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
	w := s.wrap.Load()
	if err := s.reach(w.id); err != nil {
		return Sealed{}, err
	}
	wrapped, err := w.kek.Wrap(ctx, key, b.AdditionalData(w.id))
	if err != nil {
		return Sealed{}, fmt.Errorf("wrapping a data key: %w", err)
	}
	nonce := randomBytes(nonceLength)
	sealed := aead.Seal(nil, nonce, value, b.Place())
	end := len(sealed) - tagLength
	return Sealed{
		Ciphertext: sealed[:end:end],
		Nonce:      slices.Clip(nonce),
		Tag:        sealed[end:],
		WrappedKey: wrapped,
		KEK:        w.id,
	}, nil
}

// Open unwraps the data key, once, and answers what can decrypt the value as often as needed. It answers ErrOtherKEK for
// a value sealed under another key-encryption key and ErrSeal for one that was not sealed for this place.
func (s *Sealer) Open(ctx context.Context, b Binding, v Sealed) (*Opener, error) {
	if len(v.Nonce) != nonceLength || len(v.Tag) != tagLength {
		return nil, ErrSeal
	}
	key, err := s.unwrap(ctx, b, v)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	aead, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	return &Opener{&opener{
		aead:       aead,
		nonce:      slices.Clone(v.Nonce),
		ciphertext: slices.Concat(v.Ciphertext, v.Tag),
		additional: b.Place(),
	}}, nil
}

// Rebind wraps the data key of a sealed value anew: for the same place with other facts (to differs from b in Facts
// only), under the key-encryption key that wraps now. The value itself is not touched; it keeps its nonce and its tag. It fails
// as Open does.
func (s *Sealer) Rebind(ctx context.Context, b, to Binding, v Sealed) (Sealed, error) {
	key, err := s.unwrap(ctx, b, v)
	if err != nil {
		return Sealed{}, err
	}
	defer clear(key)
	w := s.wrap.Load()
	if err := s.reach(w.id); err != nil {
		return Sealed{}, err
	}
	v.KEK = w.id
	if v.WrappedKey, err = w.kek.Wrap(ctx, key, to.AdditionalData(v.KEK)); err != nil {
		return Sealed{}, fmt.Errorf("wrapping a data key: %w", err)
	}
	return v, nil
}

// unwrap answers the data key of a sealed value; the caller wipes it.
func (s *Sealer) unwrap(ctx context.Context, b Binding, v Sealed) ([]byte, error) {
	if err := s.reach(v.KEK); err != nil {
		return nil, err
	}
	kek, ok := s.find(v.KEK)
	if !ok {
		return nil, fmt.Errorf("%w (%q; this server holds %q); start it with the key it had when the value was set, in --kek-old",
			ErrOtherKEK, v.KEK, s.Keys())
	}
	key, err := kek.Unwrap(ctx, v.WrappedKey, b.AdditionalData(v.KEK))
	if err != nil {
		return nil, fmt.Errorf("unwrapping a data key: %w", err)
	}
	if len(key) != keyLength {
		clear(key)
		return nil, ErrSeal
	}
	return key, nil
}

// String is [redacted].
func (*Sealer) String() string { return redacted }

// GoString is [redacted].
func (*Sealer) GoString() string { return redacted }

// Format writes [redacted] for every verb.
func (*Sealer) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// LogValue is [redacted].
func (*Sealer) LogValue() slog.Value { return slog.StringValue(redacted) }
