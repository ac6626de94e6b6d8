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

	plan    *Plan // nil: the content does not compile
	inForce needs
	staged  *needs // with what test calls may try; nil: nothing is staged
}

// needs are the values a call of a route needs, by the index its templates carry.
type needs struct {
	values []*Value
	names  [2][]string    // of the secrets used without and with a body injected
	uses   [2][]route.Use // likewise
}

// Plan is the compiled definition; nil for one that does not compile, which cannot be called.
func (r *LiveRoute) Plan() *Plan { return r.plan }

// Values are the values a call needs, by the index its templates carry; staged asks for those that a test call may try.
// Those that Plan.Needs without a body are in front. The slice is not to be modified.
func (r *LiveRoute) Values(staged bool) []*Value { return r.of(staged).values }

// Needs is how many of the Values a call needs: those of headers and query, and with body also those of the injected
// body.
func (p *Plan) Needs(body bool) int {
	if body {
		return len(p.references)
	}
	return p.head
}

// SecretNames names the secrets that a call needs, each once. The slice is not to be modified.
func (r *LiveRoute) SecretNames(staged, body bool) []string { return r.of(staged).names[index(body)] }

// Uses are the versions of values that a call needs, each once. The slice is not to be modified.
func (r *LiveRoute) Uses(staged, body bool) []route.Use { return r.of(staged).uses[index(body)] }

func (r *LiveRoute) of(staged bool) *needs {
	if staged && r.staged != nil {
		return r.staged
	}
	return &r.inForce
}

func index(body bool) int {
	if body {
		return 1
	}
	return 0
}

// bind gives a plan the values of its environment; when nothing but the plan's holder changed, held is that holder and
// serves on.
func (b *builder) bind(e *LiveEnvironment, r Route, p *Plan, held *LiveRoute) *LiveRoute {
	values := make([]*Value, len(p.references))
	staged := make([]*Value, len(p.references))
	for i, ref := range p.references {
		values[i], staged[i] = b.value(ref, e.ID, false), b.value(ref, e.ID, true)
	}
	if held != nil && held.Active == r.Active && slices.EqualFunc(held.Values(false), values, same) && slices.EqualFunc(held.Values(true), staged, same) {
		return held
	}
	live := &LiveRoute{ID: r.ID, Key: r.Key, Hash: r.Hash, Active: r.Active, plan: p, inForce: p.need(values)}
	if !slices.EqualFunc(values, staged, same) {
		try := p.need(staged)
		live.staged = &try
	}
	return live
}

func (p *Plan) need(values []*Value) needs {
	return needs{
		values: values,
		names:  [2][]string{names(values[:p.head]), names(values)},
		uses:   [2][]route.Use{uses(values[:p.head]), uses(values)},
	}
}

// same: missing values are made anew in each state, so they are compared by what they say.
func same(a, b *Value) bool {
	return a == b || a.missing() && b.missing() && a.Name == b.Name
}

func uses(values []*Value) []route.Use {
	var list []route.Use
	for _, v := range values {
		if u := (route.Use{SecretID: v.SecretID, Version: v.Version}); !v.missing() && !slices.Contains(list, u) {
			list = append(list, u)
		}
	}
	return list
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
