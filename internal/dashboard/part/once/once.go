// Package once shows what is shown this once: a secret to type, or codes to keep. Where there is script it offers to copy,
// save and print it; nothing of it is kept by the page, and no address has it.
package once

import _ "embed"

// Style is the part's share of the style sheet.
//
//go:embed once.css
var Style string
