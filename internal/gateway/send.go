package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// receive makes the call's body, if it has one, ready to be read.
func (x *exchange) receive(clock *deadline) {
	if x.r.ContentLength == 0 {
		return
	}
	// HTTP/1 would otherwise hold the answer back until the body was read.
	_ = x.control.EnableFullDuplex()
	x.upload = &upload{src: x.r.Body, size: x.r.ContentLength, clock: clock}
}

// body gives the upstream's request its body: the caller's as it streams in, or, for a route that injects into JSON
// bodies, the merged one.
func (x *exchange) body(ctx context.Context, out *http.Request, clock *deadline) *Refusal {
	x.receive(clock)
	if x.d.Body == nil {
		x.stream(out)
		return nil
	}
	types := x.r.Header["Content-Type"]
	if len(types) > 1 {
		return invalid("Content-Type may be sent only once")
	}
	if len(types) == 1 && !isJSON(types[0]) {
		x.d.Secrets = x.d.Route.SecretNames(false)
		x.stream(out)
		return nil
	}
	if len(types) == 0 {
		// Only an empty body becomes JSON, and of one in chunks that is known when its first byte is.
		first, refusal := x.readAll(ctx, 1)
		if refusal != nil {
			return refusal
		}
		if len(first) > 0 {
			x.d.Secrets = x.d.Route.SecretNames(false)
			x.upload.first = first
			x.stream(out)
			return nil
		}
		out.Header["Content-Type"] = []string{"application/json"}
	}
	return x.inject(ctx, out)
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
	plain := &buffer{}
	if refusal := mergeBody(plain, body, x.d); refusal != nil {
		plain.reset()
		return refusal
	}
	out.ContentLength = int64(len(plain.b))
	out.Body = newWiped(plain)
	for _, name := range []string{"Expect", "Content-Md5", "Content-Digest", "Repr-Digest", "Digest"} {
		delete(out.Header, name) // of the body as it was
	}
	return nil
}

func tooLarge() *Refusal {
	return refuse(http.StatusRequestEntityTooLarge, typeTooLarge, "the body is too large for a route that adds to it; send at most 10 MiB")
}

// readAll reads the body, but no more than most bytes. When ctx ends it stops waiting.
func (x *exchange) readAll(ctx context.Context, most int64) ([]byte, *Refusal) {
	if x.upload == nil {
		return nil, nil
	}
	release := context.AfterFunc(ctx, func() { _ = x.control.SetReadDeadline(time.Unix(1, 0)) })
	defer release()
	var body []byte
	if n := x.r.ContentLength; n > 0 && n <= most {
		body = make([]byte, n)
		_, err := io.ReadFull(x.upload, body)
		return body, x.unread(ctx, err)
	}
	body, err := io.ReadAll(io.LimitReader(x.upload, most))
	return body, x.unread(ctx, err)
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
