package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/puzpuzpuz/xsync/v4"

	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/snapshot"
)

// poolIdle is how long the connections made with a certificate are kept when no call uses them.
const poolIdle = time.Minute

// pools hold a pool of connections for each certificate that calls show, so that a connection made with one never serves
// a call that shows another, or none. The certificate of a value that was replaced is another one: its pool is left
// alone and goes when nothing used it for a while.
type pools struct {
	plain *http.Transport // shows none
	with  *xsync.Map[*snapshot.Value, *pool]
}

// pool is the connections made with one certificate.
type pool struct {
	once      sync.Once
	transport *http.Transport
	err       error
	used      atomic.Int64 // second of the last call
}

func newPools(plain *http.Transport) *pools {
	return &pools{plain: plain, with: xsync.NewMap[*snapshot.Value, *pool]()}
}

// of is what carries a call that shows a certificate; nil: none.
func (p *pools) of(certificate *snapshot.Value, now time.Time) (*http.Transport, error) {
	if certificate == nil {
		return p.plain, nil
	}
	one, ok := p.with.Load(certificate)
	if !ok {
		one, _ = p.with.LoadOrStore(certificate, &pool{})
	}
	one.used.Store(now.Unix())
	one.once.Do(func() {
		one.transport = p.plain.Clone()
		one.err = show(one.transport.TLSClientConfig, certificate)
	})
	return one.transport, one.err
}

// show makes a configuration show a certificate, and trust whom the certificate's value says.
func show(c *tls.Config, certificate *snapshot.Value) error {
	_, trusted, err := open(certificate)
	if err != nil {
		return err
	}
	if trusted != nil {
		c.RootCAs = trusted
	}
	c.ClientSessionCache = nil
	// opened for each handshake: between two of them the key lies in memory sealed
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		shown, _, err := open(certificate)
		return shown, err
	}
	return nil
}

func open(certificate *snapshot.Value) (*tls.Certificate, *x509.CertPool, error) {
	payload, err := certificate.AppendTo(make([]byte, 0, certificate.Len()))
	if err != nil {
		return nil, nil, err
	}
	defer clear(payload)
	return secret.OpenCertificate(payload)
}

// sweep forgets pools that no call used for a while.
func (p *pools) sweep(now time.Time) {
	p.with.Range(func(certificate *snapshot.Value, one *pool) bool {
		if now.Unix()-one.used.Load() > int64(poolIdle/time.Second) {
			p.with.Delete(certificate)
			one.close()
		}
		return true
	})
}

// close closes all idle connections.
func (p *pools) close() {
	p.plain.CloseIdleConnections()
	p.with.Range(func(_ *snapshot.Value, one *pool) bool {
		one.close()
		return true
	})
}

func (one *pool) close() {
	one.once.Do(func() {}) // whoever made it is done
	if one.transport != nil {
		one.transport.CloseIdleConnections()
	}
}

// handshake makes a TLS connection of its own, as calls that switch protocols need, over one that is made.
func (x *exchange) handshake(ctx context.Context, conn net.Conn, name string) (net.Conn, error) {
	config := x.g.tls.Clone()
	config.NextProtos = []string{"http/1.1"}
	if config.ServerName == "" {
		config.ServerName = name
	}
	if certificate := x.d.Route.Certificate(x.d.staged); certificate != nil {
		if err := show(config, certificate); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, handshakeLimit)
	defer cancel()
	wrapped := tls.Client(conn, config)
	return wrapped, wrapped.HandshakeContext(ctx)
}
