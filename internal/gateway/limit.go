package gateway

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/puzpuzpuz/xsync/v4"

	"github.com/lockage/lockage/internal/route"
)

// bucketKey is what a limit counts apart. The parts are ids, so a bucket outlives every change of the snapshot.
type bucketKey struct{ environment, route, credential string }

// bucket is the whole state of one token bucket: the moment, in nanoseconds since the limiter's start, when it will be
// full again (the generic cell rate algorithm's theoretical arrival time). One compare-and-swap takes a token.
type bucket struct{ full atomic.Int64 }

// dead marks a bucket that was taken out of the map: whoever still holds it looks again.
const dead = math.MinInt64

type limiter struct {
	start   time.Time
	buckets *xsync.Map[bucketKey, *bucket]
}

func newLimiter(start time.Time) *limiter {
	return &limiter{start: start, buckets: xsync.NewMap[bucketKey, *bucket]()}
}

// Allowance is what is left of a limit after a call, all that the rate limit headers say. The zero value is no limit.
type Allowance struct {
	Limit     int   // calls a full bucket allows at once; 0: there is no limit
	Remaining int   // calls the bucket allows now
	Reset     int64 // seconds until it is full again
	Retry     int64 // of a refused call: seconds until there is room for one
}

// take takes a token, or says false.
func (l *limiter) take(key bucketKey, r *route.RateLimit, now time.Time) (Allowance, bool) {
	at := int64(now.Sub(l.start))
	interval := max(int64(r.Window)/int64(r.Requests), 1)
	burst := r.Burst
	if burst == 0 {
		burst = r.Requests
	}
	// Of a burst that would take centuries to refill, what fits is enough.
	burst = int(min(int64(burst), math.MaxInt64/4/interval))
	capacity := interval * int64(burst)
	for {
		b, ok := l.buckets.Load(key)
		if !ok {
			b, _ = l.buckets.LoadOrStore(key, &bucket{})
		}
		held := b.full.Load()
		if held == dead {
			continue
		}
		full := max(held, at) + interval
		if over := full - at - capacity; over > 0 {
			return Allowance{Limit: burst, Reset: seconds(held - at), Retry: seconds(over)}, false
		}
		if b.full.CompareAndSwap(held, full) {
			return Allowance{Limit: burst, Remaining: int((capacity - (full - at)) / interval), Reset: seconds(full - at)}, true
		}
	}
}

// sweep forgets buckets that are full again: they say no more than none.
func (l *limiter) sweep(now time.Time) {
	at := int64(now.Sub(l.start))
	l.buckets.DeleteMatching(func(_ bucketKey, b *bucket) (remove, stop bool) {
		held := b.full.Load()
		return held <= at && b.full.CompareAndSwap(held, dead), false
	})
}

// seconds rounds up, to at least one: a client that waits this long waited long enough.
func seconds(ns int64) int64 {
	return max((ns+int64(time.Second)-1)/int64(time.Second), 1)
}
