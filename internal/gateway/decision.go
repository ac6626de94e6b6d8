package gateway

import (
	"net/http"
	"strconv"
	"time"

	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/route"
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
	Secrets     []string    // names of what is injected, or of the one that a refused call lacks
	Uses        []route.Use // the versions of what is injected

	digest  apikey.Digest   // of the credential
	draft   bool            // a test call
	staged  bool            // a test call that tries staged values
	stale   *snapshot.Value // the OAuth2 value whose access token does not serve any more; nil: none
	found   places
	headers []span // values of Plan.Headers, in plain
	query   span   // the whole query, when any is injected
	plain   buffer
	scratch buffer
	work    [2]buffer // for filters
	signed  signed    // what a signature is over
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
	plain, scratch, work, headers := d.plain, d.scratch, d.work, d.headers[:0]
	for i := range work {
		if cap(work[i].b) > most {
			work[i] = buffer{}
		}
	}
	if cap(plain.b) > most {
		plain = buffer{}
	}
	if cap(scratch.b) > most {
		scratch = buffer{}
	}
	*d = Decision{plain: plain, scratch: scratch, work: work, headers: headers}
}

// wipe clears what was rendered; what follows must not use it.
func (d *Decision) wipe() {
	d.plain.reset()
	d.scratch.reset()
	d.work[0].reset()
	d.work[1].reset()
}

// values checks, before anything is rendered or sent, that every secret the call needs has a value that may be used.
func (d *Decision) values() *Refusal {
	for _, v := range d.Route.Variables()[:d.Plan.NeedsVariables(d.Body != nil)] {
		if !v.Set {
			return refuse(http.StatusInternalServerError, typeNoVariable,
				"Variable '"+v.Key+"' not configured for environment '"+d.Environment.Name+"'")
		}
	}
	if d.Route.Target() == nil {
		return refuse(http.StatusInternalServerError, typeTarget,
			"the target of route '"+d.Route.Key+"' is not a URL in environment '"+d.Environment.Name+"'; check its variables")
	}
	for _, v := range d.Route.Values(d.staged)[:d.Plan.Needs(d.Body != nil)] {
		var r *Refusal
		switch v.State(d.Time) {
		case snapshot.Ready:
			continue
		case snapshot.Missing:
			r = refuse(http.StatusInternalServerError, typeNotConfigured,
				"Secret '"+v.Name+"' not configured for environment '"+d.Environment.Name+"'")
		case snapshot.Stale:
			d.stale = v
			r = d.noToken(v, "has no access token that serves now")
		case snapshot.Unauthorized:
			r = d.noToken(v, "must be authorized by somebody")
			if code := v.ErrorCode(); code != "" {
				r.Message += " (the provider said " + code + ")"
			}
		case snapshot.Misplaced:
			r = refuse(http.StatusInternalServerError, typeCredential,
				"secret '"+v.Name+"' is of a type that cannot stand where route '"+d.Route.Key+"' names it; a certificate is for client_certificate, and nothing else is")
		case snapshot.Expired:
			r = refuse(http.StatusInternalServerError, typeExpired,
				"the value of secret '"+v.Name+"' in environment '"+d.Environment.Name+"' has expired; set a new one")
		default:
			r = unreadable(v.Name)
		}
		d.Secrets = []string{v.Name} // the record tells which
		return r
	}
	return nil
}

func (d *Decision) noToken(v *snapshot.Value, what string) *Refusal {
	return refuse(http.StatusBadGateway, typeNoCredential, "secret '"+v.Name+"' "+what+" in environment '"+d.Environment.Name+"'")
}

// destination checks that every value the call carries may go to a host, as the route's target has it.
func (d *Decision) destination(body bool, scheme, host string) *Refusal {
	for _, v := range d.Route.Values(d.staged)[:d.Plan.Needs(body)] {
		if !v.MayGo(scheme, host) {
			return refuse(http.StatusBadGateway, typeDestination,
				"secret '"+v.Name+"' may not be sent to the host of the route's target; it is not among the value's allowed hosts")
		}
	}
	return nil
}

// carries notes what the call carries; body says whether its body is added to.
func (d *Decision) carries(body bool) {
	d.Secrets, d.Uses = d.Route.SecretNames(d.staged, body), d.Route.Uses(d.staged, body)
}

// carriesNothing notes that nothing was sent.
func (d *Decision) carriesNothing() { d.Secrets, d.Uses = nil, nil }

func unreadable(name string) *Refusal {
	return refuse(http.StatusInternalServerError, typeInternal,
		"the value of secret '"+name+"' cannot be opened; ask the operator to check the key-encryption key")
}

// edit renders headers and query.
func (d *Decision) edit(a *Ask) *Refusal {
	for i := range d.Plan.Headers {
		from := len(d.plain.b)
		if f := &d.Plan.Headers[i]; !f.Template.Signs() {
			if r := d.header(f); r != nil {
				return r
			}
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
	d.carries(d.Body != nil)
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
				switch part.Kind {
				case secret.SecretName, secret.SecretID:
					what = "secret '" + d.value(part).Name + "' holds a line break or another control character and "
				case secret.Variable:
					what = "variable '" + d.Route.Variables()[part.Value].Key + "' holds a line break or another control character and "
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

func (d *Decision) value(p *snapshot.Part) *snapshot.Value { return d.Route.Values(d.staged)[p.Value] }

func (d *Decision) part(to *buffer, p *snapshot.Part) *Refusal {
	switch p.Kind {
	case secret.Literal:
		to.addString(p.Text)
	case secret.SecretName, secret.SecretID, secret.Variable:
		if len(p.Filters) > 0 {
			return d.filtered(to, p)
		}
		return d.raw(to, p)
	case secret.HMAC:
		return d.signature(to, p)
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
