package apikey

import (
	"crypto/rand"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"math/big"
)

// Kind says what a credential is for.
type Kind string

// The kinds, each with the letters its credentials begin with.
const (
	Secret Kind = "secret" // sk_: an API key that may do everything in its environment
	Public Kind = "public" // pk_: an API key that may do what is marked public
	Token  Kind = "token"  // tk_: a machine's management token
)

// The lengths of a credential's parts, in bytes.
const (
	prefixLength   = 3
	randomLength   = 43 // 256 bits in base62
	checksumLength = 6  // 32 bits in base62
	checkedLength  = prefixLength + randomLength
	length         = checkedLength + checksumLength
)

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// What Parse refuses. Neither tells anything of what was parsed.
var (
	ErrForm     = errors.New("not a credential of lockage: it begins with sk_, pk_ or tk_ and has 52 characters")
	ErrChecksum = errors.New("the credential is damaged: its checksum does not match; copy it again, whole")
)

// prefix is what the credentials of a kind begin with; "" for an unknown kind.
func (k Kind) prefix() string {
	switch k {
	case Secret:
		return "sk_"
	case Public:
		return "pk_"
	case Token:
		return "tk_"
	default:
		return ""
	}
}

// Credential is a credential in the clear. It prints, marshals and logs as [redacted]; only Reveal gives the text.
// The zero value is no credential.
type Credential struct {
	// A pointer, because package fmt does not ask a value in someone's unexported field how to print it; it prints
	// what it finds there, and of a pointer that is an address.
	text *string
}

// Generate makes a new credential of a kind from 256 random bits. It panics on a kind that is not one of the constants.
func Generate(k Kind) Credential {
	if k.prefix() == "" {
		panic("apikey: a credential of an unknown kind")
	}
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails: the program ends when the system has no randomness
	b := make([]byte, 0, length)
	b = append(b, k.prefix()...)
	b = appendBase62(b, new(big.Int).SetBytes(random[:]), randomLength)
	b = appendBase62(b, new(big.Int).SetUint64(uint64(crc32.ChecksumIEEE(b))), checksumLength)
	text := string(b)
	return Credential{text: &text}
}

// Adopt takes a credential that was made elsewhere, such as one an operator sets before the first start; it refuses what
// Parse refuses.
func Adopt(s string) (Credential, Kind, error) {
	k, err := Parse(s)
	if err != nil {
		return Credential{}, "", err
	}
	return Credential{text: &s}, k, nil
}

// Reveal is the credential's text. It is for the one answer that shows it, and for its digest.
func (c Credential) Reveal() string {
	if c.text == nil {
		return ""
	}
	return *c.text
}

// Prefix is the kind's letters and the first four random characters, which may be stored and shown.
func (c Credential) Prefix() string {
	if c.text == nil {
		return ""
	}
	return (*c.text)[:prefixLength+4]
}

// LastFour is the last four characters, which may be stored and shown.
func (c Credential) LastFour() string {
	if c.text == nil {
		return ""
	}
	return (*c.text)[length-4:]
}

const redacted = "[redacted]"

// String is [redacted].
func (Credential) String() string { return redacted }

// GoString is [redacted].
func (Credential) GoString() string { return redacted }

// Format writes [redacted] for every verb.
func (Credential) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// MarshalText is [redacted].
func (Credential) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON is "[redacted]".
func (Credential) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// LogValue is [redacted].
func (Credential) LogValue() slog.Value { return slog.StringValue(redacted) }

// Parse finds the kind of a credential from its text alone: it answers ErrForm for what is not one, ErrChecksum for one
// that was mistyped or cut. It says nothing on whether the credential was ever given out. It does not allocate.
func Parse(s string) (Kind, error) {
	if len(s) != length {
		return "", ErrForm
	}
	var k Kind
	switch s[:prefixLength] {
	case "sk_":
		k = Secret
	case "pk_":
		k = Public
	case "tk_":
		k = Token
	default:
		return "", ErrForm
	}
	var stated uint64
	for i := prefixLength; i < length; i++ {
		digit := base62(s[i])
		if digit < 0 {
			return "", ErrForm
		}
		if i >= checkedLength {
			stated = stated*62 + uint64(digit)
		}
	}
	if stated != uint64(checksum(s[:checkedLength])) {
		return "", ErrChecksum
	}
	return k, nil
}

// checksum is crc32.ChecksumIEEE of a string. That function wants a byte slice and makes it escape to the heap, which
// is an allocation for every call of the gateway.
func checksum(s string) uint32 {
	sum := ^uint32(0)
	for i := range len(s) {
		sum = crc32.IEEETable[byte(sum)^s[i]] ^ sum>>8 //nolint:gosec // the low byte is meant
	}
	return ^sum
}

// base62 is the value of a digit of the alphabet, -1 for any other byte.
func base62(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'A' <= c && c <= 'Z':
		return int(c-'A') + 10
	case 'a' <= c && c <= 'z':
		return int(c-'a') + 36
	default:
		return -1
	}
}

// appendBase62 appends n in exactly width digits, zero padded; it uses n up.
func appendBase62(b []byte, n *big.Int, width int) []byte {
	start := len(b)
	b = append(b, make([]byte, width)...)
	base, digit := big.NewInt(62), new(big.Int)
	for i := start + width - 1; i >= start; i-- {
		n.DivMod(n, base, digit)
		b[i] = alphabet[digit.Int64()]
	}
	return b
}
