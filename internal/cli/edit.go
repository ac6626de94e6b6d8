package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"github.com/lockage/lockage/wire"
)

// page is where differences are printed, in colour or not.
type page struct {
	io.Writer
	colour bool
}

// newPage is standard output or standard error, with colour where a person looks at it. NO_COLOR and CLICOLOR_FORCE are
// what other programs go by, too.
func newPage(s *sink) page {
	f, isFile := s.w.(*os.File)
	colour := isFile && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" //nolint:gosec // a descriptor is small
	if force := os.Getenv("CLICOLOR_FORCE"); force != "" && force != "0" {
		colour = true
	}
	return page{Writer: s, colour: colour && os.Getenv("NO_COLOR") == ""}
}

// The colours of a difference.
const (
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	bold   = "\x1b[1m"
	reset  = "\x1b[0m"
)

// line prints one line in a colour; the text was chosen by others.
func (g page) line(colour, format string, args ...any) {
	text := clean(fmt.Sprintf(format, args...))
	if g.colour && colour != "" {
		text = colour + text + reset
	}
	fmt.Fprintln(g, text)
}

// changeOf words what a change does to a definition.
func changeOf(before, after string) string {
	switch {
	case before == "":
		return "added"
	case after == "":
		return "deleted"
	default:
		return "changed"
	}
}

// change prints what happens to one definition.
func (g page) change(kind, key, change string, edits []wire.Edit) {
	g.line(bold, "%s %s %s", kind, key, change)
	for _, e := range edits {
		g.edit(e)
	}
}

func (g page) edit(e wire.Edit) {
	switch {
	case e.Text != "":
		g.line("", "    %s:", e.Path)
		for line := range strings.SplitSeq(strings.TrimRight(e.Text, "\n"), "\n") {
			colour := ""
			switch {
			case strings.HasPrefix(line, "-"):
				colour = red
			case strings.HasPrefix(line, "+"):
				colour = green
			}
			g.line(colour, "      %s", line)
		}
	case e.Op == "order":
		g.line(yellow, "  ~ %s: the order is now %s", e.Path, shown(e.After))
	default:
		g.side(red, "-", e.Path, e.Before)
		g.side(green, "+", e.Path, e.After)
	}
}

// side prints one side of an edit: a value at its path, and of a whole definition each field.
func (g page) side(colour, sign, path string, value json.RawMessage) {
	if len(value) == 0 {
		return
	}
	var fields map[string]json.RawMessage
	if path != "" || json.Unmarshal(value, &fields) != nil {
		g.line(colour, "  %s %s: %s", sign, path, shown(value))
		return
	}
	for _, name := range inOrder(fields, routeFields()) {
		g.line(colour, "  %s %s: %s", sign, name, shown(fields[name]))
	}
}

// shown is a value as one line of JSON, without the escapes that are only for pages.
func shown(value json.RawMessage) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(decoded(value)) != nil {
		return string(value)
	}
	return strings.TrimRight(b.String(), "\n")
}

// decoded is a JSON value with its numbers as they were written; nil for what is no JSON.
func decoded(raw []byte) any {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	return v
}

// inOrder is the names of a map: those that are known in their order, then the others by name.
func inOrder[V any](m map[string]V, known []string) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	rank := func(name string) int {
		if i := slices.Index(known, name); i >= 0 {
			return i
		}
		return len(known)
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return names
}
