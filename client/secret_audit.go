package client

import (
	"context"
	"iter"
	"time"

	"github.com/lockage/lockage/wire"
)

// SecretAuditFilter narrows what was decided about a secret; what is empty does not narrow.
type SecretAuditFilter struct {
	Environment string // name or id
	Outcome     string // "allowed" or "refused"
	Since       time.Time
	Until       time.Time
}

// ListSecretAudit gives one page of what was decided about a secret, refusals included, newest first, and the cursor of
// the next page. A deleted secret is found by its id.
func (c *Client) ListSecretAudit(ctx context.Context, ref string, f SecretAuditFilter, p Page) ([]wire.SecretAuditEntry, string, error) {
	q := query{"environment": f.Environment, "outcome": f.Outcome}
	q.time("since", f.Since)
	q.time("until", f.Until)
	return list[wire.SecretAuditEntry](ctx, c, q, p, "v1", "secrets", ref, "audit")
}

// SecretAudit walks what was decided about a secret through all its pages.
func (c *Client) SecretAudit(ctx context.Context, ref string, f SecretAuditFilter) iter.Seq2[wire.SecretAuditEntry, error] {
	return all(func(p Page) ([]wire.SecretAuditEntry, string, error) { return c.ListSecretAudit(ctx, ref, f, p) })
}
