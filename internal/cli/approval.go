package cli

import (
	"strconv"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

func (p *program) promotions() *cobra.Command {
	var state string
	var limit int
	cmd := &cobra.Command{
		Use: "promotions", Short: "List promotions, newest first", Args: noCommand,
		Example: `  lockage promotions --state open
  lockage promotions show 0198c0de-…`,
		Annotations: map[string]string{"itself": "yes"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 0 {
				return misused(cmd, "--limit cannot be negative; 0 is no limit")
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			list, err := collect(c.Promotions(cmd.Context(), state), limit)
			return printList(p, list, err, promotionColumns())
		},
	}
	cmd.Flags().StringVar(&state, "state", "", "only those in this `STATE`: open, done or rejected")
	cmd.Flags().IntVar(&limit, "limit", 50, "at most this `NUMBER`; 0 is no limit")
	p.remote(cmd)
	show := p.promotionsShow()
	p.remote(show)
	cmd.AddCommand(show)
	return cmd
}

func promotionColumns() []column[wire.Promotion] {
	return []column[wire.Promotion]{
		{head: "id", cell: func(m wire.Promotion) string { return m.ID }},
		{head: "state", cell: func(m wire.Promotion) string { return m.State }},
		{head: "from", cell: func(m wire.Promotion) string { return m.From }},
		{head: "to", cell: func(m wire.Promotion) string { return m.To }},
		{head: "author", cell: func(m wire.Promotion) string { return m.Author }},
		{head: "asked", cell: func(m wire.Promotion) string { return at(m.CreatedAt, "") }},
		{head: "closed", cell: func(m wire.Promotion) string { return at(m.ClosedAt, "-") }, single: true},
		{head: "approvals", cell: approvals},
		{head: "message", cell: func(m wire.Promotion) string { return m.Message }},
		{head: "reason", cell: func(m wire.Promotion) string { return m.Reason }, single: true},
	}
}

// approvals tells how many of those that are needed there are.
func approvals(m wire.Promotion) string {
	given := 0
	for _, a := range m.Approvals {
		if a.Void == "" {
			given++
		}
	}
	return strconv.Itoa(given) + " of " + strconv.Itoa(m.Needed)
}

func (p *program) promotionsShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a promotion; one that waits with its plan as it stands now", Args: arguments(0, "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			m, err := c.GetPromotion(cmd.Context(), args[0])
			if err := printOne(p, m, err, promotionColumns()); err != nil || p.json {
				return err
			}
			g := newPage(p.out)
			for _, a := range m.Approvals {
				g.line("", "approved by %s at %s", a.By, at(a.CreatedAt, ""))
				if a.Void != "" {
					g.line(yellow, "  it no longer counts: %s", a.Void)
				}
			}
			if m.Plan != nil {
				g.plan(*m.Plan)
			}
			for _, made := range m.Commits {
				p.printCommit(made)
			}
			return nil
		},
	}
}

func (p *program) approve() *cobra.Command {
	var plan string
	var sure bool
	cmd := &cobra.Command{
		Use:   "approve PROMOTION",
		Short: "Say yes to somebody else's promotion; the last yes that is needed carries it out",
		Long: `Approves a promotion that waits. An approval is of the plan as it stands: whatever changes afterwards
voids it. At a terminal the plan is shown first and you are asked; --yes and --plan go on without.`,
		Args: arguments(0, "PROMOTION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			if !sure && plan == "" && p.asks() {
				m, err := c.GetPromotion(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if m.Plan != nil {
					if err := p.agree(cmd.Context(), *m.Plan, "Approve this?"); err != nil {
						return err
					}
					plan = m.Plan.Hash
				}
			}
			m, err := c.ApprovePromotion(cmd.Context(), args[0], plan)
			return p.printPromotion(m, err)
		},
	}
	cmd.Flags().StringVar(&plan, "plan", "", "approve only the plan with this `HASH`")
	cmd.Flags().BoolVar(&sure, "yes", false, "do not ask")
	p.remote(p.writing(cmd))
	return cmd
}

func (p *program) reject() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "reject PROMOTION -m REASON", Short: "Close a promotion that waits without carrying it out",
		Args: arguments(0, "PROMOTION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "message"); err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			m, err := c.RejectPromotion(cmd.Context(), args[0], reason)
			return p.printPromotion(m, err)
		},
	}
	cmd.Flags().StringVarP(&reason, "message", "m", "", "a `REASON` for its author")
	p.remote(p.writing(cmd))
	return cmd
}
