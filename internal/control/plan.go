package control

import (
	"context"
	"fmt"
	"slices"

	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
)

// proposal is what a plan is made of: the steps with the tree each target is to have.
type proposal struct {
	steps []proposedStep
}

type proposedStep struct {
	from, to      environment.Environment
	before, after definition.Tree
	source        string          // id of the commit promoted from
	current       definition.Tree // what from has; nil: what is not compared with it
}

// plan works a proposal out: what changes where, what each change refers to in its target, what stands in the way and
// what is worth a look.
func (v *visit) plan(ctx context.Context, kind string, p proposal) (definition.Plan, error) {
	s, err := v.stand(ctx)
	if err != nil {
		return definition.Plan{}, err
	}
	plan := definition.Plan{Kind: kind}
	for _, step := range p.steps {
		planned, err := v.planStep(ctx, kind, step, s)
		if err != nil {
			return plan, err
		}
		plan.Steps = append(plan.Steps, planned)
	}
	return v.shade(ctx, plan.Seal())
}

// shade takes out of a sealed plan the names of environments the reader does not see. Its hash stays: one plan has one
// hash, whoever looks at it, or nobody could approve what another sees differently.
func (v *visit) shade(ctx context.Context, plan definition.Plan) (definition.Plan, error) {
	if !slices.ContainsFunc(v.pipeline, func(e environment.Environment) bool { return !v.who.Sees(e.ID) }) {
		return plan, nil
	}
	for _, s := range plan.Steps {
		edits, err := v.edits(ctx, changesOf(s), v.outer())
		if err != nil {
			return plan, err
		}
		for i := range s.Changes {
			s.Changes[i].Edits = append([]definition.Edit{}, edits[i]...)
		}
	}
	return plan, nil
}

func (v *visit) planStep(ctx context.Context, kind string, p proposedStep, s *stand) (definition.Step, error) {
	step := definition.Step{
		From: planned(p.from), To: planned(p.to),
		Policy: definition.Policy{Protected: p.to.Protected, Approvals: p.to.Protection.Approvals},
	}
	if kind == definition.PlanPromotion && p.to.Hold != nil {
		step.Blockers = append(step.Blockers, definition.Blocker{
			Kind: definition.BlockerHold, Environment: p.to.Name, Message: holdMessage(p.to),
		})
	}
	changes := definition.Diff(p.before, p.after)
	bodies, err := v.bodies(ctx, changes)
	if err != nil {
		return step, err
	}
	warned, blocked := map[string]bool{}, map[definition.Blocker]bool{}
	for _, change := range changes {
		item := definition.PlannedChange{Change: change}
		if item.Edits, err = bodies.edits(change, v.everyName()); err != nil {
			return step, err
		}
		if change.After != "" && change.Ref.Kind == definition.KindRoute {
			r, err := bodies.route(change.After)
			if err != nil {
				return step, err
			}
			step.Blockers = append(step.Blockers, s.misled(r.Effective(p.to.ID).TargetURL, change.Ref.Key, p.to)...)
			for _, u := range r.Usages([]string{p.to.ID}) {
				target := r.Effective(p.to.ID).TargetURL
				item.References = append(item.References, s.reference(u, p.to.ID, target))
				for _, b := range s.blockers(u, change.Ref.Key, p.to, target) {
					if !blocked[b] { // several fields may need one value
						blocked[b] = true
						step.Blockers = append(step.Blockers, b)
					}
				}
				if one, ok := s.find(u.Reference); ok && !warned[one.ID] {
					warned[one.ID] = true
					step.Warnings = append(step.Warnings, s.warnings(u, change.Ref.Key, p, p.to.ID == v.pipeline.Top().ID)...)
				}
			}
		}
		if p.current != nil && p.current[change.Ref] != change.After {
			step.Warnings = append(step.Warnings, definition.Warning{
				Kind: definition.WarningOlderContent, Environment: p.to.Name, Definition: change.Ref.Key,
				Message: fmt.Sprintf("'%s' is promoted as an earlier commit had it, which is not what environment '%s' has now", change.Ref.Key, p.from.Name),
			})
		}
		step.Changes = append(step.Changes, item)
	}
	return step, nil
}

