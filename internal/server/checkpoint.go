package server

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/lockage/lockage/internal/control"
)

// The times of carrying checkpoints away.
const (
	checkpointRetry = time.Second      // after the first failure; it doubles
	checkpointTell  = time.Minute      // how often failures are told
	checkpointLimit = 10 * time.Second // for one checkpoint
	checkpointLast  = 2 * time.Second  // for what moved before the shutdown
)

// signer signs how far the audit logs have come that moved.
type signer func(ctx context.Context, moved func(account, hash string) bool) ([]control.SignedCheckpoint, error)

// place is where checkpoints are carried: a file, or a URL.
type place interface {
	put(ctx context.Context, s control.SignedCheckpoint) error
	String() string // for the log, without credentials
}

// checkpoints carries signed checkpoints of the audit logs out of the reach of whoever can change the database. What it
// could not carry it tries again, with the state of then: a checkpoint proves all that were before it.
//
// Several processes on one database each carry their own. That is harmless: they sign with the same key, and two
// checkpoints of one log agree or show that something is wrong.
type checkpoints struct {
	sign   signer
	place  place
	every  time.Duration
	logger *slog.Logger
	now    func() time.Time

	carried map[string]string // by account: the hash of the head that was carried last

	mu       sync.Mutex
	behind   time.Time // since when something is to be carried and was not; zero: nothing is
	failures int64
	told     time.Time // when a failure was told last
}

// newCheckpoints makes one that still lacks its signer.
func newCheckpoints(to place, every time.Duration, logger *slog.Logger) *checkpoints {
	if every <= 0 {
		every = Defaults().CheckpointEvery
	}
	return &checkpoints{place: to, every: every, logger: logger, now: time.Now, carried: map[string]string{}}
}

// run carries until ctx ends, and then once more what moved before.
func (c *checkpoints) run(ctx context.Context) {
	wait, failed := time.Duration(0), 0
	for {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkpointLast)
			defer cancel()
			c.tell(last, c.round(last))
			return
		case <-timer.C:
		}
		err := c.round(ctx)
		if ctx.Err() != nil {
			continue
		}
		if c.tell(ctx, err); err == nil {
			wait, failed = c.every, 0
			continue
		}
		wait = min(checkpointRetry<<min(failed, 6), max(c.every, checkpointRetry))
		failed++
	}
}

// round carries a checkpoint of every log that moved. One that cannot be carried does not keep the others back.
func (c *checkpoints) round(ctx context.Context) (err error) {
	list, err := c.sign(ctx, func(account, hash string) bool { return c.carried[account] != hash })
	if len(list) > 0 || err != nil {
		c.due()
	}
	for _, s := range list {
		one, cancel := context.WithTimeout(ctx, checkpointLimit)
		failure := c.place.put(one, s)
		cancel()
		if failure == nil {
			c.carried[s.Account] = s.Hash
		}
		err = errors.Join(err, failure)
	}
	return err
}

// due notes that something is to be carried.
func (c *checkpoints) due() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.behind.IsZero() {
		c.behind = c.now()
	}
}

// tell notes how a round ended, and tells of failures now and then, and of their end.
func (c *checkpoints) tell(ctx context.Context, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if err == nil {
		if !c.told.IsZero() {
			c.logger.InfoContext(ctx, "checkpoints of the audit log are carried away again", "place", c.place.String())
		}
		c.behind, c.told = time.Time{}, time.Time{}
		return
	}
	c.failures++
	if now.Sub(c.told) < checkpointTell {
		return
	}
	c.told = now
	c.logger.ErrorContext(ctx, "a checkpoint of the audit log could not be carried away; it is tried again", "place", c.place.String(), "behind", now.Sub(c.behind).Round(time.Second), "failures", c.failures, "error", err)
}

// stats are for the metrics.
func (c *checkpoints) stats() (behind time.Duration, failures int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.behind.IsZero() {
		behind = c.now().Sub(c.behind)
	}
	return behind, c.failures
}
