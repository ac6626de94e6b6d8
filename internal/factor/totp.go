package factor

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"net/url"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

// The form of one-time codes, which is the one that every authenticator takes: SHA-1, six digits, 30 seconds.
const (
	keyLength = 20 // bytes, as RFC 4226 recommends
	digits    = otp.DigitsSix
	period    = 30 // seconds
	skew      = 1  // steps that a clock may be off
)

// NewKey makes the key that an authenticator and Lockage share.
func NewKey() []byte {
	key := make([]byte, keyLength)
	_, _ = rand.Read(key) // never fails: crypto/rand ends the program instead
	return key
}

// KeyText is a key as people type it into an authenticator.
func KeyText(key []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(key)
}

// KeyURL is a key as an authenticator reads it from a picture: otpauth://totp/….
func KeyURL(issuer, person string, key []byte) string {
	u := url.URL{
		Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + person,
		RawQuery: url.Values{
			"secret": {KeyText(key)}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"},
		}.Encode(),
	}
	return u.String()
}

// CheckCode says whether a code is one of a key's at a moment, and of which step. Steps up to the last one that was used
// are refused, so that no code counts twice. The work is the same whatever the code is.
func CheckCode(key []byte, typed string, now time.Time, last int64) (step int64, ok bool) {
	code := normal(typed)
	text, current := KeyText(key), now.Unix()/period
	for s := current - skew; s <= current+skew; s++ {
		want, err := hotp.GenerateCodeCustom(text, uint64(s), hotp.ValidateOpts{Digits: digits, Algorithm: otp.AlgorithmSHA1}) //nolint:gosec // no step is negative
		if err != nil {
			return 0, false
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && s > last {
			step, ok = s, true
		}
	}
	return step, ok
}

// LooksLikeCode says whether what was typed has the form of an authenticator's code, and not of a recovery code.
func LooksLikeCode(typed string) bool { return len(normal(typed)) == int(digits) }
