package gateway

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"

	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/snapshot"
)

// replaying is what a call that is made here, and not by a caller, has in place of a credential.
type replaying struct {
	of         string // id of the call that is repeated
	account    string
	address    string
	credential *snapshot.Credential
	made       *exchange // the call; for Replay to tell of
}

// Replay makes a recorded call once more, as every other call is made: with the route, the limits and the values of its
// environment, and recorded. The answer is read to its end and kept nowhere else.
func (g *Gateway) Replay(ctx context.Context, p route.Replay) (route.Replayed, error) {
	header := http.Header{}
	for _, h := range p.Headers {
		header.Add(h.Name, h.Value)
	}
	header.Set("Lockage-Environment", p.Environment)
	r := &http.Request{
		Method: p.Method, URL: &url.URL{RawQuery: p.Query}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header, Host: "lockage",
		Body: http.NoBody, ContentLength: int64(len(p.Body)), RemoteAddr: p.Who.Request.Address,
	}
	var err error
	if r.URL.Path, err = url.PathUnescape(p.Path); err != nil {
		return route.Replayed{}, err
	}
	r.URL.RawPath = p.Path
	if len(p.Body) > 0 {
		r.Body = io.NopCloser(bytes.NewReader(p.Body))
	}
	as := &replaying{
		of: p.Of, account: p.Who.Account, address: p.Who.Request.Address,
		credential: &snapshot.Credential{ID: p.Who.ID, Principal: p.Who},
	}
	func() {
		defer func() {
			// an answer that was cut short is aborted, which nobody is there to see
			if v := recover(); v != nil && v != http.ErrAbortHandler { //nolint:errorlint // the very value
				panic(v)
			}
		}()
		g.serve(&unheard{header: http.Header{}}, r.WithContext(ctx), as)
	}()
	return route.Replayed{ID: as.made.requestID, Status: as.made.status, ErrorType: as.made.errorType}, nil
}

// unheard takes an answer that nobody hears.
type unheard struct{ header http.Header }

// Header implements http.ResponseWriter.
func (u *unheard) Header() http.Header { return u.header }

// WriteHeader implements http.ResponseWriter.
func (u *unheard) WriteHeader(int) {}

// Write implements http.ResponseWriter.
func (u *unheard) Write(p []byte) (int, error) { return len(p), nil }

// Flush implements http.Flusher.
func (u *unheard) Flush() {}
