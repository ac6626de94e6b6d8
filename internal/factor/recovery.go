package factor

import (
	"crypto/rand"
	"encoding/base32"
	"strings"
)

// RecoveryCodes is how many a person gets at once.
const RecoveryCodes = 10

// A recovery code has 75 random bits, in three groups: "abcde-fghij-klmno".
const (
	recoveryGroups = 3
	recoveryGroup  = 5
	recoveryLength = recoveryGroups * recoveryGroup
)

// recoveryText leaves out what is read wrong: i, l, o and u.
var recoveryText = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewRecoveryCodes makes a set of codes, as they are shown.
func NewRecoveryCodes() []string {
	codes := make([]string, RecoveryCodes)
	for i := range codes {
		raw := make([]byte, 10)
		_, _ = rand.Read(raw) // never fails: crypto/rand ends the program instead
		text := recoveryText.EncodeToString(raw)
		var groups []string
		for g := range recoveryGroups {
			groups = append(groups, text[g*recoveryGroup:(g+1)*recoveryGroup])
		}
		codes[i] = strings.Join(groups, "-")
	}
	return codes
}

// NormalRecovery is a recovery code as its digest is made of: without spaces and dashes, in lower case, and with the
// letters that are read wrong as what they were. What cannot be one is "".
func NormalRecovery(typed string) string {
	code := strings.NewReplacer("i", "1", "l", "1", "o", "0").Replace(normal(typed))
	if len(code) != recoveryLength {
		return ""
	}
	return code
}
