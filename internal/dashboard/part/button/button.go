// Package button is what a form is sent with. The main one of a page is filled, others are quiet, and one that ends
// something says so by its colour as well as by its words.
package button

import _ "embed"

// Style is the part's share of the style sheet.
//
//go:embed button.css
var Style string

// Kind is how much a button stands out.
type Kind string

// The kinds.
const (
	Main   Kind = "button-main"
	Quiet  Kind = "button-quiet"
	Danger Kind = "button-danger"
)
