// Package server puts the program together: configuration, data folder and keys, store, control plane and gateway, two
// listeners, the loops beside them, and an orderly end. The control plane and the data plane meet only here.
package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/lockage/lockage/internal/api"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/dashboard"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/gateway"
	"github.com/lockage/lockage/internal/mail"
	"github.com/lockage/lockage/internal/oauth"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/snapshot"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/web"
)

// Version is what /openapi.json and lockage version tell.
const Version = "0.1.0"

const (
	renewEvery    = time.Second      // how often tokens that are to be renewed are looked for
	pollEvery     = time.Second      // how often other processes on the same PostgreSQL are looked for
	sessionsEvery = 10 * time.Second // how often it is stored when sessions were last used
	usesEvery     = 10 * time.Second // how often it is stored when management tokens were used
	drain         = 20 * time.Second // how long calls in flight may take to end; with settle below the 30 s that orchestrators wait
	settle        = 5 * time.Second  // for records to be stored and the control plane to end
	watchEvery    = 15 * time.Second // how often alerts are looked at
	deliverEvery  = 5 * time.Second  // how often messages of alerts that wait are looked for
)

// loopback is what --dev allows as upstreams.
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// Running is a started server.
type Running struct {
	// Bootstrapped is what the first start made and nobody was shown; nil on every later one. Call Shown when it was.
	Bootstrapped *Credentials

	watchEvery time.Duration
	first      string // path of the file that keeps what was not shown
	logger     *slog.Logger
	closing    []func() error // undone in reverse, at the end or when the start fails
	holder     *snapshot.Holder
	keys       *keyWatch
	store      *store.Store
	operations *control.Control
	gateway    *gateway.Gateway
	fronts     [2]*http.Server // control plane, gateway
	sockets    [2]net.Listener
	tls        *tls.Config  // nil: clear text
	witness    *checkpoints // nil: checkpoints are not carried anywhere
	streams    func() []control.StreamStats
	pruned     func() (entries, failures int64)
	failed     chan error
	stopLoop   func()
	draining   chan struct{}
}

// Start starts a server; it serves until Stop.
func Start(ctx context.Context, c Config, logger *slog.Logger) (*Running, error) {
	return start(ctx, c, logger, nil, watchEvery)
}

// start is Start with the authorities that the receiver of checkpoints, the mail server and the login provider are checked with; nil: the
// system's.
func start(ctx context.Context, c Config, logger *slog.Logger, roots *x509.CertPool, watchEvery time.Duration) (_ *Running, err error) {
	r := &Running{first: filepath.Join(c.Data, firstStart), logger: logger, failed: make(chan error, 2), draining: make(chan struct{}), stopLoop: func() {}, watchEvery: watchEvery}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}()
	release, err := openFolder(c.Data)
	if err != nil {
		return nil, err
	}
	r.closing = append(r.closing, release)
	// whatever an operator may have got wrong comes before the first start makes an account, whose credentials are shown
	// once
	if err := r.open(ctx, c, roots); err != nil {
		return nil, err
	}
	sealer, digester, forget, err := r.openData(ctx, c)
	if err != nil {
		return nil, err
	}
	if r.holder, err = snapshot.NewHolder(snapshot.Config{Feed: control.Feed{Store: r.store}, Sealer: sealer, Logger: logger}); err != nil {
		return nil, err
	}
	mailer, err := newMailer(c, roots)
	if err != nil {
		return nil, err
	}
	provider, err := newProvider(c, roots)
	if err != nil {
		return nil, err
	}
	if provider != nil {
		r.closing = append(r.closing, func() error { provider.Close(); return nil })
	}
	webhooks, collectors, err := r.senders(c, roots)
	if err != nil {
		return nil, err
	}
	operations, err := control.New(control.Config{
		Store: r.store, Sealer: sealer, Digester: digester, Holder: r.holder, Logger: logger, EnvironmentLimit: c.Limit,
		Tokens: oauth.New(oauth.Config{Allow: allowed(c), Own: r.own}), PublicURL: r.publicURL(c), Issuer: c.PublicURL, Mail: mailer, Webhooks: webhooks, Syslog: collectors, Provider: provider,
		Replay: r.replay, OperatorToken: c.OperatorToken, OpenSignup: c.OpenSignup,
	})
	if err != nil {
		return nil, err
	}
	r.operations = operations
	r.keys = &keyWatch{
		sealer: sealer, grace: c.KEKGrace, logger: logger, trouble: operations.KeyTrouble,
		back: func(ctx context.Context) { _ = r.holder.RefreshAll(ctx) }, // what failed is logged, and tried again
	}
	if err := r.build(c, operations, digester); err != nil {
		return nil, err
	}
	if err := operations.Unlock(ctx); err != nil {
		if errors.Is(err, control.ErrOtherKeys) {
			err = errors.Join(err, forget())
		}
		return nil, err
	}
	if r.Bootstrapped, err = bootstrap(ctx, c, operations); err != nil {
		return nil, err
	}
	if err := r.holder.RefreshAll(ctx); err != nil {
		return nil, fmt.Errorf("the gateway's first snapshot: %w", err)
	}
	r.serve(ctx, operations)
	return r, nil
}

