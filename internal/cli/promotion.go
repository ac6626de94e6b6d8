package cli

import (
	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

func (p *program) promote() *cobra.Command {
	var body wire.PromotionCreate
	cmd := &cobra.Command{
		Use:   "promote --to ENVIRONMENT -m MESSAGE",
		Short: "Make an environment's definitions equal to those one level below",
		Long: `Makes everything that is live one level below live in the environment. Definitions move; values,
keys and data stay where they are.`,
		Example: `  lockage promote --to production -m "payments"`,
		Args:    arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(cmd, "to", "message"); err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			done, err := c.Promote(cmd.Context(), body)
			if err != nil || p.json {
				return p.printDone(done, err, "")
			}
			if done.Commit == nil {
				return p.printDone(done, nil, "nothing to promote: %s is equal to %s already", done.To, done.From)
			}
			p.printCommit(*done.Commit)
			return nil
		},
	}
	cmd.Flags().StringVar(&body.To, "to", "", "the `ENVIRONMENT` that is changed")
	cmd.Flags().StringVarP(&body.Message, "message", "m", "", "a `MESSAGE` that says why")
	p.remote(cmd)
	return cmd
}
