package secret

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// KEK is a key-encryption key: it wraps the data keys of values and never leaves whoever holds it.
type KEK interface {
	// ID names the key; it is stored beside what the key wrapped and must never name another one.
	ID() string
	// Wrap encrypts a data key, bound to the additional data.
	Wrap(ctx context.Context, key, additional []byte) ([]byte, error)
	// Unwrap undoes Wrap; it fails unless the additional data is the same.
	Unwrap(ctx context.Context, wrapped, additional []byte) ([]byte, error)
}

// holds says whether a key unwraps what was wrapped under an id. Besides its own these may be the ids of other versions
// of it, for a service that names each version: such a KEK has the methods Holds, and Version for the KEK that wraps as one.
func holds(k KEK, id string) bool {
	if k.ID() == id {
		return true
	}
	family, ok := k.(interface{ Holds(id string) bool })
	return ok && family.Holds(id)
}

// LocalKEK is a key-encryption key in this process's memory: AES-256-GCM with a random nonce, which is written in front
// of what it wraps. It prints as [redacted].
type LocalKEK struct {
	id   string
	aead *cipher.AEAD // a pointer, so that package fmt finds no key in someone's unexported field
}

// NewLocalKEK makes a LocalKEK of 32 random bytes, which the caller may wipe afterwards. Its id is made from a hash of
// the key and tells nothing of it.
func NewLocalKEK(key []byte) (*LocalKEK, error) {
	if len(key) != keyLength {
		return nil, errors.New("the key-encryption key must have 32 bytes")
	}
	aead, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	h.Write([]byte("lockage-kek-id"))
	h.Write(key)
	return &LocalKEK{id: "local:" + hex.EncodeToString(h.Sum(nil))[:16], aead: &aead}, nil
}

// ID is "local:" and 16 characters.
func (k *LocalKEK) ID() string { return k.id }

// Wrap encrypts a data key; it is nonce, ciphertext and tag in one.
func (k *LocalKEK) Wrap(_ context.Context, key, additional []byte) ([]byte, error) {
	nonce := randomBytes(nonceLength)
	return (*k.aead).Seal(nonce, nonce, key, additional), nil
}

// Unwrap decrypts a data key, or answers ErrSeal.
func (k *LocalKEK) Unwrap(_ context.Context, wrapped, additional []byte) ([]byte, error) {
	if len(wrapped) < nonceLength {
		return nil, ErrSeal
	}
	key, err := (*k.aead).Open(nil, wrapped[:nonceLength], wrapped[nonceLength:], additional)
	if err != nil {
		return nil, ErrSeal
	}
	return key, nil
}

// String is [redacted].
func (*LocalKEK) String() string { return redacted }

// GoString is [redacted].
func (*LocalKEK) GoString() string { return redacted }

// Format writes [redacted] for every verb.
func (*LocalKEK) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// LogValue is [redacted].
func (*LocalKEK) LogValue() slog.Value { return slog.StringValue(redacted) }

// The lengths of AES-256-GCM, in bytes.
const (
	keyLength   = 32
	nonceLength = 12
	tagLength   = 16
)

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("making a cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("making a cipher: %w", err)
	}
	return aead, nil
}

func randomBytes(n int) []byte {
	b := make([]byte, n, n+keyLength+tagLength) // room for what is appended to a nonce
	_, _ = rand.Read(b)                         // never fails: the program ends when the system has no randomness
	return b
}
