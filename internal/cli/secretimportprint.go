package cli

import (
	"strconv"

	"github.com/lockage/lockage/internal/intake"
)

func importColumns() []column[intake.Step] {
	return []column[intake.Step]{
		{head: "secret", cell: func(s intake.Step) string { return s.Secret }},
		{head: "environment", cell: func(s intake.Step) string {
			if s.Environment == "" {
				return "-"
			}
			return s.Environment
		}},
		{head: "action", cell: func(s intake.Step) string {
			version := strconv.FormatInt(s.Version, 10)
			switch s.Action {
			case intake.CreateSecret:
				return "create the secret (" + s.Type + ")"
			case intake.SetValue:
				return "set the value"
			case intake.ReplaceValue:
				return "replace the value (version " + version + ")"
			case intake.KeepValue:
				return "keep the value (version " + version + ")"
			default:
				if s.Version > 0 {
					return "copy over the value (version " + version + ")"
				}
				return "copy the value"
			}
		}},
		{head: "from", cell: func(s intake.Step) string {
			switch {
			case s.From == "":
				return "-"
			case s.Source != "":
				return s.From + " in " + s.Source
			}
			return s.From
		}},
	}
}

// printImport shows a plan, and nothing of a value.
func (p *program) printImport(plan importPlan) {
	if len(plan.Steps) > 0 {
		_ = printList(p, plan.Steps, nil, importColumns()) // a failure to write ends the run, see sink
	}
	g := newPage(p.out)
	for _, r := range plan.Routes {
		over := ""
		if r.SavedBy != "" {
			over = " (in the draft of " + r.SavedBy + ")"
		}
		g.line(bold, "route %s%s", r.Route, over)
		for _, n := range r.Renamed {
			g.line("", "  %s: %s → %s", n.Field, n.From, n.To)
		}
		for _, e := range r.Spare {
			g.line("", "  the overlay of %s says nothing of its own then; it could go", e)
		}
	}
	for _, l := range plan.Left {
		g.line("", "left out: %s %s", l.Name, l.Why)
	}
	for _, w := range plan.Warnings {
		g.line(yellow, "warning: %s", w)
	}
	for _, b := range plan.Blockers {
		g.line(red, "blocker: %s", b)
	}
}
