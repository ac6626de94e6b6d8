package gateway_test

import (
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/gateway"
	"github.com/lockage/lockage/internal/route"
)

func TestLimitOverTime(t *testing.T) {
	l := gateway.NewLimiter(now)
	limit := &route.RateLimit{Requests: 2, Window: 10 * time.Second}
	for _, step := range []struct {
		at   time.Duration
		ok   bool
		want gateway.Allowance
	}{
		{0, true, gateway.Allowance{Limit: 2, Remaining: 1, Reset: 5}},
		{0, true, gateway.Allowance{Limit: 2, Remaining: 0, Reset: 10}},
		{0, false, gateway.Allowance{Limit: 2, Remaining: 0, Reset: 10, Retry: 5}},
		{4 * time.Second, false, gateway.Allowance{Limit: 2, Remaining: 0, Reset: 6, Retry: 1}},
		{5 * time.Second, true, gateway.Allowance{Limit: 2, Remaining: 0, Reset: 10}},
		{time.Minute, true, gateway.Allowance{Limit: 2, Remaining: 1, Reset: 5}},
	} {
		got, ok := l.Take("key", limit, now.Add(step.at))
		if ok != step.ok || got != step.want {
			t.Errorf("after %v: got %+v, %v, want %+v, %v", step.at, got, ok, step.want, step.ok)
		}
	}
}

func TestLimitBurst(t *testing.T) {
	for name, test := range map[string]struct {
		limit route.RateLimit
		want  int // calls at once
	}{
		"default":          {route.RateLimit{Requests: 5, Window: time.Minute}, 5},
		"smaller":          {route.RateLimit{Requests: 5, Window: time.Minute, Burst: 1}, 1},
		"larger":           {route.RateLimit{Requests: 5, Window: time.Minute, Burst: 20}, 20},
		"beyond the clock": {route.RateLimit{Requests: 1, Window: 24 * time.Hour, Burst: 1_000_000}, math.MaxInt64 / 4 / int(24*time.Hour)},
		"fast":             {route.RateLimit{Requests: 1_000_000, Window: time.Second, Burst: 3}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			l := gateway.NewLimiter(now)
			got := 0
			for ; got <= test.want; got++ {
				if _, ok := l.Take("key", &test.limit, now); !ok {
					break
				}
			}
			if got != test.want {
				t.Errorf("calls at once: got %d, want %d", got, test.want)
			}
		})
	}
}

func TestLimitIsPerKey(t *testing.T) {
	l := gateway.NewLimiter(now)
	limit := &route.RateLimit{Requests: 1, Window: time.Hour}
	for _, key := range []string{"a", "b"} {
		if _, ok := l.Take(key, limit, now); !ok {
			t.Errorf("first call of %s: refused", key)
		}
		if _, ok := l.Take(key, limit, now); ok {
			t.Errorf("second call of %s: allowed", key)
		}
	}
}

// However many calls come at once, and whatever is swept between them, no more than the limit go through.
func TestLimitIsExactUnderConcurrency(t *testing.T) {
	l := gateway.NewLimiter(now)
	limit := &route.RateLimit{Requests: 1000, Window: 24 * time.Hour}
	var allowed atomic.Int64
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for i := range 1000 {
				if _, ok := l.Take("key", limit, now); ok {
					allowed.Add(1)
				}
				if i%10 == 0 {
					l.Sweep(now)
				}
			}
		})
	}
	group.Wait()
	if got := allowed.Load(); got != 1000 {
		t.Errorf("allowed: got %d, want 1000", got)
	}
}

func TestSweepForgetsFullBuckets(t *testing.T) {
	l := gateway.NewLimiter(now)
	limit := &route.RateLimit{Requests: 2, Window: 10 * time.Second}
	l.Take("key", limit, now)
	if l.Sweep(now.Add(4 * time.Second)); l.Size() != 1 {
		t.Errorf("before it is full: got %d buckets, want 1", l.Size())
	}
	if l.Sweep(now.Add(5 * time.Second)); l.Size() != 0 {
		t.Errorf("when it is full: got %d buckets, want 0", l.Size())
	}
}

func TestLimitAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	l := gateway.NewLimiter(now)
	limit := &route.RateLimit{Requests: 1_000_000, Window: time.Second}
	l.Take("key", limit, now)
	if got := testing.AllocsPerRun(1000, func() { l.Take("key", limit, now) }); got != 0 {
		t.Errorf("allocations: got %v, want 0", got)
	}
}
