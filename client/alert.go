package client

import (
	"context"
	"iter"
	"net/http"

	"github.com/lockage/lockage/wire"
)

// ListAlerts gives one page of the alerts of an environment, or for "" of every environment the caller sees, and the cursor
// of the next page.
func (c *Client) ListAlerts(ctx context.Context, environment string, p Page) ([]wire.Alert, string, error) {
	return list[wire.Alert](ctx, c, query{"environment": environment}, p, "v1", "alerts")
}

// Alerts walks the alerts of an environment, or for "" of every environment the caller sees.
func (c *Client) Alerts(ctx context.Context, environment string) iter.Seq2[wire.Alert, error] {
	return all(func(p Page) ([]wire.Alert, string, error) { return c.ListAlerts(ctx, environment, p) })
}

// GetAlert gives an alert and how it stands.
func (c *Client) GetAlert(ctx context.Context, id string) (wire.Alert, error) {
	return do[wire.Alert](ctx, c, request{method: http.MethodGet, path: []string{"v1", "alerts", id}})
}

// CreateAlert makes an alert; only this answer carries the keys of its webhooks.
func (c *Client) CreateAlert(ctx context.Context, a wire.AlertCreate) (wire.Alert, error) {
	return do[wire.Alert](ctx, c, request{method: http.MethodPost, path: []string{"v1", "alerts"}, body: a})
}

// UpdateAlert changes the fields that are set.
func (c *Client) UpdateAlert(ctx context.Context, id string, a wire.AlertUpdate) (wire.Alert, error) {
	return do[wire.Alert](ctx, c, request{method: http.MethodPatch, path: []string{"v1", "alerts", id}, body: a})
}

// DeleteAlert removes an alert with its history.
func (c *Client) DeleteAlert(ctx context.Context, id string) error {
	_, err := do[wire.Deleted](ctx, c, request{method: http.MethodDelete, path: []string{"v1", "alerts", id}})
	return err
}

// TestAlert sends a test to every receiver of an alert; AlertHistory tells what becomes of it.
func (c *Client) TestAlert(ctx context.Context, id string) (wire.AlertEvent, error) {
	return do[wire.AlertEvent](ctx, c, request{method: http.MethodPost, path: []string{"v1", "alerts", id, "test"}})
}

// ListAlertHistory gives one page of what happened to an alert, newest first, and the cursor of the next page.
func (c *Client) ListAlertHistory(ctx context.Context, id string, p Page) ([]wire.AlertEvent, string, error) {
	return list[wire.AlertEvent](ctx, c, query{}, p, "v1", "alerts", id, "history")
}

// AlertHistory walks what happened to an alert, newest first.
func (c *Client) AlertHistory(ctx context.Context, id string) iter.Seq2[wire.AlertEvent, error] {
	return all(func(p Page) ([]wire.AlertEvent, string, error) { return c.ListAlertHistory(ctx, id, p) })
}
