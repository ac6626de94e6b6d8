package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

func (p *program) logsReveal() *cobra.Command {
	var reason string
	var sure bool
	cmd := &cobra.Command{
		Use: "reveal ID", Short: "Show one call without masks and with its contents, for 15 minutes",
		Long: `Shows one call as it was recorded, to you alone and for 15 minutes. Nobody else sees more than before,
and lists stay masked. The reason goes into the audit log. What was cut out before the call was
recorded, such as credentials, is not there to be shown.`,
		Example: `  lockage logs reveal 0198c0de-… --reason 'ticket 4711: the refund did not arrive'`,
		Args:    arguments(0, "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(reason) == "" {
				return misused(cmd, "--reason says why, for those who read the audit log")
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			before, err := c.GetLog(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if before.Reveal.Allowed || before.RevealedUntil != nil { // else the server says what is in the way
				fmt.Fprintf(p.errOut, "One call of %s, at %s: %s %s\nNote: %s.\n", clean(before.Environment), at(before.Time, ""),
					clean(before.Method), clean(before.Path), clean(before.Reveal.Notice))
				if !sure {
					if err := p.askWhether(cmd.Context(), "Reveal it to you for 15 minutes?"); err != nil {
						return err
					}
				}
			}
			d, err := c.RevealLog(cmd.Context(), args[0], reason)
			if err != nil || p.json {
				return p.printDone(d, err, "")
			}
			return p.printLog(d)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, in 10 to 500 characters; the `REASON` is recorded")
	cmd.Flags().BoolVar(&sure, "yes", false, "do not ask")
	return cmd
}

// revealLine says what of a record is hidden from who looks, "" when nothing is.
func revealLine(d wire.LogDetail) string {
	switch {
	case d.RevealedUntil != nil:
		return "revealed to you until " + time.Time(*d.RevealedUntil).Format("15:04:05Z")
	case d.Reveal.Allowed:
		return "something is hidden; lockage logs reveal " + d.ID + " shows it to you"
	case d.Obfuscated:
		return "customer data is masked"
	}
	return ""
}
