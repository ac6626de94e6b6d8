// Package apikey holds the rules of credentials: API keys (sk_ and pk_), each of one environment, and management tokens
// (tk_). A credential is shown once and kept as a keyed digest; its checksum lets anyone, and any scanner of leaked
// secrets, tell a real one from noise without asking the server.
//
//	sk_ 7Kq…43 characters of base62, 256 random bits… 3fTz0a
//	│                                                 └ CRC-32 (IEEE) of everything before it, base62, 6 characters
//	└ kind: sk_ secret key, pk_ public key, tk_ management token
//
// written without the spaces: 52 characters. The digits are 0-9, A-Z, a-z, in this order.
package apikey

import (
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/lockage/lockage/internal/fault"
)

// APIKey is what is known of a credential of one environment. A zero time means never.
type APIKey struct {
	ID            string
	EnvironmentID string
	Kind          Kind
	Description   string
	Prefix        string // Credential.Prefix
	LastFour      string // Credential.LastFour
	Digest        Digest
	CreatedAt     time.Time
	CreatedBy     string
	LastUsedAt    time.Time
	Uses          int64
	ExpiresAt     time.Time // from then on it is refused
	RevokedAt     time.Time // from then on it is refused; in the future while a rotated key has its grace
	ReplacedBy    string    // the id of the key a rotation made, "" for none
}

// Live says whether the key is accepted at an instant.
func (k APIKey) Live(now time.Time) bool {
	return (k.ExpiresAt.IsZero() || now.Before(k.ExpiresAt)) && (k.RevokedAt.IsZero() || now.Before(k.RevokedAt))
}

// Fields is what people set of a key; nil leaves a field as it is.
type Fields struct {
	Description *string
	ExpiresAt   *time.Time // the zero time means that it never expires
}

const maxDescription = 500 // characters

// Apply gives the key with the fields set. It refuses, together, a description over 500 characters or with anything but
// text in one line, and an expiry that is not after now.
func (k APIKey) Apply(f Fields, now time.Time) (APIKey, error) {
	var refused []fault.Field
	if f.Description != nil {
		if message := checkDescription(*f.Description); message != "" {
			refused = append(refused, fault.Field{Field: "description", Message: message})
		}
		k.Description = *f.Description
	}
	if f.ExpiresAt != nil {
		if !f.ExpiresAt.IsZero() && !f.ExpiresAt.After(now) {
			refused = append(refused, fault.Field{
				Field: "expires_at", Message: "must be in the future; revoke the key to end it now",
			})
		}
		k.ExpiresAt = *f.ExpiresAt
	}
	if err := fault.RefusedFields(refused); err != nil {
		return APIKey{}, err
	}
	return k, nil
}

// checkDescription is what is wrong with a description, "" when nothing is.
func checkDescription(s string) string {
	if !utf8.ValidString(s) {
		return "must be valid UTF-8"
	}
	if utf8.RuneCountInString(s) > maxDescription {
		return "must not be longer than 500 characters"
	}
	for _, r := range s {
		if unicode.IsControl(r) {
			return "must be one line without control characters"
		}
	}
	return ""
}

// ParseKind reads the kind of an API key as people write it, "secret" or "public"; tokens are no API keys.
func ParseKind(s string) (Kind, error) {
	switch k := Kind(s); k {
	case Secret, Public:
		return k, nil
	default:
		return "", fault.Refused("type", `must be "secret" or "public"`)
	}
}

const maxGrace = 720 * time.Hour

// CheckGrace reads for how long a rotated key goes on being accepted: a Go duration from 0s to 720h, "" being 0s.
func CheckGrace(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	grace, err := time.ParseDuration(s)
	if err != nil || grace < 0 || grace > maxGrace {
		return 0, fault.Refused("grace", `must be a duration from "0s" to "720h", such as "24h"`)
	}
	return grace, nil
}
