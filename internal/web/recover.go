package web

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
)

// recover runs h and turns a panic into the answer to an internal error. When a part of an answer is out already, the
// connection is torn down instead: the caller must not take the part for the whole.
func (f *Front) recover(h http.Handler, t *tracker, r *http.Request) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(http.ErrAbortHandler)
		}
		e := eventOf(r.Context())
		e.stack = string(debug.Stack())
		err := fmt.Errorf("panic: %v", v)
		if t.status != 0 {
			e.Cause = err
			panic(http.ErrAbortHandler)
		}
		f.refuse(t, r, err)
	}()
	h.ServeHTTP(t, r)
}

// tracker notes what was answered.
type tracker struct {
	http.ResponseWriter
	status int // 0: nothing yet
	bytes  int64
}

func (t *tracker) WriteHeader(status int) {
	if t.status == 0 && status >= http.StatusOK {
		t.status = status
	}
	t.ResponseWriter.WriteHeader(status)
}

func (t *tracker) Write(b []byte) (int, error) {
	if t.status == 0 {
		t.status = http.StatusOK
	}
	n, err := t.ResponseWriter.Write(b)
	t.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the server's writer.
func (t *tracker) Unwrap() http.ResponseWriter { return t.ResponseWriter }
