package gateway

import (
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/snapshot"
)

// Engine decides what becomes of a call. It knows no HTTP server: it is asked with the few parts of a request head that
// matter and answers with a Decision or a Refusal. It takes no lock, reads no database and, in steady state, allocates
// nothing for a call that goes through. It is safe for concurrent use.
type Engine struct {
	holder    *snapshot.Holder
	digester  *apikey.Digester
	keysOver  *atomic.Bool
	limiter   *limiter
	decisions sync.Pool
}

// NewEngine makes an Engine; start is the present. While keysOver is set, calls that need a secret are refused; nil: it
// never is.
func NewEngine(holder *snapshot.Holder, digester *apikey.Digester, keysOver *atomic.Bool, start time.Time) *Engine {
	if keysOver == nil {
		keysOver = new(atomic.Bool)
	}
	return &Engine{
		holder: holder, digester: digester, keysOver: keysOver, limiter: newLimiter(start),
		decisions: sync.Pool{New: func() any { return new(Decision) }},
	}
}

// Ask is what the engine wants to know of a call. The headers are all the values sent under the name.
type Ask struct {
	Method string
	Path   string // escaped, as sent
	Query  string // as sent, without the question mark
	Source string // the address it comes from

	Key           []string // Lockage-Key
	Authorization []string
	APIKey        []string // X-Api-Key
	Route         []string // Lockage-Route
	Environment   []string // Lockage-Environment
	Draft         []string // Lockage-Draft: "true" asks for a test call, which runs what is saved and uncommitted
	Staged        []string // Lockage-Staged: "true" asks for a test call that tries values before they are in force

	as *replaying // who calls, where no credential says it
}

// Begin returns an empty Decision for a call that came at a time; Release it after use.
func (e *Engine) Begin(requestID string, now time.Time) *Decision {
	d := e.decisions.Get().(*Decision) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	d.RequestID, d.Time = requestID, now
	return d
}

// Release wipes a Decision, which must not be used any more.
func (e *Engine) Release(d *Decision) {
	d.reset()
	e.decisions.Put(d)
}

// Decide finds credential, environment and route, checks switch, method, limit and values, and fills d with what to
// send. It answers nil, or why the call is refused; then d holds what was found out before.
func (e *Engine) Decide(a *Ask, d *Decision) *Refusal {
	if !e.holder.Ready() {
		r := refuse(http.StatusServiceUnavailable, typeUnavailable, "the gateway is starting; try again")
		r.RetryAfter = 1
		return r
	}
	if r := e.identify(a, d); r != nil {
		return r
	}
	ref, rest, r := address(a.Path, a.Route)
	if r != nil {
		return r
	}
	if problem := queryProblem(a.Query); problem != "" {
		return invalid(problem)
	}
	d.Rest = rest
	if r := d.environment(a, ref); r != nil {
		return r
	}
	if r := d.route(a, ref); r != nil {
		return r
	}
	if r := e.limit(d); r != nil {
		return r
	}
	if r := e.values(d); r != nil {
		return r
	}
	return d.edit(a)
}

// Redo decides anew about a call that was decided on a moment ago, on what is known now: after a token was renewed. Its
// limit was counted then.
func (e *Engine) Redo(a *Ask, d *Decision, now time.Time) *Refusal {
	requestID, digest, found, allowance := d.RequestID, d.digest, d.found, d.Allowance
	d.reset()
	d.RequestID, d.Time, d.found, d.Allowance = requestID, now, found, allowance
	var r *Refusal
	if a.as != nil {
		r = e.act(a.as, d)
	} else {
		r = e.admit(digest, a.Source, d)
	}
	if r != nil {
		return r
	}
	ref, rest, r := address(a.Path, a.Route)
	if r != nil {
		return r
	}
	d.Rest = rest
	if r := d.environment(a, ref); r != nil {
		return r
	}
	if r := d.route(a, ref); r != nil {
		return r
	}
	if r := e.values(d); r != nil {
		return r
	}
	return d.edit(a)
}

