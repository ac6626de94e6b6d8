package api_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/api"
)

// An operation that does not name what it decides is not served.
func TestAnOperationNamesWhatItDecides(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		action access.Action
		open   bool
		also   []access.Action
		want   string // in the error; "": none
	}{
		{"decided", access.RouteRead, false, nil, ""},
		{"decided, and more", access.RouteRead, false, []access.Action{access.TreeRead}, ""},
		{"open", access.SessionLogin, true, nil, ""},
		{"nothing", "", false, nil, `decides "", which is no action`},
		{"nothing, though open", "", true, nil, `decides "", which is no action`},
		{"unknown", "route.explode", false, nil, `decides "route.explode", which is no action`},
		{"unknown besides", access.RouteRead, false, []access.Action{"tree.explode"}, `decides "tree.explode", which is no action`},
		{"open, though roles hold it", access.RouteRead, true, nil, "asks for no credential: true"},
		{"closed, though no role holds it", access.SessionLogin, false, nil, "asks for no credential: false"},
	}
	for _, tt := range tests {
		err := api.Undecided("look", tt.action, tt.open, tt.also...)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: got %v, want it served", tt.name, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "operation look ")):
			t.Errorf("%s: got %v, want %q of the operation look", tt.name, err, tt.want)
		}
	}
}

// Whoever reads the description learns what each operation decides.
func TestTheDescriptionNamesActions(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for path, item := range r.doc.Paths.Map() {
		for method, op := range item.Operations() {
			action, _ := op.Extensions["x-lockage-action"].(string)
			if _, known := access.Action(action).Scope(); !known {
				t.Errorf("%s %s: got action %q, want one of package access", method, path, action)
			}
		}
	}
}

// Everything that is answered goes through one of two doors: the table of operations, and the short list of what needs
// no decision, each line with its reason.
func TestThereAreTwoDoors(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	must(t, err)
	doors := map[string]string{".mux.Handle": "outside.go", "huma.Register(": "operation.go", "huma.AutoRegister": "", "huma.Get(": "", "huma.Post(": ""}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		must(t, err)
		for call, home := range doors {
			if n := strings.Count(string(source), call); n > 0 && file != home || n > 1 {
				t.Errorf("%s has %s %d times; it belongs in %q, once", file, call, n, home)
			}
		}
	}
}
