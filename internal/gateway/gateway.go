// Package gateway is the hot path: it serves the calls of those who hold a Lockage key. It finds the key's environment
// and the route, counts limits, injects the environment's values, and forwards to the target, streaming both ways.
//
// It promises that nothing is sent upstream before every value a call needs is at hand; that no credential of ours and
// no Lockage header goes upstream; that what is injected cannot be taken away by the caller; that an answer cut short is
// never completed; and that every answer says which call and environment it belongs to, its own errors apart from the
// upstream's. It refuses targets no operator allowed, by the address it connects to. It reads no database and takes no
// lock that calls share.
//
// The engine (Engine, Decision) decides and knows no HTTP server; the lane (lane.go and below) carries calls with
// net/http.
package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/puzpuzpuz/xsync/v4"
	"golang.org/x/sync/semaphore"

	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/guard"
	"github.com/lockage/lockage/internal/snapshot"
	"github.com/lockage/lockage/internal/web"
)

// Config is what a Gateway is made of.
type Config struct {
	Holder   *snapshot.Holder        // required
	Digester *apikey.Digester        // required; with the pepper the keys were stored with
	Sink     Sink                    // required; stores the records of calls
	Renew    Renew                   // obtains access tokens; nil: those that are over fail their calls
	KeysOver *atomic.Bool            // set while no secret may be injected any more, as its keys are out of reach; nil: never
	Logger   *slog.Logger            // required
	Allow    []netip.Prefix          // ranges that are not public and may be targets all the same
	Own      func() []netip.AddrPort // where this process listens, which no route may lead to; nil: nowhere
	Ready    func() error            // for readyz: why no calls should be sent here, or nil; nil: what Holder says
	Proxies  web.Proxies             // whose word on where a call comes from is taken; none: nobody's
	TLS      *tls.Config             // towards upstreams; nil: the system's authorities
	Now      func() time.Time        // nil: the real clock
	Queue    int                     // records of calls that may wait for the sink; 0: 16384
	Flush    time.Duration           // how long a record waits for the sink at most; 0: 200 ms
}

// The limits towards upstreams that are not a route's.
const (
	dialLimit      = 15 * time.Second
	handshakeLimit = 10 * time.Second
	idleLimit      = 4 * time.Second // below the 5 s after which many servers close
	idlePerHost    = 512
	maxHeader      = 1 << 20 // bytes of an answer's head
	sweepEvery     = 30 * time.Second
	defaultQueue   = 16 << 10
)

// Gateway is an http.Handler for the gateway's listener. Start and Stop govern what runs beside the calls.
type Gateway struct {
	engine   *Engine
	pools    *pools
	renew    Renew
	dialer   *net.Dialer
	proxies  web.Proxies
	tls      *tls.Config
	logger   *slog.Logger
	now      func() time.Time
	ready    func() error
	recorder *recorder
	counters counters
	refusals throttle  // of log lines
	failures throttle  // of log lines
	buffers  sync.Pool // of *[]byte, for copying bodies
	echoes   sync.Pool // of *echoes
	bodies   *semaphore.Weighted
	contents budget // of what is recorded of calls
	open     *xsync.Map[*tunnel, struct{}]

	destinations throttle // of log lines

	storing     context.Context // of the recorder; ends when it must give up
	giveUp      context.CancelFunc
	tunnelling  context.Context // ends when tunnels must
	endTunnels  context.CancelFunc
	background  sync.WaitGroup
	tunnels     sync.WaitGroup
	stopSweeper chan struct{}
}

