package dashboard

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/lockage/lockage/internal/dashboard/part/button"
	"github.com/lockage/lockage/internal/dashboard/part/field"
	"github.com/lockage/lockage/internal/dashboard/part/frame"
	"github.com/lockage/lockage/internal/dashboard/part/notice"
	"github.com/lockage/lockage/internal/dashboard/part/once"
	"github.com/lockage/lockage/internal/dashboard/part/panel"
	"github.com/lockage/lockage/internal/dashboard/part/qr"
)

//go:embed asset
var assetFiles embed.FS

// assets registers the style sheet and the scripts, under paths that change with what is in them.
func (d *Dashboard) assets() {
	var sheet strings.Builder
	for _, name := range []string{"asset/tokens.css", "asset/base.css"} {
		part, err := assetFiles.ReadFile(name)
		if err != nil {
			d.problems = append(d.problems, err)
		}
		sheet.Write(part)
	}
	for _, part := range []string{frame.Style, field.Style, button.Style, notice.Style, panel.Style, once.Style, qr.Style} {
		sheet.WriteString("\n" + part)
	}
	d.fragment, d.passkey, d.once = d.script("fragment"), d.script("passkey"), d.script("once")
	d.sheet = d.asset("lockage", ".css", "text/css; charset=utf-8", sheet.String())
}

// script registers a module, and answers its path.
func (d *Dashboard) script(name string) string {
	text, err := assetFiles.ReadFile("asset/" + name + ".js")
	if err != nil {
		d.problems = append(d.problems, err)
	}
	return d.asset(name, ".js", "text/javascript; charset=utf-8", string(text))
}

// asset registers a file that never changes under its path, and answers the path.
func (d *Dashboard) asset(name, extension, kind, content string) string {
	sum := sha256.Sum256([]byte(content))
	path := "/assets/" + name + "-" + hex.EncodeToString(sum[:8]) + extension
	d.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		// whoever does not take it all went away
		_, _ = w.Write([]byte(content))
	})
	return path
}
