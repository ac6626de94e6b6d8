// Package panel is a surface that holds what belongs together: a form, or a list of things of which each is a row with
// its facts on the left and what can be done with it on the right.
package panel

import _ "embed"

// Style is the part's share of the style sheet.
//
//go:embed panel.css
var Style string
