package gateway

import (
	"encoding/base64"
	"errors"
	"strings"

	"github.com/lockage/lockage/internal/apikey"
)

// places are where a call may carry its credential, as bits.
type places uint8

const (
	inKey places = 1 << iota
	inAuthorization
	inAPIKey
)

// findCredential finds the caller's credential. Only what has the form of one of ours counts, so that a credential of
// the caller's own stands beside it; where ours stands, also a second time, it must not be forwarded, and found says
// so. Of several, the first in the order Lockage-Key, Authorization, X-Api-Key decides.
// A token that an operator chose has no checksum: known tells it from a credential of a provider that begins alike.
func findCredential(a *Ask, known func(token string) bool) (credential string, found places, refusal *Refusal) {
	if len(a.Key) > 1 || len(a.Authorization) > 1 || len(a.APIKey) > 1 {
		return "", 0, invalid("Lockage-Key, Authorization and X-Api-Key may each be sent only once")
	}
	mistyped := false
	take := func(place places, text string) bool {
		switch _, err := apikey.Parse(text); {
		case err == nil || strings.HasPrefix(text, "tk_") && known(text):
			found |= place
			if credential == "" {
				credential = text
			}
			return true
		case errors.Is(err, apikey.ErrChecksum) || place == inKey:
			mistyped = true
		}
		return false
	}
	if len(a.Key) == 1 {
		take(inKey, a.Key[0])
	}
	if len(a.Authorization) == 1 {
		value := a.Authorization[0]
		scheme, rest := value, ""
		if i := strings.IndexAny(value, " \t"); i >= 0 {
			scheme, rest = value[:i], strings.Trim(value[i:], " \t")
		}
		switch {
		case strings.EqualFold(scheme, "Bearer"):
			take(inAuthorization, rest)
		case strings.EqualFold(scheme, "Basic"):
			user, password := basic(rest)
			if !take(inAuthorization, user) {
				take(inAuthorization, password)
			}
			if holdsCredential(user) || holdsCredential(password) {
				found |= inAuthorization
			}
		}
		if holdsCredential(value) || strings.Contains(value, "tk_") && holdsToken(value, known) {
			found |= inAuthorization // under another scheme, or none: not one to call with
		}
	}
	if len(a.APIKey) == 1 {
		if take(inAPIKey, a.APIKey[0]); holdsCredential(a.APIKey[0]) {
			found |= inAPIKey
		}
	}
	switch {
	case mistyped:
		return "", 0, unauthenticated("mistyped key")
	case credential == "":
		return "", 0, unauthenticated("no key")
	}
	return credential, found, nil
}

// credentialLength is how long a credential of ours is, in characters.
const credentialLength = 52

// holdsCredential says whether a credential of ours stands anywhere in a text.
func holdsCredential(text string) bool {
	for i := 0; i+credentialLength <= len(text); i++ {
		if text[i+1] != 'k' || text[i+2] != '_' {
			continue
		}
		if _, err := apikey.Parse(text[i : i+credentialLength]); err == nil {
			return true
		}
	}
	return false
}

// holdsToken says whether one of the words of a text is a token that known knows.
func holdsToken(text string, known func(token string) bool) bool {
	for word := range strings.FieldsSeq(text) {
		if strings.HasPrefix(word, "tk_") && known(word) {
			return true
		}
	}
	return false
}

// basic takes the two halves of Basic credentials apart; both are empty for what is none. More than a credential of
// ours beside a generous other half is not looked at.
func basic(encoded string) (user, password string) {
	const most = 1024
	if len(encoded) > most {
		return "", ""
	}
	encoded = strings.TrimRight(encoded, "=")
	decoded, err := base64.RawStdEncoding.DecodeString(encoded)
	if err != nil {
		return "", ""
	}
	user, password, _ = strings.Cut(string(decoded), ":")
	return user, password
}
