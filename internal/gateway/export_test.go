package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/lockage/lockage/internal/route"
)

// What the tests of this package reach into.

// EndTunnels closes upgraded connections, as Stop does.
func (g *Gateway) EndTunnels() { g.endTunnels() }

// HoldBodies takes memory that bodies may take, until release.
func (g *Gateway) HoldBodies(n int64) (release func()) {
	if !g.bodies.TryAcquire(n) {
		panic("there is not so much")
	}
	return func() { g.bodies.Release(n) }
}

// MaxBodies is how much there is.
const MaxBodies = maxBodies

// Review reviews the open tunnels, as it happens every second.
func (g *Gateway) Review() { g.review() }

// The pure parts, for their tables and fuzz targets.
var (
	Address    = address
	Join       = join
	QueryOK    = func(q string) bool { return queryProblem(q) == "" }
	DecodesTo  = decodesTo
	IsJSON     = isJSON
	Upgrade    = upgrade
	NewID      = newID
	ErrTimeout = errTimeout

	BodyLimit   = bodyLimit
	EscapedPath = escapedPath
	UpstreamURL = upstreamURL
	IsText      = isText
)

// FindCredential tells the credential and whether each of the three headers carries one.
func FindCredential(a *Ask) (credential string, key, authorization, apiKey bool, refusal *Refusal) {
	c, found, r := findCredential(a, func(string) bool { return false })
	return c, found&inKey != 0, found&inAuthorization != 0, found&inAPIKey != 0, r
}

// MergeBody merges the injected object of a decision into a body.
func MergeBody(body []byte, d *Decision) (string, *Refusal) {
	var to buffer
	r := mergeBody(&to, body, d)
	return string(to.b), r
}

// Limiter is limiter.
type Limiter = limiter

// NewLimiter and its methods, by exported names.
var NewLimiter = newLimiter

// Take takes a token of the bucket of a credential.
func (l *limiter) Take(credential string, r *route.RateLimit, now time.Time) (Allowance, bool) {
	return l.take(bucketKey{"e", "r", credential}, r, now)
}

// Sweep sweeps.
func (l *limiter) Sweep(now time.Time) { l.sweep(now) }

// Size is the number of buckets.
func (l *limiter) Size() int { return l.buckets.Size() }

// NewDeadline, Touch and Stop are of deadline.
var NewDeadline = newDeadline

// Touch puts the deadline off.
func (d *deadline) Touch() { d.touch() }

// Stop ends it.
func (d *deadline) Stop() { d.stop() }

// Recorder runs a recorder beside a test.
type Recorder struct {
	*recorder
	Dropped atomic.Int64
}

// NewRecorder makes one.
func NewRecorder(size int, s Sink, logger *slog.Logger) *Recorder {
	r := &Recorder{}
	r.recorder = newRecorder(size, flushEvery, s, &r.Dropped, new(budget), logger)
	return r
}

// Run runs it, Record records, End ends it and waits.
func (r *Recorder) Run(ctx context.Context) { r.run(ctx) }

// Record records a call.
func (r *Recorder) Record(c route.Call) { r.record(c) }

// End stops it and waits.
func (r *Recorder) End() { close(r.stop); <-r.done }

// Throttle is throttle.
type Throttle = throttle

// Pass asks it.
func (t *throttle) Pass(second int64) (bool, int64) { return t.pass(second) }

// BufferGrow shows the memory a buffer leaves behind when it grows and when it is reset.
func BufferGrow(first, second []byte) (left, kept []byte) {
	var b buffer
	b.add(first)
	left = b.b
	b.grow(cap(b.b) + 1)
	b.add(second)
	kept = b.b
	b.reset()
	return left, kept
}

// Plain is what a decision holds in plain.
func (d *Decision) Plain() []byte { return d.plain.b[:cap(d.plain.b)] }

// Intercept takes the place of the network for targets of http.
func (g *Gateway) Intercept(rt http.RoundTripper) { g.pools.plain.RegisterProtocol("http", rt) }

// LimitContents sets how many bytes of content may be in memory.
func (g *Gateway) LimitContents(most int64) { g.contents.most = most }

// ContentsUsed is how many are.
func (g *Gateway) ContentsUsed() int64 { return g.contents.used.Load() }
