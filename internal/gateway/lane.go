package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"runtime/debug"
	"sync"
	"time"

	"github.com/lockage/lockage/internal/route"
)

// exchange is one call on the net/http lane.
type exchange struct {
	g         *Gateway
	w         http.ResponseWriter
	r         *http.Request
	control   *http.ResponseController
	d         *Decision
	requestID string
	start     time.Time
	address   string // where the call comes from
	replayOf  string // id of the call that this one repeats, "" for every other
	ask       *Ask
	path      string // escaped, as called

	values    [5]string // of the headers every answer carries
	upload    *upload   // nil: no body
	kept      []byte    // the body, where it may have to be sent again; nil: it cannot be
	again     bool      // the call was sent again
	held      int64     // bytes of g.bodies that the body in memory takes
	bodyHash  string    // of the body as it goes upstream, where the route signs it; "": there is none
	echoes    *echoes   // nil: nothing was looked through yet
	redacted  int64     // how often a value was taken out of the answer
	echoed    []string  // the ids of the secrets whose it was
	merged    *wiped    // the body that was merged, which took over held; nil: none
	status    int       // answered; 0: nothing yet
	sized     bool      // the answer has a known length, so its end is out when it is flushed
	errorType string
	bytesIn   int64
	bytesOut  int64
	capture   *capture // nil: the call's content is not recorded

	// Provisional answers (1xx) come in a goroutine of the client, which may be late.
	mu    sync.Mutex
	final bool // w is not the client's any more
	trace httptrace.ClientTrace
}

func (g *Gateway) serveCall(w http.ResponseWriter, r *http.Request) { g.serve(w, r, nil) }

// serve serves a call; as is nil for every call that a caller makes.
func (g *Gateway) serve(w http.ResponseWriter, r *http.Request, as *replaying) {
	now := g.now()
	x := &exchange{
		g: g, w: w, r: r, control: http.NewResponseController(w), start: now, requestID: newID(now), path: escapedPath(r.URL),
	}
	if as == nil {
		x.address = g.proxies.Source(r)
	} else {
		x.address, x.replayOf, as.made = as.address, as.of, x
	}
	g.counters.inFlight.Add(1)
	x.d = g.engine.Begin(x.requestID, now)
	defer x.finish()
	x.ask = &Ask{
		Method: r.Method, Path: x.path, Query: r.URL.RawQuery, Source: x.address,
		Key: r.Header["Lockage-Key"], Authorization: r.Header["Authorization"], APIKey: r.Header["X-Api-Key"],
		Route: r.Header["Lockage-Route"], Environment: r.Header["Lockage-Environment"], Draft: r.Header["Lockage-Draft"],
		Staged: r.Header["Lockage-Staged"], as: as,
	}
	refusal := g.engine.Decide(x.ask, x.d)
	if refusal != nil && x.d.stale != nil {
		refusal = x.renewed(x.ask, refusal)
	}
	x.capturing()
	if refusal == nil {
		refusal = x.forward()
	}
	if refusal != nil {
		x.answer(refusal)
	}
}

// finish records the call, however it ended. A panic that is not an abort is a bug of ours: it becomes an answer when
// none has begun, and an abort when one has.
func (x *exchange) finish() {
	v := recover()
	if v != nil {
		if err, ok := v.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
			x.g.logger.Error("a call panicked", "request_id", x.requestID, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			if x.status == 0 {
				x.answer(refuse(http.StatusInternalServerError, typeInternal, "internal error"))
				v = nil
			} else {
				x.errorType = typeInternal
			}
		}
	}
	if x.upload != nil {
		x.bytesIn = x.upload.count.Load()
	}
	x.forget()
	x.record()
	x.g.engine.Release(x.d)
	x.release()
	x.endUpload(v == nil)
	x.g.counters.inFlight.Add(-1)
	if v != nil {
		panic(http.ErrAbortHandler)
	}
}

// endUpload ends reading the call's body; complete says that its answer is.
func (x *exchange) endUpload(complete bool) {
	if x.upload == nil {
		return
	}
	drain := complete && x.sized && x.r.ProtoMajor == 1 && !x.upload.done.Load() && x.control.Flush() == nil
	x.upload.stop(x.control, drain)
}

