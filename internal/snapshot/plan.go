package snapshot

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/secret"
)

// Plan is a route's definition resolved for one environment and compiled. It holds no value of a secret: templates say
// which of the values of their LiveRoute goes where.
type Plan struct {
	Target            *Target // nil: the environment took the target away
	Methods           []string
	Allow             string // the methods as an Allow header
	Headers           []Field
	Query             []Field
	Body              *Node // nil: bodies pass
	RateLimit         *route.RateLimit
	Timeout           time.Duration // 0: none
	Public            bool
	ActiveEnvironment string // id; "": the top

	references []secret.Reference // by the index templates carry
	head       int                // how many of them headers and query need; the rest is the body's
}

// Target is where a route leads.
type Target struct {
	Scheme string // "http" or "https"
	Host   string // as written, with the port if one was written
	Path   string // escaped, as written; may be empty
}

// Field is one header or query parameter to inject.
type Field struct {
	Name     string
	Escaped  string // of a query parameter: the name as it goes into a query
	Template Template
}

// Allows says whether the route takes a method.
func (p *Plan) Allows(method string) bool {
	return p.Methods == nil || slices.Contains(p.Methods, method)
}

// LiveRoute is a route that is live in an environment, with the values it needs there.
type LiveRoute struct {
	ID     string
	Key    string
	Hash   definition.Hash
	Active bool // the switch

	plan   *Plan // nil: the content does not compile
	values []*Value
	names  [2][]string // of the secrets used without and with a body injected
}

// Plan is the compiled definition; nil for one that does not compile, which cannot be called.
func (r *LiveRoute) Plan() *Plan { return r.plan }

// Values are the values a call needs, by the index its templates carry: those of headers and query, and with body also
// those of the injected body. The slice is not to be modified.
func (r *LiveRoute) Values(body bool) []*Value {
	if body {
		return r.values
	}
	return r.values[:r.plan.head]
}

// SecretNames names the secrets among Values, each once. The slice is not to be modified.
func (r *LiveRoute) SecretNames(body bool) []string {
	if body {
		return r.names[1]
	}
	return r.names[0]
}

// bind gives a plan the values of its environment; when nothing but the plan's holder changed, held is that holder and
// serves on.
func (b *builder) bind(e *LiveEnvironment, r Route, p *Plan, held *LiveRoute) *LiveRoute {
	values := make([]*Value, len(p.references))
	for i, ref := range p.references {
		values[i] = b.value(ref, e.ID)
	}
	if held != nil && held.Active == r.Active && slices.EqualFunc(held.values, values, same) {
		return held
	}
	live := &LiveRoute{ID: r.ID, Key: r.Key, Hash: r.Hash, Active: r.Active, plan: p, values: values}
	live.names = [2][]string{names(values[:p.head]), names(values)}
	return live
}

// same: missing values are made anew in each state, so they are compared by what they say.
func same(a, b *Value) bool {
	return a == b || a.State() == Missing && b.State() == Missing && a.Name == b.Name
}

func names(values []*Value) []string {
	var list []string
	for _, v := range values {
		if !slices.Contains(list, v.Name) {
			list = append(list, v.Name)
		}
	}
	return list
}

// compile turns the content of a route into a plan for one environment.
func compile(environment string, content []byte) (_ *Plan, err error) {
	defer fault.Wrap(&err, "compile a route")
	r, err := route.FromContent(content)
	if err != nil {
		return nil, err
	}
	e := r.Effective(environment)
	p := &Plan{
		Methods: e.Methods, Allow: strings.Join(e.Methods, ", "), RateLimit: e.RateLimit, Timeout: e.Timeout,
		Public: e.Public, ActiveEnvironment: r.ActiveEnvironment,
	}
	if e.HasTarget {
		u, err := url.Parse(e.TargetURL)
		if err != nil {
			return nil, fmt.Errorf("its target is not a URL")
		}
		p.Target = &Target{Scheme: u.Scheme, Host: u.Host, Path: u.EscapedPath()}
	}
	if p.Headers, err = p.fields(e.InjectHeaders); err != nil {
		return nil, err
	}
	if p.Query, err = p.fields(e.InjectQuery); err != nil {
		return nil, err
	}
	p.head = len(p.references)
	if e.InjectBody != nil {
		p.Body, err = p.node(e.InjectBody)
	}
	return p, err
}

func (p *Plan) fields(injected map[string]string) ([]Field, error) {
	var list []Field
	for _, name := range slices.Sorted(maps.Keys(injected)) {
		t, err := p.template(injected[name])
		if err != nil {
			return nil, err
		}
		list = append(list, Field{Name: name, Escaped: url.QueryEscape(name), Template: t})
	}
	return list, nil
}
