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
as one commit.`,
		Example: `  lockage commit -m "payments: pin the version of the API"`,
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "message"); err != nil {
				return err
			}
			body := wire.CommitCreate{Message: message}
			for _, key := range args {
				body.Definitions = append(body.Definitions, wire.DefinitionRef{Kind: "route", Key: key})
			}
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
	p.remote(cmd)
	return cmd
}

func (p *program) printCommit(c wire.Commit) {
	fmt.Fprintf(p.out, "commit %d in %s: %s\n", c.Number, clean(c.Environment), count(len(c.Changes), "change"))
	for _, change := range c.Changes {
		what := "changed"
		switch {
		case change.Before == "":
			what = "added"
		case change.After == "":
			what = "removed"
		}
		fmt.Fprintf(p.out, "  %s %s %s\n", what, clean(change.Kind), clean(change.Key))
	}
}
