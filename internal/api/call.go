package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/web"
)

// call is one request on its way through an operation.
type call struct {
	who     access.Principal // zero on an open operation
	bearer  string           // of an operation that recognizes; "": none was sent
	body    []byte
	query   url.Values
	agent   string                                          // the program it was sent with, as it says
	schemas huma.Registry                                   // what a shape refers to
	shape   *huma.Schema                                    // of the body; nil where control reads it itself
	next    string                                          // set by a list that goes on: where
	match   string                                          // the ETag that the thing changed must have; "": any
	tag     string                                          // set where the answer has an ETag
	status  int                                             // of success, where it is not the operation's usual one
	flow    *flow                                           // the answer of an operation whose answer flows
	again   func(context.Context) (access.Principal, error) // finds out anew who calls; nil on an open operation
	err     error                                           // the failure, which the guard answers
}

// refusal hands a failure through huma, which knows failures by their status.
type refusal struct{ err error }

func (r *refusal) Error() string { return r.err.Error() }

// Unwrap gives the failure itself.
func (r *refusal) Unwrap() error { return r.err }

// GetStatus is the status the failure is answered with.
func (r *refusal) GetStatus() int { return web.Status(fault.KindOf(r.err)) }

func (c *call) fail(err error) *refusal {
	c.err = err
	return &refusal{err: err}
}

type callKey struct{}

// callOf is the call that the guard began. Huma gives handlers nothing but a context, so it travels there from the
// guard to register, and no further.
func callOf(ctx context.Context) *call {
	c, ok := ctx.Value(callKey{}).(*call)
	if !ok {
		return &call{}
	}
	return c
}

// guard stands before every operation: it finds out who calls and refuses a request that is not well-formed, before
// anything of it is read as parameters. It keeps the answer until it is complete, so that a failure on the way, also one
// of huma's own, becomes an answer in our form.
func (a *API) guard(d *details, shape *huma.Schema) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(hc)
		c := &call{shape: shape, schemas: a.huma.OpenAPI().Components.Schemas, agent: r.UserAgent()}
		if err := a.admit(c, d, r, hc.Operation()); err != nil {
			a.refused(c, d, r, err)
			refuse(w, r, err)
			return
		}
		kept := web.NewBuffer(w)
		run := func(ctx context.Context) error {
			next(humago.NewContext(hc.Operation(), r.WithContext(context.WithValue(ctx, callKey{}, c)), kept))
			if c.err == nil && kept.Status() >= http.StatusBadRequest {
				return errors.New("an answer of huma that is not ours")
			}
			return c.err
		}
		if d.idempotent() {
			run = a.once(c, r, kept, run)
		}
		defer func() {
			if c.flow != nil && c.flow.close != nil {
				c.flow.close()
			}
		}()
		if err := run(r.Context()); err != nil {
			a.refused(c, d, r, err)
			refuse(w, r, err)
			return
		}
		if c.flow != nil {
			c.flow.send(r.Context(), w)
			return
		}
		kept.Send()
	}
}

// refused has the refusal of a change recorded, where the operation has not done so itself.
func (a *API) refused(c *call, d *details, r *http.Request, err error) {
	if d.method != http.MethodGet {
		a.control.RecordRefused(r.Context(), c.who, d.id, err)
	}
}

// admit fills in who calls and what was sent.
func (a *API) admit(c *call, d *details, r *http.Request, op *huma.Operation) error {
	if !d.open {
		authenticate := a.control.Authenticate
		switch {
		case d.opens:
			authenticate = a.control.AuthenticateOpener
		case isAdmin(d.path):
			authenticate = a.control.AuthenticateMember
		}
		c.again = func(ctx context.Context) (access.Principal, error) {
			return web.Principal(r.WithContext(ctx), authenticate)
		}
		var err error
		if c.who, err = c.again(r.Context()); err != nil {
			return err
		}
	}
	if d.knows && len(r.Header.Values("Authorization")) > 0 {
		var err error
		if c.bearer, err = web.Bearer(r); err != nil {
			return err
		}
	}
	if err := c.readParameters(r, op.Parameters); err != nil {
		return err
	}
	if has(op.Parameters, "header", ifMatch) {
		var err error
		if c.match, err = matchOf(r); err != nil {
			return err
		}
	}
	if !d.takesBody() && !d.idempotent() {
		return nil
	}
	body, err := web.ReadBody(r)
	if err != nil {
		return err
	}
	c.body = body
	return checkContentType(r, body)
}

// readParameters refuses a query that is malformed, names what the operation does not know or names it twice, and text
// no parameter can have.
func (c *call) readParameters(r *http.Request, known []*huma.Param) (err error) {
	if c.query, err = url.ParseQuery(r.URL.RawQuery); err != nil {
		return fault.Refused("query", "is malformed; percent-encode what is not a letter or a digit")
	}
	var refused []fault.Field
	for name, values := range c.query {
		switch {
		case !has(known, "query", name):
			refused = append(refused, fault.Field{Field: fieldName(name), Message: "is not a query parameter of this operation"})
		case len(values) > 1:
			refused = append(refused, fault.Field{Field: name, Message: "is given twice; send it once"})
		case !plain(values[0]):
			refused = append(refused, fault.Field{Field: name, Message: "must be UTF-8 without null characters"})
		}
	}
	for _, p := range known {
		if p.In == "path" && !plain(r.PathValue(p.Name)) {
			refused = append(refused, fault.Field{Field: p.Name, Message: "must be UTF-8 without null characters"})
		}
	}
	return fault.RefusedFields(byName(refused))
}

func has(known []*huma.Param, in, name string) bool {
	for _, p := range known {
		if p.In == in && p.Name == name {
			return true
		}
	}
	return false
}

// ifMatch is the header with the ETag of what its sender saw.
const ifMatch = "If-Match"

// matchOf is the request's If-Match, "" when there is none. It is one ETag as an answer gave it: with a list, or with
// "*", the sender would not know what was changed.
func matchOf(r *http.Request) (string, error) {
	values := r.Header.Values(ifMatch)
	if len(values) == 0 {
		return "", nil
	}
	digits, quoted := strings.CutPrefix(values[0], `"`)
	digits, closed := strings.CutSuffix(digits, `"`)
	if _, err := strconv.ParseUint(digits, 10, 63); err != nil || !quoted || !closed || len(values) > 1 {
		return "", fault.Refused(ifMatch, "must be one ETag as an answer gave it, with its quotation marks")
	}
	return values[0], nil
}

// plain says whether a text can be asked of any store.
func plain(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// commit is the message of ?commit=, which may be empty; nil when the parameter is absent.
func (c *call) commit() *string {
	if !c.query.Has("commit") {
		return nil
	}
	message := c.query.Get("commit")
	return &message
}
