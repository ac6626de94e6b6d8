package gateway

import (
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/lockage/lockage/internal/echo"
)

// screen is the body of an answer that is looked through on its way. What lies in its buffer may hold what was injected.
type screen struct {
	x      *exchange
	guard  *echo.Guard
	from   io.Reader // decoded
	length int64     // as announced; -1: unknown
	buf    *[]byte
	tail   []byte // held back, in buf
	read   int64
	first  []byte // looked through before the head of the answer was sent
	err    error  // of reading
	before int    // what was found before the body
}

// screen makes ready to look through the body of an answer, and makes its head fit; nil: the body passes as it is.
func (x *exchange) screen(answer *http.Response, h http.Header) (*screen, *Refusal) {
	_, shortest := x.d.guarded()
	if shortest == 0 || answer.Body == http.NoBody || !isText(h["Content-Type"]) {
		return nil, nil //nolint:nilnil // as documented
	}
	from, decoded := decode(answer, h)
	if from == nil {
		x.g.counters.unscanned.Add(1)
	}
	if from == nil || !decoded && answer.ContentLength >= 0 && answer.ContentLength < int64(shortest) {
		return nil, nil //nolint:nilnil // as documented
	}
	guard, refusal := x.guard()
	if refusal != nil {
		return nil, refusal
	}
	s := &x.echoes.screen
	*s = screen{x: x, guard: guard, from: from, length: answer.ContentLength, before: guard.Count()}
	s.buf = x.g.buffers.Get().(*[]byte) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	switch {
	case decoded:
		s.length = -1
		delete(h, "Content-Encoding")
		delete(h, "Accept-Ranges")
		changed(h)
	case s.length >= 0 && s.length <= int64(len(*s.buf)):
		if s.first = s.next(); s.read == s.length { // all of it came at once
			if s.found() {
				changed(h)
				h["Content-Length"] = []string{strconv.Itoa(len(s.first))}
			}
			return s, nil
		}
	}
	delete(h, "Content-Length") // it may get another
	return s, nil
}

func (s *screen) found() bool { return s.guard.Count() > s.before }

// next reads once. It answers what of the body may go on.
func (s *screen) next() []byte {
	buf := *s.buf
	kept := copy(buf, s.tail)
	n, err := s.from.Read(buf[kept:])
	s.read += int64(n)
	data := buf[:kept+n]
	s.err = err
	cut := err != nil && err != io.EOF //nolint:errorlint // as io.Reader says
	out, held := s.guard.Redact(data, !cut && (err != nil || s.read == s.length))
	s.tail = data[len(data)-held:]
	if cut {
		s.guard.Abandon() // what was held back is no longer wanted, and may be most of a value
		s.tail = nil
	}
	return out
}

// copy sends the body. What a read brings is flushed at once, as far as it may go, but for the last part of a body of
// known length, which the end of the call flushes.
func (s *screen) copy() error {
	out := s.first
	for {
		if len(out) > 0 {
			n, err := s.x.w.Write(out)
			s.x.bytesOut += int64(n)
			s.x.answering(out[:n])
			if err != nil {
				return errCaller
			}
			if s.err == nil && s.read != s.length && s.x.control.Flush() != nil {
				return errCaller
			}
		}
		switch {
		case s.err == io.EOF: //nolint:errorlint // as io.Reader says
			return nil
		case s.err != nil:
			return s.err
		}
		out = s.next()
	}
}

// trail makes the trailers fit the body.
func (s *screen) trail(h http.Header) {
	if s != nil && s.found() {
		changed(h)
	}
}

// end gives the buffer back.
func (s *screen) end() {
	if s == nil {
		return
	}
	if s.found() || len(s.tail) > 0 {
		clear(*s.buf)
	}
	s.x.g.buffers.Put(s.buf)
}

// changed takes out of a head what it says of the very bytes of the body, which are others now.
func changed(h http.Header) {
	for _, name := range [...]string{"Content-Md5", "Content-Digest", "Repr-Digest", "Digest"} {
		delete(h, name)
	}
	if tag := h.Get("Etag"); strings.HasPrefix(tag, `"`) {
		h["Etag"] = []string{"W/" + tag}
	}
}

// isText says whether a body of a content type is looked through. One that does not say what it is may be text.
func isText(types []string) bool {
	if len(types) == 0 {
		return true
	}
	kind, _, _ := strings.Cut(types[0], ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	family, sub, _ := strings.Cut(kind, "/")
	switch family {
	case "", "text", "message", "multipart":
		return true
	case "application":
		switch sub {
		case "json", "xml", "javascript", "x-javascript", "ecmascript", "x-www-form-urlencoded", "graphql", "x-ndjson", "ndjson",
			"jsonl", "jsonlines", "x-jsonlines", "json-seq", "json5", "jwt", "jose", "yaml", "x-yaml", "toml", "csv", "sql",
			"x-sh", "http", "x-pem-file", "problem":
			return true
		}
	}
	for _, suffix := range [...]string{"+json", "+xml", "+yaml", "+json-seq", "+jwt"} {
		if strings.HasSuffix(sub, suffix) {
			return true
		}
	}
	return false
}
