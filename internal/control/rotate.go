package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
)

// The measures of re-wrapping.
const (
	rewrapBatch = 200              // wraps in one transaction
	rewrapAt    = 8                // how many a key service is asked for at once
	rewrapLease = 15 * time.Second // how long one process keeps the others from doing the same
	rewrapAgain = 30 * time.Second // how long after a pass that could not do all
)

// rotation is who re-wraps and how that goes, as stored beside the wraps. It is no state to resume from: that is the
// rows. What it says of failures is of the last pass.
type rotation struct {
	Node   string `json:"node"`
	Until  int64  `json:"until"` // of the lease, in milliseconds
	Failed int64  `json:"failed,omitempty"`
	Error  string `json:"error,omitempty"`
}

// keyWatch is what WatchKeys remembers from one look to the next. It is used by one goroutine.
type keyWatch struct {
	seen  time.Time // when the process last said that it is there
	again time.Time // when re-wrapping may be tried again
}

// WatchKeys does, until ctx ends, what keys ask of every process, looking every interval: it follows the key that wraps,
// says which keys this process holds, and makes wraps of other keys anew, one process at a time. It is for the server to
// run.
func (c *Control) WatchKeys(ctx context.Context, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	var w keyWatch
	for {
		if err := c.watchKeys(ctx, &w); err != nil && ctx.Err() == nil {
			w.again = c.now().Add(rewrapAgain)
			c.logger.WarnContext(ctx, "the keys could not be looked after; it is tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-c.rotate:
			w.again = time.Time{}
		}
	}
}

func (c *Control) watchKeys(ctx context.Context, w *keyWatch) error {
	now := c.now()
	if now.Sub(w.seen) >= nodeSeen {
		if err := c.store.Batch(ctx, func(tx *store.Tx) error { return c.see(ctx, tx) }); err != nil {
			return err
		}
		w.seen = now
	}
	var current, settled string
	err := c.store.ReadAll(ctx, func(tx *store.Tx) error {
		known, err := tx.Setting(ctx, settingSettled)
		if err != nil {
			return err
		}
		settled = string(known)
		current, err = tx.CurrentKEK(ctx)
		return err
	})
	if err != nil || !c.follow(current) || settled == current || now.Before(w.again) {
		return err
	}
	if mine, err := c.leaseRotation(ctx, rotation{}); err != nil || !mine {
		return err
	}
	failed, err := c.rewrapAll(ctx, current)
	if err == nil {
		failed.Failed, err = c.settle(ctx, current, failed.Failed)
	}
	if err != nil {
		failed.Error = err.Error()
	}
	if failed.Failed > 0 || err != nil {
		w.again = c.now().Add(rewrapAgain)
	}
	_, leaseErr := c.leaseRotation(context.WithoutCancel(ctx), failed)
	return errors.Join(err, leaseErr)
}

// leaseRotation takes or renews the right to re-wrap, and tells how it goes; false while another process has it.
func (c *Control) leaseRotation(ctx context.Context, r rotation) (mine bool, err error) {
	err = c.store.Batch(ctx, func(tx *store.Tx) error {
		if err := tx.SetSetting(ctx, settingRotation, []byte(`{}`)); err != nil {
			return err
		}
		raw, held, err := readRotation(ctx, tx)
		if err != nil || held.Node != c.node && held.Until > tx.Now().UnixMilli() {
			return err
		}
		r.Node, r.Until = c.node, tx.Now().Add(rewrapLease).UnixMilli()
		to, err := json.Marshal(r)
		if err == nil {
			mine, err = tx.SwapSetting(ctx, settingRotation, raw, to)
		}
		return err
	})
	return mine, err
}

func readRotation(ctx context.Context, tx *store.Tx) (raw []byte, r rotation, err error) {
	if raw, err = tx.Setting(ctx, settingRotation); err != nil || raw == nil {
		return nil, r, err
	}
	return raw, r, json.Unmarshal(raw, &r)
}

// rewrapAll makes every wrap of another key than the current one anew, once through all sources. What cannot be opened is
// counted, and does not hinder the rest; a key service that does not answer ends it.
func (c *Control) rewrapAll(ctx context.Context, current string) (r rotation, err error) {
	err = c.store.Batch(ctx, func(tx *store.Tx) error { // what is over need not be made anew
		return errors.Join(tx.ExpireIdempotent(ctx, tx.Now().Add(-idempotentLife)), tx.ExpireAuthorizations(ctx))
	})
	if err != nil {
		return r, err
	}
	leased := c.now()
	for _, source := range store.WrapSources() {
		var after *store.Wrap
		for {
			var list []store.Wrap
			err := c.store.ReadAll(ctx, func(tx *store.Tx) (err error) {
				list, err = tx.OtherWraps(ctx, source, current, after, rewrapBatch)
				return err
			})
			if err != nil {
				return r, err
			}
			if len(list) == 0 {
				break
			}
			after = &list[len(list)-1]
			failed, err := c.rewrap(ctx, list)
			if err != nil {
				return r, err
			}
			r.Failed += failed
			if now := c.now(); now.Sub(leased) > rewrapLease/3 {
				if mine, err := c.leaseRotation(ctx, r); err != nil || !mine {
					return r, err
				}
				leased = now
			}
		}
	}
	return r, c.rewrapSettings(ctx)
}

// rewrap makes a batch of wraps anew, and answers how many of them it could not open.
func (c *Control) rewrap(ctx context.Context, list []store.Wrap) (failed int64, err error) {
	made := make([]secret.Sealed, len(list))
	var lost atomic.Int64
	group, asking := errgroup.WithContext(ctx)
	group.SetLimit(rewrapAt)
	for i, w := range list {
		group.Go(func() (err error) {
			made[i], err = c.sealer.Rebind(asking, w.Binding, w.Binding, w.Sealed)
			if !errors.Is(err, secret.ErrSeal) && !errors.Is(err, secret.ErrOtherKEK) {
				return err // nil, or of the key and not of the row
			}
			lost.Add(1)
			made[i] = secret.Sealed{}
			c.logger.ErrorContext(ctx, "a wrap could not be made anew", "source", w.Source, "account", w.Account,
				"environment", w.Binding.Environment, "id", w.Binding.Secret, "version", w.Binding.Version, "error", err)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	var old []store.Wrap
	var anew []secret.Sealed
	for i, m := range made {
		if len(m.WrappedKey) > 0 {
			old, anew = append(old, list[i]), append(anew, m)
		}
	}
	if len(old) == 0 {
		return lost.Load(), nil
	}
	return lost.Load(), c.store.Batch(ctx, func(tx *store.Tx) error {
		_, err := tx.Rewrap(ctx, old, anew)
		return err
	})
}

// rewrapSettings comes last: a process that holds the new key alone starts only when there is nothing else left that it
// could not open.
func (c *Control) rewrapSettings(ctx context.Context) error {
	for name, binding := range sealedSettings {
		err := c.store.Batch(ctx, func(tx *store.Tx) error {
			raw, setting, err := readSealed(ctx, tx, name)
			if err != nil || raw == nil || setting.Sealed.KEK == c.sealer.Wraps() {
				return err
			}
			b := binding(setting.ID)
			if setting.Sealed, err = c.sealer.Rebind(ctx, b, b, setting.Sealed); err != nil {
				return err
			}
			to, err := json.Marshal(setting)
			if err == nil {
				_, err = tx.SwapSealedSetting(ctx, name, raw, to, setting.Sealed)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("the setting %s: %w", name, err)
		}
	}
	return nil
}

func readSealed(ctx context.Context, tx *store.Tx, name string) (raw []byte, s sealedSetting, err error) {
	if raw, err = tx.Setting(ctx, name); err != nil || raw == nil {
		return nil, s, err
	}
	return raw, s, json.Unmarshal(raw, &s)
}

// settle proves in one transaction that the current key made every wrap there is, and notes it in the audit log of the
// installation's first account. Where it did not, it answers how many are left.
func (c *Control) settle(ctx context.Context, current string, failed int64) (left int64, err error) {
	var total int64
	var settled []byte
	var owner string
	err = c.store.ReadAll(ctx, func(tx *store.Tx) error {
		counts, err := countWraps(ctx, tx)
		if err != nil {
			return err
		}
		for _, n := range counts {
			if total += n.N; n.KEK != current {
				left += n.N
			}
		}
		if settled, err = tx.Setting(ctx, settingSettled); err != nil {
			return err
		}
		first, err := tx.Setting(ctx, settingFirst)
		owner = string(first)
		return err
	})
	if err != nil || left > 0 || owner == "" {
		return max(left, failed), err
	}
	v := &visit{who: access.System(owner), action: access.EncryptionKeyRotated, target: keyTarget(current)}
	v.detail = audit.Detail("count", formatInt(total))
	err = c.store.Write(ctx, owner, func(tx *store.Tx) error {
		swapped, err := tx.SwapSetting(ctx, settingSettled, settled, []byte(current))
		if err == nil && !swapped {
			err = fault.New(fault.Conflict, "another process proved it")
		}
		return errors.Join(err, tx.AppendAudit(ctx, v.entry(audit.Allowed)))
	})
	if fault.Is(err, fault.Conflict) {
		return 0, nil
	}
	if err == nil {
		c.logger.InfoContext(ctx, "every wrap is of the current key", "kek", current, "wraps", total)
	}
	return 0, err
}

// countWraps counts everything that is wrapped; used through ReadAll.
func countWraps(ctx context.Context, tx *store.Tx) ([]store.WrapCount, error) {
	counts, err := tx.CountWraps(ctx)
	if err != nil {
		return nil, err
	}
	return countSettings(ctx, tx, counts)
}

func keyTarget(id string) audit.Target { return audit.Target{Kind: "encryption_key", ID: id, Name: id} }
