package snapshot

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/puzpuzpuz/xsync/v4"

	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
)

// Config is what a Holder needs.
type Config struct {
	Feed   Feed           // required
	Sealer *secret.Sealer // required; unwraps the data key of each value once
	Logger *slog.Logger   // required; says what could not be compiled
}

// Holder holds the current state of every account. Readers take no lock. An account's state is replaced whole and only
// by a later version; when a load fails, the last good state stays.
type Holder struct {
	feed   Feed
	sealer *secret.Sealer
	logger *slog.Logger
	ready  atomic.Bool
	failed atomic.Int64
	// hints leads from a credential's digest to the account that holds it. It may lag behind; the account's own map
	// decides, and is swapped with the account.
	hints    *xsync.Map[apikey.Digest, *cell]
	accounts *xsync.Map[string, *cell]
}

// cell is the place of one account. Writers hold mu; loads are numbered, so that a writer who waited while a load
// began after its own call need not load again.
type cell struct {
	current  atomic.Pointer[Account]
	mu       sync.Mutex
	begun    atomic.Int64 // number of the newest load that began
	finished int64        // number of the newest load that succeeded; under mu
	dropped  bool         // under mu
}

// NewHolder returns an empty holder, which is not ready.
func NewHolder(c Config) (*Holder, error) {
	if c.Feed == nil || c.Sealer == nil || c.Logger == nil {
		return nil, errors.New("snapshot: a holder needs a feed, a sealer and a logger")
	}
	return &Holder{
		feed: c.Feed, sealer: c.Sealer, logger: c.Logger,
		hints:    xsync.NewMap[apikey.Digest, *cell](),
		accounts: xsync.NewMap[string, *cell](),
	}, nil
}

// Ready says whether there is a state to serve from. It never becomes false again.
func (h *Holder) Ready() bool { return h.ready.Load() }

// Failures counts the loads that failed since the start.
func (h *Holder) Failures() int64 { return h.failed.Load() }

// Find looks up a credential by its digest. It takes no lock and allocates nothing. What it finds may have expired;
// Credential.Live tells.
func (h *Holder) Find(d apikey.Digest) (*Account, *Credential, bool) {
	c, ok := h.hints.Load(d)
	if !ok {
		return nil, nil, false
	}
	account := c.current.Load()
	if account == nil {
		return nil, nil, false
	}
	credential, ok := account.credentials[d]
	if !ok {
		return nil, nil, false
	}
	return account, credential, true
}

// Account returns the current state of an account; false when none was ever loaded or it was dropped.
func (h *Holder) Account(id string) (*Account, bool) {
	c, ok := h.accounts.Load(id)
	if !ok {
		return nil, false
	}
	account := c.current.Load()
	return account, account != nil
}

// Refresh loads an account and puts its state in place of the one held. When it returns nil, every later Find answers
// from a state that includes everything committed before the call. On failure the last good state stays.
func (h *Holder) Refresh(ctx context.Context, account string) error {
	if err := h.refresh(ctx, account); err != nil {
		return err
	}
	h.ready.Store(true)
	return nil
}

func (h *Holder) refresh(ctx context.Context, account string) (err error) {
	defer fault.Wrap(&err, "refresh account %s", account)
	for {
		c, _ := h.accounts.LoadOrStore(account, &cell{})
		before := c.begun.Load()
		c.mu.Lock()
		if c.dropped { // a Drop came between; its cell is no longer in the map
			c.mu.Unlock()
			continue
		}
		defer c.mu.Unlock()
		if c.finished > before {
			return nil
		}
		if err := h.load(ctx, account, c); err != nil {
			h.failed.Add(1)
			return err
		}
		return nil
	}
}

// load runs under c.mu.
func (h *Holder) load(ctx context.Context, account string, c *cell) error {
	number := c.begun.Add(1)
	in, err := h.feed.Load(ctx, account)
	if err != nil {
		return err
	}
	held := c.current.Load()
	if held == nil || in.Version > held.Version || in.Version == held.Version && len(held.problems) > 0 {
		next, err := Build(ctx, in, held, h.sealer)
		if err != nil {
			return err
		}
		h.swap(c, held, next)
		for _, p := range next.problems {
			if held != nil && slices.ContainsFunc(held.problems, p.known) {
				continue
			}
			h.logger.Error("part of an account cannot be served", "account", account, "version", next.Version,
				"what", p.What, "environment_id", p.EnvironmentID, "id", p.ID, "error", p.Err)
		}
	}
	c.finished = number
	return nil
}

// swap puts next in place: hints of what is new first, so that nothing that is in the account cannot be found; hints of
// what is gone last.
func (h *Holder) swap(c *cell, held, next *Account) {
	for d := range next.credentials {
		if held == nil || held.credentials[d] == nil {
			h.hints.Store(d, c)
		}
	}
	c.current.Store(next)
	if held == nil {
		return
	}
	for d := range held.credentials {
		if next.credentials[d] == nil {
			h.forget(d, c)
		}
	}
}

func (h *Holder) forget(d apikey.Digest, c *cell) {
	h.hints.Compute(d, func(hint *cell, loaded bool) (*cell, xsync.ComputeOp) {
		if loaded && hint == c {
			return nil, xsync.DeleteOp
		}
		return hint, xsync.CancelOp
	})
}

// Drop forgets an account: its credentials are unknown from now on.
func (h *Holder) Drop(account string) {
	c, ok := h.accounts.Load(account)
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dropped {
		return
	}
	c.dropped = true
	h.accounts.Delete(account)
	if held := c.current.Swap(nil); held != nil {
		for d := range held.credentials {
			h.forget(d, c)
		}
	}
}

// RefreshAll brings every account of the feed up to date and drops those it no longer names. One account's failure
// does not hinder the others; the failures are returned together. The holder is ready afterwards when at least one
// account was loaded, or when there is none to load.
func (h *Holder) RefreshAll(ctx context.Context) error { return h.refreshAll(ctx, true) }

// refreshAll also loads again what did not change but could not be compiled whole, when retry is set.
func (h *Holder) refreshAll(ctx context.Context, retry bool) error {
	held := map[string]bool{}
	h.accounts.Range(func(account string, _ *cell) bool { held[account] = true; return true })
	versions, err := h.feed.Versions(ctx)
	if err != nil {
		return err
	}
	var failures []error
	for account, version := range versions {
		delete(held, account)
		if state, ok := h.Account(account); ok && state.Version >= version && (!retry || len(state.problems) == 0) {
			continue
		}
		if err := h.refresh(ctx, account); err != nil {
			failures = append(failures, err)
		}
	}
	for account := range held { // held before the feed was asked, and not named by it
		h.Drop(account)
	}
	if len(failures) < len(versions) || len(versions) == 0 {
		h.ready.Store(true)
	}
	return errors.Join(failures...)
}

// retryEvery is after how many intervals of Run a state with problems is built again: a key-encryption key that could not
// be reached may be back.
const retryEvery = 30

// Run brings the holder up to date every interval until ctx ends: the way to learn of changes made by other processes
// on the same database. Failures are logged and tried again.
func (h *Holder) Run(ctx context.Context, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for tick := 1; ; tick++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := h.refreshAll(ctx, tick%retryEvery == 0); err != nil && ctx.Err() == nil {
				h.logger.Warn("snapshot could not be brought up to date; serving the last good state", "error", err)
			}
		}
	}
}
