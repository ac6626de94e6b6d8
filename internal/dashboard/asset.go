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
	"github.com/lockage/lockage/internal/dashboard/part/panel"
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
	for _, part := range []string{frame.Style, field.Style, button.Style, notice.Style, panel.Style} {
		sheet.WriteString("\n" + part)
	}
	script, err := assetFiles.ReadFile("asset/fragment.js")
	if err != nil {
		d.problems = append(d.problems, err)
	}
	d.fragment = d.asset("fragment", ".js", "text/javascript; charset=utf-8", string(script))
	d.sheet = d.asset("lockage", ".css", "text/css; charset=utf-8", sheet.String())
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
