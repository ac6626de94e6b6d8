package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/lockage/lockage/internal/guard"
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

	// Provisional answers (1xx) come in a goroutine of the client, which may be late.
	mu    sync.Mutex
	final bool // w is not the client's any more
	trace httptrace.ClientTrace
}

func (g *Gateway) serveCall(w http.ResponseWriter, r *http.Request) {
	now := g.now()
	x := &exchange{g: g, w: w, r: r, control: http.NewResponseController(w), start: now, requestID: newID(now), path: escapedPath(r.URL)}
	g.counters.inFlight.Add(1)
	x.d = g.engine.Begin(x.requestID, now)
	defer x.finish()
	x.ask = &Ask{
		Method: r.Method, Path: x.path, Query: r.URL.RawQuery,
		Key: r.Header["Lockage-Key"], Authorization: r.Header["Authorization"], APIKey: r.Header["X-Api-Key"],
		Route: r.Header["Lockage-Route"], Environment: r.Header["Lockage-Environment"], Draft: r.Header["Lockage-Draft"],
		Staged: r.Header["Lockage-Staged"],
	}
	refusal := g.engine.Decide(x.ask, x.d)
	if refusal != nil && x.d.stale != nil {
		refusal = x.renewed(x.ask, refusal)
	}
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
		Method: x.r.Method, Path: x.path[:min(len(x.path), maxPath)], Status: x.status, Latency: x.g.now().Sub(x.start),
		BytesIn: x.bytesIn, BytesOut: x.bytesOut, Secrets: d.Secrets, Uses: d.Uses, ErrorType: x.errorType,
		Redacted: x.redacted, Echoed: x.echoed,
	}
	if d.Environment != nil {
		c.EnvironmentID = d.Environment.ID
	}
	if d.Route != nil {
		c.RouteID, c.RouteKey = d.Route.ID, d.Route.Key
	}
	x.g.recorder.record(c)
}

// maxPath is how much of a path is recorded, in bytes.
const maxPath = 2048

// answer answers a refusal.
func (x *exchange) answer(r *Refusal) {
	if r.Reason != "" {
		if ok, suppressed := x.g.refusals.pass(x.start.Unix()); ok {
			x.g.logger.LogAttrs(x.r.Context(), slog.LevelInfo, "call refused", slog.String("reason", r.Reason),
				slog.String("type", r.Type), slog.String("request_id", x.requestID), slog.String("address", x.r.RemoteAddr),
				slog.Int64("suppressed", suppressed))
		}
	}
	x.status, x.errorType = r.Status, r.Type
	if r.Type == typeClosed {
		// The caller left. Were it there after all, an answer of net/http's making would look like one.
		panic(http.ErrAbortHandler)
	}
	body := appendProblem(make([]byte, 0, 256), r, x.requestID)
	h := x.w.Header()
	clear(h)
	setProblem(h, r, len(body))
	x.write(r.Status, body)
}

// write sends an answer of the gateway's own, whose headers are set but for those that every answer carries.
func (x *exchange) write(status int, body []byte) {
	x.status, x.sized = status, true
	x.unwanted()
	h := x.w.Header()
	x.sign(h)
	x.closeEarly(h)
	x.w.WriteHeader(status)
	if x.r.Method != http.MethodHead {
		n, _ := x.w.Write(body)
		x.bytesOut = int64(n)
	}
}

// sign sets what every answer carries.
func (x *exchange) sign(h http.Header) {
	x.set(h, 0, "Lockage-Request-Id", x.requestID)
	if x.d == nil {
		return
	}
	if x.d.Environment != nil {
		x.set(h, 1, "Lockage-Environment", x.d.Environment.Name)
	}
	if a := x.d.Allowance; a.Limit > 0 { // ours stand in place of the upstream's
		delete(h, "Ratelimit-Limit")
		delete(h, "Ratelimit-Remaining")
		delete(h, "Ratelimit-Reset")
		x.set(h, 2, "RateLimit-Limit", strconv.Itoa(a.Limit))
		x.set(h, 3, "RateLimit-Remaining", strconv.Itoa(a.Remaining))
		x.set(h, 4, "RateLimit-Reset", strconv.FormatInt(a.Reset, 10))
	}
}

