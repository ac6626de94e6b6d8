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

const placeholders = "{{secret:NAME}}, {{secret_id:UUID}}, {{var:KEY}}, {{hmac_sha256: NAME, …}}, {{environment}}, {{route}}, " +
	"{{request_id}}, {{timestamp}}"

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
	pieces := fields(s, '|')
	word, argument, hasArgument := strings.Cut(pieces[0], ":")
	word, argument = trim(word), trim(argument)
	if p.Filters, message = parseFilters(pieces[1:]); message != "" {
		return Part{}, message
	}
	switch {
	case hasArgument && word == "hmac_sha256":
		return parseHMAC(argument, p.Filters)
	case hasArgument && word == "var":
		if !validName(argument) {
			return Part{}, "the variable key at position %d " + nameMessage
		}
		return Part{Kind: Variable, Text: argument, Filters: p.Filters}, ""
	case hasArgument && word == "secret":
		if !validName(argument) {
			return Part{}, "the secret name at position %d " + nameMessage
		}
		return Part{Kind: SecretName, Text: argument, Filters: p.Filters}, ""
	case hasArgument && word == "secret_id":
		if !validID(argument) {
			return Part{}, "the secret id at position %d must be a UUID"
		}
		return Part{Kind: SecretID, Text: strings.ToLower(argument), Filters: p.Filters}, ""
	case hasArgument:
	case len(p.Filters) > 0:
		return Part{}, "the placeholder at position %d takes no filter; secrets and variables do"
	case word == "environment":
		return Part{Kind: Environment}, ""
	case word == "route":
		return Part{Kind: Route}, ""
	case word == "request_id":
		return Part{Kind: RequestID}, ""
	case word == "timestamp":
		return Part{Kind: Timestamp}, ""
	}
	return Part{}, "unknown placeholder at position %d; known are " + placeholders
}

// parseFilters reads what stands behind the pipes.
func parseFilters(texts []string) (list []Filter, message string) {
	for _, s := range texts {
		name, argument, has := strings.Cut(s, ":")
		f := Filter{Name: FilterName(trim(name)), Argument: trim(argument)}
		switch {
		case !known(string(f.Name)):
			return nil, "unknown filter in the placeholder at position %d; known are base64, basic, json, urlencode"
		case has && f.Name != Basic:
			return nil, "a filter in the placeholder at position %d takes no argument; only basic does"
		case has && !validUser(f.Argument):
			return nil, "the user in the placeholder at position %d must be 1 to 256 visible characters without : and quotes"
		}
		list = append(list, f)
	}
	if len(list) > 4 {
		return nil, "the placeholder at position %d has too many filters; use at most 4"
	}
	return list, ""
}

// validUser says whether s is a user as RFC 7617 has it, and can stand in a placeholder.
func validUser(s string) bool {
	if s == "" || len(s) > 256 {
		return false
	}
	return !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f || c == ':' || c == '\'' || c == utf8.RuneError })
}

// parseHMAC reads a signature: the name of a secret, and what is signed.
func parseHMAC(argument string, filters []Filter) (p Part, message string) {
	arguments := fields(argument, ',')
	if !validName(arguments[0]) {
		return Part{}, "the secret name at position %d " + nameMessage
	}
	if len(filters) > 1 || len(filters) == 1 && filters[0].Name != Base64 {
		return Part{}, "the signature at position %d may have the filter base64 and no other"
	}
	sign, message := parseSign(arguments[1:])
	if message != "" {
		return Part{}, message
	}
	return Part{Kind: HMAC, Text: arguments[0], Sign: sign, Filters: filters}, ""
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
