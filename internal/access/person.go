package access

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lockage/lockage/internal/fault"
)

const (
	emailMost = 320 // bytes
	nameMost  = 100 // characters
)

// ParseEmail is the normal form of an e-mail address. It takes an address alone, without a name, and none with quotes,
// spaces or what a screen does not show: such a one could break out of where it is written later.
func ParseEmail(field, text string) (string, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	parsed, err := mail.ParseAddress(text)
	hostile := func(r rune) bool { return !unicode.IsPrint(r) || strings.ContainsRune(` "<>()[],;:\`, r) }
	if err != nil || parsed.Address != text || len(text) > emailMost || strings.ContainsFunc(text, hostile) {
		return "", fault.Refused(field, "must be an e-mail address, for example ada@example.com")
	}
	return text, nil
}

// CheckName is the name of a person, a token or an account: 1 to 100 characters that a screen shows.
func CheckName(field, text string) (string, error) {
	text = strings.TrimSpace(text)
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) }
	if text == "" || !utf8.ValidString(text) || utf8.RuneCountInString(text) > nameMost || strings.ContainsFunc(text, unprintable) {
		return "", fault.Refused(field, "must have 1 to %d printable characters", nameMost)
	}
	return text, nil
}
