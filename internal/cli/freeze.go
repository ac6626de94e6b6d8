package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

func (p *program) freeze() *cobra.Command {
	var acknowledge string
	cmd := &cobra.Command{
		Use:   "freeze ENVIRONMENT",
		Short: "Tell what a freeze refuses in an environment, until when, and who went on in spite of it",
		Long: `Tells what blocks an environment now and until when. Windows are set with "lockage environments
update --freeze-file". What an owner did with --override-freeze stays listed until somebody else
acknowledges it.`,
		Example: `  lockage freeze production
  lockage freeze production --acknowledge 0198c0de-…`,
		Args: arguments(0, "ENVIRONMENT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("acknowledge") {
				err := c.AcknowledgeOverride(cmd.Context(), args[0], acknowledge)
				return p.printDone(wire.Acknowledged{Acknowledged: true}, err, "acknowledged")
			}
			f, err := c.Freeze(cmd.Context(), args[0])
			if err != nil || p.json {
				return p.printDone(f, err, "")
			}
			p.printFreeze(args[0], f)
			return nil
		},
	}
	cmd.Flags().StringVar(&acknowledge, "acknowledge", "", "mark the override of this `ID` as seen")
	p.remote(cmd)
	return cmd
}

func (p *program) printFreeze(environment string, f wire.Freeze) {
	g := newPage(p.out)
	if !f.Frozen {
		g.line("", "%s is not frozen", environment)
	} else {
		g.line(yellow, "%s is frozen until %s", environment, at(f.Until, "?"))
	}
	for _, w := range f.Windows {
		line := fmt.Sprintf("  until %s: %s", at(w.Until, "?"), w.Reason)
		if w.AllowRollback {
			line += " (rollback is allowed)"
		}
		g.line("", "%s", line)
	}
	if f.Frozen && len(f.Refuses) > 0 {
		g.line("", "  refuses %s", strings.Join(f.Refuses, ", "))
	}
	for _, o := range f.Overrides {
		g.line("", "%s", overrideLine(o))
	}
}

// overrideLine tells what an owner did in spite of a freeze.
func overrideLine(o wire.Override) string {
	return fmt.Sprintf("%s went on in spite of a freeze at %s with %s: %s (override %s)",
		o.Author, at(o.CreatedAt, ""), o.Action, o.Reason, o.ID)
}
