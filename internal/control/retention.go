package control

import (
	"context"
	"time"

	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

const (
	pruneEvery = time.Minute
	pruneBatch = 500                   // calls in one transaction
	pruneRest  = 50 * time.Millisecond // between two of them, and at least four times as long as the one before took
)

// PruneLogs deletes, until ctx ends, what is recorded of calls for longer than their environments keep it. It does so in
// transactions of few rows with pauses between them, so that neither calls nor changes have to wait. Several processes
// may do so at once.
func (c *Control) PruneLogs(ctx context.Context) {
	ticker := time.NewTicker(pruneEvery)
	defer ticker.Stop()
	for {
		if n, err := c.pruneLogs(ctx); err != nil && ctx.Err() == nil {
			c.logger.WarnContext(ctx, "calls that are over their time could not be deleted; it is tried again", "deleted", n, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// pruneLogs goes once through all environments, and answers how many calls it deleted.
func (c *Control) pruneLogs(ctx context.Context) (deleted int64, err error) {
	defer fault.Wrap(&err, "control: prune calls")
	var list []store.Retention
	err = c.store.ReadAll(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.Retentions(ctx)
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, r := range list {
		before := c.now().Add(-r.For)
		for {
			began := time.Now() //nolint:forbidigo // how long the database takes, whatever time it is
			var n int64
			err := c.store.BatchOf(ctx, r.Account, func(tx *store.Tx) (err error) {
				n, err = tx.PruneCalls(ctx, r.Account, r.EnvironmentID, before, pruneBatch)
				if err == nil && n < pruneBatch {
					// a key seals for a day, and what it sealed is kept for as long as the environment says
					_, err = tx.PruneContentKeys(ctx, r.Account, r.EnvironmentID, before.Add(-contentKeyLife-time.Hour))
				}
				return err
			})
			if deleted += n; err != nil {
				return deleted, err
			}
			if n < pruneBatch {
				break
			}
			if err := rest(ctx, max(pruneRest, 4*time.Since(began))); err != nil {
				return deleted, err
			}
		}
	}
	return deleted, nil
}

// rest waits, or answers why ctx ended.
func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
