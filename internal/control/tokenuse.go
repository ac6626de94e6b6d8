package control

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// tokenID names a token of an account.
type tokenID struct{ account, id string }

// tokenUses are uses of tokens that are not stored yet: a request writes nothing. It is safe for concurrent use.
type tokenUses struct {
	mu        sync.Mutex
	last      map[tokenID]time.Time
	elsewhere map[tokenID]time.Time // when a use from another address was last recorded
}

func (u *tokenUses) note(account, id string, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.last == nil {
		u.last = map[tokenID]time.Time{}
	}
	u.last[tokenID{account, id}] = now
}

// take hands over what is not stored yet.
func (u *tokenUses) take() map[tokenID]time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	list := u.last
	u.last = nil
	return list
}

// pending is when a token was used last, as far as that is not stored yet.
func (u *tokenUses) pending(account, id string) time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.last[tokenID{account, id}]
}

// elsewhereEvery is how often the log tells that a token is tried from an address it is not for. There are no more
// counters than tokens.
const elsewhereEvery = time.Minute

func (u *tokenUses) tell(account, id string, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	t := tokenID{account, id}
	if last, told := u.elsewhere[t]; told && now.Sub(last) < elsewhereEvery {
		return false
	}
	if u.elsewhere == nil {
		u.elsewhere = map[tokenID]time.Time{}
	}
	u.elsewhere[t] = now
	return true
}

// StoreTokenUses writes when tokens were used last. What could not be written is tried with the next.
func (c *Control) StoreTokenUses(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "control: store the uses of tokens")
	list := c.tokenUses.take()
	if len(list) == 0 {
		return nil
	}
	// always in one order, so that two processes wait for each other and never in a circle
	order := func(a, b tokenID) int { return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.id, b.id)) }
	err = c.store.Batch(ctx, func(tx *store.Tx) error {
		for _, t := range slices.SortedFunc(maps.Keys(list), order) {
			if err := tx.UseToken(ctx, t.account, t.id, list[t]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		for t, last := range list {
			if c.tokenUses.pending(t.account, t.id).Before(last) {
				c.tokenUses.note(t.account, t.id, last)
			}
		}
	}
	return err
}

// KeepTokenUses stores the uses of tokens every so often, and once more when ctx ends.
func (c *Control) KeepTokenUses(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
		if err := c.StoreTokenUses(context.WithoutCancel(ctx)); err != nil {
			c.logger.ErrorContext(ctx, "the uses of tokens could not be stored", "error", err)
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// recordElsewhere keeps, now and then, that a token was tried from an address that it is not for: somebody else may
// have it.
func (c *Control) recordElsewhere(ctx context.Context, who access.Principal) {
	if !c.tokenUses.tell(who.Account, who.ID, c.now()) {
		return
	}
	v := &visit{who: who, action: access.RequestRefuse, target: audit.Target{Kind: "token", ID: who.ID, Name: who.Name}}
	c.recordRefusal(ctx, v, errCredential())
}
