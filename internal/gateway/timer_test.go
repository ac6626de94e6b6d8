package gateway_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockage/lockage/internal/gateway"
	"github.com/lockage/lockage/internal/route"
)

func TestDeadline(t *testing.T) {
	for name, test := range map[string]struct {
		limit time.Duration
		run   func(d interface{ Touch() }, stop func())
		want  error
	}{
		"nothing happens": {time.Second, func(interface{ Touch() }, func()) { time.Sleep(time.Second) }, gateway.ErrTimeout},
		"parts put it off": {time.Second, func(d interface{ Touch() }, stop func()) {
			for range 5 {
				time.Sleep(900 * time.Millisecond)
				d.Touch()
			}
			stop()
			time.Sleep(time.Hour)
		}, nil},
		"it is idle time": {time.Second, func(d interface{ Touch() }, _ func()) {
			time.Sleep(900 * time.Millisecond)
			d.Touch()
			time.Sleep(time.Second)
		}, gateway.ErrTimeout},
		"stopped": {time.Second, func(d interface{ Touch() }, stop func()) {
			stop()
			d.Touch()
			time.Sleep(time.Hour)
		}, nil},
		"no limit": {0, func(d interface{ Touch() }, _ func()) {
			d.Touch()
			time.Sleep(time.Hour)
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				d := gateway.NewDeadline(test.limit, cancel)
				test.run(d, d.Stop)
				synctest.Wait()
				if got := context.Cause(ctx); !errors.Is(got, test.want) {
					t.Errorf("got %v, want %v", got, test.want)
				}
			})
		})
	}
}

func TestBodyLimit(t *testing.T) {
	for timeout, want := range map[time.Duration]time.Duration{0: 30 * time.Second, time.Second: time.Second, time.Hour: time.Hour} {
		if got := gateway.BodyLimit(timeout); got != want {
			t.Errorf("on a route with a timeout of %v: got %v, want %v", timeout, got, want)
		}
	}
}

func TestRecorderHandsOverWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{}
		r := gateway.NewRecorder(2000, s, slog.New(slog.DiscardHandler))
		go r.Run(t.Context())
		for range 1201 {
			r.Record(route.Call{ID: "x"})
		}
		time.Sleep(201 * time.Millisecond)
		synctest.Wait()
		if len(s.calls) != 1201 || s.tries != 3 {
			t.Errorf("got %d records in %d batches, want 1201 in 3", len(s.calls), s.tries)
		}
		r.End()
	})
}

func TestRecorderStopDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sink{}
		r := gateway.NewRecorder(2000, s, slog.New(slog.DiscardHandler))
		go r.Run(t.Context())
		r.Record(route.Call{ID: "last"})
		r.End()
		if len(s.calls) != 1 || s.calls[0].ID != "last" {
			t.Errorf("got %v, want the record", s.calls)
		}
	})
}

func TestRecorderCountsWhatDoesNotFit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logs bytes.Buffer
		s := &sink{}
		r := gateway.NewRecorder(8, s, slog.New(slog.NewTextHandler(&logs, nil)))
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				for range 5 {
					r.Record(route.Call{})
				}
			})
		}
		group.Wait()
		if got := r.Dropped.Load(); got != 12 {
			t.Errorf("dropped: got %d, want 12", got)
		}
		go r.Run(t.Context())
		time.Sleep(3 * time.Second)
		r.End()
		if got := strings.Count(logs.String(), "dropped=12"); got != 1 || len(s.calls) != 8 {
			t.Errorf("got %d records and the log %q, want 8 and one line of 12", len(s.calls), logs.String())
		}
	})
}

func TestRecorderTriesAgainAndGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logs bytes.Buffer
		s := &sink{err: errors.New("the store is away")}
		r := gateway.NewRecorder(8, s, slog.New(slog.NewTextHandler(&logs, nil)))
		go r.Run(t.Context())
		r.Record(route.Call{ID: "kept"})
		time.Sleep(500 * time.Millisecond)
		s.mu.Lock()
		s.err = nil
		s.mu.Unlock()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(s.calls) != 1 || r.Dropped.Load() != 0 {
			t.Errorf("after a short failure: got %d records, %d dropped, want 1, 0", len(s.calls), r.Dropped.Load())
		}
		s.mu.Lock()
		s.err, s.tries = errors.New("the store is away"), 0
		s.mu.Unlock()
		r.Record(route.Call{ID: "lost"})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if s.tries != 5 || r.Dropped.Load() != 1 || !strings.Contains(logs.String(), "could not be stored") {
			t.Errorf("after a long one: got %d tries, %d dropped, log %q, want 5, 1 and a line", s.tries, r.Dropped.Load(), logs.String())
		}
		r.End()
	})
}

func TestThrottle(t *testing.T) {
	var th gateway.Throttle
	passed := 0
	for range 100 {
		if ok, _ := th.Pass(7); ok {
			passed++
		}
	}
	if ok, suppressed := th.Pass(8); passed != 20 || !ok || suppressed != 80 {
		t.Errorf("got %d passed, then %v with %d suppressed, want 20, then true with 80", passed, ok, suppressed)
	}
}

func TestBufferLeavesNothingBehind(t *testing.T) {
	left, kept := gateway.BufferGrow([]byte("a secret"), []byte(" and more"))
	for _, memory := range [][]byte{left, kept} {
		if len(memory) == 0 || !bytes.Equal(memory, make([]byte, len(memory))) {
			t.Errorf("got %q, want zeros", memory)
		}
	}
}

func TestNewID(t *testing.T) {
	at := time.UnixMilli(1_700_000_000_123)
	seen := map[string]bool{}
	for range 1000 {
		id := gateway.NewID(at)
		if len(id) != 36 || !strings.HasPrefix(id, "018bcfe5-687b-7") || !strings.ContainsRune("89ab", rune(id[19])) || seen[id] {
			t.Fatalf("got %s, want a new UUID of version 7", id)
		}
		seen[id] = true
	}
	if a, b := gateway.NewID(at), gateway.NewID(at.Add(time.Millisecond)); a >= b {
		t.Errorf("got %s, then %s, want them in order", a, b)
	}
}
