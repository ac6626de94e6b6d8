package control

import (
	"sync"
	"time"

	"github.com/lockage/lockage/internal/fault"
)

const (
	followersEach = 5   // who may follow the log at a time, of one principal
	followersAll  = 200 // and of this process
)

// followers are those who follow the log, and how they hear of new calls. It is safe for concurrent use.
type followers struct {
	mu    sync.Mutex
	each  map[string]int
	all   int
	woken chan struct{} // closed when there are new calls; nil: nobody waits
}

func (f *followers) wake() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.woken != nil {
		close(f.woken)
		f.woken = nil
	}
}

func (f *followers) next() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.woken == nil {
		f.woken = make(chan struct{})
	}
	return f.woken
}

func (f *followers) begin(who string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.each[who] >= followersEach || f.all >= followersAll {
		return &fault.Error{
			Kind: fault.Limited, RetryAfter: 10 * time.Second,
			Message: "too many streams of the log are open; end one of them, and try again",
		}
	}
	if f.each == nil {
		f.each = map[string]int{}
	}
	f.each[who]++
	f.all++
	return nil
}

func (f *followers) end(who string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all--
	if f.each[who]--; f.each[who] == 0 {
		delete(f.each, who)
	}
}
