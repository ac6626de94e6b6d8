package gateway

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/puzpuzpuz/xsync/v4"

	"github.com/lockage/lockage/internal/route"
)

// Sink stores records of calls; a batch is stored whole or not at all.
type Sink interface {
	RecordCalls(ctx context.Context, calls []route.Call) error
}

const (
	batchSize     = 500
	batchContents = 8 << 20 // bytes of content in a batch, after which it is full
	flushEvery    = 200 * time.Millisecond
	flushAttempts = 5
	flushPause    = 100 * time.Millisecond // after the first failed attempt; doubles
	flushLimit    = 10 * time.Second       // for one attempt
)

// recorder carries records from the calls to the sink. Calls only put into a bounded queue, without a lock and without
// waiting; what does not fit, or cannot be stored after several attempts, is counted, and logged at most once a second.
type recorder struct {
	queue    *xsync.MPMCQueue[route.Call]
	every    time.Duration
	sink     Sink
	dropped  *atomic.Int64
	contents *budget // what calls that wait take of it is given back here
	logger   *slog.Logger
	stop     chan struct{}
	done     chan struct{}
	logged   int64 // of dropped
}

func newRecorder(size int, every time.Duration, sink Sink, dropped *atomic.Int64, contents *budget, logger *slog.Logger) *recorder {
	return &recorder{
		queue: xsync.NewMPMCQueue[route.Call](size), every: every, sink: sink, dropped: dropped, contents: contents, logger: logger,
		stop: make(chan struct{}), done: make(chan struct{}),
	}
}

// record puts a call into the queue. The queue also turns away who lost a race for a place, hence the attempts.
func (r *recorder) record(c route.Call) {
	for range 16 {
		if r.queue.TryEnqueue(c) {
			return
		}
	}
	r.dropped.Add(1)
	r.forget(c)
}

// forget gives back the memory that a call's content takes.
func (r *recorder) forget(calls ...route.Call) {
	for _, c := range calls {
		if c.Content != nil {
			r.contents.give(contentSize(c.Content))
		}
	}
}

// run hands records on until stop, then what is left.
func (r *recorder) run(ctx context.Context) {
	defer close(r.done)
	flush := time.NewTicker(r.every)
	defer flush.Stop()
	complain := time.NewTicker(time.Second)
	defer complain.Stop()
	for {
		select {
		case <-flush.C:
			r.flush(ctx)
		case <-complain.C:
			r.complain()
		case <-r.stop:
			r.flush(ctx)
			r.complain()
			return
		}
	}
}

// flush empties the queue, batch by batch.
func (r *recorder) flush(ctx context.Context) {
	for {
		batch := make([]route.Call, 0, batchSize)
		size, empty := int64(0), false
		for len(batch) < batchSize && size < batchContents {
			c, ok := r.queue.TryDequeue()
			if !ok {
				empty = true
				break
			}
			if c.Content != nil {
				size += contentSize(c.Content)
			}
			batch = append(batch, c)
		}
		if len(batch) == 0 {
			return
		}
		r.store(ctx, batch)
		r.forget(batch...)
		if empty {
			return
		}
	}
}

func (r *recorder) store(ctx context.Context, batch []route.Call) {
	pause := flushPause
	for attempt := 1; ; attempt++ {
		try, cancel := context.WithTimeout(ctx, flushLimit)
		err := r.sink.RecordCalls(try, batch)
		cancel()
		if err == nil {
			return
		}
		if attempt == flushAttempts || ctx.Err() != nil {
			r.dropped.Add(int64(len(batch)))
			r.logger.Error("records of calls could not be stored", "calls", len(batch), "error", err)
			return
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		pause *= 2
		r.complain()
	}
}

func (r *recorder) complain() {
	if dropped := r.dropped.Load(); dropped > r.logged {
		r.logger.Warn("records of calls were dropped", "dropped", dropped-r.logged, "dropped_total", dropped)
		r.logged = dropped
	}
}
