package cli

import (
	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

func (p *program) account() *cobra.Command {
	g := group("account", "What the account sets for itself", p.accountGet(), p.writing(p.accountSet()))
	p.remote(g)
	return g
}

func accountColumns() []column[wire.Account] {
	return []column[wire.Account]{
		{head: "name", cell: func(a wire.Account) string { return a.Name }},
		{head: "message required", cell: func(a wire.Account) string { return yes(a.CommitMessageRequired) }},
		{head: "created", cell: func(a wire.Account) string { return at(a.CreatedAt, "") }},
		{head: "id", cell: func(a wire.Account) string { return a.ID }},
	}
}

func (p *program) accountGet() *cobra.Command {
	return &cobra.Command{
		Use: "get", Short: "Show the account and its settings", Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			a, err := c.GetAccount(cmd.Context())
			return printOne(p, a, err, accountColumns())
		},
	}
}

func (p *program) accountSet() *cobra.Command {
	var required bool
	cmd := &cobra.Command{
		Use: "set", Short: "Change the account's settings", Args: arguments(0),
		Example: `  lockage account set --require-message
  lockage account set --require-message=false`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := anyGiven(cmd, "require-message"); err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			a, err := c.UpdateAccount(cmd.Context(), wire.AccountUpdate{
				CommitMessageRequired: given(cmd, "require-message", required),
			})
			return printOne(p, a, err, accountColumns())
		},
	}
	cmd.Flags().BoolVar(&required, "require-message", false, "commits and promotions need a message")
	return cmd
}
