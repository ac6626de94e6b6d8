package gateway

import (
	"net/http"
	"strconv"
	"time"

	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/snapshot"
)

// Decision is what the engine found out of a call and what is to be sent. It belongs to one call; what it renders lies
// in buffers that Release wipes.
type Decision struct {
	RequestID string
	Time      time.Time

	Account     *snapshot.Account
	Credential  *snapshot.Credential
	Environment *snapshot.LiveEnvironment
	Route       *snapshot.LiveRoute
	Plan        *snapshot.Plan
	Rest        string         // of the path, escaped
	Body        *snapshot.Node // to merge into a JSON body; nil: the body passes
	Allowance   Allowance
	Secrets     []string // names of what is injected, or of the one that a refused call lacks

	digest  apikey.Digest // of the credential
	draft   bool          // a test call
	found   places
	headers []span // values of Plan.Headers, in plain
	query   span   // the whole query, when any is injected
	plain   buffer
	scratch buffer
}

type span struct{ from, to int }

// Header is the value of the i-th of Plan.Headers. It is valid until Release.
func (d *Decision) Header(i int) []byte { return d.plain.b[d.headers[i].from:d.headers[i].to] }

// Query is the query to send in place of the caller's, nil when that stays. It is valid until Release.
func (d *Decision) Query() []byte {
	if len(d.Plan.Query) == 0 {
		return nil
	}
	return d.plain.b[d.query.from:d.query.to]
}

// most is what a buffer may keep between calls.
const most = 16 << 10

func (d *Decision) reset() {
	d.wipe()
	plain, scratch, headers := d.plain, d.scratch, d.headers[:0]
	if cap(plain.b) > most {
		plain = buffer{}
	}
	if cap(scratch.b) > most {
		scratch = buffer{}
	}
	*d = Decision{plain: plain, scratch: scratch, headers: headers}
}

// wipe clears what was rendered; what follows must not use it.
func (d *Decision) wipe() {
	d.plain.reset()
	d.scratch.reset()
}

// values checks, before anything is rendered or sent, that every secret the call needs has a value.
func (d *Decision) values() *Refusal {
	for _, v := range d.Route.Values(d.Body != nil) {
		switch v.State() {
		case snapshot.Missing:
			d.Secrets = []string{v.Name} // the record tells which
			return refuse(http.StatusInternalServerError, typeNotConfigured,
				"Secret '"+v.Name+"' not configured for environment '"+d.Environment.Name+"'")
		case snapshot.Unreadable:
			d.Secrets = []string{v.Name}
			return unreadable(v.Name)
		}
	}
	return nil
}

func unreadable(name string) *Refusal {
	return refuse(http.StatusInternalServerError, typeInternal,
		"the value of secret '"+name+"' cannot be opened; ask the operator to check the key-encryption key")
}

// edit renders headers and query.
func (d *Decision) edit(a *Ask) *Refusal {
	for i := range d.Plan.Headers {
		from := len(d.plain.b)
		if r := d.header(&d.Plan.Headers[i]); r != nil {
			return r
		}
		d.headers = append(d.headers, span{from, len(d.plain.b)})
	}
	if len(d.Plan.Query) > 0 {
		from := len(d.plain.b)
		keepQuery(&d.plain, a.Query, d.Plan.Query)
		for i := range d.Plan.Query {
			f := &d.Plan.Query[i]
			if len(d.plain.b) > from {
				d.plain.addByte('&')
			}
			d.plain.addString(f.Escaped)
			d.plain.addByte('=')
			if r := d.text(f.Template); r != nil {
				return r
			}
			addEscaped(&d.plain, d.scratch.b)
		}
		d.query = span{from, len(d.plain.b)}
	}
	d.Secrets = d.Route.SecretNames(d.Body != nil)
	return nil
}

// header renders one header. A value with a control character would break the request apart, or be dropped on the way.
func (d *Decision) header(f *snapshot.Field) *Refusal {
	for i := range f.Template {
		part := &f.Template[i]
		from := len(d.plain.b)
		if r := d.part(&d.plain, part); r != nil {
			return r
		}
		for _, c := range d.plain.b[from:] {
			if c < ' ' && c != '\t' || c == 0x7f {
				what := ""
				if part.Kind == secret.SecretName || part.Kind == secret.SecretID {
					what = "secret '" + d.value(part).Name + "' holds a line break or another control character and "
				}
				return refuse(http.StatusInternalServerError, typeCredential, what+"cannot be sent in header '"+f.Name+"'")
			}
		}
	}
	return nil
}

// text renders a template into the scratch buffer.
func (d *Decision) text(t snapshot.Template) *Refusal {
	d.scratch.reset()
	for i := range t {
		if r := d.part(&d.scratch, &t[i]); r != nil {
			return r
		}
	}
	return nil
}

func (d *Decision) value(p *snapshot.Part) *snapshot.Value { return d.Route.Values(true)[p.Value] }

func (d *Decision) part(to *buffer, p *snapshot.Part) *Refusal {
	switch p.Kind {
	case secret.Literal:
		to.addString(p.Text)
	case secret.SecretName, secret.SecretID:
		v := d.value(p)
		to.grow(v.Len())
		var err error
		if to.b, err = v.AppendTo(to.b); err != nil {
			return unreadable(v.Name)
		}
	case secret.Environment:
		to.addString(d.Environment.Name)
	case secret.Route:
		to.addString(d.Route.Key)
	case secret.RequestID:
		to.addString(d.RequestID)
	case secret.Timestamp:
		to.grow(20)
		to.b = strconv.AppendInt(to.b, d.Time.Unix(), 10)
	}
	return nil
}
