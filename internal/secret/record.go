package secret

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
)

// RecordKey seals what is recorded of calls: many records under one key, because a data key of its own for each call
// would have the key-encryption key asked for each call. The key itself is a value that a Sealer seals. It is safe for
// concurrent use and prints as [redacted].
type RecordKey struct {
	*recordKey // a pointer, so that package fmt finds no key in someone's unexported field
}

type recordKey struct{ aead cipher.AEAD }

// Record is a record at rest: AES-256-GCM with a random nonce.
type Record struct {
	Ciphertext []byte
	Nonce      []byte // 12 bytes
	Tag        []byte // 16 bytes
}

// RecordPlace is what a record is sealed for. It opens in no other place.
type RecordPlace struct {
	Account     string
	Environment string
	Call        string
	Key         string // id of the RecordKey
}

// recordFormat begins the additional data, so that a record can be taken for nothing else.
const recordFormat = "lockage-record-1"

// bytes are the additional data: the format, account, environment, call and key, each as its length in 8 bytes,
// big-endian, and then its bytes.
func (p RecordPlace) bytes() []byte {
	var out []byte
	for _, s := range []string{recordFormat, p.Account, p.Environment, p.Call, p.Key} {
		out = binary.BigEndian.AppendUint64(out, uint64(len(s)))
		out = append(out, s...)
	}
	return out
}

// NewRecordKey makes a random key, and the value of it to be sealed, which the caller wipes.
func NewRecordKey() (*RecordKey, Plaintext, error) {
	key := randomBytes(keyLength)
	aead, err := newGCM(key)
	if err != nil {
		return nil, Plaintext{}, err
	}
	return &RecordKey{&recordKey{aead}}, NewPlaintext(key), nil
}

// RecordKey opens a value that NewRecordKey made.
func (o *Opener) RecordKey() (*RecordKey, error) {
	key, err := o.AppendTo(make([]byte, 0, o.Len()))
	defer func() { clear(key) }()
	if err != nil {
		return nil, err
	}
	if len(key) != keyLength {
		return nil, errors.New("a value that is to be the key of records has another length")
	}
	aead, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	return &RecordKey{&recordKey{aead}}, nil
}

// Seal seals a record for its place.
func (k *RecordKey) Seal(p RecordPlace, plain []byte) Record {
	nonce := randomBytes(nonceLength)
	sealed := k.aead.Seal(nil, nonce, plain, p.bytes())
	end := len(sealed) - tagLength
	return Record{Ciphertext: sealed[:end:end], Nonce: nonce, Tag: sealed[end:]}
}

// Open opens a record; ErrSeal for one that was changed or moved.
func (k *RecordKey) Open(p RecordPlace, r Record) ([]byte, error) {
	if len(r.Nonce) != nonceLength || len(r.Tag) != tagLength {
		return nil, ErrSeal
	}
	plain, err := k.aead.Open(nil, r.Nonce, slices.Concat(r.Ciphertext, r.Tag), p.bytes())
	if err != nil {
		return nil, ErrSeal
	}
	return plain, nil
}

// String is [redacted].
func (*RecordKey) String() string { return redacted }

// GoString is [redacted].
func (*RecordKey) GoString() string { return redacted }

// Format writes [redacted] for every verb.
func (*RecordKey) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// LogValue is [redacted].
func (*RecordKey) LogValue() slog.Value { return slog.StringValue(redacted) }
