package api

import (
	"context"

	"github.com/lockage/lockage/wire"
)

func (a *API) createPromotion(ctx context.Context, c *call, _ *none) (wire.Promotion, error) {
	b, err := decode[wire.PromotionCreate](c)
	if err != nil {
		return wire.Promotion{}, err
	}
	from, to, done, err := a.control.Promote(ctx, c.who, b.To, b.Message)
	out := wire.Promotion{From: from.Name, To: to.Name}
	if done != nil {
		made := commitOf(*done)
		out.Commit = &made
	}
	return out, err
}
