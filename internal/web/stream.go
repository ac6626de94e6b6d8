package web

import (
	"net/http"
	"time"
)

// stall is how long the reader of a Stream may take for one piece of it.
const stall = 30 * time.Second

// Stream is an answer that is sent piece by piece, for requests that Config.Long lets take as long as it flows. Whoever
// cannot send it to its end must tear the connection down (panic with http.ErrAbortHandler): half an answer must not pass
// for the whole.
type Stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	started bool
}

// NewStream begins a Stream; nothing is sent before the first Write.
func NewStream(w http.ResponseWriter) *Stream {
	return &Stream{w: w, control: http.NewResponseController(w)}
}

// Header is the header of the answer, and after the first Write its trailer.
func (s *Stream) Header() http.Header { return s.w.Header() }

// Started says whether something was sent.
func (s *Stream) Started() bool { return s.started }

// Write sends a piece. It fails when the reader went away, or takes nothing for too long.
func (s *Stream) Write(p []byte) (int, error) {
	s.started = true
	// a writer that cannot limit the time, as in tests, does without
	_ = s.control.SetWriteDeadline(time.Now().Add(stall))
	return s.w.Write(p)
}

// Flush hands on what was written so far.
func (s *Stream) Flush() {
	_ = s.control.Flush() // what could not be handed on the next Write tells
}

// unlimited lifts the limits of time that the server puts on a whole request; Stream sets one for each piece.
func unlimited(w http.ResponseWriter) {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Time{}) // as in Write
	_ = c.SetWriteDeadline(time.Time{})
}
