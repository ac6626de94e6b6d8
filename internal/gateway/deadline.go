package gateway

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// errTimeout is why a call is cancelled whose upstream did not begin to answer in time.
var errTimeout = errors.New("the upstream did not begin to answer in time")

// errSlow is why a call is cancelled whose body had to be read whole before it went on, and did not arrive in time.
var errSlow = errors.New("the body did not arrive in time")

// bodyLimit is how long such a body may take in all: a route's time limit, and where it has none, half a minute.
func bodyLimit(timeout time.Duration) time.Duration {
	if timeout > 0 {
		return timeout
	}
	return 30 * time.Second
}

// deadline is a route's time limit: how long nothing may happen before the upstream's answer begins. Every part of the
// request body that arrives puts it off, so that a long upload is not cut; after stop it cuts nothing.
type deadline struct {
	limit   time.Duration
	timer   *time.Timer // nil: no limit
	stopped atomic.Bool
}

func newDeadline(limit time.Duration, cancel context.CancelCauseFunc) *deadline {
	d := &deadline{limit: limit}
	if limit > 0 {
		d.timer = time.AfterFunc(limit, func() { cancel(errTimeout) })
	}
	return d
}

// touch puts the deadline off. It may run beside stop.
func (d *deadline) touch() {
	if d.timer == nil || d.stopped.Load() {
		return
	}
	d.timer.Reset(d.limit)
	if d.stopped.Load() {
		d.timer.Stop()
	}
}

// stop ends the limit.
func (d *deadline) stop() {
	d.stopped.Store(true)
	if d.timer != nil {
		d.timer.Stop()
	}
}
