package control

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// ofPromotion is the scope of the environment a promotion goes into.
func ofPromotion(id string, row *store.Promotion) scope {
	return func(ctx context.Context, v *visit) (err error) {
		if *row, err = v.Promotion(ctx, id); err != nil {
			return err
		}
		e, ok := v.pipeline.Find(row.EnvironmentID)
		if !ok || !v.who.Sees(e.ID) {
			return fault.New(fault.NotFound, "no such promotion")
		}
		v.environment, v.target = e, audit.Target{Kind: "promotion", ID: row.ID, Name: e.Name}
		return nil
	}
}

// ListPromotions lists promotions newest first, in a state or in all ("").
func (c *Control) ListPromotions(ctx context.Context, who access.Principal, state string, p Page) (list []Promotion, next string, err error) {
	limit, after, err := p.open()
	if err != nil {
		return nil, "", err
	}
	switch state {
	case "", PromotionOpen, PromotionDone, PromotionRejected:
	default:
		return nil, "", fault.Refused("state", `must be "open", "done" or "rejected"`)
	}
	var ids []string
	err = c.read(ctx, who, access.PromotionRead, among("", &ids), func(v *visit) error {
		rows, err := v.Promotions(ctx, ids, state, after, limit+1)
		if err != nil {
			return err
		}
		rows, next = cut(rows, limit, func(r store.Promotion) string { return r.ID })
		list = make([]Promotion, 0, len(rows))
		for _, row := range rows {
			one, err := v.promotion(ctx, row)
			if err != nil {
				return err
			}
			list = append(list, one)
		}
		return nil
	})
	return list, next, err
}

// GetPromotion finds a promotion by id; of an open one with its plan as it stands now.
func (c *Control) GetPromotion(ctx context.Context, who access.Principal, id string) (one Promotion, err error) {
	var row store.Promotion
	err = c.read(ctx, who, access.PromotionRead, ofPromotion(id, &row), func(v *visit) error {
		one, err = v.promotion(ctx, row)
		return err
	})
	return one, err
}

// promotion gathers what there is to tell of a promotion.
func (v *visit) promotion(ctx context.Context, row store.Promotion) (one Promotion, err error) {
	one = Promotion{Promotion: row}
	if err := json.Unmarshal(row.Request, &one.Request); err != nil {
		return one, err
	}
	one.To, _ = v.pipeline.Find(row.EnvironmentID)
	if err := v.made(ctx, &one); err != nil {
		return one, err
	}
	approvals, err := v.Approvals(ctx, row.ID)
	if err != nil {
		return one, err
	}
	var now definition.Plan
	void := func() string { return "" }
	if row.State == PromotionOpen {
		var broken error
		now, broken = v.standing(ctx, one.Request)
		_, unseen := v.path(one.Request)
		switch kind := fault.KindOf(broken); {
		case kind == fault.Internal || kind == fault.Unavailable:
			return one, broken
		case broken != nil:
			void = func() string { return "the promotion cannot be planned any more: " + broken.Error() }
		case unseen != nil:
			one.Needed = needs(now)
			void = func() string { return "what was approved has changed since; look at it and approve again" }
		default:
			if one.Plan, err = v.shade(ctx, now); err != nil {
				return one, err
			}
			one.Needed = needs(now)
			void = func() string { return voided(now) }
		}
	}
	for _, a := range approvals {
		given := Approval{Approval: a}
		if a.Plan != now.Hash {
			given.Void = void()
		}
		one.Approvals = append(one.Approvals, given)
	}
	return one, nil
}

// made tells where a promotion came from and which commits it made, as far as the reader sees these environments and
// they are still there.
func (v *visit) made(ctx context.Context, one *Promotion) error {
	if path, err := v.path(one.Request); err == nil && v.who.Sees(path[0].ID) {
		one.From = path[0]
	}
	for i, id := range one.Promotion.Commits {
		m, err := v.CommitByID(ctx, id)
		if fault.Is(err, fault.NotFound) {
			continue // deleted with its environment
		}
		if err != nil {
			return err
		}
		if i == 0 && m.Source != "" { // the pipeline may have grown in between since
			from, err := v.CommitByID(ctx, m.Source)
			if err != nil && !fault.Is(err, fault.NotFound) {
				return err
			}
			one.From = environment.Environment{}
			if v.who.Sees(from.EnvironmentID) {
				one.From, _ = v.pipeline.Find(from.EnvironmentID)
			}
		}
		if v.who.Sees(m.EnvironmentID) {
			one.Commits = append(one.Commits, Commit{Commit: m, Environment: v.pipeline.NameOf(m.EnvironmentID)})
		}
	}
	return nil
}