// New makes a Gateway, or says what of the Config is missing. Serve calls after Start.
func New(c Config) (*Gateway, error) {
	if c.Holder == nil || c.Digester == nil || c.Sink == nil || c.Logger == nil {
		return nil, errors.New("gateway: a holder, a digester, a sink and a logger are required")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Queue <= 0 {
		c.Queue = defaultQueue
	}
	if c.Flush <= 0 {
		c.Flush = flushEvery
	}
	if c.TLS == nil {
		c.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if c.Ready == nil {
		c.Ready = func() error {
			if !c.Holder.Ready() {
				return errors.New("no snapshot yet")
			}
			return nil
		}
	}
	g := &Gateway{
		engine: NewEngine(c.Holder, c.Digester, c.KeysOver, c.Now()),
		dialer: &net.Dialer{Timeout: dialLimit, Control: guard.New(c.Allow, c.Own).Control},
		renew:  c.Renew, proxies: c.Proxies, tls: c.TLS, logger: c.Logger, now: c.Now, ready: c.Ready,
		bodies:      semaphore.NewWeighted(maxBodies),
		open:        xsync.NewMap[*tunnel, struct{}](),
		buffers:     sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }},
		echoes:      sync.Pool{New: func() any { return new(echoes) }},
		stopSweeper: make(chan struct{}), contents: budget{most: maxContents},
	}
	g.storing, g.giveUp = context.WithCancel(context.Background())
	g.tunnelling, g.endTunnels = context.WithCancel(context.Background())
	g.recorder = newRecorder(c.Queue, c.Flush, c.Sink, &g.counters.dropped, &g.contents, c.Logger)
	g.pools = newPools(&http.Transport{
		DialContext:            g.dialer.DialContext, // and no Proxy: the guard must see the target's own address
		TLSClientConfig:        c.TLS.Clone(),
		TLSHandshakeTimeout:    handshakeLimit,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    idlePerHost,
		IdleConnTimeout:        idleLimit,
		ExpectContinueTimeout:  0, // upload waits instead: this would send the body after a final answer too
		MaxResponseHeaderBytes: maxHeader,
	})
	return g, nil
}

// Start starts what records calls, forgets idle limits, and closes upgraded connections whose key, environment or route
// does not serve any more. It must be called once.
func (g *Gateway) Start() {
	g.background.Go(func() { g.recorder.run(g.storing) })
	g.background.Go(func() {
		sweep, review := time.NewTicker(sweepEvery), time.NewTicker(reviewEvery)
		defer sweep.Stop()
		defer review.Stop()
		for {
			select {
			case <-sweep.C:
				g.engine.limiter.sweep(g.now())
				g.pools.sweep(g.now())
			case <-review.C:
				g.review()
			case <-g.stopSweeper:
				return
			}
		}
	})
}

// Stop ends what Start began, after the server before the gateway was shut down: upgraded connections, which the server
// does not know any more, are closed, records that wait are stored, and idle connections to upstreams are closed. When
// ctx ends first, records that could not be stored are dropped, counted, and ctx's error is returned.
func (g *Gateway) Stop(ctx context.Context) error {
	close(g.stopSweeper)
	g.endTunnels()
	close(g.recorder.stop)
	done := make(chan struct{})
	go func() {
		g.tunnels.Wait()
		g.background.Wait()
		close(done)
	}()
	var err error
	select {
	case <-done:
	case <-ctx.Done():
		err = ctx.Err()
		g.giveUp()
		<-done
	}
	g.giveUp()
	g.pools.close()
	return err
}

// ServeHTTP serves a call, or one of the gateway's own two pages.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/_lockage/") && len(r.Header["Lockage-Route"]) == 0 {
		g.serveOwn(w, r)
		return
	}
	g.serveCall(w, r)
}

func (g *Gateway) serveOwn(w http.ResponseWriter, r *http.Request) {
	now := g.now()
	x := &exchange{g: g, w: w, r: r, control: http.NewResponseController(w), start: now, requestID: newID(now), address: g.proxies.Source(r)}
	defer x.endUpload(true)
	status, body := http.StatusOK, `{"status":"ok"}`
	switch {
	case r.URL.Path == "/_lockage/healthz":
	case r.URL.Path == "/_lockage/readyz" && g.ready() != nil:
		status, body = http.StatusServiceUnavailable, `{"status":"unavailable"}`
	case r.URL.Path == "/_lockage/readyz":
	default:
		x.answer(refuse(http.StatusNotFound, typeNotFound, "no such page; there are /_lockage/healthz and /_lockage/readyz"))
		return
	}
	h := w.Header()
	h["Content-Type"] = []string{"application/json"}
	h["Cache-Control"] = []string{"no-store"}
	x.write(status, []byte(body))
}