func (e *Engine) identify(a *Ask, d *Decision) *Refusal {
	if a.as != nil {
		return e.act(a.as, d)
	}
	text, found, r := findCredential(a, e.known)
	if r != nil {
		return r
	}
	d.found = found
	return e.admit(e.digester.Sum(text), a.Source, d)
}

// act takes who calls from inside; what they may is decided as for a token.
func (e *Engine) act(as *replaying, d *Decision) *Refusal {
	account, ok := e.holder.Account(as.account)
	if !ok {
		return unauthenticated("unknown account")
	}
	d.Account, d.Credential = account, as.credential
	return nil
}

// admit finds the credential of a digest, which must be live, and good where the call comes from.
func (e *Engine) admit(digest apikey.Digest, source string, d *Decision) *Refusal {
	account, credential, ok := e.holder.Find(digest)
	switch {
	case !ok:
		return unauthenticated("unknown key")
	case !credential.Live(d.Time):
		return unauthenticated("expired key")
	case credential.Bound() && !comesFrom(credential, source):
		return unauthenticated("key from another address")
	}
	d.Account, d.Credential, d.digest = account, credential, digest
	d.Environment = credential.Environment
	return nil
}

// comesFrom says whether a text is an address that the credential may be used from. What is no address is none.
func comesFrom(c *snapshot.Credential, source string) bool {
	a, err := netip.ParseAddr(source)
	return err == nil && c.From(a.Unmap())
}

// again decides anew about a call that goes on, by its credential, environment and route: nil while it might begin now.
// Neither limits nor values count.
func (e *Engine) again(digest apikey.Digest, source, environment, route, method string, now time.Time) *Refusal {
	d := e.Begin("", now)
	defer e.Release(d)
	if r := e.admit(digest, source, d); r != nil {
		return r
	}
	a := &Ask{Method: method, Environment: []string{environment}}
	if r := d.environment(a, route); r != nil {
		return r
	}
	return d.route(a, route)
}

// known says whether a text is a credential of ours, whatever its form.
func (e *Engine) known(text string) bool {
	_, _, ok := e.holder.Find(e.digester.Sum(text))
	return ok
}

// environment: a key has its own; a token uses the one it names, or else the route's active one. One the token does not
// see is answered like one that never existed.
func (d *Decision) environment(a *Ask, route string) *Refusal {
	if len(a.Environment) > 1 {
		return invalid("Lockage-Environment may be sent only once")
	}
	if r := d.tries(a); r != nil {
		return r
	}
	if len(a.Draft) > 0 {
		return d.test(a)
	}
	if d.Environment != nil {
		if len(a.Environment) == 1 && a.Environment[0] != d.Environment.Name && a.Environment[0] != d.Environment.ID {
			return refuse(http.StatusForbidden, typeForbidden,
				"the key belongs to another environment than Lockage-Environment names; leave the header out")
		}
		return nil
	}
	unknown := refusalUnknownRoute
	wanted, ok := d.Account.ActiveEnvironment(route)
	if len(a.Environment) == 1 {
		unknown = "no such environment"
		wanted, ok = d.Account.Environment(a.Environment[0])
	}
	if !ok {
		return refuse(http.StatusNotFound, typeNotFound, unknown)
	}
	err := access.Allow(d.Credential.Principal, access.GatewayCall, access.Environment{ID: wanted.ID, Protected: wanted.Protected})
	switch fault.KindOf(err) {
	case "":
		d.Environment = wanted
		return nil
	case fault.NotFound:
		return refuse(http.StatusNotFound, typeNotFound, unknown)
	default:
		return refuse(http.StatusForbidden, typeForbidden, err.Error())
	}
}

// tries notes that a call tries staged values: a person's or a machine's with a management token, as every test call.
func (d *Decision) tries(a *Ask) *Refusal {
	switch {
	case len(a.Staged) == 0:
		return nil
	case len(a.Staged) > 1 || a.Staged[0] != "true":
		return invalid(`Lockage-Staged must be "true", or be left out`)
	case d.Environment != nil:
		return refuse(http.StatusForbidden, typeForbidden, "an API key uses the values in force; try a staged one with a management token")
	}
	d.staged = true
	return nil
}

