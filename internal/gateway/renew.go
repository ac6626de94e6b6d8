package gateway

import (
	"context"
	"net/http"
	"time"

	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/snapshot"
)

// Renew obtains a newer access token for a version of an OAuth2 value than that of a serial, and answers when the
// snapshot has it. Its errors are of fault, and their messages may be told.
type Renew func(ctx context.Context, account, environment, secret string, version, serial int64) error

// maxKept is how large a body may be that is kept to be sent again, in bytes.
const maxKept = 64 << 10

// renewTakes is how long a call waits for a token whose route has no time limit.
const renewTakes = 30 * time.Second

// renewed waits for the access token that a call lacks, and decides about the call again.
func (x *exchange) renewed(a *Ask, lacking *Refusal) *Refusal {
	for range 3 { // a call may carry several
		v := x.d.stale
		if x.g.renew == nil || v == nil {
			return lacking
		}
		if err := x.renew(v); err != nil {
			lacking.Message += ": " + messageOf(err)
			return lacking
		}
		refusal := x.g.engine.Redo(a, x.d, x.g.now())
		if refusal == nil || x.d.stale == nil {
			return refusal
		}
		lacking = refusal
	}
	return lacking
}

func (x *exchange) renew(v *snapshot.Value) error {
	serial, _ := v.Serial()
	takes := renewTakes
	if x.d.Plan.Timeout > 0 {
		takes = min(takes, x.d.Plan.Timeout)
	}
	ctx, cancel := context.WithTimeout(x.r.Context(), takes)
	defer cancel()
	return x.g.renew(ctx, x.d.Account.ID, x.d.Environment.ID, v.SecretID, v.Version, serial)
}

// messageOf is what of an error a caller may be told.
func messageOf(err error) string {
	if fault.KindOf(err) == fault.Internal {
		return "it could not be renewed"
	}
	return err.Error()
}

// injected are the OAuth2 values whose access tokens the call carries.
func (x *exchange) injected() (list []*snapshot.Value) {
	for _, v := range x.d.Route.Values(x.d.staged)[:x.d.Plan.Needs(x.d.Body != nil)] {
		if _, ok := v.Serial(); ok {
			list = append(list, v)
		}
	}
	return list
}

// keep reads a small body into memory, so that a call that carries an access token can be sent again when the upstream
// does not take the token.
func (x *exchange) keep(ctx context.Context) *Refusal {
	if x.again || x.g.renew == nil || x.r.ContentLength <= 0 || x.r.ContentLength > maxKept || len(x.injected()) == 0 ||
		hasToken(x.r.Header["Expect"], "100-continue") {
		return nil
	}
	body, refusal := x.readAll(ctx, maxKept)
	if refusal != nil {
		return refusal
	}
	x.kept = body
	x.upload.first = body
	return nil
}

// rejected takes an answer of 401 to a call that carried an access token for the token's end: it has the token renewed,
// once, and answers whether the call is to be sent again. One that cannot be sent again lets the answer pass; the next
// call carries the new token.
func (x *exchange) rejected(answer *http.Response) bool {
	if answer.StatusCode != http.StatusUnauthorized || x.g.renew == nil || x.again {
		return false
	}
	values := x.injected()
	if len(values) == 0 {
		return false
	}
	again := x.upload == nil || x.kept != nil
	for _, v := range values {
		if x.renew(v) != nil {
			again = false
		}
	}
	return again
}

// resend decides about the call anew and makes its body ready to be sent again.
func (x *exchange) resend() *Refusal {
	x.again = true
	x.forget() // other values are looked for from now on
	if refusal := x.g.engine.Redo(x.ask, x.d, x.g.now()); refusal != nil {
		return refusal
	}
	if x.upload != nil {
		read := x.upload
		x.upload = &upload{src: http.NoBody, first: x.kept, size: read.size, clock: &deadline{}}
		x.upload.count.Store(read.count.Load())
		x.upload.done.Store(true)
	}
	x.mu.Lock()
	x.final = false
	x.mu.Unlock()
	return nil
}
