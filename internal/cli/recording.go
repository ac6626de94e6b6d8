package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

// logSettings say what is recorded of an environment's calls.
type logSettings struct {
	retention string
	record    bool
	cut       []string
}

func (l *logSettings) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&l.retention, "log-retention", "", "for how long calls are kept, a `TIME` like 30d or 36h")
	cmd.Flags().BoolVar(&l.record, "record-content", false, "record headers and bodies of calls, where a route does not say otherwise")
	cmd.Flags().StringSliceVar(&l.cut, "cut", nil, "the `FIELDS` that are cut out of what is recorded, besides those that always are: names, or paths like $.customer.iban")
}

// update is what was given of them; nil for nothing.
func (l *logSettings) update(cmd *cobra.Command) *wire.LogUpdate {
	u := wire.LogUpdate{Retention: given(cmd, "log-retention", l.retention), RecordContent: given(cmd, "record-content", l.record)}
	if cmd.Flags().Changed("cut") {
		fields := []string{}
		for _, field := range l.cut {
			if field != "" {
				fields = append(fields, field)
			}
		}
		u.Cut = &fields
	}
	if u == (wire.LogUpdate{}) {
		return nil
	}
	return &u
}

func logsOf(e wire.Environment) string {
	parts := []string{"kept for " + e.Logs.Retention}
	if e.Logs.RecordContent {
		parts = append(parts, "with content")
	}
	if len(e.Logs.Cut) > 0 {
		parts = append(parts, "without "+strings.Join(e.Logs.Cut, " "))
	}
	return strings.Join(parts, ", ")
}

func (p *program) routesRecording() *cobra.Command {
	var environment string
	cmd := &cobra.Command{
		Use:   "recording ROUTE on|off|inherit --environment ENVIRONMENT",
		Short: "Say whether headers and bodies of a route's calls are recorded in one environment, at once",
		Args:  arguments(0, "ROUTE", "on|off|inherit"),
		RunE: func(cmd *cobra.Command, args []string) error {
			record, ok := map[string]*bool{"on": new(true), "off": new(false), "inherit": nil}[args[1]]
			if !ok {
				return misused(cmd, "say on, off or inherit")
			}
			if err := required(cmd, "environment"); err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			s, err := c.RecordRoute(cmd.Context(), args[0], environment, record)
			said := map[string]string{"on": "is on", "off": "is off", "inherit": "is as the environment says"}[args[1]]
			return p.printDone(s, err, "recording of %s in %s %s", args[0], s.Environment, said)
		},
	}
	cmd.Flags().StringVarP(&environment, "environment", "e", "", "the `ENVIRONMENT`")
	return cmd
}
