package server

import (
	"context"
	"errors"
	"time"
)

// Stop ends the server: readiness goes first, calls in flight may end until ctx does, what was recorded is stored, and
// the data folder is given back. Calls that take longer are cut off, which is logged and no error.
func (r *Running) Stop(ctx context.Context) error {
	close(r.draining)
	// the gateway first, while everything it leans on is still there
	err := r.fronts[1].Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		r.logger.WarnContext(ctx, "calls in flight were cut off at shutdown", "calls", r.gateway.Stats().InFlight)
		err = r.fronts[1].Close()
	}
	// the time for calls may be used up; what follows has its own
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), settle)
	defer cancel()
	r.settled(end)
	err = errors.Join(err, r.gateway.Stop(end))
	if late := r.fronts[0].Shutdown(end); late != nil {
		err = errors.Join(err, r.fronts[0].Close())
	}
	return errors.Join(err, r.close())
}

// settled waits until every call has recorded itself.
func (r *Running) settled(ctx context.Context) {
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for r.gateway.Stats().InFlight > 0 {
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
	}
}

func (r *Running) close() (err error) {
	r.stopLoop()
	for i := len(r.closing) - 1; i >= 0; i-- {
		err = errors.Join(err, r.closing[i]())
	}
	r.closing = nil
	return err
}
