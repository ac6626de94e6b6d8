package client

import (
	"context"
	"net/http"

	"github.com/lockage/lockage/wire"
)

// PlanRollback tells what a rollback of an environment would do and what stands in its way, and changes nothing.
func (c *Client) PlanRollback(ctx context.Context, environment string, r wire.RollbackCreate) (wire.Plan, error) {
	return do[wire.Plan](ctx, c, request{
		method: http.MethodPost, path: []string{"v1", "environments", environment, "rollback", "plan"}, body: r,
	})
}

// Rollback gives an environment an earlier tree of its own and puts it on hold. A plan that is another by now ("stale")
// is refused, and one with blockers ("not_ready") unless Force is set, with the plan in the Error.
func (c *Client) Rollback(ctx context.Context, environment string, r wire.RollbackCreate) (wire.Commit, error) {
	return do[wire.Commit](ctx, c, request{
		method: http.MethodPost, path: []string{"v1", "environments", environment, "rollback"}, body: r,
	})
}

// LiftHold lets promotions into an environment again after a rollback.
func (c *Client) LiftHold(ctx context.Context, environment string) error {
	_, err := do[wire.Lifted](ctx, c,
		request{method: http.MethodDelete, path: []string{"v1", "environments", environment, "hold"}})
	return err
}