func planned(e environment.Environment) definition.PlanEnvironment {
	return definition.PlanEnvironment{ID: e.ID, Name: e.Name, Root: definition.Hash(e.RootHash), Head: e.Head}
}

// certificateField is the one field of a route that takes a certificate, and takes nothing else.
const certificateField = "client_certificate"

// carryOut makes the steps of a plan, each one a commit; what changes nothing makes none.
func (v *visit) carryOut(ctx context.Context, plan definition.Plan, p proposal, s step) ([]definition.Commit, error) {
	var made []definition.Commit
	for i, todo := range plan.Steps {
		if len(todo.Changes) == 0 {
			continue
		}
		var err error
		s.changes = changesOf(todo)
		if s.ids, err = v.identities(ctx, s.changes); err != nil {
			return nil, err
		}
		s.source = p.steps[i].source
		if len(made) > 0 && s.cause == definition.CausePromotion {
			s.source = made[len(made)-1].ID // what the step below has just made is what goes up
		}
		_, commit, err := v.step(ctx, p.steps[i].to, s)
		if err != nil {
			return nil, err
		}
		made = append(made, commit)
		v.Serve()
	}
	return made, nil
}

func changesOf(s definition.Step) []definition.Change {
	changes := make([]definition.Change, len(s.Changes))
	for i, c := range s.Changes {
		changes[i] = c.Change
	}
	return changes
}

// identities finds the ids of changed definitions.
func (v *visit) identities(ctx context.Context, changes []definition.Change) (map[definition.Ref]string, error) {
	keys := map[string][]string{}
	for _, c := range changes {
		keys[c.Ref.Kind] = append(keys[c.Ref.Kind], c.Ref.Key)
	}
	ids := make(map[definition.Ref]string, len(changes))
	for kind, of := range keys {
		list, err := v.IdentitiesOf(ctx, kind, of)
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			ids[d.Ref] = d.ID
		}
	}
	return ids, nil
}

// checkPlan refuses a plan that is not the one its author saw: Stale, with where the target stands now.
func checkPlan(seen string, plan definition.Plan) error {
	if seen == "" || seen == plan.Hash {
		return nil
	}
	heads := ""
	for i, s := range plan.Steps {
		if i > 0 {
			heads += ", "
		}
		heads += fmt.Sprintf("'%s' is now at commit %d", s.To.Name, s.To.Head)
	}
	return &fault.Error{
		Kind: fault.Stale, Detail: plan,
		Message: "what the plan was made of has changed since (" + heads + "); make the plan again",
	}
}

// checkBlockers refuses a plan with something in its way: OnHold for a hold, else NotReady with the list.
func checkBlockers(plan definition.Plan) error {
	blockers := plan.Blockers()
	if len(blockers) == 0 {
		return nil
	}
	if i := slices.IndexFunc(blockers, func(b definition.Blocker) bool { return b.Kind == definition.BlockerHold }); i >= 0 {
		return &fault.Error{Kind: fault.OnHold, Message: blockers[i].Message, Detail: plan}
	}
	message := blockers[0].Message
	if n := len(blockers); n > 1 {
		message = fmt.Sprintf("%d things stand in the way; the first: %s", n, message)
	}
	return &fault.Error{Kind: fault.NotReady, Message: message, Detail: plan}
}

// treeIn reads the tree that is live in an environment.
func (v *visit) treeIn(ctx context.Context, e environment.Environment) (definition.Tree, error) {
	entries, err := v.Tree(ctx, e.ID)
	if err != nil {
		return nil, err
	}
	return treeOf(entries), nil
}
