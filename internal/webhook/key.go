package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
)

// Target is where a message goes, and the key it is signed with. However it is printed or logged, it is [redacted]: the
// key is a credential, and the URL often holds one.
type Target struct {
	URL string
	Key []byte
}

const redacted = "[redacted]"

// String is [redacted].
func (Target) String() string { return redacted }

// GoString is [redacted].
func (Target) GoString() string { return redacted }

// Format writes [redacted] for every verb.
func (Target) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// MarshalJSON is "[redacted]".
func (Target) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// LogValue is [redacted].
func (Target) LogValue() slog.Value { return slog.StringValue(redacted) }

// A key has 32 bytes, and as people handle it the form whsec_ and base64.
const (
	keyLength = 32
	minKey    = 24 // what Standard Webhooks asks for at least
	keyPrefix = "whsec_"
)

// NewKey makes a key.
func NewKey() []byte {
	key := make([]byte, keyLength)
	_, _ = rand.Read(key) // never fails
	return key
}

// FormatKey writes a key as the receiver's library takes it.
func FormatKey(key []byte) string { return keyPrefix + base64.StdEncoding.EncodeToString(key) }

// sign is the signature of a message as Standard Webhooks has it.
func sign(key []byte, id, at string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	_, _ = io.WriteString(mac, id+"."+at+".") // a hash never fails
	_, _ = mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// plainID says whether an id can stand in a header and in what is signed.
func plainID(id string) bool {
	fit := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
	}
	return id != "" && len(id) <= 256 && !strings.ContainsFunc(id, func(c rune) bool { return !fit(c) })
}

// maxURL is the longest URL of a receiver.
const maxURL = 2048

// CheckURL refuses what cannot be the URL of a receiver. A receiver on this machine may do without TLS; whether it may be
// reached at all is the guard's to say. The error does not repeat the URL.
func CheckURL(raw string) error {
	if len(raw) > maxURL {
		return fmt.Errorf("must have at most %d characters", maxURL)
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return errors.New("must be a URL such as https://hooks.example.com/lockage")
	case u.Scheme != "https" && (u.Scheme != "http" || !thisMachine(u.Hostname())):
		return errors.New("must begin with https:// (http:// is for receivers on this machine)")
	case u.User != nil:
		return errors.New("must not have a user or a password: deliveries are signed")
	case u.Fragment != "" || strings.Contains(raw, "#"):
		return errors.New("must not have a fragment")
	}
	return nil
}

func thisMachine(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.Unmap().IsLoopback()
}
