package api

import (
	"context"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/wire"
)

type promotionList struct {
	State  string `query:"state" enum:"open,done,rejected" doc:"Only promotions in this state."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many at most."`
	Cursor string `query:"cursor" doc:"Where to go on: meta.next_cursor of the answer before."`
}

type byPromotionID struct {
	ID string `path:"id" doc:"Id of the promotion."`
}

func (a *API) planPromotion(ctx context.Context, c *call, _ *none) (wire.Plan, error) {
	b, err := decode[wire.PromotionCreate](c)
	if err != nil {
		return wire.Plan{}, err
	}
	p, err := a.control.PlanPromotion(ctx, c.who, promotionRequestOf(b))
	return planOf(p), err
}

func (a *API) createPromotion(ctx context.Context, c *call, _ *none) (wire.Promotion, error) {
	b, err := decode[wire.PromotionCreate](c)
	if err != nil {
		return wire.Promotion{}, err
	}
	p, err := a.control.Promote(ctx, c.who, promotionRequestOf(b))
	return promotionOf(p), err
}

func (a *API) listPromotions(ctx context.Context, c *call, in *promotionList) ([]wire.Promotion, error) {
	list, next, err := a.control.ListPromotions(ctx, c.who, in.State, pageOf(in.Limit, in.Cursor))
	c.next = next
	return convert(list, promotionOf), err
}

func (a *API) getPromotion(ctx context.Context, c *call, in *byPromotionID) (wire.Promotion, error) {
	p, err := a.control.GetPromotion(ctx, c.who, in.ID)
	return promotionOf(p), err
}

func promotionRequestOf(b wire.PromotionCreate) control.PromotionRequest {
	return control.PromotionRequest{
		To: b.To, Through: b.Through, Definitions: refsOf(b.Definitions), Commits: b.Commits, Message: b.Message, Plan: b.Plan,
	}
}

func promotionOf(p control.Promotion) wire.Promotion {
	out := wire.Promotion{
		ID: p.ID, State: p.State, From: p.From.Name, To: p.To.Name, Message: p.Message, Author: p.Author.Name,
		PlanHash: p.Promotion.Plan, Needed: p.Needed, Approvals: convert(p.Approvals, approvalOf), Reason: p.Reason,
		CreatedAt: wire.Time(p.CreatedAt), ClosedAt: wire.Time(p.ClosedAt), Commits: convert(p.Commits, commitOf),
	}
	for i, made := range p.Commits {
		if made.EnvironmentID == p.To.ID {
			out.Commit = &out.Commits[i]
		}
	}
	if p.State == control.PromotionOpen && p.Plan.Hash != "" {
		plan := planOf(p.Plan)
		out.Plan = &plan
	}
	return out
}
