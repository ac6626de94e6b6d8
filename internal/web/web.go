// Package web is what all HTTP fronts of the control plane share: a request id, one log event per request, recovery
// from panics, limits of size and time, security headers, the bearer credential, and the one place where a kind of
// failure becomes a status and a body. It promises that every request ends in exactly one event and that no answer is
// sent by half. It logs only named facts: never a query, a header or a body.
package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"
)

// The limits of a front that sets none.
const (
	DefaultBodyLimit = 1 << 20          // bytes of a request's body
	DefaultTimeLimit = 30 * time.Second // for the whole of a request
)

// Refuse writes err as an answer in the form of a front: Problem, AdminProblem, or a page.
type Refuse func(w http.ResponseWriter, r *http.Request, err error)

// Config is what a Front is made of.
type Config struct {
	Logger    *slog.Logger              // required: receives one event per request
	Refuse    Refuse                    // required: how the front answers failures
	Now       func() time.Time          // nil: the real clock
	BodyLimit int64                     // bytes; 0: DefaultBodyLimit
	Large     func(*http.Request) int64 // the limit of a request that may be larger, 0 for the others; nil: none may
	TimeLimit time.Duration             // 0: DefaultTimeLimit
	Proxies   Proxies                   // whose word on the source address is taken; none: nobody's
	Long      func(*http.Request) bool  // whether a request is answered by a Stream, which may take longer; nil: none is
}

// Front puts what all fronts share around a handler. It is safe for concurrent use.
type Front struct {
	logger    *slog.Logger
	refuse    Refuse
	now       func() time.Time
	bodyLimit int64
	large     func(*http.Request) int64
	timeLimit time.Duration
	proxies   Proxies
	long      func(*http.Request) bool
}

// New makes a Front; it fails without a logger or without a way to answer failures.
func New(c Config) (*Front, error) {
	if c.Logger == nil || c.Refuse == nil {
		return nil, errors.New("web: a front needs a logger and a way to refuse")
	}
	f := &Front{logger: c.Logger, refuse: c.Refuse, now: c.Now, bodyLimit: c.BodyLimit, large: c.Large, timeLimit: c.TimeLimit, proxies: c.Proxies, long: c.Long}
	if f.now == nil {
		f.now = time.Now
	}
	if f.bodyLimit <= 0 {
		f.bodyLimit = DefaultBodyLimit
	}
	if f.large == nil {
		f.large = func(*http.Request) int64 { return 0 }
	}
	if f.long == nil {
		f.long = func(*http.Request) bool { return false }
	}
	if f.timeLimit <= 0 {
		f.timeLimit = DefaultTimeLimit
	}
	return f, nil
}

// Wrap returns h with a fresh request id (one that is sent is ignored), the security headers, both limits, recovery,
// and the event at the end.
func (f *Front) Wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := newEvent(f.proxies.Source(r))
		ctx := context.WithValue(r.Context(), eventKey{}, e)
		if f.long(r) {
			unlimited(w)
		} else {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, f.timeLimit)
			defer cancel()
		}
		r = r.WithContext(ctx)
		// The limit is given the server's own writer, which it tells to close the connection.
		r.Body = http.MaxBytesReader(w, r.Body, max(f.bodyLimit, f.large(r)))

		setHeaders(w.Header(), r, e.RequestID)
		t := &tracker{ResponseWriter: w}
		start := f.now()
		// Deferred, so that a request whose connection is torn down has its event too.
		defer func() { f.logger.LogAttrs(ctx, e.level(t), "request", e.attrs(r, t, f.now().Sub(start))...) }()
		f.recover(h, t, r)
	})
}

// setHeaders sets what every answer carries; a front of pages replaces the policy with its own.
func setHeaders(h http.Header, r *http.Request, requestID string) {
	h.Set("X-Request-Id", requestID)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if r.TLS != nil {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}
