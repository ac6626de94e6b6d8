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
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/store"
)

// echoEvery is how often the audit log is told that upstreams repeat a value: each call's own record tells it too, and an
// upstream must not be able to fill the log.
const echoEvery = time.Minute

// echoed names a value that was found in answers.
type echoed struct{ account, environment, secret string }

// echo is what is told of it: the first of the calls, and how many there were since the entry before.
type echo struct {
	call  route.Call
	calls int64
}

// recordEchoes tells the audit log which injected values came back.
func (c *Control) recordEchoes(ctx context.Context, calls []route.Call) error {
	found := map[echoed]echo{}
	for _, call := range calls {
		for _, id := range call.Echoed {
			e, ok := found[echoed{call.Account, call.EnvironmentID, id}]
			if !ok {
				e.call = call
			}
			e.calls++
			found[echoed{call.Account, call.EnvironmentID, id}] = e
		}
	}
	order := func(a, b echoed) int {
		return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.environment, b.environment), cmp.Compare(a.secret, b.secret))
	}
	for _, at := range slices.SortedFunc(maps.Keys(found), order) {
		n, due := c.echoes.take(at, found[at].calls, c.now())
		if !due {
			continue
		}
		if err := c.recordEcho(ctx, at, found[at].call, n); err != nil {
			c.echoes.giveBack(at, n-found[at].calls) // the batch comes again
			return err
		}
	}
	return nil
}

func (c *Control) recordEcho(ctx context.Context, at echoed, call route.Call, calls int64) error {
	v := &visit{who: access.System(at.account), action: access.SecretEcho}
	v.who.Request.ID = call.RequestID
	return c.store.Write(ctx, at.account, func(tx *store.Tx) error {
		v.Tx = tx
		v.detail = audit.Detail("route", call.RouteKey, "count", formatInt(calls))
		err := v.about(ctx, store.DueToken{EnvironmentID: at.environment, SecretID: at.secret})
		if fault.Is(err, fault.NotFound) { // deleted since
			v.target, err = audit.Target{Kind: "secret", ID: at.secret}, nil
		}
		if err != nil {
			return err
		}
		return tx.AppendAudit(ctx, v.entry(audit.Allowed))
	})
}

// echoes remembers what the audit log was told. It is safe for concurrent use.
type echoes struct {
	mu   sync.Mutex
	told map[echoed]tellings
}

type tellings struct {
	last time.Time
	more int64 // calls since
}

// take counts calls, and answers how many there are to tell of when it is time.
func (e *echoes) take(at echoed, calls int64, now time.Time) (n int64, due bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for other, t := range e.told {
		if other != at && t.more == 0 && now.Sub(t.last) >= echoEvery {
			delete(e.told, other)
		}
	}
	if e.told == nil {
		e.told = map[echoed]tellings{}
	}
	t, ok := e.told[at]
	if ok && now.Sub(t.last) < echoEvery {
		t.more += calls
		e.told[at] = t
		return 0, false
	}
	e.told[at] = tellings{last: now}
	return t.more + calls, true
}

// giveBack makes it time again, for what could not be told.
func (e *echoes) giveBack(at echoed, more int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.told[at] = tellings{more: more}
}
