package client

import (
	"context"
	"iter"
	"net/http"
	"time"

	"github.com/lockage/lockage/wire"
)

// AuditFilter narrows the audit log; what is empty does not narrow. The whole log in the order it was written, as its
// verification needs it, is AuditFilter{Ascending: true}.
type AuditFilter struct {
	Actor       string // an id
	Action      string // like "secret.value.set"
	Environment string // name or id
	Target      string // an id
	Outcome     string // "allowed" or "refused"
	Since       time.Time
	Until       time.Time
	Ascending   bool // oldest first instead of newest first
}

func (f AuditFilter) query() query {
	q := query{
		"actor": f.Actor, "action": f.Action, "environment": f.Environment, "target": f.Target, "outcome": f.Outcome,
	}
	q.time("since", f.Since)
	q.time("until", f.Until)
	return q
}

// ListAudit gives one page of the audit log and the cursor of the next page.
func (c *Client) ListAudit(ctx context.Context, f AuditFilter, p Page) ([]wire.AuditEntry, string, error) {
	q := f.query()
	if f.Ascending {
		q["order"] = "asc"
	}
	return list[wire.AuditEntry](ctx, c, q, p, "v1", "audit-logs")
}

// Audit walks the audit log through all its pages.
func (c *Client) Audit(ctx context.Context, f AuditFilter) iter.Seq2[wire.AuditEntry, error] {
	return all(func(p Page) ([]wire.AuditEntry, string, error) { return c.ListAudit(ctx, f, p) })
}

// AuditActions lists the names of all actions that decisions are recorded under.
func (c *Client) AuditActions(ctx context.Context) ([]wire.AuditAction, error) {
	return do[[]wire.AuditAction](ctx, c, request{method: http.MethodGet, path: []string{"v1", "audit-logs", "actions"}})
}

// AuditCheckpoint gives a signed statement of how far the audit log has come, and the key that verifies it.
func (c *Client) AuditCheckpoint(ctx context.Context) (wire.AuditCheckpoint, error) {
	return do[wire.AuditCheckpoint](ctx, c, request{method: http.MethodGet, path: []string{"v1", "audit-logs", "checkpoint"}})
}
