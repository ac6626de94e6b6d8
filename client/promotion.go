package client

import (
	"context"
	"iter"
	"net/http"

	"github.com/lockage/lockage/wire"
)

// PlanPromotion tells what a promotion would do and what stands in its way, and changes nothing.
func (c *Client) PlanPromotion(ctx context.Context, p wire.PromotionCreate) (wire.Plan, error) {
	return do[wire.Plan](ctx, c, request{method: http.MethodPost, path: []string{"v1", "promotions", "plan"}, body: p})
}

// Promote makes an environment equal to the one below it, or asks for it where the environment wants approvals. The
// answer's State tells which; it is "unchanged" when there was nothing to promote. A plan that is another by now
// ("stale"), one with blockers ("not_ready") and a hold ("on_hold") are refused, with the plan in the Error.
func (c *Client) Promote(ctx context.Context, p wire.PromotionCreate) (wire.Promotion, error) {
	return do[wire.Promotion](ctx, c, request{method: http.MethodPost, path: []string{"v1", "promotions"}, body: p})
}

// ListPromotions gives one page of the promotions, newest first, and the cursor of the next page. State is "open",
// "done" or "rejected"; "" is all.
func (c *Client) ListPromotions(ctx context.Context, state string, p Page) ([]wire.Promotion, string, error) {
	return list[wire.Promotion](ctx, c, query{"state": state}, p, "v1", "promotions")
}

// Promotions walks the promotions in a state, or all ("").
func (c *Client) Promotions(ctx context.Context, state string) iter.Seq2[wire.Promotion, error] {
	return all(func(p Page) ([]wire.Promotion, string, error) { return c.ListPromotions(ctx, state, p) })
}

// GetPromotion gives one promotion, by id; an open one with its plan as it stands now.
func (c *Client) GetPromotion(ctx context.Context, id string) (wire.Promotion, error) {
	return do[wire.Promotion](ctx, c, request{method: http.MethodGet, path: []string{"v1", "promotions", id}})
}

// ApprovePromotion approves an open promotion of somebody else. Plan is the hash of the plan that was looked at; with
// "" it is whatever it is by now. The last approval that is needed carries the promotion out.
func (c *Client) ApprovePromotion(ctx context.Context, id, plan string) (wire.Promotion, error) {
	return do[wire.Promotion](ctx, c, request{
		method: http.MethodPost, path: []string{"v1", "promotions", id, "approve"}, body: wire.PromotionApprove{Plan: plan},
	})
}

// RejectPromotion closes an open promotion without carrying it out.
func (c *Client) RejectPromotion(ctx context.Context, id, reason string) (wire.Promotion, error) {
	return do[wire.Promotion](ctx, c, request{
		method: http.MethodPost, path: []string{"v1", "promotions", id, "reject"}, body: wire.PromotionReject{Reason: reason},
	})
}
