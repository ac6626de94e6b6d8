package gateway

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"time"
)

// receive makes the call's body, if it has one, ready to be read.
func (x *exchange) receive(clock *deadline) {
	if x.r.ContentLength == 0 || x.upload != nil {
		return
	}
	// HTTP/1 would otherwise hold the answer back until the body was read.
	_ = x.control.EnableFullDuplex()
	x.upload = &upload{src: x.r.Body, size: x.r.ContentLength, clock: clock}
	if x.capture != nil {
		x.upload.tee = &x.capture.request
	}
}

// unwanted gets rid of a body that nothing has begun to read, when a call ends before that. HTTP/1 would hold the answer
// back until the body was there; now it goes out, and finishing ends the connection soon after.
func (x *exchange) unwanted() {
	if x.upload != nil || x.r.ProtoMajor != 1 {
		return
	}
	if x.receive(&deadline{}); x.upload != nil && hasToken(x.r.Header["Expect"], "100-continue") {
		x.upload.expects = newExpectation()
	}
}

// body gives the upstream's request its body: the caller's as it streams in, or, for a route that injects into JSON
// bodies, the merged one. A body that says it is something else than JSON, such as a form, passes unchanged on such a
// route and gets nothing injected, with POST, PUT and PATCH as well: there is no object to merge into.
func (x *exchange) body(ctx context.Context, out *http.Request) *Refusal {
	if x.d.Body == nil {
		return x.pass(ctx, out, nil)
	}
	types := x.r.Header["Content-Type"]
	if len(types) > 1 {
		return invalid("Content-Type may be sent only once")
	}
	if len(types) == 1 && !isJSON(types[0]) {
		x.d.carries(false)
		return x.pass(ctx, out, nil)
	}
	if len(types) == 0 {
		// Only an empty body becomes JSON, and of one in chunks that is known when its first byte is.
		first, refusal := x.readAll(ctx, 1)
		if refusal != nil {
			return refusal
		}
		if len(first) > 0 {
			x.d.carries(false)
			return x.pass(ctx, out, first)
		}
		out.Header["Content-Type"] = []string{"application/json"}
	}
	return x.inject(ctx, out)
}

// pass lets the body pass as it comes; first is what was read of it. Where the route signs the body, it is read whole.
func (x *exchange) pass(ctx context.Context, out *http.Request, first []byte) *Refusal {
	if x.upload != nil && first != nil {
		x.upload.first = first
	}
	if !x.d.Plan.SignsBody || x.upload == nil {
		x.stream(out)
		return nil
	}
	if x.r.ContentLength > maxInjected {
		return tooLarge()
	}
	body, refusal := x.readAll(ctx, maxInjected+1)
	if refusal != nil {
		return refusal
	}
	if len(body) > maxInjected {
		return tooLarge()
	}
	x.hash(body)
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	delete(out.Header, "Expect")
	return nil
}

// hash notes the hash of the body that goes upstream, where the route signs it.
func (x *exchange) hash(body []byte) {
	if x.d.Plan.SignsBody {
		sum := sha256.Sum256(body)
		x.bodyHash = hex.EncodeToString(sum[:])
	}
}

// stream lets the body pass as it comes, with its trailers.
func (x *exchange) stream(out *http.Request) {
	if x.upload == nil {
		delete(out.Header, "Expect")
		return
	}
	out.Body, out.ContentLength = x.upload, x.r.ContentLength
	if hasToken(out.Header["Expect"], "100-continue") {
		x.upload.expects = newExpectation()
	}
	if out.ContentLength >= 0 {
		return
	}
	out.Trailer = make(http.Header, len(x.r.Trailer))
	for name := range x.r.Trailer {
		if mayTrail(name, x.d) {
			out.Trailer[name] = nil
		}
	}
	x.upload.atEnd = func() {
		for name, values := range x.r.Trailer {
			if mayTrail(name, x.d) {
				out.Trailer[name] = values
			}
		}
	}
}

// inject reads the whole body and merges into it.
func (x *exchange) inject(ctx context.Context, out *http.Request) *Refusal {
	if encoding := x.r.Header["Content-Encoding"]; len(encoding) > 0 && !hasToken(encoding, "identity") {
		return invalid("a body with a Content-Encoding cannot be added to, and the route adds to it; send it plain")
	}
	if x.r.ContentLength > maxInjected {
		return tooLarge()
	}
	body, refusal := x.readAll(ctx, maxInjected+1)
	if refusal != nil {
		return refusal
	}
	if len(body) > maxInjected {
		return tooLarge()
	}
	plain := &buffer{} // as large again for a moment, until the caller's own is let go
	if refusal := mergeBody(plain, body, x.d); refusal != nil {
		plain.reset()
		return refusal
	}
	out.ContentLength = int64(len(plain.b))
	x.hash(plain.b)
	held := x.held
	x.held, x.merged = 0, newWiped(plain, func() { x.g.bodies.Release(held) })
	out.Body = x.merged
	for _, name := range []string{"Expect", "Content-Md5", "Content-Digest", "Repr-Digest", "Digest"} {
		delete(out.Header, name) // of the body as it was
	}
	return nil
}

func tooLarge() *Refusal {
	return refuse(http.StatusRequestEntityTooLarge, typeTooLarge, "the body is too large for a route that adds to it; send at most 10 MiB")
}

const (
	// maxBodies is how many bytes of bodies may be in memory at a time, of all calls together.
	maxBodies = 256 << 20
	// firstPart is how much is taken for a body of unknown length to begin with.
	firstPart = 4 << 10
)

// readAll reads the body, but no more than most bytes, into memory that counts against maxBodies until release. It
// stops waiting when ctx ends, and at a limit that no progress puts off: a caller must not hold memory for as long as
// it likes to trickle.
func (x *exchange) readAll(ctx context.Context, most int64) ([]byte, *Refusal) {
	if x.upload == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, bodyLimit(x.d.Plan.Timeout), errSlow)
	defer cancel()
	end := context.AfterFunc(ctx, func() { _ = x.control.SetReadDeadline(time.Unix(1, 0)) })
	size := x.r.ContentLength
	room := min(max(size, firstPart), most)
	if size > 0 {
		room = min(size, most)
	}
	var body []byte
	var err error
	for err == nil && int64(len(body)) < most && int64(len(body)) != size {
		if len(body) == cap(body) {
			if !x.g.bodies.TryAcquire(room) {
				end()
				return nil, busy()
			}
			x.held += room
			larger := make([]byte, len(body), int64(len(body))+room)
			copy(larger, body)
			body = larger
			room = min(int64(cap(body)), most-int64(cap(body))) // twice as much next
		}
		var n int
		n, err = x.upload.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
	}
	if !end() { // the connection cannot be read from any more
		return nil, x.failed(ctx, ctx.Err())
	}
	if err == io.EOF { //nolint:errorlint // as io.Reader says
		err = nil
	}
	return body, x.unread(ctx, err)
}

// release gives back the memory that a body takes.
func (x *exchange) release() {
	x.g.bodies.Release(x.held)
	x.held = 0
	if x.merged != nil {
		_ = x.merged.Close() // it cannot fail
	}
}

func busy() *Refusal {
	r := refuse(http.StatusServiceUnavailable, typeUnavailable, "too many large bodies are on their way through the gateway; try again")
	r.RetryAfter = 1
	return r
}

// unread tells the caller why its body was not read.
func (x *exchange) unread(ctx context.Context, err error) *Refusal {
	if err == nil {
		return nil
	}
	if x.upload.failure() == nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return refuse(http.StatusInternalServerError, typeInternal, "internal error")
	}
	return x.failed(ctx, err)
}
