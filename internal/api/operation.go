package api

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/web"
	"github.com/lockage/lockage/wire"
)

// operation is a line of the route table. It is written without field names, so that a line which does not say what it
// decides does not compile.
type operation struct {
	method, path, id string
	action           access.Action // what is decided; of an open operation, what the audit log calls it
	summary          string
}

// details are what a line of the table adds.
type details struct {
	operation
	also   []access.Action // decided besides, each where the request touches what it is about
	open   bool            // no credential is asked for
	knows  bool            // open, and takes a credential all the same
	opens  bool            // takes the operator's token too
	later  bool            // may answer 202: what is asked for comes later
	looks  bool            // nothing is changed, though it is a POST
	unkept bool            // its answer must not be kept, though it is a POST
	frozen bool            // a freeze of the environment refuses it
	tagged bool            // the answer has an ETag
	status int             // of success
	body   reflect.Type    // what the body is decoded to; nil: the body has no type of its own
	schema string          // the name of the body's schema; "": there is no body
	flows  []string        // the types of an answer that is sent as it comes; none: the answer is JSON, and sent when it is complete
	fails  []int           // failures that the operation has beyond those that follow from its form
}

// idempotent says whether the operation takes an Idempotency-Key.
func (d *details) idempotent() bool {
	return d.method == http.MethodPost && !isAdmin(d.path) && !d.looks && !d.unkept && !d.open
}

type detail func(*details)

// open operations need no credential, so no role can be asked for: their action must be one that no role holds.
func open(d *details) { d.open = true }

// recognizes is for an open operation that takes a credential where one is sent; control asks for what it needs.
func recognizes(d *details) { d.knows = true }

// operators is for what the operator of the installation may do, too, with the operator's token.
func operators(d *details) { d.opens = true }

// accepts is for an operation that may answer 202, as its handler says.
func accepts(d *details) { d.later = true }

// also names further actions that the operation asks for where a request needs them.
func also(actions ...access.Action) detail {
	return func(d *details) { d.also = append(d.also, actions...) }
}

// created operations answer 201.
func created(d *details) { d.status = http.StatusCreated }

// looks is for a POST that changes nothing: repeating it is harmless, and its answer is not kept.
func looks(d *details) { d.looks = true }

// unkept is for a POST whose answer is for a while only: kept for an Idempotency-Key it would be there for longer.
func unkept(d *details) { d.unkept = true }

// freezes is for what a freeze of the environment refuses, unless an owner overrides it.
func freezes(d *details) { d.frozen, d.fails = true, append(d.fails, http.StatusConflict) }

// tagged operations answer with an ETag, which the handler gives to its call.
func tagged(d *details) { d.tagged = true }

// flows is for an answer of other types than JSON that is sent as it comes: the handler gives its call a flow.
func flows(types ...string) detail { return func(d *details) { d.flows = types } }

// fails names statuses of failures beyond those that follow from the form.
func fails(statuses ...int) detail {
	return func(d *details) { d.fails = append(d.fails, statuses...) }
}

// takes says what the body is decoded to.
func takes[B any]() detail { return func(d *details) { d.body = reflect.TypeFor[B]() } }

// takesSchema names the schema of a body that control reads itself.
func takesSchema(name string) detail { return func(d *details) { d.schema = name } }

// takesBody says whether the operation has a body.
func (d *details) takesBody() bool { return d.schema != "" }

// refusals lists every status of failure the operation can answer.
func (d *details) refusals(parameters []*huma.Param) []int {
	// An unknown query parameter is a bad request everywhere.
	list := []int{http.StatusBadRequest, http.StatusInternalServerError, http.StatusServiceUnavailable}
	list = append(list, d.fails...)
	if !d.open {
		list = append(list, http.StatusUnauthorized, http.StatusForbidden)
	}
	if d.takesBody() {
		list = append(list, http.StatusRequestEntityTooLarge)
	}
	if d.idempotent() {
		list = append(list, http.StatusConflict)
	}
	for _, p := range parameters {
		if p.In == "path" {
			list = append(list, http.StatusNotFound)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// handler is what a concept's file has for an operation: I holds the parameters, O is the answer.
type handler[I, O any] func(ctx context.Context, c *call, in *I) (O, error)

// answer registers an operation of /v1, whose answers have an envelope.
func answer[I, O any](a *API, o operation, h handler[I, O], more ...detail) {
	register(a, o, func(ctx context.Context, c *call, in *I) (wire.Answer[O], error) {
		data, err := h(ctx, c, in)
		return wire.Answer[O]{Data: data, Meta: wire.Meta{RequestID: web.RequestID(ctx), NextCursor: c.next}}, err
	}, more...)
}

// bare registers an operation of /admin, whose answers have none.
func bare[I, O any](a *API, o operation, h handler[I, O], more ...detail) { register(a, o, h, more...) }

type output[B any] struct {
	Status int
	ETag   string `header:"ETag"` // "": none is sent
	Body   B
}

func register[I, O any](a *API, o operation, h handler[I, O], more ...detail) {
	d := &details{operation: o, status: http.StatusOK}
	for _, set := range more {
		set(d)
	}
	a.problems = append(a.problems, d.undecided())
	shape := a.shapeOf(d)
	op := huma.Operation{
		Method: o.method, Path: o.path, OperationID: o.id, Summary: o.summary, Tags: []string{tag(o.path)},
		DefaultStatus: d.status, Responses: map[string]*huma.Response{strconv.Itoa(d.status): {}},
		Middlewares: huma.Middlewares{a.guard(d, shape)},
	}
	a.documentBefore(d, &op)
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*output[O], error) {
		c := callOf(ctx)
		body, err := h(ctx, c, in)
		if err != nil {
			return nil, c.fail(err)
		}
		return &output[O]{Status: cmp.Or(c.status, d.status), ETag: c.tag, Body: body}, nil
	})
	a.documentAfter(d)
}

// undecided says why nobody could decide the operation; nil when everything is named that must be.
func (d *details) undecided() error {
	for _, action := range append([]access.Action{d.action}, d.also...) {
		if _, known := action.Scope(); !known {
			return fmt.Errorf("api: the operation %s decides %q, which is no action of package access", d.id, action)
		}
	}
	if held := d.action.Held(); held == d.open {
		return fmt.Errorf("api: the operation %s decides %s, which roles hold: %t, and asks for no credential: %t", d.id, d.action, held, d.open)
	}
	return nil
}

// tag is the concept an operation's path begins with.
func tag(path string) string {
	segments := strings.Split(path, "/")
	if segments[1] == "admin" {
		return "admin"
	}
	return segments[2]
}
