package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

// promotionFlags say what is promoted where.
func promotionFlags(cmd *cobra.Command, body *wire.PromotionCreate) {
	fs := cmd.Flags()
	fs.StringVar(&body.To, "to", "", "the `ENVIRONMENT` that is changed")
	fs.StringVar(&body.Through, "through", "", "the lowest `ENVIRONMENT` to pass on the way, when it is several levels")
	fs.StringSliceVar(&body.Commits, "commit", nil, "only what the commit of this `ID` brought; several times or with commas")
}

// routesOf names routes as the API does.
func routesOf(keys []string) []wire.DefinitionRef {
	var refs []wire.DefinitionRef
	for _, key := range keys {
		refs = append(refs, wire.DefinitionRef{Kind: "route", Key: key})
	}
	return refs
}

func (p *program) plan() *cobra.Command {
	var body wire.PromotionCreate
	cmd := &cobra.Command{
		Use:   "plan --to ENVIRONMENT [ROUTE…]",
		Short: "Show what a promotion would do and what stands in its way",
		Long: `Shows what a promotion would do, step by step: each change, what it needs in the target, warnings,
and what stands in the way. It changes nothing. "lockage promote --plan HASH" carries out exactly
this plan, or refuses when something has changed since.

` + scriptCodes,
		Example: `  lockage plan --to production
  lockage plan --to production --through staging payments`,
		Args:        cobra.ArbitraryArgs,
		Annotations: map[string]string{scripted: "yes"},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "to"); err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			body.Definitions = routesOf(args)
			plan, err := c.PlanPromotion(cmd.Context(), body)
			if err != nil {
				return err
			}
			return p.showPlan(plan)
		},
	}
	promotionFlags(cmd, &body)
	p.remote(cmd)
	return cmd
}

// showPlan prints a plan as data; the exit code says what it comes to.
func (p *program) showPlan(plan wire.Plan) error {
	if p.json {
		if err := encode(p.out, plan); err != nil {
			return err
		}
	} else {
		newPage(p.out).plan(plan)
	}
	switch {
	case len(blockers(plan)) > 0:
		return &exit{code: exitBlocked}
	case changesIn(plan) > 0:
		return &exit{code: exitChanges}
	}
	return nil
}

func blockers(plan wire.Plan) (list []wire.Finding) {
	for _, s := range plan.Steps {
		list = append(list, s.Blockers...)
	}
	return list
}

func changesIn(plan wire.Plan) (n int) {
	for _, s := range plan.Steps {
		n += len(s.Changes)
	}
	return n
}

// plan prints a plan for people.
func (g page) plan(plan wire.Plan) {
	for _, s := range plan.Steps {
		g.step(plan.Kind, s)
	}
	g.line("", "plan %s", plan.Hash)
}

func (g page) step(kind string, s wire.Step) {
	title := fmt.Sprintf("%s (commit %d) into %s (commit %d)", s.From.Name, s.From.Head, s.To.Name, s.To.Head)
	if kind == "rollback" {
		title = fmt.Sprintf("%s back from commit %d", s.To.Name, s.To.Head)
	}
	if len(s.Changes) == 0 {
		title += ": nothing to do"
	} else {
		title += ": " + count(len(s.Changes), "change")
	}
	g.line(bold, "%s", title)
	for _, c := range s.Changes {
		g.change(c.Kind, c.Key, changeOf(c.Before, c.After), c.Edits)
		for _, r := range c.References {
			g.reference(r)
		}
	}
	for _, w := range s.Warnings {
		g.line(yellow, "warning: %s", w.Message)
	}
	for _, b := range s.Blockers {
		g.line(red, "blocker: %s", b.Message)
	}
	if n := s.Policy.Approvals; n > 0 && kind == "promotion" && len(s.Changes) > 0 {
		g.line("", "%s asks for %s by others than the author", s.To.Name, count(n, "approval"))
	}
}

func (g page) reference(r wire.PlanReference) {
	colour, state := "", r.State
	switch {
	case r.State != "set":
		colour = red
	case r.Version > 0:
		state = fmt.Sprintf("set, version %d", r.Version)
	}
	g.line(colour, "  needs %s %s for %s: %s", r.Kind, r.Name, r.Field, state)
}
