// Package webhook delivers signed messages to receivers that people chose, in the form of Standard Webhooks
// (standardwebhooks.com). A delivery is one attempt: whether and when another follows is its caller's affair. It goes
// through the guarded dialer, follows no redirect, uses no proxy, and is over after a time limit. Of the receiver's answer
// nothing is kept but the status and when to try again; a failure never repeats what the receiver wrote, nor the URL.
package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/lockage/lockage/internal/guard"
)

// The limits of a delivery.
const (
	defaultLimit = 15 * time.Second
	maxHeader    = 64 << 10
	maxAnswer    = 64 << 10 // what is read of an answer, so that the receiver sees its end
)

// Config says where receivers may be.
type Config struct {
	Allow []netip.Prefix          // ranges that are not public and may have receivers all the same
	Own   func() []netip.AddrPort // where this process listens: no delivery leads back into it
	Roots *x509.CertPool          // nil: the system's authorities
	Now   func() time.Time        // nil: the real clock
	Limit time.Duration           // of one attempt; 0: 15 seconds
}

// Sender delivers messages. It is safe for concurrent use.
type Sender struct {
	client *http.Client
	now    func() time.Time
	limit  time.Duration
}

// New makes a Sender.
func New(c Config) (*Sender, error) {
	if c.Limit < 0 {
		return nil, errors.New("webhook: the limit of an attempt is negative")
	}
	if c.Limit == 0 {
		c.Limit = defaultLimit
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	dialer := &net.Dialer{Timeout: c.Limit, Control: guard.New(c.Allow, c.Own).Control}
	transport := &http.Transport{
		DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.Roots},
		TLSHandshakeTimeout: c.Limit, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: maxHeader,
		DisableKeepAlives: true, DisableCompression: true,
	}
	return &Sender{now: c.Now, limit: c.Limit, client: &http.Client{
		Transport: transport,
		// what is signed goes where it was meant to, and nowhere else
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Send attempts once to deliver a body of JSON to a target, under an id by which the receiver knows a repetition: letters,
// digits, "-" and "_". It fails with an *Error unless the receiver answers with a status from 200 to 299.
func (s *Sender) Send(ctx context.Context, to Target, id string, body []byte) error {
	if err := CheckURL(to.URL); err != nil {
		return &Error{Code: CodeTarget}
	}
	if !plainID(id) || len(to.Key) < minKey {
		return &Error{Code: CodeTarget}
	}
	ctx, cancel := context.WithTimeout(ctx, s.limit)
	defer cancel()
	// that TLS failed the client does not tell in a form that can be asked; the connection may outlive the attempt
	var handshake atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) { handshake.Store(err != nil) },
	})
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL, bytes.NewReader(body))
	if err != nil {
		return &Error{Code: CodeTarget}
	}
	at := strconv.FormatInt(s.now().Unix(), 10)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "lockage")
	r.Header.Set("Webhook-Id", id)
	r.Header.Set("Webhook-Timestamp", at)
	r.Header.Set("Webhook-Signature", sign(to.Key, id, at, body))
	answer, err := s.client.Do(r)
	if err != nil {
		return unreached(err, handshake.Load())
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, maxAnswer) // what it says beside the status is of no interest
	return s.judge(answer)
}
