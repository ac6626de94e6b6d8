package secret

import (
	"slices"
	"strings"
)

// Kind is what a part of a template stands for.
type Kind int

// The kinds, with what a template says for them. Spaces and tabs inside the braces do not count. Behind a secret and a
// variable may stand filters: {{secret:NAME | base64}}; see Filter.
const (
	Literal     Kind = iota // text that is sent as it is
	SecretName              // {{secret:NAME}}: the value of a secret
	SecretID                // {{secret_id:UUID}}: the same, by the secret's id
	Environment             // {{environment}}: the name of the call's environment
	Route                   // {{route}}: the key of the route
	RequestID               // {{request_id}}: the id of the call
	Timestamp               // {{timestamp}}: when the call came
	Variable                // {{var:KEY}}: the value of a variable
	HMAC                    // {{hmac_sha256: NAME, …}}: a signature of the call with a secret (RFC 2104), in lower-case hex; see Sign
)

// Part is one piece of a template.
type Part struct {
	Kind Kind
	Text string // the text of a Literal; the name or id of a secret; the key of a variable; else ""

	Filters []Filter // of a secret or a variable; of an HMAC at most Base64, which takes the bytes themselves
	Sign    Sign     // of an HMAC
}

// String is the part as a template says it.
func (p Part) String() string {
	switch p.Kind {
	case Literal:
		return p.Text
	case SecretName:
		return "{{secret:" + p.Text + p.filters() + "}}"
	case SecretID:
		return "{{secret_id:" + p.Text + p.filters() + "}}"
	case Variable:
		return "{{var:" + p.Text + p.filters() + "}}"
	case HMAC:
		return "{{hmac_sha256: " + p.Text + p.Sign.String() + p.filters() + "}}"
	case Environment:
		return "{{environment}}"
	case Route:
		return "{{route}}"
	case RequestID:
		return "{{request_id}}"
	case Timestamp:
		return "{{timestamp}}"
	default:
		return ""
	}
}

func (p Part) filters() string {
	var b strings.Builder
	for _, f := range p.Filters {
		b.WriteString(f.String())
	}
	return b.String()
}

// Reference is a mention of a secret or a variable: Kind is SecretName, SecretID or Variable, Name the name, the id or the
// key. What an HMAC is made with is mentioned by its name.
type Reference struct {
	Kind Kind
	Name string
}

// Template is a text with placeholders. It is immutable; the zero value is the empty text.
type Template struct{ parts []Part }

// Parts is the template in order. Two literals never follow each other, and none is empty.
func (t Template) Parts() []Part { return slices.Clone(t.parts) }

// References lists the secrets and variables the template mentions, each once, in order of first mention.
func (t Template) References() []Reference {
	var found []Reference
	for _, p := range t.parts {
		if r, ok := p.Reference(); ok && !slices.Contains(found, r) {
			found = append(found, r)
		}
	}
	return found
}

// Reference is what the part mentions, if it mentions anything.
func (p Part) Reference() (Reference, bool) {
	switch p.Kind {
	case SecretName, SecretID, Variable:
		return Reference{Kind: p.Kind, Name: p.Text}, true
	case HMAC:
		return Reference{Kind: SecretName, Name: p.Text}, true
	default:
		return Reference{}, false
	}
}

// Literal is the template's text when it has no placeholder.
func (t Template) Literal() (string, bool) {
	switch {
	case len(t.parts) == 0:
		return "", true
	case len(t.parts) == 1 && t.parts[0].Kind == Literal:
		return t.parts[0].Text, true
	default:
		return "", false
	}
}

// String is a text that parses to the same template.
func (t Template) String() string {
	var b strings.Builder
	for _, p := range t.parts {
		b.WriteString(p.String())
	}
	return b.String()
}