// standing is the plan of an open promotion as it is by now, whoever looks: approvals count by its hash.
func (v *visit) standing(ctx context.Context, r PromotionRequest) (definition.Plan, error) {
	all := *v
	all.who, all.action = access.System(v.Account()), access.PromotionRead
	p, err := all.propose(ctx, r)
	if err != nil {
		return definition.Plan{}, err
	}
	return all.plan(ctx, definition.PlanPromotion, p)
}

// voided says why an approval of another plan no longer counts.
func voided(now definition.Plan) string {
	where := ""
	for i, s := range now.Steps {
		if i > 0 {
			where += ", "
		}
		where += fmt.Sprintf("'%s' at commit %d and '%s' at commit %d with %d approvals asked for", s.From.Name, s.From.Head, s.To.Name, s.To.Head, s.Policy.Approvals)
	}
	return "what was approved has changed since: the plan is now of " + where + "; look at it and approve again"
}

// ApprovePromotion approves an open promotion as its plan stands now, which must be the one with the hash seen when
// that is given. Nobody approves their own. The last approval that is needed carries the promotion out.
func (c *Control) ApprovePromotion(ctx context.Context, who access.Principal, id, seen string) (one Promotion, err error) {
	var row store.Promotion
	err = c.write(ctx, who, access.PromotionApprove, ofPromotion(id, &row), func(v *visit) error {
		if err := mayDecide(row, who); err != nil {
			return err
		}
		var request PromotionRequest
		if err := json.Unmarshal(row.Request, &request); err != nil {
			return err
		}
		p, err := v.propose(ctx, request)
		if err != nil {
			return err
		}
		plan, err := v.plan(ctx, definition.PlanPromotion, p)
		if err != nil {
			return err
		}
		v.detail = audit.Detail("plan", plan.Hash, "promotion", row.ID)
		if err := checkPlan(seen, plan); err != nil {
			return err
		}
		if err := v.PutApproval(ctx, store.Approval{
			PromotionID: row.ID, ApproverID: who.ID, Approver: who.Name, Plan: plan.Hash, CreatedAt: v.Now(),
		}); err != nil {
			return err
		}
		if one, err = v.promotion(ctx, row); err != nil {
			return err
		}
		if needed := needs(plan); valid(one.Approvals) < needed {
			return nil
		}
		if err := checkBlockers(plan); err != nil {
			return err
		}
		one.Plan = plan
		if plan.Empty() {
			one.State, one.ClosedAt = PromotionDone, v.Now()
			return v.PutPromotion(ctx, one.Promotion)
		}
		return c.finish(ctx, v, &one, plan, p)
	})
	return one, err
}

// needs is how many approvals a plan's policy asks for now.
func needs(plan definition.Plan) (n int) {
	for _, s := range plan.Steps {
		if len(s.Changes) > 0 {
			n = max(n, s.Policy.Approvals)
		}
	}
	return n
}

func valid(list []Approval) (n int) {
	for _, a := range list {
		if a.Void == "" {
			n++
		}
	}
	return n
}

// mayDecide refuses a decision on a promotion that is closed, or by its author.
func mayDecide(row store.Promotion, who access.Principal) error {
	if row.State != PromotionOpen {
		return fault.New(fault.Conflict, "the promotion is %s already", row.State)
	}
	if row.Author.ID == who.ID {
		return fault.New(fault.Forbidden, "nobody approves a promotion of their own; ask somebody else")
	}
	return nil
}

// RejectPromotion closes an open promotion without carrying it out. Its author may withdraw it so.
func (c *Control) RejectPromotion(ctx context.Context, who access.Principal, id, reason string) (one Promotion, err error) {
	var row store.Promotion
	err = c.write(ctx, who, access.PromotionReject, ofPromotion(id, &row), func(v *visit) error {
		if err := definition.CheckMessage(reason); err != nil {
			return err
		}
		if row.State != PromotionOpen {
			return fault.New(fault.Conflict, "the promotion is %s already", row.State)
		}
		row.State, row.Reason, row.ClosedAt = PromotionRejected, reason, v.Now()
		v.detail = audit.Detail("reason", reason, "promotion", row.ID)
		if err := v.PutPromotion(ctx, row); err != nil {
			return err
		}
		one, err = v.promotion(ctx, row)
		return err
	})
	return one, err
}

// holdMessage tells who holds an environment and why.
func holdMessage(e environment.Environment) string {
	return fmt.Sprintf("environment '%s' is on hold since %s by %s: %s; lift the hold to promote into it again",
		e.Name, e.Hold.At.Format("2006-01-02T15:04:05Z"), e.Hold.By, e.Hold.Reason)
}
