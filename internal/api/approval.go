package api

import (
	"context"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/wire"
)

func (a *API) approvePromotion(ctx context.Context, c *call, in *byPromotionID) (wire.Promotion, error) {
	b, err := decode[wire.PromotionApprove](c)
	if err != nil {
		return wire.Promotion{}, err
	}
	p, err := a.control.ApprovePromotion(ctx, c.who, in.ID, b.Plan)
	return promotionOf(p), err
}

func (a *API) rejectPromotion(ctx context.Context, c *call, in *byPromotionID) (wire.Promotion, error) {
	b, err := decode[wire.PromotionReject](c)
	if err != nil {
		return wire.Promotion{}, err
	}
	p, err := a.control.RejectPromotion(ctx, c.who, in.ID, b.Reason)
	return promotionOf(p), err
}

func approvalOf(p control.Approval) wire.Approval {
	return wire.Approval{By: p.Approver, PlanHash: p.Plan, CreatedAt: wire.Time(p.CreatedAt), Void: p.Void}
}
