package control

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// PromotionRequest asks for a promotion into To from the environment directly below it or, with Through, from below
// Through and level by level up to To, in one transaction. Definitions or Commits (of the lowest source) narrow it.
type PromotionRequest struct {
	To          string           `json:"to"`
	Through     string           `json:"through,omitempty"`
	Definitions []definition.Ref `json:"definitions,omitempty"`
	Commits     []string         `json:"commits,omitempty"`
	Message     string           `json:"message"`
	Plan        string           `json:"plan,omitempty"` // the hash of the plan its author saw; "": whatever it is now
}

// The states of a promotion.
const (
	PromotionOpen      = "open"      // it waits for approvals
	PromotionDone      = "done"      // it was carried out
	PromotionRejected  = "rejected"  // somebody said no
	PromotionUnchanged = "unchanged" // there was nothing to promote, and nothing was kept
)

// Promotion is a promotion that was asked for, with what became of it.
type Promotion struct {
	store.Promotion
	From, To  environment.Environment
	Request   PromotionRequest
	Approvals []Approval
	Commits   []Commit        // lowest environment first
	Plan      definition.Plan // as it stands now, of an open one; the zero Plan of others
}

// Approval is a person's yes; Void says why it no longer counts.
type Approval struct {
	store.Approval
	Void string
}

// PlanPromotion works out what a promotion would do and what stands in its way. It changes nothing.
func (c *Control) PlanPromotion(ctx context.Context, who access.Principal, r PromotionRequest) (plan definition.Plan, err error) {
	err = c.read(ctx, who, access.PromotionPlan, in(r.To), func(v *visit) error {
		p, err := v.propose(ctx, r)
		if err != nil {
			return err
		}
		plan, err = v.plan(ctx, definition.PlanPromotion, p)
		return err
	})
	return plan, err
}

// propose finds the steps of a promotion and the tree each target is to have.
func (v *visit) propose(ctx context.Context, r PromotionRequest) (p proposal, err error) {
	path, err := v.path(r)
	if err != nil {
		return p, err
	}
	for _, e := range path[1:] {
		if err := v.allow(e); err != nil {
			return p, err
		}
		if err := v.demand(ctx, e); err != nil {
			return p, err
		}
		if err := v.thaw(ctx, e); err != nil {
			return p, err
		}
	}
	selection, err := v.selection(ctx, path[0], r)
	if err != nil {
		return p, err
	}
	source, err := v.treeIn(ctx, path[0])
	if err != nil {
		return p, err
	}
	wanted := newWanted(selection)
	for i, to := range path[1:] {
		from := path[i]
		before, err := v.treeIn(ctx, to)
		if err != nil {
			return p, err
		}
		after, err := wanted.take(source, before)
		if err != nil {
			return p, err
		}
		s := proposedStep{from: from, to: to, before: before, after: after, current: source}
		if from.Head > 0 {
			if s.source, err = v.CommitID(ctx, from.ID, from.Head); err != nil {
				return p, err
			}
		}
		p.steps = append(p.steps, s)
		source = after
	}
	return p, wanted.check()
}

// path is the environments of a promotion, the source first.
func (v *visit) path(r PromotionRequest) ([]environment.Environment, error) {
	to, err := v.seen(r.To)
	if err != nil {
		return nil, err
	}
	lowest := to
	if r.Through != "" {
		if lowest, err = v.seen(r.Through); err != nil {
			return nil, err
		}
		if lowest.Level > to.Level {
			return nil, fault.Refused("through", "lies above the environment to promote to; it is the lowest one to pass")
		}
	}
	source, ok := v.pipeline.Below(lowest.ID)
	if !ok && r.Through != "" {
		return nil, fault.Refused("through", "is the first environment: name the lowest one to promote into")
	}
	if !ok {
		return nil, fault.Refused("to", "is the first environment: changes begin there by a commit")
	}
	if !v.who.Sees(source.ID) { // a plan shows what is live there
		return nil, fault.New(fault.Forbidden, "promoting needs a role in the environment below as well; ask an owner or admin")
	}
	if err := access.Allow(v.who, access.TreeRead, access.Environment{ID: source.ID, Protected: source.Protected}); err != nil {
		return nil, err
	}
	path := []environment.Environment{source}
	for _, e := range v.pipeline {
		if e.Level < lowest.Level || e.Level > to.Level {
			continue
		}
		if e, err = v.seen(e.ID); err != nil {
			return nil, err
		}
		path = append(path, e)
	}
	return path, nil
}

