// Package notice says one thing about the page as a whole: that something was done, is wrong, or ought to be known. A
// wrong that answers a form is said at once by screen readers.
package notice

import _ "embed"

// Style is the part's share of the style sheet.
//
//go:embed notice.css
var Style string

// Kind is what a notice is about.
type Kind string

// The kinds.
const (
	Done  Kind = "notice-done"
	Wrong Kind = "notice-wrong"
	Know  Kind = "notice-know"
)
