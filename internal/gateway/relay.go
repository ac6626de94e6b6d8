package gateway

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/textproto"
)

// provisional forwards an answer of 1xx, such as 103 Early Hints. 100 Continue makes the body be read, which makes the
// server say it to the caller.
func (x *exchange) provisional(status int, header textproto.MIMEHeader) error {
	if status == http.StatusContinue && x.upload != nil && x.upload.expects != nil {
		x.upload.expects.ask()
	}
	if status == http.StatusContinue || status == http.StatusSwitchingProtocols || !x.r.ProtoAtLeast(1, 1) {
		return nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.final {
		return nil
	}
	h := x.w.Header()
	copyEnd(h, http.Header(header))
	scrub(h, x.d.Plan.Query)
	if x.redactHeader(h) == nil {
		x.w.WriteHeader(status)
	}
	clear(h)
	return nil
}

// relay sends the upstream's answer to the caller, every part as soon as it is there. An answer that the upstream cuts
// short is cut short for the caller too: it panics with http.ErrAbortHandler. A refusal comes before anything is sent.
func (x *exchange) relay(answer *http.Response) *Refusal {
	h := x.w.Header()
	copyEnd(h, answer.Header)
	scrub(h, x.d.Plan.Query)
	if refusal := x.redactHeader(h); refusal != nil {
		return refusal
	}
	screen, refusal := x.screen(answer, h)
	if refusal != nil {
		return refusal
	}
	defer screen.end()
	if _, ok := h["Content-Type"]; !ok {
		h["Content-Type"] = nil // or the server would guess one
	}
	x.sign(h)
	x.closeEarly(h)
	x.announce(h, answer)
	x.status, x.sized = answer.StatusCode, h.Get("Content-Length") != ""
	x.answers(h)
	x.w.WriteHeader(answer.StatusCode)
	if answer.Body != http.NoBody {
		var err error
		if screen != nil {
			err = screen.copy()
		} else {
			err = x.copy(answer)
		}
		if err != nil {
			x.abort(err)
		}
	}
	x.answeredAll()
	x.trail(h, answer, screen)
	return nil
}

// trail sets the trailers.
func (x *exchange) trail(h http.Header, answer *http.Response, screen *screen) {
	scrub(answer.Trailer, x.d.Plan.Query)
	if x.redactHeader(answer.Trailer) != nil {
		return
	}
	screen.trail(answer.Trailer)
	for name, values := range answer.Trailer {
		switch {
		case isHop(name), isOurs(name), name == "Content-Length":
		case hasToken(h["Trailer"], name):
			h[name] = values
		default:
			h[http.TrailerPrefix+name] = values
		}
	}
}

// announce names the trailers the upstream announced. They need an answer in chunks.
func (x *exchange) announce(h http.Header, answer *http.Response) {
	for name := range answer.Trailer {
		if !isHop(name) && !isOurs(name) && name != "Content-Length" {
			h["Trailer"] = append(h["Trailer"], name)
		}
	}
	if len(h["Trailer"]) > 0 && x.r.ProtoMajor == 1 {
		delete(h, "Content-Length")
	}
}

// errCaller says that the caller could not be written to.
var errCaller = errors.New("the caller left")

// copy copies the body. What a read brings is flushed at once, but the last part of a body of known length, which the
// end of the call flushes.
func (x *exchange) copy(answer *http.Response) error {
	buf := x.g.buffers.Get().(*[]byte) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	defer x.g.buffers.Put(buf)
	for {
		n, err := answer.Body.Read(*buf)
		if n > 0 {
			if _, err := x.w.Write((*buf)[:n]); err != nil {
				return errCaller
			}
			x.bytesOut += int64(n)
			x.answering((*buf)[:n])
			if err != io.EOF && (answer.ContentLength < 0 || x.bytesOut < answer.ContentLength) { //nolint:errorlint // as io.Reader says
				if err := x.control.Flush(); err != nil {
					return errCaller
				}
			}
		}
		if err == io.EOF { //nolint:errorlint // as io.Reader says
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// abort ends an answer that cannot be completed in a way that nobody can take for its end.
func (x *exchange) abort(err error) {
	x.errorType = typeTruncated
	if errors.Is(err, errCaller) || x.r.Context().Err() != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		x.errorType = typeClosed
	}
	if x.r.ProtoMajor == 1 && x.r.ProtoMinor == 0 && !x.sized {
		x.reset() // for HTTP/1.0 the end of the connection is the end of the answer
	} else {
		_ = x.control.Flush()
	}
	panic(http.ErrAbortHandler)
}

// reset resets the caller's connection.
func (x *exchange) reset() {
	conn, _, err := x.control.Hijack()
	if err != nil {
		return
	}
	if wrapped, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = wrapped.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
