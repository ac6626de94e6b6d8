package gateway

import (
	"sync"
	"sync/atomic"
	"time"
)

// expectLimit is how long a caller that sent Expect: 100-continue waits for an upstream that does not know of it.
const expectLimit = time.Second

// expectation is that of a caller who sends its body only when it is asked to. Reading asks it, so nothing may read
// before the upstream said 100 Continue or kept silent for the limit. When the upstream answers at once, the body is
// not wanted any more: reading then waits for the end of the call, because an error would end the upstream's connection
// before its answer was read.
type expectation struct {
	once     sync.Once // of asking
	asked    chan struct{}
	over     sync.Once
	ended    chan struct{}
	answered atomic.Bool
	ready    bool // by the reader alone
}

func newExpectation() *expectation {
	return &expectation{asked: make(chan struct{}), ended: make(chan struct{})}
}

// ask says that the upstream wants the body.
func (e *expectation) ask() { e.once.Do(func() { close(e.asked) }) }

// end says that the call is over.
func (e *expectation) end() { e.over.Do(func() { close(e.ended) }) }

// await waits until the body may be read; false: never.
func (e *expectation) await() bool {
	if e.ready {
		return true
	}
	limit := time.NewTimer(expectLimit)
	defer limit.Stop()
	select {
	case <-e.asked:
		e.ready = true
	case <-e.ended:
	case <-limit.C:
		if e.ready = !e.answered.Load(); !e.ready {
			<-e.ended
		}
	}
	return e.ready
}
