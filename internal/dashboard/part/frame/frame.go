// Package frame is what stands around every page: the head of the document, and, for who is logged in, a bar that says
// who they are, in which account, and where they can go. A page that asks who somebody is stands alone in the middle.
// Its first link leads a keyboard past the bar.
package frame

import _ "embed"

// Style is the part's share of the style sheet.
//
//go:embed frame.css
var Style string

// Link leads to a page of the bar.
type Link struct {
	Path    string
	Text    string
	Current bool
}

// Person is who is logged in.
type Person struct {
	Email   string
	Account string // the name of the one they act in
	Several bool   // they belong to others besides
	Links   []Link
}

// Document is a page as the frame knows it.
type Document struct {
	Title  string
	Sheet  string  // the path of the style sheet
	Script string  // the path of a module; "": none
	Person *Person // nil: nobody is logged in, or it is not known who
}