// selection reads what of the source is to be promoted.
func (v *visit) selection(ctx context.Context, source environment.Environment, r PromotionRequest) (s definition.Selection, err error) {
	if len(r.Definitions) > 0 && len(r.Commits) > 0 {
		return s, fault.Refused("commits", "name definitions or commits, not both")
	}
	s.Definitions = r.Definitions
	for i, id := range r.Commits {
		m, err := v.CommitByID(ctx, id)
		if fault.Is(err, fault.NotFound) || err == nil && m.EnvironmentID != source.ID {
			return s, fault.New(fault.NotFound, "commits[%d]: no such commit in environment '%s'", i, source.Name)
		}
		if err != nil {
			return s, err
		}
		s.Commits = append(s.Commits, m)
	}
	return s, nil
}

// Promote carries a promotion out, or makes it a proposal where its target asks for approvals. With nothing to promote
// it changes nothing.
func (c *Control) Promote(ctx context.Context, who access.Principal, r PromotionRequest) (done Promotion, err error) {
	err = c.write(ctx, who, access.PromotionCreate, in(r.To), func(v *visit) error {
		v.target = environmentTarget(v.environment)
		if err := v.checkMessage(ctx, r.Message); err != nil {
			return err
		}
		p, err := v.propose(ctx, r)
		if err != nil {
			return err
		}
		plan, err := v.plan(ctx, definition.PlanPromotion, p)
		if err != nil {
			return err
		}
		v.detail = audit.Detail("message", r.Message, "plan", plan.Hash, "source", p.steps[0].from.Name)
		if err := checkPlan(r.Plan, plan); err != nil {
			return err
		}
		if err := checkBlockers(plan); err != nil {
			return err
		}
		done = Promotion{From: p.steps[0].from, To: v.environment, Request: r, Plan: plan}
		done.State, done.Message, done.Promotion.Plan = PromotionUnchanged, r.Message, plan.Hash
		done.Author = definition.Author{Kind: string(who.Kind), ID: who.ID, Name: who.Name}
		done.CreatedAt, done.ClosedAt = v.Now(), v.Now()
		if plan.Empty() {
			return nil
		}
		// A proposal outlives the names its environments have today.
		r.To = v.environment.ID
		if r.Through != "" {
			r.Through = p.steps[0].to.ID
		}
		done.Promotion, err = v.begin(r, plan, p)
		if err != nil {
			return err
		}
		if done.Needed > 0 {
			v.detail = audit.Detail("message", r.Message, "plan", plan.Hash, "source", p.steps[0].from.Name, "promotion", done.ID)
			return v.PutPromotion(ctx, done.Promotion)
		}
		return c.finish(ctx, v, &done, plan, p)
	})
	return done, err
}

// begin makes the row of a promotion that begins.
func (v *visit) begin(r PromotionRequest, plan definition.Plan, p proposal) (store.Promotion, error) {
	if r.To = v.environment.ID; r.Through != "" { // by id: renaming is safe
		r.Through = p.steps[0].to.ID
	}
	request, err := json.Marshal(r)
	row := store.Promotion{
		ID: newID(), EnvironmentID: v.environment.ID, State: PromotionOpen, Request: request, Message: r.Message, Plan: plan.Hash,
		Author: definition.Author{Kind: string(v.who.Kind), ID: v.who.ID, Name: v.who.Name}, CreatedAt: v.Now(),
	}
	row.Needed = needs(plan)
	return row, err
}

// finish makes the commits of a promotion and closes it.
func (c *Control) finish(ctx context.Context, v *visit, done *Promotion, plan definition.Plan, p proposal) error {
	made, err := v.carryOut(ctx, plan, p, step{cause: definition.CausePromotion, message: done.Message, author: done.Author})
	if err != nil {
		return err
	}
	changes := 0
	for _, m := range made {
		changes += len(m.Changes)
		done.Promotion.Commits = append(done.Promotion.Commits, m.ID)
		done.Commits = append(done.Commits, Commit{Commit: m, Environment: v.pipeline.NameOf(m.EnvironmentID)})
	}
	if newest := made[len(made)-1]; newest.EnvironmentID == done.To.ID {
		done.To.Head, done.To.RootHash, done.To.UpdatedAt = newest.Number, string(newest.After), v.Now()
	}
	done.State, done.ClosedAt, done.Plan = PromotionDone, v.Now(), plan
	v.detail = audit.Detail("message", done.Message, "plan", plan.Hash, "source", p.steps[0].from.Name, "promotion", done.ID,
		"changes", strconv.Itoa(changes), "commit", done.Commits[len(done.Commits)-1].ID)
	return v.PutPromotion(ctx, done.Promotion)
}
