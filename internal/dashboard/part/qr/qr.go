// Package qr draws a text as a QR code that stands in the page: no other address has the picture, so that a secret in it
// is seen once and kept nowhere. It is dark on light whatever the page's colours are, with the margin that readers want.
package qr

import (
	_ "embed"
	"fmt"
	"image"
	"image/color"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// Style is the part's share of the style sheet.
//
//go:embed qr.css
var Style string

// margin is in modules, the squares that a code is made of.
const margin = 4

// Code is a text as it is drawn.
type Code struct {
	side int    // with the margin
	path string // of the dark modules
}

// Make draws a text. It fails where the text is longer than a code can hold.
func Make(text string) (Code, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return Code{}, fmt.Errorf("draw a QR code: %w", err)
	}
	within := code.Bounds()
	dark := func(x, y int) bool {
		at := image.Pt(x, y).Add(within.Min)
		return at.In(within) && color.GrayModel.Convert(code.At(at.X, at.Y)) == color.Gray{}
	}
	var path strings.Builder
	for y := range within.Dy() {
		for x := 0; x < within.Dx(); x++ {
			from := x
			for dark(x, y) {
				x++
			}
			if n := x - from; n > 0 { // a row's neighbours are one piece, so that no light shows between them
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", from+margin, y+margin, n, n)
			}
		}
	}
	return Code{side: within.Dx() + 2*margin, path: path.String()}, nil
}

func (c Code) view() string { return fmt.Sprintf("0 0 %d %d", c.side, c.side) }
