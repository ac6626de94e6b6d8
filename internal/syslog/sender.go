package syslog

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"github.com/lockage/lockage/internal/guard"
)

// The limits of a delivery.
const (
	defaultLimit = 15 * time.Second
	maxAddress   = 512
	maxCA        = 64 << 10
)

// Config says where collectors may be.
type Config struct {
	Allow []netip.Prefix          // ranges that are not public and may have collectors all the same
	Own   func() []netip.AddrPort // where this process listens: no delivery leads back into it
	Roots *x509.CertPool          // nil: the system's authorities
	Limit time.Duration           // of one attempt; 0: 15 seconds
	Host  string                  // what messages say of where they come from; "": it is unknown
}

// Sender hands messages to collectors. It is safe for concurrent use.
type Sender struct {
	dialer *net.Dialer
	roots  *x509.CertPool
	limit  time.Duration
	host   string
}

// New makes a Sender.
func New(c Config) (*Sender, error) {
	if c.Limit < 0 {
		return nil, errors.New("syslog: the limit of an attempt is negative")
	}
	if c.Limit == 0 {
		c.Limit = defaultLimit
	}
	return &Sender{dialer: &net.Dialer{Control: guard.New(c.Allow, c.Own).Control}, roots: c.Roots, limit: c.Limit, host: c.Host}, nil
}

// Target is a collector.
type Target struct {
	Address string // tcp://host:port or tls://host:port
	CA      string // of TLS, in PEM; "" leaves it to the Sender's authorities
}

// The classes of failure.
const (
	CodeTarget      = "invalid_target"      // the address or the authorities are not valid
	CodeDestination = "destination_refused" // the collector is at an address this server may not connect to
	CodeTLS         = "tls"                 // the collector's certificate is not accepted, or it speaks no TLS
	CodeTimeout     = "timeout"             // the time limit was over first
	CodeUnreachable = "unreachable"         // it could not be connected to
	CodeBroken      = "broken_off"          // the connection ended before everything was taken
)

// Error is a delivery that failed.
type Error struct{ Code string }

func (e *Error) Error() string {
	switch e.Code {
	case CodeTarget:
		return "the collector's address or authorities are not valid"
	case CodeDestination:
		return "the collector is at an address this server may not connect to; the operator can allow it with --allow-upstreams"
	case CodeTLS:
		return "the collector's certificate is not accepted, or it speaks no TLS"
	case CodeTimeout:
		return "the collector did not take everything and close the connection in time"
	case CodeBroken:
		return "the collector broke the connection off before it had taken everything"
	default:
		return "the collector cannot be reached"
	}
}

// Check refuses a target that cannot be one. The error does not repeat it.
func (t Target) Check() error {
	_, _, err := t.parse()
	if err == nil && t.CA != "" {
		_, err = authorities(t.CA)
	}
	return err
}

func (t Target) parse() (u *url.URL, overTLS bool, err error) {
	refused := errors.New("must be like tcp://collector.example.com:514 or tls://collector.example.com:6514")
	if len(t.Address) > maxAddress {
		return nil, false, refused
	}
	u, err = url.Parse(t.Address)
	if err != nil || u.Scheme != "tcp" && u.Scheme != "tls" || u.Hostname() == "" || u.User != nil || u.Path != "" ||
		u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.Opaque != "" {
		return nil, false, refused
	}
	if port, err := strconv.ParseUint(u.Port(), 10, 16); err != nil || port == 0 {
		return nil, false, refused
	}
	if u.Scheme == "tcp" && t.CA != "" {
		return nil, false, errors.New("must be a tls:// address where there are authorities to check it with")
	}
	return u, u.Scheme == "tls", nil
}

// authorities reads certificates in PEM, and nothing else.
func authorities(text string) (*x509.CertPool, error) {
	refused := errors.New("must be certificates in PEM")
	pool, rest := x509.NewCertPool(), []byte(text)
	if len(text) > maxCA {
		return nil, refused
	}
	n := 0
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if block.Type != "CERTIFICATE" || err != nil {
			return nil, refused
		}
		pool.AddCert(certificate)
		n++
	}
	if n == 0 {
		return nil, refused
	}
	return pool, nil
}

// Send attempts once to hand messages to a collector, in their order. It fails with an *Error unless the collector closed
// the connection in good order after the last.
func (s *Sender) Send(ctx context.Context, to Target, messages []Message) error {
	u, overTLS, err := to.parse()
	roots := s.roots
	if err == nil && to.CA != "" {
		roots, err = authorities(to.CA)
	}
	if err != nil {
		return &Error{CodeTarget}
	}
	ctx, cancel := context.WithTimeout(ctx, s.limit)
	defer cancel()
	raw, err := s.dialer.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return failed(ctx, err, CodeUnreachable)
	}
	defer raw.Close()
	stop := context.AfterFunc(ctx, func() { _ = raw.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	conn, ok := raw.(halfCloser)
	if !ok {
		return fmt.Errorf("syslog: a connection that cannot be closed half: %T", raw)
	}
	if overTLS {
		secured := tls.Client(raw, &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, ServerName: u.Hostname()})
		if err := secured.HandshakeContext(ctx); err != nil {
			return failed(ctx, err, CodeTLS)
		}
		conn = secured
	}
	if _, err := conn.Write(frame(s.host, messages)); err != nil {
		return failed(ctx, err, CodeBroken)
	}
	if err := conn.CloseWrite(); err != nil {
		return failed(ctx, err, CodeBroken)
	}
	// a collector says nothing: what comes is its end, when it has read ours
	if n, err := io.Copy(io.Discard, io.LimitReader(conn, 1)); err != nil || n > 0 {
		return failed(ctx, err, CodeBroken)
	}
	return nil
}

// halfCloser is a connection on which one side can say that it is done.
type halfCloser interface {
	net.Conn
	CloseWrite() error
}

// failed classes a failure.
func failed(ctx context.Context, err error, code string) *Error {
	var network net.Error
	switch {
	case errors.Is(err, guard.ErrRefused):
		return &Error{CodeDestination}
	case ctx.Err() != nil, errors.As(err, &network) && network.Timeout():
		return &Error{CodeTimeout}
	default:
		return &Error{code}
	}
}
