// Package field is one thing that a form asks for: its name, where to write, what to know about it, and what was wrong
// with what was written. What was wrong is tied to the input, so that a screen reader says it with the name.
package field

import (
	_ "embed"
	"strings"
)

// Style is the part's share of the style sheet.
//
//go:embed field.css
var Style string

// Text is a field of one line.
type Text struct {
	Name         string // of the form's value, and the input's id
	Label        string
	Kind         string // the input's type
	Value        string // never a password
	Hint         string // "": none
	Error        string // what was wrong; "": nothing
	Autocomplete string // what a browser may fill in
	Focus        bool   // where a keyboard begins
	Wrong        string // the id of a message about the whole form that is about this field too; "": there is none
	Optional     bool
	Either       bool // one of several of which one is enough: it may be left empty, and is not called optional
	Fragment     bool // it takes what stands behind the # of the address, where there is script
}

// described are the ids of what is said about the field.
func (f Text) described() string {
	ids := []string{}
	if f.Wrong != "" {
		ids = append(ids, f.Wrong)
	}
	if f.Error != "" {
		ids = append(ids, f.Name+"-error")
	}
	if f.Hint != "" {
		ids = append(ids, f.Name+"-hint")
	}
	return strings.Join(ids, " ")
}
