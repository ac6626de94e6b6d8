package gateway

import "sync/atomic"

// throttle lets a few events of each second through, so that nobody can flood the log from outside. It is safe for
// concurrent use; its zero value is ready.
type throttle struct {
	state      atomic.Int64 // the second and, in the low bits, the events in it
	suppressed atomic.Int64
}

const perSecond = 20

// pass says whether an event in a second of the clock may be logged, and how many were not since the last one that was.
func (t *throttle) pass(second int64) (ok bool, suppressed int64) {
	for {
		held := t.state.Load()
		next := held + 1
		if held>>8 != second {
			next = second<<8 + 1
		}
		if next&0xff > perSecond {
			t.suppressed.Add(1)
			return false, 0
		}
		if t.state.CompareAndSwap(held, next) {
			return true, t.suppressed.Swap(0)
		}
	}
}