// openData opens or makes the two keys and opens the store. forget removes a key that was made
// by this start, for when it turns out that the database belongs to another.
func (r *Running) openData(ctx context.Context, c Config) (_ *secret.Sealer, _ *apikey.Digester, forget func() error, err error) {
	var made []string
	kek, path, err := openKEK(ctx, c)
	if err != nil {
		return nil, nil, nil, err
	}
	old, err := openOld(ctx, c)
	if err != nil {
		return nil, nil, nil, err
	}
	if path != "" {
		made = append(made, path)
	}
	path = filepath.Join(c.Data, pepperFile)
	pepper, fresh, err := loadKey(path)
	if err != nil {
		return nil, nil, nil, err
	}
	if fresh {
		made = append(made, path)
	}
	forget = func() (err error) {
		for _, path := range made {
			err = errors.Join(err, os.Remove(path))
		}
		return err
	}
	digester, err := apikey.NewDigester(pepper)
	if err != nil {
		return nil, nil, nil, err
	}
	r.store, err = store.Open(ctx, store.Config{Path: filepath.Join(c.Data, databaseFile), URL: c.Database, Logger: r.logger})
	if err != nil {
		return nil, nil, nil, err
	}
	r.closing = append(r.closing, r.store.Close)
	return secret.NewSealer(kek, old...), digester, forget, nil
}

// open opens both listeners, and where checkpoints are carried to.
func (r *Running) open(ctx context.Context, c Config, roots *x509.CertPool) (err error) {
	if r.tls, err = loadTLS(c); err != nil {
		return err
	}
	for i, side := range []struct{ address, flag string }{{c.Listen, "--listen"}, {c.GatewayListen, "--gateway-listen"}} {
		if r.sockets[i], err = new(net.ListenConfig).Listen(ctx, "tcp", side.address); err != nil {
			return fmt.Errorf("%w; give another address with %s", err, side.flag)
		}
		r.closing = append(r.closing, ignoreClosed(r.sockets[i].Close))
	}
	if c.AuditCheckpoint == "" {
		return nil
	}
	to, err := placeOf(c.AuditCheckpoint, roots)
	r.witness = newCheckpoints(to, c.CheckpointEvery, r.logger)
	return err
}

// build puts the two fronts together.
func (r *Running) build(c Config, operations *control.Control, digester *apikey.Digester) (err error) {
	r.gateway, err = gateway.New(gateway.Config{
		Holder: r.holder, Digester: digester, Allow: allowed(c), Own: r.own, Proxies: c.TrustedProxies, Sink: operations, Renew: operations.RenewToken, KeysOver: &r.keys.over, Logger: r.logger, Ready: r.ready,
	})
	if err != nil {
		return err
	}
	front, err := api.New(api.Config{Control: operations, Ready: r.ready, Degraded: r.keys.degraded, Metrics: metrics(r), Proxies: c.TrustedProxies, Logger: r.logger, Ending: r.draining, Version: Version})
	if err != nil {
		return err
	}
	pages, err := dashboard.New(dashboard.Config{Control: operations, Proxies: c.TrustedProxies, PublicURL: r.publicURL(c), Logger: r.logger})
	if err != nil {
		return err
	}
	r.fronts = [2]*http.Server{web.NewServer(fronts(front, pages), r.logger), gatewayServer(r.gateway, r.logger)}
	return nil
}

// fronts are the two of the control plane on one listener: what is not the API's is a page.
func fronts(front *api.API, pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if front.Owns(r) {
			front.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	})
}

