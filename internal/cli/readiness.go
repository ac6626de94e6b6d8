package cli

import (
	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

func (p *program) readiness() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "readiness ENVIRONMENT",
		Short: "Tell what the definitions of an environment lack there, before anybody calls",
		Long: `Looks up everything that each definition refers to in an environment. The exit code is 3 when
something that is switched on lacks anything.`,
		Args: arguments(0, "ENVIRONMENT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			r, err := c.Readiness(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if p.json {
				err = encode(p.out, r)
			} else {
				newPage(p.out).readiness(r)
			}
			if err == nil && !r.Ready {
				return &exit{code: exitBlocked}
			}
			return err
		},
	}
	p.remote(cmd)
	return cmd
}

func (g page) readiness(r wire.Readiness) {
	for _, d := range r.Definitions {
		state, color := "ready", green
		switch {
		case !d.Ready && d.Active:
			state, color = "not ready", red
		case !d.Ready:
			state, color = "not ready, and switched off", yellow
		case !d.Active:
			state, color = "ready, and switched off", ""
		}
		g.line(color, "%s %s: %s", d.Kind, d.Key, state)
		for _, f := range d.References {
			g.reference(f)
		}
		for _, f := range d.Problems {
			g.line(red, "  %s", f.Message)
		}
	}
	if len(r.Definitions) == 0 {
		g.line("", "nothing is live in %s", r.Environment)
	}
}
