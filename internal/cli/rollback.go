package cli

import (
	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

func (p *program) rollback() *cobra.Command {
	var body wire.RollbackCreate
	var sure, planOnly bool
	cmd := &cobra.Command{
		Use:   "rollback ENVIRONMENT --to COMMIT",
		Short: "Give an environment back the definitions it had after one of its commits",
		Long: `Gives an environment back the definitions it had after one of its own commits, as a new commit, and
puts it on hold: promotions into it are refused until "lockage hold lift". "lockage log" tells the
numbers of its commits.

At a terminal the plan is shown first and you are asked; --yes and --plan go on without. The exit code
is 3 when something stands in the way. With --plan-only nothing is done, and the exit code is 0 when
there is nothing to do, 2 when there are changes and 3 when something stands in the way.`,
		Example: `  lockage rollback production --to 7 -m "the new version refuses cards"`,
		Args:    arguments(0, "ENVIRONMENT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "to"); err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			ask := !sure && body.Plan == "" && p.asks()
			if ask || planOnly {
				plan, err := c.PlanRollback(cmd.Context(), args[0], body)
				if err != nil {
					return err
				}
				if planOnly {
					return p.showPlan(plan)
				}
				if changesIn(plan) > 0 && (body.Force || len(blockers(plan)) == 0) {
					if err := p.agree(cmd.Context(), plan, "Roll back?"); err != nil {
						return err
					}
					body.Plan = plan.Hash
				}
			}
			made, err := c.Rollback(cmd.Context(), args[0], body)
			if err != nil || p.json {
				return p.printDone(made, err, "")
			}
			p.printCommit(made)
			p.note("%s is on hold now: promotions into it are refused until \"lockage hold lift %s\"",
				clean(made.Environment), clean(made.Environment))
			return nil
		},
	}
	cmd.Flags().StringVar(&body.To, "to", "", "the `COMMIT` to go back to, its number or id; 0 is before the first")
	cmd.Flags().StringVarP(&body.Message, "message", "m", "", "a `MESSAGE` that says why; it is the reason of the hold")
	cmd.Flags().StringVar(&body.Plan, "plan", "", "carry out only the plan with this `HASH`")
	cmd.Flags().BoolVar(&body.Force, "force", false, "go on in spite of blockers; needs a message")
	cmd.Flags().BoolVar(&planOnly, "plan-only", false, "show what it would do, and do nothing")
	cmd.Flags().BoolVar(&sure, "yes", false, "do not ask")
	p.remote(p.writing(cmd))
	return cmd
}

func (p *program) hold() *cobra.Command {
	lift := p.writing(&cobra.Command{
		Use: "lift ENVIRONMENT", Short: "Let promotions into an environment again after a rollback",
		Args: arguments(0, "ENVIRONMENT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			err = c.LiftHold(cmd.Context(), args[0])
			return p.printDone(wire.Lifted{Lifted: true}, err, "the hold of %s is lifted", args[0])
		},
	})
	g := group("hold", "The hold that keeps promotions out after a rollback", lift)
	p.remote(g)
	return g
}
