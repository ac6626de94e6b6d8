// Package factor holds the rules of what a person proves who they are with besides a password: one-time codes of an
// authenticator (RFC 6238), and recovery codes for when it is lost. It keeps nothing and reads no clock. What a person
// typed is brought to one form before anything else looks at it, so that no variant of a code counts as another.
package factor

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lockage/lockage/internal/fault"
)

// Kind is what a factor is; its text is also how a session tells by what it was proved.
type Kind string

// The kinds.
const (
	TOTP     Kind = "totp"          // a code of an authenticator
	Recovery Kind = "recovery_code" // one of the codes for when the others are lost
	Passkey  Kind = "webauthn"      // a passkey or security key
)

// The limits of what people write.
const (
	maxName  = 64  // characters
	maxTyped = 128 // bytes; a code that is longer is none
)

// CheckName says whether a factor may be called so: a person tells their factors apart by it.
func CheckName(name string) error {
	switch {
	case name == "" || utf8.RuneCountInString(name) > maxName:
		return fault.Refused("name", "must have 1 to %d characters", maxName)
	case strings.TrimSpace(name) != name || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fault.Refused("name", "must be printable, without spaces at its ends")
	}
	return nil
}

// normal is a code as it is compared: without spaces and dashes of any kind, and in lower case.
func normal(typed string) string {
	if len(typed) > maxTyped {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Dash, r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, typed)
}
