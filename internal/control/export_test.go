package control

import (
	"context"

	"github.com/lockage/lockage/internal/mail"
)

// Rewrap makes every wrap of another key than the current one anew, as WatchKeys does, and answers how many are left.
func (c *Control) Rewrap(ctx context.Context) (left int64, err error) {
	r, err := c.rewrapAll(ctx, c.sealer.Wraps())
	if err != nil {
		return 0, err
	}
	return c.settle(ctx, c.sealer.Wraps(), r.Failed)
}

// PruneOnce deletes what is over its time, and answers how many calls that were.
func (c *Control) PruneOnce(ctx context.Context) (int64, error) { return c.pruneLogs(ctx) }

// PruneAuditOnce goes once through all audit logs; few says in how small pieces.
func (c *Control) PruneAuditOnce(ctx context.Context, few bool) {
	m := defaultAuditPrune()
	if m.rest = 0; few {
		m.batch, m.most = 10, 50
	}
	c.pruneAudit(ctx, m)
}

// The times of pruning audit logs.
const (
	AuditPruneDue  = auditPruneDue
	AuditPruneHold = auditPruneHold
)

// SendOne sends one message as SendMail does.
func (c *Control) SendOne(ctx context.Context, m mail.Message) { c.sendMail(ctx, m) }

// FillOutbox leaves no room for another message.
func (c *Control) FillOutbox() {
	for c.post(mail.Message{}) {
	}
}
