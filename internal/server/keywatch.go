package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/lockage/lockage/internal/kek"
	"github.com/lockage/lockage/internal/secret"
)

// The times of looking whether a key service is there.
const (
	probeEvery  = 30 * time.Second
	probeAgain  = 5 * time.Second // while it is not
	probeWithin = 10 * time.Second
)

// keyWatch looks whether the service that holds the key-encryption key can be reached. While it cannot, what was opened
// is served for the grace, and no longer: a key that was taken away must end what it opened.
type keyWatch struct {
	sealer  *secret.Sealer
	grace   time.Duration
	logger  *slog.Logger
	back    func(context.Context) // called when the service answers again
	trouble func() string         // what else keeps this process from sealing; "" when nothing does

	since atomic.Int64 // when it first did not answer, in milliseconds; 0: it answers
	over  atomic.Bool  // the grace is over; the gateway looks at it at every call that needs a secret
	deny  atomic.Bool  // it answers, and refuses the key: a right is missing, or the key was taken away
}

// run looks until ctx ends. A key in this process's memory is always there.
func (w *keyWatch) run(ctx context.Context) {
	for {
		pause := probeEvery
		if since := w.since.Load(); since != 0 {
			pause = probeAgain
			if end := time.UnixMilli(since).Add(w.grace); !w.over.Load() {
				pause = max(min(pause, time.Until(end)), time.Millisecond)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		w.look(ctx)
	}
}

func (w *keyWatch) look(ctx context.Context) {
	if w.sealer.Local() && w.since.Load() == 0 {
		return
	}
	asking, cancel := context.WithTimeout(ctx, probeWithin)
	err := w.sealer.Probe(asking)
	cancel()
	if ctx.Err() != nil {
		return
	}
	if err == nil {
		if w.since.Swap(0) != 0 {
			w.over.Store(false)
			w.logger.InfoContext(ctx, "the key service answers again")
			w.back(ctx)
		}
		return
	}
	now := time.Now()
	w.deny.Store(errors.Is(err, kek.ErrRefused))
	if w.since.CompareAndSwap(0, max(now.UnixMilli(), 1)) {
		w.logger.ErrorContext(ctx, "the key service "+w.state()+"; what is open is served for a time", "until", now.Add(w.grace), "error", err)
	}
	if !now.Before(time.UnixMilli(w.since.Load()).Add(w.grace)) && !w.over.Swap(true) {
		w.logger.ErrorContext(ctx, "the key service "+w.state()+" for too long: calls that need a secret are refused", "error", err)
	}
}

// state is what the service does that it should not.
func (w *keyWatch) state() string {
	if w.deny.Load() {
		return "refuses the key"
	}
	return "cannot be reached"
}

// degraded says what is wrong while the server goes on serving; "" when nothing is.
func (w *keyWatch) degraded() string {
	if since := w.since.Load(); since != 0 {
		at := time.UnixMilli(since).UTC()
		return fmt.Sprintf("degraded: the key service %s since %s; what is open is served until %s", w.state(),
			at.Format(time.RFC3339), at.Add(w.grace).Format(time.RFC3339))
	}
	if trouble := w.trouble(); trouble != "" {
		return "degraded: " + trouble
	}
	return ""
}
