// Package variable holds the rules of variables: named plain values, one per environment, that definitions refer to as
// {{var:KEY}}. What must not be seen is no variable: it is a secret.
package variable

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
)

// Variable is a named plain value with one Value per environment.
type Variable struct {
	Key         string // of the form of a secret's name; immutable
	Description string
	CreatedAt   time.Time
	CreatedBy   string
	UpdatedAt   time.Time
}

// Value is what a variable holds in one environment.
type Value struct {
	Key           string
	EnvironmentID string
	Value         string
	UpdatedAt     time.Time
	UpdatedBy     string
}

const maxValue = 8 << 10 // bytes

// CheckKey refuses a key that is not 1 to 128 of A-Z, a-z, 0-9, _ and -.
func CheckKey(key string) error {
	if secret.CheckName(key) != nil {
		return fault.Refused("key", "must have 1 to 128 characters, each a letter A-Z or a-z, a digit, _ or -")
	}
	return nil
}

// CheckValue refuses a value that is empty, over 8 KiB, broken UTF-8, or has control characters other than line breaks
// and tabs. field is what it is refused as.
func CheckValue(field, value string) error {
	switch {
	case value == "":
		return fault.Refused(field, "must not be empty; null, or lockage variables unset, takes the value away")
	case len(value) > maxValue:
		return fault.Refused(field, "must not be longer than 8 KiB")
	case !utf8.ValidString(value):
		return fault.Refused(field, "must be valid UTF-8")
	case strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		return fault.Refused(field, "must not contain control characters other than line breaks and tabs")
	}
	return nil
}
