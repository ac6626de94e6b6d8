package client

import (
	"context"
	"net/http"

	"github.com/lockage/lockage/wire"
)

// Promote makes an environment equal to the one below it. The answer has no commit when it was so already.
func (c *Client) Promote(ctx context.Context, p wire.PromotionCreate) (wire.Promotion, error) {
	return do[wire.Promotion](ctx, c, request{method: http.MethodPost, path: []string{"v1", "promotions"}, body: p})
}
