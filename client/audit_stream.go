package client

import (
	"context"
	"net/http"

	"github.com/lockage/lockage/wire"
)

// AuditStreams lists where the audit log is carried, and how far each stream is.
func (c *Client) AuditStreams(ctx context.Context) ([]wire.AuditStream, error) {
	return do[[]wire.AuditStream](ctx, c, request{method: http.MethodGet, path: []string{"v1", "audit-streams"}})
}

// GetAuditStream gives one stream, and how far it is.
func (c *Client) GetAuditStream(ctx context.Context, id string) (wire.AuditStream, error) {
	return do[wire.AuditStream](ctx, c, request{method: http.MethodGet, path: []string{"v1", "audit-streams", id}})
}

// CreateAuditStream makes a stream; of a webhook the answer has the key that verifies deliveries, once.
func (c *Client) CreateAuditStream(ctx context.Context, s wire.AuditStreamCreate) (wire.AuditStream, error) {
	return do[wire.AuditStream](ctx, c, request{method: http.MethodPost, path: []string{"v1", "audit-streams"}, body: s})
}

// UpdateAuditStream changes a stream, which is then tried again at once.
func (c *Client) UpdateAuditStream(ctx context.Context, id string, s wire.AuditStreamUpdate) (wire.AuditStream, error) {
	return do[wire.AuditStream](ctx, c, request{method: http.MethodPatch, path: []string{"v1", "audit-streams", id}, body: s})
}

// DeleteAuditStream ends a stream.
func (c *Client) DeleteAuditStream(ctx context.Context, id string) error {
	_, err := do[wire.Deleted](ctx, c, request{method: http.MethodDelete, path: []string{"v1", "audit-streams", id}})
	return err
}

// TestAuditStream sends a message without entries to where a stream delivers, and gives how that went.
func (c *Client) TestAuditStream(ctx context.Context, id string) (wire.AuditStreamTest, error) {
	return do[wire.AuditStreamTest](ctx, c, request{method: http.MethodPost, path: []string{"v1", "audit-streams", id, "test"}})
}