func (x *exchange) record() {
	x.g.counters.answered(x.status, x.errorType)
	d := x.d
	if d.Account == nil {
		return // nobody's
	}
	c := route.Call{
		ID: x.requestID, Account: d.Account.ID, RequestID: x.requestID, Time: x.start, KeyID: d.Credential.ID,
		Method: x.r.Method, Path: x.path[:min(len(x.path), route.MaxRecordedPath)], Status: x.status, Latency: x.g.now().Sub(x.start),
		BytesIn: x.bytesIn, BytesOut: x.bytesOut, Secrets: d.Secrets, Uses: d.Uses, ErrorType: x.errorType,
		Redacted: x.redacted, Echoed: x.echoed, Address: x.address, ReplayOf: x.replayOf,
	}
	c.Content = x.content()
	if d.Environment != nil {
		c.EnvironmentID = d.Environment.ID
	}
	if d.Route != nil {
		c.RouteID, c.RouteKey = d.Route.ID, d.Route.Key
	}
	x.g.recorder.record(c)
}

// forward sends the call to the upstream and its answer to the caller.
func (x *exchange) forward() *Refusal {
	ctx, cancel := context.WithCancelCause(x.r.Context())
	defer cancel(nil)
	clock := newDeadline(x.d.Plan.Timeout, cancel)
	defer clock.stop()
	x.receive(clock)
	refusal := x.keep(ctx)
	var out *http.Request
	if refusal == nil {
		out, refusal = x.request(ctx)
	}
	if refusal != nil {
		x.d.carriesNothing()
		return refusal
	}
	certificate := x.d.Route.Certificate(x.d.staged)
	transport, err := x.g.pools.of(certificate, x.start)
	if err != nil {
		x.d.carriesNothing()
		return unreadable(certificate.Name)
	}
	if protocol := upgrade(x.r); protocol != "" {
		return x.tunnel(ctx, clock, out, protocol)
	}
	answer, err := transport.RoundTrip(out)
	x.mu.Lock()
	x.final = true
	x.mu.Unlock()
	clock.stop()
	if x.upload != nil && x.upload.expects != nil {
		x.upload.expects.answered.Store(true)
	}
	if err == nil && (context.Cause(ctx) == errTimeout || answer.StatusCode < http.StatusOK) { //nolint:errorlint // the very cause
		_ = answer.Body.Close()
		err = errNoAnswer
	}
	if err != nil {
		return x.failed(ctx, err)
	}
	if x.rejected(answer) {
		_ = answer.Body.Close()
		if refusal := x.resend(); refusal != nil {
			return refusal
		}
		return x.forward()
	}
	defer answer.Body.Close() //nolint:errcheck // it was read, or is not wanted
	return x.relay(answer)
}

var errNoAnswer = errors.New("the upstream did not answer the call")

// request makes the upstream's request.
func (x *exchange) request(ctx context.Context) (*http.Request, *Refusal) {
	d, target := x.d, x.d.Route.Target()
	query := x.r.URL.RawQuery
	if q := d.Query(); q != nil {
		query = string(q)
	}
	if target.Scheme != "https" && d.Route.Certificate(d.staged) != nil {
		return nil, refuse(http.StatusInternalServerError, typeCredential,
			"route '"+d.Route.Key+"' shows a client certificate, which needs a target of https in environment '"+d.Environment.Name+"'")
	}
	// decided here, where the host stands that is connected to
	if r := d.destination(d.Body != nil, target.Scheme, target.Host); r != nil {
		return nil, r
	}
	to, err := upstreamURL(target, d.Rest, query)
	if err != nil {
		return nil, invalid("the path must have two hexadecimal digits after each %")
	}
	to.ForceQuery = x.r.URL.ForceQuery
	out := &http.Request{
		Method: x.r.Method, URL: to,
		Host: target.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: requestHeader(x.r, d),
	}
	refusal := x.body(ctx, out)
	if refusal == nil && d.Plan.Signs {
		refusal = d.sign(signed{
			method: out.Method, path: to.EscapedPath(), query: to.RawQuery, host: target.Host, bodyHash: x.bodyHash,
		}, out.Header)
	}
	d.wipe() // all of it was copied
	if refusal != nil {
		return nil, refusal
	}
	x.trace.Got1xxResponse = x.provisional
	return out.WithContext(httptrace.WithClientTrace(ctx, &x.trace)), nil
}
