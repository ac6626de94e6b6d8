package secret

import "strings"

// SignPart is one piece of what {{hmac_sha256: NAME, …}} signs.
type SignPart struct {
	Kind SignKind
	Text string // of SignText
}

// SignKind is what a piece stands for; its text is what a template says.
type SignKind string

// The pieces.
const (
	SignMethod    SignKind = "method"
	SignPath      SignKind = "path"        // as it goes upstream, escaped
	SignQuery     SignKind = "query"       // as it goes upstream, without the question mark
	SignHost      SignKind = "host"        // of the target, with the port if one is written
	SignTimestamp SignKind = "timestamp"   // the same instant as {{timestamp}}
	SignRequestID SignKind = "request_id"  // the same as {{request_id}}
	SignBodyHash  SignKind = "body_sha256" // SHA-256 of the body as it goes upstream, in lower-case hex
	SignText      SignKind = "'"           // what stands in the quotes
)

func signKinds() []SignKind {
	return []SignKind{SignMethod, SignPath, SignQuery, SignHost, SignTimestamp, SignRequestID, SignBodyHash}
}

// Sign is what an HMAC is computed over: the parts, joined by the separator, which is a line feed unless another is said.
type Sign struct {
	Parts     []SignPart
	Separator string
}

const defaultSeparator = "\n"

func (s Sign) String() string {
	var b strings.Builder
	for _, p := range s.Parts {
		b.WriteString(", ")
		if p.Kind == SignText {
			b.WriteString("'" + p.Text + "'")
			continue
		}
		b.WriteString(string(p.Kind))
	}
	if s.Separator != defaultSeparator {
		b.WriteString(", separator='" + s.Separator + "'")
	}
	return b.String()
}

// NeedsBody says whether the body must be known before anything is signed.
func (s Sign) NeedsBody() bool {
	for _, p := range s.Parts {
		if p.Kind == SignBodyHash {
			return true
		}
	}
	return false
}

// parseSign reads what stands behind the name, split at its commas.
func parseSign(arguments []string) (s Sign, message string) {
	s.Separator = defaultSeparator
	for i, a := range arguments {
		name, quoted, separator := strings.Cut(a, "=")
		switch {
		case separator && trim(name) == "separator" && i == len(arguments)-1:
			text, ok := unquote(trim(quoted))
			if !ok {
				return s, "the separator at position %d must stand in single quotes"
			}
			s.Separator = text
			continue
		case strings.HasPrefix(a, "'"):
			text, ok := unquote(a)
			if !ok {
				return s, "a text in the signature at position %d does not end; close it with a single quote"
			}
			s.Parts = append(s.Parts, SignPart{Kind: SignText, Text: text})
			continue
		}
		found := false
		for _, k := range signKinds() {
			if SignKind(a) == k {
				s.Parts, found = append(s.Parts, SignPart{Kind: k}), true
			}
		}
		if !found {
			return s, "the signature at position %d has an unknown part; known are " + knownParts
		}
	}
	if len(s.Parts) == 0 {
		return s, "the signature at position %d signs nothing; name what it is over: " + knownParts
	}
	return s, ""
}

const knownParts = "method, path, query, host, timestamp, request_id, body_sha256, 'text', and at the end separator='…'"

func unquote(s string) (string, bool) {
	if len(s) < 2 || s[0] != '\'' || s[len(s)-1] != '\'' || strings.Contains(s[1:len(s)-1], "'") {
		return "", false
	}
	return s[1 : len(s)-1], true
}

// fields splits a text at a separator outside of single quotes, and trims what it finds.
func fields(s string, separator byte) []string {
	var list []string
	quoted, from := false, 0
	for i := range len(s) {
		switch {
		case s[i] == '\'':
			quoted = !quoted
		case s[i] == separator && !quoted:
			list = append(list, trim(s[from:i]))
			from = i + 1
		}
	}
	return append(list, trim(s[from:]))
}