// serve starts everything that runs from now on.
func (r *Running) serve(ctx context.Context, operations *control.Control) {
	r.gateway.Start()
	loop, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var loops sync.WaitGroup
	loops.Go(func() { r.holder.Run(loop, pollEvery) })
	loops.Go(func() { operations.RenewTokens(loop, renewEvery) })
	loops.Go(func() { operations.PruneLogs(loop) })
	loops.Go(func() { operations.PruneAudit(loop) })
	loops.Go(func() { operations.SendMail(loop) })
	loops.Go(func() { operations.KeepTokenUses(loop, usesEvery) })
	if r.witness != nil {
		r.witness.sign = operations.AuditCheckpoints
		loops.Go(func() { r.witness.run(loop) })
	}
	r.streams, r.pruned = operations.StreamStats, operations.AuditPruneStats
	loops.Go(func() { operations.StreamAudit(loop, pollEvery) })
	loops.Go(func() { operations.WatchAlerts(loop, r.watchEvery) })
	loops.Go(func() { operations.DeliverAlerts(loop, deliverEvery) })
	loops.Go(func() { operations.WatchKeys(loop, pollEvery) })
	loops.Go(func() { operations.WatchSigningKeys(loop, pollEvery) })
	loops.Go(func() { operations.WatchSessions(loop, sessionsEvery) })
	loops.Go(func() { r.keys.run(loop) })
	r.stopLoop = func() { cancel(); loops.Wait(); r.leave(operations) }
	for i, s := range r.fronts {
		s.TLSConfig = r.tls.Clone()
		go func() { r.failed <- serve(s, r.sockets[i]) }()
	}
}

// allowed are the ranges that are not public and may be reached all the same.
func allowed(c Config) []netip.Prefix {
	if c.Dev {
		return slices.Concat(loopback, c.AllowUpstreams)
	}
	return c.AllowUpstreams
}

// newMailer is what sends mail; nil where none is configured. It is an interface's nil, which a nil *mail.Sender is not.
func newMailer(c Config, roots *x509.CertPool) (control.Mailer, error) {
	if c.SMTP == "" {
		return nil, nil
	}
	m, err := mail.New(mail.Config{URL: c.SMTP, From: c.MailFrom, Roots: roots})
	if err != nil {
		return nil, fmt.Errorf("smtp: %w", err)
	}
	return m, nil
}

// publicURL is where browsers reach the control plane.
func (r *Running) publicURL(c Config) string { return listensAt(c, r.ControlAddress()) }

// listensAt is where browsers reach a server that listens at an address.
func listensAt(c Config, address string) string {
	switch {
	case c.PublicURL != "":
		return c.PublicURL
	case c.TLSCert != "":
		return "https://" + address
	default:
		return "http://" + address
	}
}

// own is where this process itself listens: no route may lead back into it.
func (r *Running) own() []netip.AddrPort {
	var list []netip.AddrPort
	for _, l := range r.sockets {
		if l == nil {
			continue
		}
		if a, ok := l.Addr().(*net.TCPAddr); ok {
			list = append(list, a.AddrPort())
		}
	}
	return list
}

// ready says why the server should get no calls, or nil.
func (r *Running) ready() error {
	select {
	case <-r.draining:
		return errors.New("shutting down")
	default:
	}
	if !r.holder.Ready() {
		return errors.New("no snapshot yet")
	}
	if r.keys.over.Load() {
		return errors.New("the key service could not be reached for too long")
	}
	return nil
}

// replay makes a recorded call once more, unless the gateway is about to end.
func (r *Running) replay(ctx context.Context, p route.Replay) (route.Replayed, error) {
	if err := r.ready(); err != nil {
		return route.Replayed{}, &fault.Error{Kind: fault.Unavailable, Message: "the gateway serves no calls now; try again", Err: err}
	}
	return r.gateway.Replay(ctx, p)
}

// leave says in the database that this process ends, while the database is still open.
func (r *Running) leave(operations *control.Control) {
	ctx, cancel := context.WithTimeout(context.Background(), settle)
	defer cancel()
	if err := operations.Leave(ctx); err != nil {
		r.logger.WarnContext(ctx, "the end could not be noted in the database", "error", err)
	}
}

// ControlAddress is where the control plane listens, host:port.
func (r *Running) ControlAddress() string { return r.sockets[0].Addr().String() }

// GatewayAddress is where the gateway listens, host:port.
func (r *Running) GatewayAddress() string { return r.sockets[1].Addr().String() }

// Failed yields the error of a listener that ended by itself.
func (r *Running) Failed() <-chan error { return r.failed }
