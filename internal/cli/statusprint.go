package cli

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
)

func (p *program) printStanding(s standing) error {
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	row := func(cells ...string) {
		for i, cell := range cells {
			cells[i] = clean(cell)
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	row("ENVIRONMENT", "LEVEL", "HEAD", "WAITING")
	for i, l := range s.Environments {
		wait := waits(l)
		if i == 0 {
			wait = uncommitted(s)
		}
		row(l.Environment.Name, strconv.Itoa(l.Environment.Level), head(l), wait)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	g := newPage(p.out)
	for _, l := range s.Environments {
		name := l.Environment.Name
		if h := l.Environment.Hold; h != nil {
			g.line(yellow, "%s is on hold since %s by %s: %s", name, at(h.At, "?"), h.By, h.Reason)
		}
		if l.Freeze == nil {
			continue
		}
		if l.Freeze.Frozen {
			var reasons []string
			for _, f := range l.Freeze.Windows {
				reasons = append(reasons, f.Reason)
			}
			g.line(yellow, "%s is frozen until %s: %s", name, at(l.Freeze.Until, "?"), strings.Join(reasons, ", "))
		}
		for _, o := range l.Freeze.Overrides {
			g.line(yellow, "%s: %s", name, overrideLine(o))
		}
	}
	return nil
}

// head words where an environment stands.
func head(l level) string {
	switch {
	case l.Head != nil:
		return strings.TrimSpace(strconv.FormatInt(l.Head.Number, 10) + " " + firstLine(l.Head.Message))
	case l.Environment.Head > 0:
		return strconv.FormatInt(l.Environment.Head, 10)
	default:
		return "-"
	}
}

// waits words what waits to be promoted into an environment.
func waits(l level) string {
	keys := make([]string, len(l.Waiting))
	for i, w := range l.Waiting {
		keys[i] = w.Key
	}
	if len(keys) == 0 {
		return "-"
	}
	return strconv.Itoa(len(keys)) + " to promote: " + some(keys)
}

// uncommitted words what waits in front of the first environment.
func uncommitted(s standing) string {
	keys := make([]string, len(s.Uncommitted))
	for i, d := range s.Uncommitted {
		keys[i] = d.Key
	}
	if len(keys) == 0 {
		return "-"
	}
	return strconv.Itoa(len(keys)) + " uncommitted: " + some(keys)
}