// test prepares a test call: a person or machine with a management token, never an application with a key, runs what is
// saved in the environment where changes begin.
func (d *Decision) test(a *Ask) *Refusal {
	first := d.Account.First()
	switch {
	case len(a.Draft) > 1 || a.Draft[0] != "true":
		return invalid(`Lockage-Draft must be "true", or be left out`)
	case d.Environment != nil:
		return refuse(http.StatusForbidden, typeForbidden, "an API key runs what is committed; test a draft with a management token")
	case first == nil:
		return refuse(http.StatusNotFound, typeNotFound, refusalUnknownRoute)
	case len(a.Environment) == 1 && a.Environment[0] != first.Name && a.Environment[0] != first.ID:
		return invalid("a draft is tested in the first environment; leave Lockage-Environment out")
	}
	if err := access.Allow(d.Credential.Principal, access.GatewayCall, access.Environment{ID: first.ID, Protected: first.Protected}); err != nil {
		if fault.Is(err, fault.NotFound) {
			return refuse(http.StatusNotFound, typeNotFound, refusalUnknownRoute)
		}
		return refuse(http.StatusForbidden, typeForbidden, err.Error())
	}
	d.Environment, d.draft = first, true
	return nil
}

const (
	refusalUnknownRoute = "no such route; check its key, and that it is committed and promoted to the environment"
	everyMethod         = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
)

func (d *Decision) route(a *Ask, ref string) *Refusal {
	find := d.Environment.Route
	if d.draft {
		find = d.Environment.Draft
	}
	live, ok := find(ref)
	if !ok {
		return refuse(http.StatusNotFound, typeNotFound, refusalUnknownRoute)
	}
	d.Route = live
	plan := live.Plan()
	switch {
	case plan == nil:
		return refuse(http.StatusInternalServerError, typeInternal, "the route cannot be served; ask the operator to look at the log")
	case d.Credential.Kind == apikey.Public && !plan.Public:
		return refuse(http.StatusForbidden, typeForbidden, "a public key may call only routes that are marked public")
	case !live.Active:
		return refuse(http.StatusNotFound, typeNotFound, "route '"+live.Key+"' is switched off in environment '"+d.Environment.Name+"'")
	case !plan.HasTarget:
		return refuse(http.StatusNotFound, typeNotFound, "route '"+live.Key+"' has no target in environment '"+d.Environment.Name+"'")
	// TRACE would answer the injected credential to the caller, CONNECT has no path.
	case !plan.Allows(a.Method) || a.Method == http.MethodTrace || a.Method == http.MethodConnect:
		r := refuse(http.StatusMethodNotAllowed, typeMethod, "the route does not take this method; see the header Allow")
		if r.Allow = plan.Allow; r.Allow == "" {
			r.Allow = everyMethod
		}
		return r
	}
	d.Plan = plan
	d.Body = plan.Body
	switch a.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
	default:
		d.Body = nil
	}
	return nil
}

// values checks that the secrets the call needs are there, and that the keys they were opened with still are.
func (e *Engine) values(d *Decision) *Refusal {
	if e.keysOver.Load() && d.Plan.Needs(d.Body != nil) > 0 {
		r := refuse(http.StatusServiceUnavailable, typeKeys, "the key service could not be reached for too long, so that no secret is injected any more; try again later")
		r.RetryAfter = keysRetry
		return r
	}
	return d.values()
}

// keysRetry is after how many seconds it is worth trying again what the keys were out of reach for.
const keysRetry = 10

func (e *Engine) limit(d *Decision) *Refusal {
	if d.Plan.RateLimit == nil {
		return nil
	}
	var ok bool
	d.Allowance, ok = e.limiter.take(bucketKey{d.Environment.ID, d.Route.ID, d.Credential.ID}, d.Plan.RateLimit, d.Time)
	if ok {
		return nil
	}
	r := refuse(http.StatusTooManyRequests, typeLimited, "too many calls of this route with this key; try again after the time in Retry-After")
	r.RetryAfter = d.Allowance.Retry
	return r
}
