package secret

import (
	"slices"
	"strings"
)

// Kind is what a part of a template stands for.
type Kind int

// The kinds, with what a template says for them. Spaces and tabs inside the braces do not count.
const (
	Literal     Kind = iota // text that is sent as it is
	SecretName              // {{secret:NAME}}: the value of a secret
	SecretID                // {{secret_id:UUID}}: the same, by the secret's id
	Environment             // {{environment}}: the name of the call's environment
	Route                   // {{route}}: the key of the route
	RequestID               // {{request_id}}: the id of the call
	Timestamp               // {{timestamp}}: when the call came
)

// Part is one piece of a template.
type Part struct {
	Kind Kind
	Text string // the text of a Literal; the name or id of a secret; else ""
}

// String is the part as a template says it.
func (p Part) String() string {
	switch p.Kind {
	case Literal:
		return p.Text
	case SecretName:
		return "{{secret:" + p.Text + "}}"
	case SecretID:
		return "{{secret_id:" + p.Text + "}}"
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

// Reference is a mention of a secret: Kind is SecretName or SecretID, Name the name or the id.
type Reference struct {
	Kind Kind
	Name string
}

// Template is a text with placeholders. It is immutable; the zero value is the empty text.
type Template struct{ parts []Part }

// Parts is the template in order. Two literals never follow each other, and none is empty.
func (t Template) Parts() []Part { return slices.Clone(t.parts) }

// References lists the secrets the template mentions, each once, in order of first mention.
func (t Template) References() []Reference {
	var found []Reference
	for _, p := range t.parts {
		if p.Kind != SecretName && p.Kind != SecretID {
			continue
		}
		if r := (Reference{Kind: p.Kind, Name: p.Text}); !slices.Contains(found, r) {
			found = append(found, r)
		}
	}
	return found
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