// set sets a header whose value lies in the i-th place of values.
func (x *exchange) set(h http.Header, i int, name, value string) {
	x.values[i] = value
	h[name] = x.values[i : i+1 : i+1]
}

// closeEarly announces the end of the connection when an answer begins before the call's body was read: what is left
// of it stands where the next call would.
func (x *exchange) closeEarly(h http.Header) {
	if x.upload != nil && !x.upload.done.Load() && x.r.ProtoMajor == 1 {
		h["Connection"] = []string{"close"}
	}
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

// failed tells what an error of the client means to the caller.
func (x *exchange) failed(ctx context.Context, err error) *Refusal {
	var timeout net.Error
	switch {
	case context.Cause(ctx) == errSlow: //nolint:errorlint // the very cause
		return refuse(http.StatusGatewayTimeout, typeTimeout, "the body did not arrive in time, and the route adds to it; send it faster")
	case context.Cause(ctx) == errTimeout: //nolint:errorlint // the very cause
		return refuse(http.StatusGatewayTimeout, typeTimeout, "the upstream did not begin to answer within the route's timeout")
	case x.r.Context().Err() != nil:
		return refuse(statusClosed, typeClosed, "the caller left")
	case x.upload != nil && x.upload.failure() != nil:
		return invalid("the body could not be read to its end; send it again")
	case errors.Is(err, guard.ErrRefused):
		if ok, suppressed := x.g.destinations.pass(x.start.Unix()); ok {
			x.g.logger.Warn("destination refused", "request_id", x.requestID, "route_id", x.d.Route.ID, "error", err, "suppressed", suppressed)
		}
		return refuse(http.StatusBadGateway, typeDestination, "the route's target leads to an address the gateway may not connect to")
	case errors.As(err, &timeout) && timeout.Timeout():
		return refuse(http.StatusGatewayTimeout, typeTimeout, "the upstream could not be reached in time")
	}
	if ok, suppressed := x.g.failures.pass(x.start.Unix()); ok {
		x.g.logger.Warn("upstream unreachable", "request_id", x.requestID, "route_id", x.d.Route.ID, "cause", cause(err), "suppressed", suppressed)
	}
	if r := x.untrusted(err); r != nil {
		return r
	}
	var name *net.DNSError
	if errors.As(err, &name) {
		return refuse(http.StatusBadGateway, typeUnreachable, "the target's name could not be resolved")
	}
	const unreachable = "the upstream could not be reached, or did not answer in HTTP"
	if x.d.Route.Certificate(x.d.staged) != nil { // an upstream may hang up before its alert is read
		return refuse(http.StatusBadGateway, typeUnreachable, unreachable+"; "+x.checkCertificate())
	}
	return refuse(http.StatusBadGateway, typeUnreachable, unreachable)
}

func (x *exchange) checkCertificate() string {
	return "check that it accepts the client certificate of environment '" + x.d.Environment.Name + "'"
}

// untrusted tells what went wrong in TLS, nil when nothing did.
func (x *exchange) untrusted(err error) *Refusal {
	var host x509.HostnameError
	var chain *tls.CertificateVerificationError
	var network *net.OpError
	alert := errors.As(err, &network) && network.Op == "remote error" // as crypto/tls words an alert of the other side
	switch {
	case errors.As(err, &host):
		return refuse(http.StatusBadGateway, typeUnreachable, "the target's certificate is for another name than the route's target has")
	case errors.As(err, &chain):
		return refuse(http.StatusBadGateway, typeUnreachable, "the target's certificate is not trusted; a certificate secret may bring the authorities to trust")
	case alert && x.d.Route.Certificate(x.d.staged) != nil:
		return refuse(http.StatusBadGateway, typeUnreachable, "the target refused the TLS connection; "+x.checkCertificate())
	case alert:
		return refuse(http.StatusBadGateway, typeUnreachable, "the target refused the TLS connection; it may ask for a client certificate, which the route does not show")
	}
	return nil
}

// cause is what of an error may be logged: that of the network and of TLS, not what quotes the upstream's bytes.
func cause(err error) string {
	var network *net.OpError
	if errors.As(err, &network) {
		return network.Error()
	}
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return certificate.Error()
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "the connection was closed"
	}
	return "no HTTP answer"
}
