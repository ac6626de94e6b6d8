package gateway

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// errTimeout is why a call is cancelled whose upstream did not begin to answer in time.
var errTimeout = errors.New("the upstream did not begin to answer in time")

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
