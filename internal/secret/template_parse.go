package secret

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// TemplateError says where a template is wrong, and never what stands there.
type TemplateError struct {
	Position int    // byte offset of the placeholder's opening braces
	Message  string // for people; it counts in characters, from 1
}

func (e *TemplateError) Error() string { return e.Message }

const known = "{{secret:NAME}}, {{secret_id:UUID}}, {{environment}}, {{route}}, {{request_id}}, {{timestamp}}"

// ParseTemplate reads a template. A single { and a }} without its opening are text; {{ always opens a placeholder. What
// is not a known placeholder, or does not end, is a *TemplateError: it is never sent as it stands.
func ParseTemplate(s string) (Template, error) {
	var parts []Part
	for at := 0; at < len(s); {
		open := strings.Index(s[at:], "{{")
		if open < 0 {
			parts = append(parts, Part{Kind: Literal, Text: s[at:]})
			break
		}
		if open > 0 {
			parts = append(parts, Part{Kind: Literal, Text: s[at : at+open]})
		}
		open += at
		inside := open + len("{{")
		length := strings.Index(s[inside:], "}}")
		if length < 0 {
			return Template{}, templateError(s, open, "the placeholder at position %d has no end; close it with }}")
		}
		p, message := parsePlaceholder(s[inside : inside+length])
		if message != "" {
			return Template{}, templateError(s, open, message)
		}
		parts = append(parts, p)
		at = inside + length + len("}}")
	}
	return Template{parts: parts}, nil
}

// parsePlaceholder reads what stands between the braces, or answers a message with a place for the position.
func parsePlaceholder(s string) (p Part, message string) {
	word, argument, hasArgument := strings.Cut(s, ":")
	word, argument = trim(word), trim(argument)
	switch {
	case hasArgument && word == "secret":
		if !validName(argument) {
			return Part{}, "the secret name at position %d " + nameMessage
		}
		return Part{Kind: SecretName, Text: argument}, ""
	case hasArgument && word == "secret_id":
		if !validID(argument) {
			return Part{}, "the secret id at position %d must be a UUID"
		}
		return Part{Kind: SecretID, Text: strings.ToLower(argument)}, ""
	case hasArgument:
	case word == "environment":
		return Part{Kind: Environment}, ""
	case word == "route":
		return Part{Kind: Route}, ""
	case word == "request_id":
		return Part{Kind: RequestID}, ""
	case word == "timestamp":
		return Part{Kind: Timestamp}, ""
	}
	return Part{}, "unknown placeholder at position %d; known are " + known
}

func trim(s string) string { return strings.Trim(s, " \t") }

// validID says whether s is a UUID in its usual form, 8-4-4-4-12 hexadecimal digits.
func validID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
				return false
			}
		}
	}
	return true
}

func templateError(s string, at int, message string) error {
	return &TemplateError{Position: at, Message: fmt.Sprintf(message, utf8.RuneCountInString(s[:at])+1)}
}
