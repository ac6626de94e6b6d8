package control

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// auditPrune are the measures of pruning audit logs.
type auditPrune struct {
	batch int           // entries deleted in one transaction
	most  int64         // entries that one anchor takes
	rest  time.Duration // between two transactions, and at least four times as long as the one before took
}

func defaultAuditPrune() auditPrune { return auditPrune{batch: 500, most: 10_000, rest: pruneRest} }

const (
	// Pruning begins when the oldest entry is over its time by so much: once a day, and not an entry of the log for each
	// entry of it.
	auditPruneDue = 24 * time.Hour
	// For so much longer entries are kept that a stream did not deliver yet.
	auditPruneHold = 30 * 24 * time.Hour
)

// auditPruned is what the process knows of pruning, for the metrics and for telling things once.
type auditPruned struct {
	mu       sync.Mutex
	entries  int64
	failures int64
	held     map[string]bool // accounts whose streams hold pruning back
}

// AuditPruneStats answers how many entries this process deleted, and how often it failed to: a log that was changed is
// not pruned.
func (c *Control) AuditPruneStats() (entries, failures int64) {
	c.pruned.mu.Lock()
	defer c.pruned.mu.Unlock()
	return c.pruned.entries, c.pruned.failures
}

// PruneAudit prunes, until ctx ends, what accounts kept of their audit logs for as long as they said. It never takes away
// the proof: an anchor is signed and recorded first, in the transaction from which on the entries are gone for all
// readers, and they are deleted after it, bit by bit. Several processes may do so at once.
func (c *Control) PruneAudit(ctx context.Context) {
	ticker := time.NewTicker(pruneEvery)
	defer ticker.Stop()
	for {
		c.pruneAudit(ctx, defaultAuditPrune())
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// pruneAudit goes once through all accounts; one whose log cannot be pruned does not keep the others from it.
func (c *Control) pruneAudit(ctx context.Context, m auditPrune) {
	var list []store.AuditRetention
	err := c.store.ReadAll(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.AuditRetentions(ctx)
		return err
	})
	if err != nil && ctx.Err() == nil {
		c.logger.WarnContext(ctx, "audit logs that are to be pruned could not be found; it is tried again", "error", err)
	}
	for _, r := range list {
		if err := c.pruneAuditOf(ctx, r, m); err != nil && ctx.Err() == nil {
			c.pruned.mu.Lock()
			c.pruned.failures++
			c.pruned.mu.Unlock()
			c.logger.ErrorContext(ctx, "an audit log could not be pruned; it is tried again", "account", r.Account, "error", err)
		}
	}
}

// pruneAuditOf prunes one log as far as its time goes. Between any two transactions the process may die: what an anchor
// took is deleted by who comes next.
func (c *Control) pruneAuditOf(ctx context.Context, r store.AuditRetention, m auditPrune) (err error) {
	defer fault.Wrap(&err, "control: prune the audit log")
	for {
		anchor, err := c.auditAnchor(ctx, r.Account)
		if err != nil {
			return err
		}
		if err := c.deleteAudit(ctx, r.Account, m); err != nil {
			return err
		}
		p, err := c.prunable(ctx, r, anchor, m)
		if err != nil || p.Count() == 0 {
			return err
		}
		if pruned, err := c.anchorAudit(ctx, r, anchor, p, m); err != nil || !pruned {
			return err
		}
	}
}

// auditAnchor answers up to where the log was pruned. Nothing is deleted by what somebody wrote into the database: the
// anchor must be one that was signed.
func (c *Control) auditAnchor(ctx context.Context, account string) (a audit.Anchor, err error) {
	var stored store.AuditAnchor
	err = c.store.Read(ctx, account, func(tx *store.Tx) (err error) {
		stored, err = tx.AuditAnchor(ctx)
		return err
	})
	if err != nil || stored == (store.AuditAnchor{}) {
		return a, err
	}
	key, err := c.checkpointKey(ctx)
	if err != nil {
		return a, err
	}
	public, err := publicKey(account, key)
	if err != nil {
		return a, err
	}
	if a, err = audit.OpenAnchor([]byte(stored.Note), public); err != nil {
		return a, fmt.Errorf("the anchor in the database: %w", err)
	}
	if a.Entries != stored.Entries {
		return a, errors.New("the anchor in the database was changed: its note says another number")
	}
	return a, nil
}

// deleteAudit deletes what the anchor took.
func (c *Control) deleteAudit(ctx context.Context, account string, m auditPrune) error {
	for {
		began := time.Now() //nolint:forbidigo // how long the database takes, whatever time it is
		var n int64
		err := c.store.BatchOf(ctx, account, func(tx *store.Tx) (err error) {
			n, err = tx.DeleteAudit(ctx, account, m.batch)
			return err
		})
		if err != nil {
			return err
		}
		c.pruned.mu.Lock()
		c.pruned.entries += n
		c.pruned.mu.Unlock()
		if n < int64(m.batch) {
			return nil
		}
		if err := rest(ctx, max(m.rest, 4*time.Since(began))); err != nil {
			return err
		}
	}
}

// prunable reads the entries behind the anchor that are over their time, and computes their hashes. There are none as long
// as the oldest is not over it by a day.
func (c *Control) prunable(ctx context.Context, r store.AuditRetention, anchor audit.Anchor, m auditPrune) (*audit.Prunable, error) {
	cut := audit.Cut(c.now(), r.For)
	p := audit.NewPrunable(anchor, cut)
	for p.Count() < m.most {
		var list []audit.Entry
		err := c.store.Read(ctx, r.Account, func(tx *store.Tx) (err error) {
			list, err = tx.AuditOf(ctx, r.Account, anchor.Entries+p.Count(), int(min(int64(m.batch), m.most-p.Count())))
			return err
		})
		if err != nil {
			return nil, err
		}
		if p.Count() == 0 && (len(list) == 0 || !list[0].Time.Before(cut.Add(-auditPruneDue))) {
			return p, nil
		}
		for _, e := range list {
			goes, err := p.Next(e)
			if err != nil {
				return nil, fmt.Errorf("the log was changed, and is not pruned so that the proof of it stays: %w", err)
			}
			if !goes {
				return p, nil
			}
		}
		if len(list) == 0 {
			return p, nil
		}
	}
	return p, nil
}

// errMoved says that somebody else pruned, or began to deliver, meanwhile: the next look finds what is left to do.
var errMoved = errors.New("somebody else pruned the log meanwhile, or delivers it")

// anchorAudit prunes what may go, as far as the account's streams let it: it signs and stores the anchor, and records
// that. It answers false where they let nothing go.
func (c *Control) anchorAudit(ctx context.Context, r store.AuditRetention, anchor audit.Anchor, p *audit.Prunable, m auditPrune) (pruned bool, err error) {
	key, err := c.checkpointKey(ctx) // before the transaction: it may have to be made
	if err != nil {
		return false, err
	}
	var held bool
	err = c.write(ctx, access.System(r.Account), access.AuditPrune, account, func(v *visit) error {
		switch there, err := v.AuditAnchor(ctx); {
		case err != nil:
			return err
		case there.Entries != anchor.Entries:
			return errMoved
		}
		late := anchor.Entries + p.Before(audit.Cut(v.Now(), r.For).Add(-auditPruneHold))
		to, skipped, keeps, err := v.pastStreams(ctx, late, anchor.Entries+p.Count())
		if err != nil {
			return err
		}
		if held = keeps; held && skipped == 0 && to-anchor.Entries < m.most/10 {
			return errHeld // an entry for a few entries, minute by minute, would only make the log longer
		}
		next := audit.Anchor{Account: r.Account, Entries: to, Hash: p.Hash(to - anchor.Entries), Time: v.Now()}
		note, err := next.Sign(key)
		if err != nil {
			return err
		}
		a, err := v.AccountSettings(ctx)
		if err != nil {
			return err
		}
		v.target = accountTarget(a)
		v.detail = audit.Detail("first", formatInt(anchor.Entries+1), "last", formatInt(to), "count", formatInt(to-anchor.Entries), "hash", next.Hash,
			"retention", audit.FormatRetention(r.For))
		if skipped > 0 {
			maps.Copy(v.detail, audit.Detail("skipped", formatInt(skipped)))
		}
		return v.PutAuditAnchor(ctx, store.AuditAnchor{Entries: to, Note: string(note)})
	})
	c.tellHeld(ctx, r.Account, held)
	switch {
	case errors.Is(err, errMoved), errors.Is(err, errHeld):
		return false, nil
	default:
		return err == nil && !held, err
	}
}

// errHeld says that streams hold back all that may go, or nearly all.
var errHeld = errors.New("streams hold the log back")

// pastStreams answers how far the log may be pruned, with the streams in mind. A stream that did not deliver an entry yet
// keeps it, for auditPruneHold; then it is skipped, which the stream tells of. held says that a stream keeps some.
func (v *visit) pastStreams(ctx context.Context, late, to int64) (_, skipped int64, held bool, err error) {
	list, err := v.AuditStreamStates(ctx)
	if err != nil {
		return 0, 0, false, err
	}
	for _, s := range list {
		most := s.Position
		if !s.Leased { // or it is not known how far it comes
			most = max(most, late)
		}
		if most < to {
			to, held = most, true
		}
	}
	for _, s := range list {
		if s.Position >= to {
			continue
		}
		free, err := v.SkipAuditStream(ctx, s.Stream, to)
		if err == nil && !free {
			err = errMoved
		}
		if err != nil {
			return 0, 0, false, err
		}
		skipped += to - s.Position
	}
	return to, skipped, held, nil
}

// tellHeld tells once that streams hold pruning back, and once that they do not any more.
func (c *Control) tellHeld(ctx context.Context, account string, held bool) {
	c.pruned.mu.Lock()
	defer c.pruned.mu.Unlock()
	if c.pruned.held == nil {
		c.pruned.held = map[string]bool{}
	}
	was := c.pruned.held[account]
	c.pruned.held[account] = held
	switch {
	case held && !was:
		c.logger.WarnContext(ctx, "entries of an audit log are kept longer than its account says, because streams did not deliver them yet", "account", account)
	case was && !held:
		c.logger.InfoContext(ctx, "streams do not keep an audit log from being pruned any more", "account", account)
	}
}

func accountTarget(a store.Account) audit.Target {
	return audit.Target{Kind: "account", ID: a.ID, Name: a.Name}
}
