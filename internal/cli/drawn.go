package cli

import (
	"image"
	"image/color"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// quiet is the margin that readers of QR codes want, in modules.
const quiet = 4

// drawn is a text as a QR code for a terminal: dark on light whatever the terminal's colours are, two rows to a line.
func drawn(text string) (string, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", err
	}
	within := code.Bounds()
	dark := func(x, y int) bool {
		at := image.Pt(x, y).Add(within.Min)
		return at.In(within) && color.GrayModel.Convert(code.At(at.X, at.Y)) == color.Gray{}
	}
	var b strings.Builder
	for y := -quiet; y < within.Dy()+quiet; y += 2 {
		b.WriteString("\x1b[30;107m")
		for x := -quiet; x < within.Dx()+quiet; x++ {
			switch above, below := dark(x, y), dark(x, y+1); {
			case above && below:
				b.WriteRune('█')
			case above:
				b.WriteRune('▀')
			case below:
				b.WriteRune('▄')
			default:
				b.WriteByte(' ')
			}
		}
		b.WriteString("\x1b[0m\n")
	}
	return b.String(), nil
}
