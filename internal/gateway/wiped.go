package gateway

import (
	"io"
	"sync"
)

// wiped is a body that is in memory and holds injected values. It wipes itself when it is closed.
type wiped struct {
	mu    sync.Mutex
	rest  []byte
	plain *buffer
	after func() // once, when it was wiped
}

func newWiped(plain *buffer, after func()) *wiped {
	return &wiped{rest: plain.b, plain: plain, after: after}
}

// Read reads on; after Close there is nothing.
func (w *wiped) Read(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.plain == nil {
		return 0, errStopped
	}
	if len(w.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, w.rest)
	w.rest = w.rest[n:]
	return n, nil
}

// Close wipes.
func (w *wiped) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.plain != nil {
		w.plain.reset()
		w.plain, w.rest = nil, nil
		w.after()
	}
	return nil
}
