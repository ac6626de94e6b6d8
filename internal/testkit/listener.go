package testkit

import (
	"context"
	"net/http/httptest"
	"strings"
)

// Listener records an answer and goes away as soon as one that never ends, of server-sent events, has begun.
type Listener struct {
	*httptest.ResponseRecorder
	leave context.CancelFunc
}

// NewListener answers a listener that leaves by ending the context of its request.
func NewListener(leave context.CancelFunc) *Listener {
	return &Listener{httptest.NewRecorder(), leave}
}

// Flush implements http.Flusher.
func (l *Listener) Flush() {
	l.ResponseRecorder.Flush()
	if strings.HasPrefix(l.Header().Get("Content-Type"), "text/event-stream") {
		l.leave()
	}
}
