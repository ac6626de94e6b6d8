package kek

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// pace bounds what is done about one key: each attempt, all of them together, and the wait between two.
type pace struct {
	attempt, whole, wait time.Duration
	attempts             int
}

// usual is short: whoever changes a value waits for the service, and so does who comes after.
var usual = pace{attempt: 3 * time.Second, whole: 8 * time.Second, wait: 100 * time.Millisecond, attempts: 4}

// maxAnswer bounds an answer, in bytes; a wrapped key has some hundred.
const maxAnswer = 64 << 10

var (
	errLarge = errors.New("the answer is too large")
	errClear = errors.New("no TLS")
)

// place is the additional data in the form that services get: its SHA-256. It is as binding, fits every service's
// limits, and tells neither the service nor its logs of whom and what.
func place(additional []byte) []byte {
	sum := sha256.Sum256(additional)
	return sum[:]
}

// client makes the HTTP client of a key.
func (o Options) client() *http.Client {
	return &http.Client{
		Transport:     &bounded{RoundTripper: o.transport()},
		Timeout:       o.pace().attempt,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // a token goes nowhere else
	}
}

func (o Options) transport() http.RoundTripper {
	if o.Transport != nil {
		return o.Transport
	}
	if t, ok := http.DefaultTransport.(*http.Transport); ok {
		return t.Clone()
	}
	return http.DefaultTransport
}

func (o Options) pace() pace {
	if o.hurry != (pace{}) {
		return o.hurry
	}
	return usual
}

// bounded cuts answers that are too large, and remembers the last failure: what fetches tokens makes a text of it, which
// is not to be shown.
type bounded struct {
	http.RoundTripper
	mu   sync.Mutex
	last error
}

func (b *bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	a, err := b.RoundTripper.RoundTrip(r)
	b.mu.Lock()
	b.last = err
	b.mu.Unlock()
	if err != nil {
		return nil, err
	}
	a.Body = &limited{a.Body, maxAnswer}
	return a, nil
}

// lastOf is the last failure of a client that Options made.
func lastOf(c *http.Client) error {
	b, ok := c.Transport.(*bounded)
	if !ok {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last
}

type limited struct {
	io.ReadCloser
	left int
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.ReadCloser.Read(p)
	if l.left -= n; l.left < 0 {
		return 0, errLarge
	}
	return n, err
}

// answer is what a service answered.
type answer struct {
	status int
	body   []byte
}

// decode reads the body of a good answer; the caller says what must be in it.
func (a answer) decode(to any) bool { return json.Unmarshal(a.body, to) == nil }

// post sends JSON, and again when that may help: after no answer, 429 and 5xx, with a wait that grows and varies, so that
// many servers do not come back in step. The request is wiped.
func post(ctx context.Context, c *http.Client, p pace, address string, header http.Header, body []byte) (a answer, err error) {
	defer clear(body)
	for attempt := range p.attempts {
		if attempt > 0 {
			if waitErr := sleep(ctx, p.wait<<(attempt-1)); waitErr != nil {
				return a, errors.Join(err, waitErr)
			}
		}
		if a, err = postOnce(ctx, c, address, header, body); ctx.Err() != nil || err == nil && !again(a.status) {
			return a, err
		}
	}
	return a, err
}

func again(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status >= 500
}

func postOnce(ctx context.Context, c *http.Client, address string, header http.Header, body []byte) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, &passing{rest: bytes.Clone(body)})
	if err != nil {
		return answer{}, err
	}
	r.ContentLength = int64(len(body))
	r.Header = header.Clone()
	r.Header.Set("Content-Type", "application/json")
	resp, err := c.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, text}, err
}

// passing is a body that is wiped once it was sent. The transport may read it for longer than the call lasts.
type passing struct {
	mu   sync.Mutex
	rest []byte
}

func (p *passing) Read(to []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(to, p.rest)
	clear(p.rest[:n])
	p.rest = p.rest[n:]
	return n, nil
}

func (p *passing) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.rest)
	p.rest = nil
	return nil
}

// sleep waits for between half of d and d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d/2 + rand.N(d/2+1)) //nolint:gosec // no secret: it only spreads the calls
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// readAddress reads the URL of a service: https, or http on this machine, and nothing that could hold a credential.
func readAddress(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || !hostName.MatchString(u.Hostname()) || u.Opaque != "":
		return nil, errors.New("must have an address like https://HOST")
	case u.User != nil:
		return nil, errors.New("must hold no name or password; they are read from elsewhere")
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return nil, errors.New("must have nothing behind the path")
	case u.RawPath != "":
		return nil, errors.New("must have a path without escapes")
	case !secure(u):
		return nil, errors.New("must begin with https://; http:// is for this machine's own addresses")
	}
	u.Host = strings.ToLower(u.Host)
	if u.Scheme == "https" {
		u.Host = strings.TrimSuffix(u.Host, ":443")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return nil, errors.New("must have a port between 1 and 65535, or none")
		}
	}
	return u, nil
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9.:-]+$`)

func secure(u *url.URL) bool {
	return u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname())
}

func loopback(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.IsLoopback()
	}
	return host == "localhost"
}
