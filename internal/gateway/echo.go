package gateway

import (
	"net/http"
	"slices"

	"github.com/lockage/lockage/internal/echo"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/snapshot"
)

// echoes looks for what a call injected in the answer to it. It belongs to one call, is made when there is something to
// look through, and lies in a pool between calls, wiped.
type echoes struct {
	guard   echo.Guard
	plain   buffer
	values  []*snapshot.Value // by the owner in guard
	screen  screen            // of the body
	refusal *Refusal          // why a value could not be made ready; nil: all are
}

// signatureLength is that of the shortest text that an HMAC can become, in base64.
const signatureLength = 44

// guarded are the values to look for in the answer to the call, and the length of the shortest text that can belong to
// one; 0: there is nothing to look for.
func (d *Decision) guarded() (values []*snapshot.Value, shortest int) {
	if d.Plan == nil || !d.Plan.EchoGuard {
		return nil, 0
	}
	values = d.Route.Values(d.staged)[:d.Plan.Needs(d.Body != nil)]
	for _, v := range values {
		if n := injectedLength(v); n > 0 && (shortest == 0 || n < shortest) {
			shortest = n
		}
	}
	if d.Plan.Signs && (shortest == 0 || shortest > signatureLength) {
		shortest = signatureLength
	}
	return values, shortest
}

// injectedLength is the length of a value that is looked for, 0 for one that is not: it is never injected, or too short.
func injectedLength(v *snapshot.Value) int {
	if v.Type == secret.Certificate || v.Len() < echo.MinLength {
		return 0
	}
	return v.Len()
}

// guard opens the values, which were wiped when the call was sent, and makes ready to look for them and for what filters
// and signatures make of them.
func (x *exchange) guard() (*echo.Guard, *Refusal) {
	if x.echoes == nil {
		x.echoes = x.g.echoes.Get().(*echoes) //nolint:errcheck,forcetypeassert // the pool holds nothing else
		values, _ := x.d.guarded()
		x.echoes.refusal = x.echoes.open(x.d, values)
	}
	return &x.echoes.guard, x.echoes.refusal
}

// open opens values of a call.
func (e *echoes) open(d *Decision, values []*snapshot.Value) *Refusal {
	e.values = append(e.values, values...)
	for i, v := range e.values {
		if injectedLength(v) == 0 {
			continue
		}
		e.plain.grow(v.Len())
		var err error
		if e.plain.b, err = v.AppendTo(e.plain.b); err != nil {
			return unreadable(v.Name)
		}
		e.guard.Add(i, e.plain.b)
		e.plain.reset()
	}
	for _, fields := range [...][]snapshot.Field{d.Plan.Headers, d.Plan.Query} {
		for i := range fields {
			if r := e.addMade(d, fields[i].Template); r != nil {
				return r
			}
		}
	}
	return e.addNode(d, d.Body)
}

// addMade adds what the parts of a template make of values.
func (e *echoes) addMade(d *Decision, t snapshot.Template) *Refusal {
	for i := range t {
		p := &t[i]
		switch p.Kind {
		case secret.SecretName, secret.SecretID:
			if len(p.Filters) == 0 || injectedLength(e.values[p.Value]) == 0 {
				continue
			}
		case secret.HMAC:
		default:
			continue
		}
		if r := d.part(&e.plain, p); r != nil {
			return r
		}
		e.guard.Add(p.Value, e.plain.b)
		e.plain.reset()
	}
	return nil
}

func (e *echoes) addNode(d *Decision, n *snapshot.Node) *Refusal {
	if n == nil {
		return nil
	}
	for i := range n.Members {
		if r := e.addNode(d, n.Members[i].Value); r != nil {
			return r
		}
	}
	for _, element := range n.Elements {
		if r := e.addNode(d, element); r != nil {
			return r
		}
	}
	return e.addMade(d, n.Template)
}

// forget keeps what the record of the call tells of echoes, and wipes.
func (x *exchange) forget() {
	e := x.echoes
	if e == nil {
		return
	}
	x.echoes = nil
	if n := int64(e.guard.Count()); n > 0 {
		x.redacted += n
		x.g.counters.echoes.Add(n)
		for i, v := range e.values {
			if e.guard.Found(i) && !slices.Contains(x.echoed, v.SecretID) {
				x.echoed = append(x.echoed, v.SecretID)
			}
		}
	}
	e.wipe()
	x.g.echoes.Put(e)
}

func (e *echoes) wipe() {
	e.guard.Reset()
	e.plain.reset()
	clear(e.values)
	e.values, e.screen, e.refusal = e.values[:0], screen{}, nil
}

// redactHeader looks through the values of an answer's headers or trailers.
func (x *exchange) redactHeader(h http.Header) *Refusal {
	_, shortest := x.d.guarded()
	if shortest == 0 {
		return nil
	}
	for name, values := range h {
		for i, text := range values {
			if len(text) < shortest {
				continue
			}
			guard, r := x.guard()
			if r != nil {
				return r
			}
			before := guard.Count()
			plain := &x.echoes.plain
			plain.addString(text)
			if out, _ := guard.Redact(plain.b, true); guard.Count() > before {
				values = slices.Clone(values) // they may be the upstream's own
				values[i] = string(out)
				h[name] = values
			}
			plain.reset()
		}
	}
	return nil
}
