// Package intake holds the rules by which secrets come from elsewhere: how a .env file and a JSON file are read, which
// environment the name of a secret tells, and what it takes to have one secret with a value per environment where there
// was one secret for each.
//
// It promises that nothing of a value stands in what it answers, its errors included. It fills in nothing: $NAME in a
// value is text.
package intake

import (
	"fmt"
	"strings"

	"github.com/lockage/lockage/internal/secret"
)

// Entry is a name with its value in a file.
type Entry struct {
	Name        string
	Environment string // that the file says; "": none
	Line        int    // where it stands; 0: not known
	Value       Value
}

// Value is a value in the clear. However it is printed or marshalled, it does not show.
type Value struct{ text func() string } // behind a function, which neither fmt nor a marshaller looks into

// NewValue is a value of this text.
func NewValue(text string) Value { return Value{func() string { return text }} }

// Reveal is the text: to be sent, and for nothing else.
func (v Value) Reveal() string {
	if v.text == nil {
		return ""
	}
	return v.text()
}

// Format writes [redacted] for every verb.
func (Value) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte("[redacted]")) }

// MarshalJSON is "[redacted]".
func (Value) MarshalJSON() ([]byte, error) { return []byte(`"[redacted]"`), nil }

// Error is what a file is refused for.
type Error struct {
	Line    int // 0: the whole
	Message string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Message)
}

func refused(line int, format string, args ...any) error {
	return &Error{Line: line, Message: fmt.Sprintf(format, args...)}
}

// Normal is a name of a file as a secret may be called: what is all in capitals, as in .env files, in small letters, and
// dots, colons, slashes and spaces as underscores. False for what can be no name of a secret.
func Normal(name string) (string, bool) {
	if name == strings.ToUpper(name) {
		name = strings.ToLower(name)
	}
	name = strings.NewReplacer(".", "_", ":", "_", "/", "_", " ", "_").Replace(name)
	return name, secret.CheckName(name) == nil
}
