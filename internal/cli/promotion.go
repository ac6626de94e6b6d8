package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

func (p *program) promote() *cobra.Command {
	var body wire.PromotionCreate
	var sure bool
	cmd := &cobra.Command{
		Use:   "promote --to ENVIRONMENT [ROUTE…]",
		Short: "Make an environment's definitions equal to those one level below",
		Long: `Makes everything that is live one level below live in the environment, or only the routes that are
named. Definitions move; values, keys and data stay where they are. With --through, everything goes
up level by level in one transaction. Where the environment asks for approvals, the promotion waits
for them.

At a terminal the plan is shown first and you are asked; --yes and --plan go on without. The exit code
is 3 when something stands in the way.`,
		Example: `  lockage promote --to production -m "payments"
  lockage promote --to production --through staging --plan "$HASH"`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "to"); err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			body.Definitions = routesOf(args)
			if !sure && body.Plan == "" && p.asks() {
				if err := p.agreeToPromote(cmd.Context(), c, &body); err != nil {
					return err
				}
			}
			done, err := c.Promote(cmd.Context(), body)
			return p.printPromotion(done, err)
		},
	}
	promotionFlags(cmd, &body)
	cmd.Flags().StringVarP(&body.Message, "message", "m", "", "a `MESSAGE` that says why")
	cmd.Flags().StringVar(&body.Plan, "plan", "", "carry out only the plan with this `HASH`")
	cmd.Flags().BoolVar(&sure, "yes", false, "do not ask")
	p.remote(p.writing(cmd))
	return cmd
}

// agreeToPromote shows the plan and asks; what is carried out is then what was seen.
func (p *program) agreeToPromote(ctx context.Context, c *client.Client, body *wire.PromotionCreate) error {
	plan, err := c.PlanPromotion(ctx, *body)
	if err != nil {
		return err
	}
	if changesIn(plan) == 0 || len(blockers(plan)) > 0 {
		return nil // the server says so
	}
	if err := p.agree(ctx, plan, "Promote this?"); err != nil {
		return err
	}
	body.Plan = plan.Hash
	return nil
}

// printPromotion prints what became of a promotion.
func (p *program) printPromotion(done wire.Promotion, err error) error {
	if err != nil || p.json {
		return p.printDone(done, err, "")
	}
	switch done.State {
	case "unchanged":
		return p.printDone(done, nil, "nothing to promote: %s is equal to %s already", done.To, done.From)
	case "open":
		fmt.Fprintf(p.out, "promotion %s waits for approvals: %s\n", clean(done.ID), approvals(done))
		p.note("somebody else looks at it with \"lockage promotions show %s\" and says yes with \"lockage approve %s\"",
			clean(done.ID), clean(done.ID))
		return nil
	case "rejected":
		return p.printDone(done, nil, "promotion %s is rejected", done.ID)
	}
	if len(done.Commits) == 0 {
		return p.printDone(done, nil, "promotion %s is done; there was nothing left to change", done.ID)
	}
	for _, made := range done.Commits {
		p.printCommit(made)
	}
	return nil
}

// errUnwilling is the answer of somebody who was asked and did not say yes.
var errUnwilling = errors.New("you did not say yes: nothing was done")

// asks says whether there is somebody to ask.
func (p *program) asks() bool {
	_, isTerminal := p.terminal()
	return isTerminal && !p.json
}
