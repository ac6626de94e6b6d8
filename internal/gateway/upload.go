package gateway

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// upload is the body of a call on its way to the upstream. The client of net/http reads it in a goroutine of its own,
// which may outlive the call; after stop nothing is read of the caller's connection any more.
type upload struct {
	src     io.Reader
	first   []byte // already read, and to be read again
	size    int64  // -1: unknown
	clock   *deadline
	atEnd   func() // trailers are there
	count   atomic.Int64
	done    atomic.Bool // all of it was read
	stopped atomic.Bool
	mu      sync.Mutex   // held while reading; nobody waits for it but stop
	err     error        // under mu: why it could not be read
	tee     *tee         // nil: nothing is recorded of it
	expects *expectation // nil: the caller does not wait to be asked
}

var errStopped = errors.New("the call is over")

// Read reads on.
func (u *upload) Read(p []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.stopped.Load() {
		return 0, errStopped
	}
	if u.expects != nil && !u.expects.await() {
		return 0, errStopped
	}
	if len(u.first) > 0 {
		n := copy(p, u.first)
		u.first = u.first[n:]
		return n, nil
	}
	n, err := u.src.Read(p)
	if n > 0 {
		u.clock.touch()
		if u.count.Add(int64(n)) >= u.size && u.size >= 0 {
			u.done.Store(true)
		}
		if u.tee != nil {
			u.tee.add(p[:n])
		}
	}
	if u.tee != nil && (u.done.Load() || err == io.EOF) { //nolint:errorlint // as io.Reader asks
		u.tee.end()
	}
	switch {
	case err == io.EOF: //nolint:errorlint // as io.Reader asks
		u.done.Store(true)
		if u.atEnd != nil {
			u.atEnd()
		}
	case err != nil && !u.stopped.Load():
		u.err = err
	}
	return n, err
}

// Close ends reading; the caller's body itself is closed by its server.
func (u *upload) Close() error {
	u.end()
	return nil
}

func (u *upload) end() {
	u.stopped.Store(true)
	if u.expects != nil {
		u.expects.end()
	}
}

// failure is why the caller's body could not be read, nil when that was not so. It does not wait for a running Read.
func (u *upload) failure() error {
	if !u.mu.TryLock() {
		return nil
	}
	defer u.mu.Unlock()
	return u.err
}

const (
	// patience is how long a Read may go on when its call is over. One that has data returns at once and fails to
	// write; one that waits for a caller who waits for the end of the answer is broken off.
	patience = 20 * time.Millisecond
	// linger is how long a caller that goes on sending a body nobody wants is read from, because the reset of its
	// connection could reach it before the answer does.
	linger = time.Second
)

// stop makes sure that nothing reads of the caller's connection any more, where the server goes on. With drain it first
// reads away, for a moment, what the caller still sends: its answer is complete and out.
func (u *upload) stop(c *http.ResponseController, drain bool) {
	u.end()
	if u.done.Load() {
		return
	}
	wait := linger
	if u.expects != nil && u.count.Load() == 0 {
		wait, drain = patience, false // the caller has not begun to send
	}
	if !u.mu.TryLock() {
		drain = false
		u.breakOff(c)
	}
	defer u.mu.Unlock()
	_ = c.SetReadDeadline(time.Now().Add(wait)) //nolint:forbidigo // of a socket, which knows the real clock only
	if drain {
		_, _ = io.Copy(io.Discard, u.src)
	}
}

// breakOff ends the Read that goes on, and takes its lock.
func (u *upload) breakOff(c *http.ResponseController) {
	var mu sync.Mutex
	ended := false
	late := time.AfterFunc(patience, func() {
		mu.Lock()
		defer mu.Unlock()
		if !ended {
			_ = c.SetReadDeadline(time.Unix(1, 0))
		}
	})
	u.mu.Lock()
	mu.Lock()
	defer mu.Unlock()
	ended = true
	late.Stop()
}
