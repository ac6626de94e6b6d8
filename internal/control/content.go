package control

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
)

const (
	contentKeyLife  = 24 * time.Hour   // for how long one key seals; then another is made
	contentKeyLimit = 2 * time.Second  // how long the key-encryption key may take to make or open one
	contentKeyAgain = 10 * time.Second // how long after that failed
	openedKeys      = 256              // how many opened keys are remembered
)

// contents seals and opens what is recorded of calls. It is safe for concurrent use.
type contents struct {
	mu     sync.Mutex
	seals  map[contentPlace]sealing        // by environment
	opened map[openedKey]*secret.RecordKey // by key
	lost   atomic.Int64                    // contents that could not be sealed
}

type contentPlace struct{ account, environment string }

type openedKey struct {
	contentPlace
	id string
}

// sealing is the key that seals now; without one, why, and until when it is not tried again.
type sealing struct {
	id    string
	key   *secret.RecordKey
	until time.Time
}

// UnsealedContents is how many contents of calls were lost because they could not be sealed.
func (c *Control) UnsealedContents() int64 { return c.contents.lost.Load() }

// sealContents seals what calls bring along, and marks them. A call whose content cannot be sealed is stored without: a
// key service that does not answer must not keep the log from being written.
func (c *Control) sealContents(ctx context.Context, calls []route.Call) []sealedContent {
	var sealed []sealedContent
	for i := range calls {
		call := &calls[i]
		if call.HasContent = false; call.Content == nil {
			continue
		}
		s, err := c.sealContent(ctx, call)
		if err != nil {
			c.contents.lost.Add(1)
			continue
		}
		call.HasContent = true
		sealed = append(sealed, s)
	}
	return sealed
}

// sealedContent is a content ready to be stored.
type sealedContent struct {
	account string
	store.CallContent
}

var errNoContentKey = errors.New("no key to seal what is recorded of calls")

func (c *Control) sealContent(ctx context.Context, call *route.Call) (s sealedContent, err error) {
	key, err := c.sealingKey(ctx, contentPlace{call.Account, call.EnvironmentID})
	if err != nil {
		return s, err
	}
	plain, err := call.Content.Marshal()
	if err != nil {
		return s, err
	}
	s = sealedContent{call.Account, store.CallContent{EnvironmentID: call.EnvironmentID, CallID: call.ID, KeyID: key.id}}
	s.Record = key.key.Seal(s.Place(call.Account), plain)
	clear(plain)
	return s, nil
}

// sealingKey is the key that seals now in an environment: the one this process has, the youngest that is stored, or a
// new one.
func (c *Control) sealingKey(ctx context.Context, at contentPlace) (sealing, error) {
	c.contents.mu.Lock()
	defer c.contents.mu.Unlock() // one at a time: there is one recorder, and the others would make keys of their own
	now := c.now()
	held, ok := c.contents.seals[at]
	if ok && now.Before(held.until) {
		if held.key == nil {
			return held, errNoContentKey
		}
		return held, nil
	}
	if c.contents.seals == nil {
		c.contents.seals = map[contentPlace]sealing{}
	}
	for other, s := range c.contents.seals { // of environments that record no more, or are deleted
		if !now.Before(s.until) {
			delete(c.contents.seals, other)
		}
	}
	limited, cancel := context.WithTimeout(ctx, contentKeyLimit)
	defer cancel()
	fresh, err := c.newSealing(limited, at, now)
	if err != nil {
		c.logger.WarnContext(ctx, "what is recorded of calls cannot be sealed, and is not stored; it is tried again",
			"account", at.account, "environment", at.environment, "error", err)
		c.contents.seals[at] = sealing{until: now.Add(contentKeyAgain)}
		return sealing{}, err
	}
	c.contents.seals[at] = fresh
	return fresh, nil
}

// newSealing finds a stored key that is young enough, or makes one.
func (c *Control) newSealing(ctx context.Context, at contentPlace, now time.Time) (s sealing, err error) {
	var found store.ContentKey
	err = c.store.Read(ctx, at.account, func(tx *store.Tx) (err error) {
		found, err = tx.NewestContentKey(ctx, at.environment)
		return err
	})
	if err == nil && now.Before(found.CreatedAt.Add(contentKeyLife)) {
		if opener, err := c.sealer.Open(ctx, found.Binding(at.account), found.Sealed); err == nil {
			if key, err := opener.RecordKey(); err == nil {
				return sealing{id: found.ID, key: key, until: found.CreatedAt.Add(contentKeyLife)}, nil
			}
		}
	} else if err != nil && !fault.Is(err, fault.NotFound) {
		return s, err
	}
	err = c.wrapping(func() error {
		key, plain, err := secret.NewRecordKey()
		if err != nil {
			return err
		}
		defer plain.Wipe()
		made := store.ContentKey{EnvironmentID: at.environment, ID: newID(), CreatedAt: now.UTC().Truncate(time.Millisecond)}
		if made.Sealed, err = c.sealer.Seal(ctx, made.Binding(at.account), plain); err != nil {
			return err
		}
		s = sealing{id: made.ID, key: key, until: made.CreatedAt.Add(contentKeyLife)}
		return c.store.Batch(ctx, func(tx *store.Tx) error {
			kept, err := tx.InsertContentKey(ctx, at.account, made)
			if err == nil && !kept {
				err = errors.New("the environment is gone")
			}
			return err
		})
	})
	return s, err
}

// openContent reads what is recorded of a call; nil when nothing is.
func (c *Control) openContent(ctx context.Context, v *visit, call route.Call) (_ *route.Content, err error) {
	defer fault.Wrap(&err, "open what is recorded of a call")
	if !call.HasContent {
		return nil, nil //nolint:nilnil // as documented
	}
	sealed, err := v.CallContent(ctx, call.EnvironmentID, call.ID)
	if err != nil {
		return nil, err
	}
	key, err := c.openedKey(ctx, v, call.EnvironmentID, sealed.KeyID)
	if err != nil {
		return nil, err
	}
	plain, err := key.Open(sealed.Place(v.Account()), sealed.Record)
	if err != nil {
		return nil, err
	}
	return route.UnmarshalContent(plain)
}

func (c *Control) openedKey(ctx context.Context, v *visit, environmentID, id string) (*secret.RecordKey, error) {
	at := openedKey{contentPlace{v.Account(), environmentID}, id}
	stored, err := v.ContentKey(ctx, environmentID, id) // it must be there still: with it, what it sealed is gone
	if err != nil {
		return nil, err
	}
	c.contents.mu.Lock()
	key, ok := c.contents.opened[at]
	c.contents.mu.Unlock()
	if ok {
		return key, nil
	}
	opener, err := c.sealer.Open(ctx, stored.Binding(v.Account()), stored.Sealed)
	if err != nil {
		return nil, err
	}
	if key, err = opener.RecordKey(); err != nil {
		return nil, err
	}
	c.contents.mu.Lock()
	defer c.contents.mu.Unlock()
	if c.contents.opened == nil || len(c.contents.opened) >= openedKeys {
		c.contents.opened = map[openedKey]*secret.RecordKey{}
	}
	c.contents.opened[at] = key
	return key, nil
}
