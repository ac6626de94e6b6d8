package control

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// The measures of carrying the log away.
const (
	streamLease  = 45 * time.Second // above the limit of an attempt: who holds a lease is done before it ends
	streamBatch  = 100              // entries in one delivery
	carriersMost = 8                // streams that are delivered to at once
)

// streams is what the process knows of all streams, for the metrics.
type streams struct {
	list     atomic.Pointer[[]AuditStream]
	mu       sync.Mutex
	failures map[string]int64 // by stream: attempts of this process that failed
}

// StreamStats is how far a stream is behind, as the process last saw it.
type StreamStats struct {
	ID           string
	Backlog      int64
	WaitingSince time.Time // zero: nothing waits
	Status       string
	Failures     int64
	Skipped      int64
	Holding      bool // it keeps entries from being pruned
}

// StreamStats answers how far all streams are behind, as StreamAudit last saw them.
func (c *Control) StreamStats() (stats []StreamStats) {
	list := c.streams.list.Load()
	if list == nil {
		return nil
	}
	c.streams.mu.Lock()
	defer c.streams.mu.Unlock()
	for _, s := range *list {
		stats = append(stats, StreamStats{s.ID, s.Backlog, s.WaitingSince, s.Status(), c.streams.failures[s.ID], s.Skipped, s.Holding})
	}
	return stats
}

// StreamAudit delivers, until ctx ends, what streams of the audit logs have not delivered yet, looking every interval. Of
// several processes on one database one delivers for a stream at a time. It reads the log as it stands in the database:
// no request waits for it. It is for the server to run.
func (c *Control) StreamAudit(ctx context.Context, interval time.Duration) {
	var group sync.WaitGroup
	defer group.Wait()
	slots, busy := make(chan struct{}, carriersMost), new(sync.Map)
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		for _, s := range c.dueStreams(ctx) {
			if _, mine := busy.LoadOrStore(s.ID, true); mine {
				continue
			}
			select {
			case slots <- struct{}{}:
			default: // all are at work; it is due at the next look too
				busy.Delete(s.ID)
				continue
			}
			group.Go(func() {
				defer func() { busy.Delete(s.ID); <-slots }()
				if err := c.carry(ctx, s.Account, s.ID); err != nil && ctx.Err() == nil {
					c.logger.WarnContext(ctx, "a stream of the audit log could not be looked after; it is tried again", "account", s.Account, "stream", s.ID, "error", err)
				}
			})
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// dueStreams are streams that have something to deliver, may be tried now, and that nobody delivers for.
func (c *Control) dueStreams(ctx context.Context) (due []AuditStream) {
	var list []AuditStream
	var now time.Time
	err := c.store.ReadAll(ctx, func(tx *store.Tx) (err error) {
		now = tx.Now()
		list, err = tx.AllAuditStreamStates(ctx)
		return err
	})
	if err != nil {
		if ctx.Err() == nil {
			c.logger.WarnContext(ctx, "streams of the audit logs could not be found; it is tried again", "error", err)
		}
		return nil
	}
	c.streams.list.Store(&list)
	for _, s := range list {
		if s.Backlog > 0 && !s.Paused && !s.Leased && !now.Before(s.NextAttempt) {
			due = append(due, s)
		}
	}
	return due
}

// carry delivers for a stream until nothing is left, or a delivery fails. Between any two steps the process may die:
// what was not noted as delivered is delivered again, in the same batch and under the same id.
func (c *Control) carry(ctx context.Context, account, id string) (err error) {
	defer fault.Wrap(&err, "control: deliver the audit log")
	lease := newID()
	// whoever comes after a shutdown need not wait for the lease to end
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = c.store.Batch(ctx, func(tx *store.Tx) error { return tx.ReleaseAuditStream(ctx, account, id, lease) })
	}()
	for ctx.Err() == nil {
		s, entries, err := c.nextBatch(ctx, account, id, lease)
		if err != nil || len(entries) == 0 {
			return err
		}
		failure := c.delivery(account, s).send(ctx, entries)
		if ctx.Err() != nil {
			return nil // it was cut off by the end of this process, which is no failure
		}
		if err := c.noteDelivery(ctx, account, lease, s, entries[len(entries)-1].Sequence, failure); err != nil || failure != nil {
			return err
		}
	}
	return nil
}

// nextBatch takes or keeps the lease on a stream, and answers the batch that is under way, or begins the next. There is
// none when everything was delivered, or somebody else delivers.
func (c *Control) nextBatch(ctx context.Context, account, id, lease string) (s audit.Stream, entries []audit.Entry, err error) {
	err = c.store.BatchOf(ctx, account, func(tx *store.Tx) error {
		var taken bool
		if s, taken, err = tx.LeaseAuditStream(ctx, account, id, lease, tx.Now().Add(streamLease)); err != nil || !taken {
			return err
		}
		if tx.Now().Before(s.NextAttempt) { // somebody failed meanwhile, and said when it is tried again
			return nil
		}
		limit := int64(streamBatch)
		if s.Sending > s.Position {
			limit = s.Sending - s.Position
		}
		if entries, err = tx.AuditOf(ctx, account, s.Position, int(limit)); err != nil || len(entries) == 0 {
			return err
		}
		last := entries[len(entries)-1].Sequence
		if s.Sending == last {
			return nil
		}
		s.Sending = last
		_, err = tx.MoveAuditStream(ctx, account, s, lease)
		return err
	})
	return s, entries, err
}

// noteDelivery notes how a delivery went.
func (c *Control) noteDelivery(ctx context.Context, account, lease string, s audit.Stream, last int64, failure *streamFailure) error {
	return c.store.BatchOf(ctx, account, func(tx *store.Tx) error {
		if failure == nil {
			if !s.FailingSince.IsZero() {
				c.logger.InfoContext(ctx, "a stream of the audit log delivers again", "account", account, "stream", s.ID, "failed_since", s.FailingSince)
			}
			s.Position, s.Sending, s.DeliveredAt = last, 0, tx.Now()
			s.FailingSince, s.Failure, s.Attempts, s.NextAttempt = time.Time{}, "", 0, time.Time{}
		} else {
			if s.FailingSince.IsZero() {
				s.FailingSince = tx.Now()
			}
			s.Failure, s.Attempts = failure.code, s.Attempts+1
			wait := audit.Wait(s.Attempts, failure.after)
			wait += time.Duration(rand.Int64N(int64(wait)/5 + 1)) //nolint:gosec // so that streams do not come all at once
			s.NextAttempt = tx.Now().Add(wait)
			c.streams.failed(s.ID)
			c.logger.WarnContext(ctx, "a stream of the audit log could not be delivered to; it is tried again", "account", account, "stream", s.ID,
				"failure", failure.code, "failing_since", s.FailingSince, "attempts", s.Attempts, "again_in", wait.Round(time.Second))
		}
		_, err := tx.MoveAuditStream(ctx, account, s, lease)
		return err
	})
}

func (s *streams) failed(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failures == nil {
		s.failures = map[string]int64{}
	}
	s.failures[id]++
}
