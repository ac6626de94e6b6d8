package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// WriteJSON encodes v and then answers it; when it cannot be encoded it panics, before anything was sent, which the
// Front answers as an internal error.
func WriteJSON(w http.ResponseWriter, r *http.Request, status int, v any) {
	b := NewBuffer(w)
	b.Header().Set("Content-Type", "application/json")
	b.WriteHeader(status)
	if err := EncodeJSON(b, v); err != nil {
		panic(fmt.Errorf("encoding an answer of %s: %w", r.Pattern, err))
	}
	b.Send()
}

// EncodeJSON writes v to w as JSON, without a line's end and with <, > and & as they are.
func EncodeJSON(w io.Writer, v any) error {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(bytes.TrimSuffix(body.Bytes(), []byte("\n")))
	return err
}

// Buffer is a http.ResponseWriter that keeps an answer until it is complete. Nothing reaches the caller before Send,
// and nothing at all when Send is not called.
type Buffer struct {
	w      http.ResponseWriter
	header http.Header
	status int
	body   bytes.Buffer
}

// NewBuffer makes a Buffer in front of w.
func NewBuffer(w http.ResponseWriter) *Buffer { return &Buffer{w: w, header: http.Header{}} }

// Header is the header of the kept answer.
func (b *Buffer) Header() http.Header { return b.header }

// WriteHeader sets the status; only the first call counts.
func (b *Buffer) WriteHeader(status int) {
	if b.status == 0 {
		b.status = status
	}
}

// Write keeps p; it never fails.
func (b *Buffer) Write(p []byte) (int, error) {
	b.WriteHeader(http.StatusOK)
	return b.body.Write(p)
}

// Status is the kept status; 0 when nothing was answered yet.
func (b *Buffer) Status() int { return b.status }

// Body is the kept body; it is valid until the next Write.
func (b *Buffer) Body() []byte { return b.body.Bytes() }

// Send answers what was kept.
func (b *Buffer) Send() {
	to := b.w.Header()
	for name, values := range b.header {
		to[name] = values
	}
	to.Set("Content-Length", strconv.Itoa(b.body.Len()))
	if b.status != 0 {
		b.w.WriteHeader(b.status)
	}
	// A failure here is the caller's: there is nobody left to tell.
	_, _ = b.w.Write(b.body.Bytes())
}
