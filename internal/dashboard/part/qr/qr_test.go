package qr_test

import (
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"github.com/lockage/lockage/internal/dashboard/part/qr"
)

// A reader finds in the picture what was drawn.
func TestPicturesAreRead(t *testing.T) {
	for _, text := range []string{
		"x",
		"otpauth://totp/Lockage:owner@example.com?algorithm=SHA1&digits=6&issuer=Lockage&period=30&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
		"otpauth://totp/Lockage:" + strings.Repeat("a", 200) + "@example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
	} {
		code, err := qr.Make(text)
		if err != nil {
			t.Fatal(err)
		}
		var drawn strings.Builder
		if err := qr.Picture(code, "a key").Render(t.Context(), &drawn); err != nil {
			t.Fatal(err)
		}
		bits, err := gozxing.NewBinaryBitmapFromImage(picture(t, drawn.String()))
		if err != nil {
			t.Fatal(err)
		}
		read, err := qrcode.NewQRCodeReader().Decode(bits, nil)
		if err != nil {
			t.Fatalf("%q cannot be read: %v", text, err)
		}
		if read.GetText() != text {
			t.Errorf("got %q, want %q", read.GetText(), text)
		}
		if strings.Contains(drawn.String(), text) && text != "x" {
			t.Errorf("the picture says its text:\n%s", drawn.String())
		}
	}
}

func TestWhatIsTooLongForACode(t *testing.T) {
	if _, err := qr.Make(strings.Repeat("x", 5000)); err == nil {
		t.Error("got a code of 5000 characters, want an error")
	}
}

// picture draws what a browser would, four pixels to a module.
func picture(t *testing.T, svg string) image.Image {
	t.Helper()
	var drawn struct {
		ViewBox string `xml:"viewBox,attr"`
		Role    string `xml:"role,attr"`
		Label   string `xml:"aria-label,attr"`
		Path    struct {
			D string `xml:"d,attr"`
		} `xml:"path"`
	}
	if err := xml.Unmarshal([]byte(svg), &drawn); err != nil || drawn.Role != "img" || drawn.Label != "a key" {
		t.Fatalf("got %s (%v), want a picture with a name", svg, err)
	}
	var side int
	if _, err := fmt.Sscanf(drawn.ViewBox, "0 0 %d", &side); err != nil {
		t.Fatal(err)
	}
	const scale = 4
	out := image.NewGray(image.Rect(0, 0, side*scale, side*scale))
	for i := range out.Pix {
		out.Pix[i] = 0xff
	}
	for _, piece := range strings.SplitAfter(drawn.Path.D, "z") {
		if piece == "" {
			continue
		}
		var x, y, n, back int
		if _, err := fmt.Sscanf(piece, "M%d %dh%dv1h-%dz", &x, &y, &n, &back); err != nil || n != back {
			t.Fatalf("the piece %q: %v", piece, err)
		}
		for px := x * scale; px < (x+n)*scale; px++ {
			for py := y * scale; py < (y+1)*scale; py++ {
				out.SetGray(px, py, color.Gray{})
			}
		}
	}
	return out
}
