// Package secret holds the rules of named credentials: their names, the type their values travel in, the references
// that definitions make to them, and the sealing of values at rest.
//
// A value is a Plaintext, which prints, marshals and logs as [redacted], or it is Sealed. There are only two ways out
// of a Sealed: an Opener, which the gateway keeps to send the value to a provider, and the key-encryption key.
package secret

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/lockage/lockage/internal/fault"
)

// Type is what a sealed value is.
type Type string

// The types of secrets people make.
const (
	String      Type = "string"
	OAuth2      Type = "oauth2"
	Certificate Type = "certificate"
)

// The types of what Lockage seals for itself; no secret has one.
const (
	SigningKey    Type = "signing_key"    // signs the members' session tokens
	CheckpointKey Type = "checkpoint_key" // signs checkpoints of audit logs
	StreamKey     Type = "stream_key"     // signs what a stream of an audit log delivers
	Answer        Type = "answer"         // an answer kept for a repeated request
	OneTimeKey    Type = "one_time_key"   // makes the codes of a person's authenticator
	ContentKey    Type = "content_key"    // seals what is recorded of calls
	AlertWebhook  Type = "alert_webhook"  // where an alert is told, and the key its messages are signed with
)

// Secret is a named credential. It has no value itself: each environment holds its own.
type Secret struct {
	ID          string
	Name        string // immutable
	Type        Type
	Description string
	CreatedAt   time.Time
	CreatedBy   string
	UpdatedAt   time.Time
}

// Slot is the state of a secret in one environment.
type Slot struct {
	SecretID      string
	EnvironmentID string
	Active        int64 // the version in use; 0: no value
	Staged        int64 // the version that test calls may try and nothing else uses; 0: none
	Last          int64 // the highest version ever given; versions are never used again
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// The limits of what people write.
const (
	maxName        = 128      // characters
	maxDescription = 1000     // characters
	maxValue       = 64 << 10 // bytes
)

const nameMessage = "must have 1 to 128 characters, each a letter A-Z or a-z, a digit, _ or -"

// CheckName refuses a name that is not 1 to 128 of A-Z, a-z, 0-9, _ and -.
func CheckName(name string) error {
	if !validName(name) {
		return fault.Refused("name", nameMessage)
	}
	return nil
}

func validName(s string) bool {
	if s == "" || len(s) > maxName {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// ParseType reads the type of a secret as people write it, "" being "string".
func ParseType(s string) (Type, error) {
	switch t := Type(s); t {
	case "":
		return String, nil
	case String, OAuth2, Certificate:
		return t, nil
	default:
		return "", fault.Refused("type", "must be string, oauth2 or certificate")
	}
}

// CheckValue refuses an empty value and one over 64 KiB. It may hold any bytes; where a text is asked for, a NUL byte is
// refused before, see CheckText.
func CheckValue(length int) error {
	switch {
	case length == 0:
		return fault.Refused("value", "must not be empty; delete the value to have none")
	case length > maxValue:
		return fault.Refused("value", "must not be longer than 64 KiB")
	default:
		return nil
	}
}

// CheckText refuses a text with a NUL byte, which is hardly ever meant; who means it sends the value in base64.
func CheckText(v string) error {
	if strings.IndexByte(v, 0) >= 0 {
		return fault.Refused("value", `must not contain a NUL byte; send any bytes as base64, with "encoding": "base64"`)
	}
	return nil
}

// CheckDescription refuses a description over 1000 characters, in broken UTF-8, or with control characters other than
// line breaks and tabs.
func CheckDescription(s string) error {
	if !utf8.ValidString(s) {
		return fault.Refused("description", "must be valid UTF-8")
	}
	if utf8.RuneCountInString(s) > maxDescription {
		return fault.Refused("description", "must not be longer than 1000 characters")
	}
	for _, r := range s {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return fault.Refused("description", "must not contain control characters other than line breaks and tabs")
		}
	}
	return nil
}
