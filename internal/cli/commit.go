package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

func (p *program) commit() *cobra.Command {
	var message string
	cmd := &cobra.Command{
		Use:   "commit -m MESSAGE [ROUTE…]",
		Short: "Make saved routes live in the first environment",
		Long: `Makes what is saved live in the first environment, all of it or only the routes that are named,
as one commit. "lockage diff" shows beforehand what it is.`,
		Example: `  lockage commit -m "payments: pin the version of the API"`,
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "message"); err != nil {
				return err
			}
			body := wire.CommitCreate{Message: message, Definitions: routesOf(args)}
			c, err := p.connect()
			if err != nil {
				return err
			}
			made, err := c.Commit(cmd.Context(), body)
			if err != nil || p.json {
				return p.printDone(made, err, "")
			}
			p.printCommit(made)
			return nil
		},
	}
	cmd.Flags().StringVarP(&message, "message", "m", "", "a `MESSAGE` that says why")
	p.remote(p.writing(cmd))
	return cmd
}

func (p *program) printCommit(c wire.Commit) {
	fmt.Fprintf(p.out, "commit %d in %s: %s\n", c.Number, clean(c.Environment), count(len(c.Changes), "change"))
	for _, change := range c.Changes {
		fmt.Fprintf(p.out, "  %s %s %s\n", changeOf(change.Before, change.After), clean(change.Kind), clean(change.Key))
	}
}
