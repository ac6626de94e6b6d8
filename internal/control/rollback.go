package control

import (
	"context"
	"fmt"
	"strconv"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
)

// RollbackRequest asks to give an environment the tree it had after one of its own commits, named by number or id. Force
// goes on in spite of blockers and asks for a message.
type RollbackRequest struct {
	To      string
	Message string
	Plan    string // the hash of the plan its author saw; "": whatever it is now
	Force   bool
}

// PlanRollback works out what a rollback would do and what stands in its way. It changes nothing.
func (c *Control) PlanRollback(ctx context.Context, who access.Principal, environmentRef string, r RollbackRequest) (plan definition.Plan, err error) {
	err = c.read(ctx, who, access.RollbackPlan, in(environmentRef), func(v *visit) error {
		p, err := v.back(ctx, r)
		if err != nil {
			return err
		}
		plan, err = v.plan(ctx, definition.PlanRollback, p)
		return err
	})
	return plan, err
}

// back finds the tree to go back to.
func (v *visit) back(ctx context.Context, r RollbackRequest) (p proposal, err error) {
	e := v.environment
	if r.To == "" {
		return p, fault.Refused("to", "is required: the number or id of a commit of the environment")
	}
	number, err := strconv.ParseInt(r.To, 10, 64)
	if err != nil {
		m, err := v.CommitByID(ctx, r.To)
		if fault.Is(err, fault.NotFound) || err == nil && m.EnvironmentID != e.ID {
			return p, fault.New(fault.NotFound, "no such commit in environment '%s'", e.Name)
		}
		if err != nil {
			return p, err
		}
		number = m.Number
	}
	if number < 0 || number > e.Head {
		return p, fault.New(fault.NotFound, "no such commit in environment '%s'; its newest is %d", e.Name, e.Head)
	}
	s := proposedStep{from: e, to: e}
	if s.before, err = v.treeIn(ctx, e); err != nil {
		return p, err
	}
	if s.after, err = v.Tx.TreeAt(ctx, e.ID, number); err != nil {
		return p, err
	}
	if number > 0 {
		m, err := v.Tx.Commit(ctx, e.ID, number)
		if err != nil {
			return p, err
		}
		s.source = m.ID
	}
	p.steps = []proposedStep{s}
	return p, nil
}

// Rollback gives an environment an earlier tree of its own and puts it on hold. Drafts stay as they are. A tree equal to
// the present one is a Conflict.
func (c *Control) Rollback(ctx context.Context, who access.Principal, environmentRef string, r RollbackRequest) (done Commit, err error) {
	err = c.write(ctx, who, access.RollbackCreate, in(environmentRef), func(v *visit) error {
		v.target = environmentTarget(v.environment)
		if err := v.checkMessage(ctx, r.Message); err != nil {
			return err
		}
		if r.Force && r.Message == "" {
			return fault.Refused("message", "is required with force: say why it is right in spite of what stands in the way")
		}
		p, err := v.back(ctx, r)
		if err != nil {
			return err
		}
		plan, err := v.plan(ctx, definition.PlanRollback, p)
		if err != nil {
			return err
		}
		if err := checkPlan(r.Plan, plan); err != nil {
			return err
		}
		if plan.Empty() {
			return fault.New(fault.Conflict, "the environment has that tree already")
		}
		if err := checkBlockers(plan); err != nil && !r.Force {
			return err
		}
		made, err := v.carryOut(ctx, plan, p, step{cause: definition.CauseRollback, message: r.Message})
		if err != nil {
			return err
		}
		if err := v.settle(ctx, made[0]); err != nil {
			return err
		}
		done = Commit{Commit: made[0], Environment: v.environment.Name}
		v.detail = audit.Detail("message", r.Message, "plan", plan.Hash, "commit", done.ID, "source", r.To, "force", strconv.FormatBool(r.Force))
		return v.hold(ctx, r)
	})
	return done, err
}

// settle drops drafts that a rollback of the first environment made equal to what is live there: they change nothing any
// more. All others survive it.
func (v *visit) settle(ctx context.Context, made definition.Commit) error {
	if made.EnvironmentID != v.pipeline.First().ID {
		return nil
	}
	for _, change := range made.Changes {
		d, err := v.Draft(ctx, change.Ref)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err == nil && d.Hash == change.After {
			err = v.DropDraft(ctx, change.Ref)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// hold keeps promotions out of an environment that was just rolled back: they would bring back what was taken out.
func (v *visit) hold(ctx context.Context, r RollbackRequest) error {
	list, err := v.Environments(ctx)
	if err != nil {
		return err
	}
	e, _ := environment.NewPipeline(list).Find(v.environment.ID) // as the commit left it
	reason := r.Message
	if reason == "" {
		reason = fmt.Sprintf("rolled back to commit %s", r.To)
	}
	e.Hold = &environment.Hold{Reason: reason, By: v.who.Name, At: v.Now()}
	return v.Tx.UpdateEnvironment(ctx, e)
}

// LiftHold lets promotions into an environment again.
func (c *Control) LiftHold(ctx context.Context, who access.Principal, environmentRef string) (e environment.Environment, err error) {
	err = c.write(ctx, who, access.HoldLift, in(environmentRef), func(v *visit) error {
		v.target = environmentTarget(v.environment)
		if v.environment.Hold == nil {
			return fault.New(fault.NotFound, "the environment is not on hold")
		}
		v.detail = audit.Detail("reason", v.environment.Hold.Reason)
		e = v.environment
		e.Hold, e.UpdatedAt = nil, v.Now()
		return v.Tx.UpdateEnvironment(ctx, e)
	})
	return e, err
}
