package snapshot

import (
	"errors"
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
	HasTarget         bool // false: the environment took the target away
	Methods           []string
	Allow             string // the methods as an Allow header
	Headers           []Field
	Query             []Field
	Body              *Node // nil: bodies pass
	RateLimit         *route.RateLimit
	Timeout           time.Duration // 0: none
	Public            bool
	EchoGuard         bool   // injected values are taken out of answers that are text
	Signs             bool   // a header holds a signature
	SignsBody         bool   // one that is over the body
	ActiveEnvironment string // id; "": the top

	target      string             // a template of text and variables
	certificate bool               // the first of the references is the certificate to show to the target
	references  []secret.Reference // by the index templates carry
	head        int                // how many of them certificate, headers and query need; the rest is the body's
	variables   []string           // keys, by the index templates carry
	varHead     int                // likewise
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
	Record bool // the content of its calls is recorded

	plan      *Plan // nil: the content does not compile
	inForce   needs
	staged    *needs // with what test calls may try; nil: nothing is staged
	variables []Variable
	target    *Target // nil: there is none, or its variables do not make one
}

// Variable is what a variable holds in the route's environment.
type Variable struct {
	Key   string
	Value string
	Set   bool // false: not configured there
}

// needs are the values a call of a route needs, by the index its templates carry.
type needs struct {
	values []*Value
	names  [2][]string    // of the secrets used without and with a body injected
	uses   [2][]route.Use // likewise
}

// Plan is the compiled definition; nil for one that does not compile, which cannot be called.
func (r *LiveRoute) Plan() *Plan { return r.plan }

// Target is where the route leads, with its variables filled in; nil when they do not make a target.
func (r *LiveRoute) Target() *Target { return r.target }

// Variables are what a call needs of them, by the index its templates carry; NeedsVariables of them are in front. The
// slice is not to be modified.
func (r *LiveRoute) Variables() []Variable { return r.variables }

// NeedsVariables is how many of the Variables a call needs: those of target, headers and query, and with body also those
// of the injected body.
func (p *Plan) NeedsVariables(body bool) int {
	if body {
		return len(p.variables)
	}
	return p.varHead
}

// Certificate is the certificate to show to the target; nil for none.
func (r *LiveRoute) Certificate(staged bool) *Value {
	if !r.plan.certificate {
		return nil
	}
	return r.Values(staged)[0]
}

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
		shown := p.certificate && i == 0
		values[i], staged[i] = b.value(ref, e.ID, false).placed(shown), b.value(ref, e.ID, true).placed(shown)
	}
	variables := make([]Variable, len(p.variables))
	for i, key := range p.variables {
		value, set := b.variables[slot{key, e.ID}]
		variables[i] = Variable{Key: key, Value: value, Set: set}
	}
	if held != nil && slices.Equal(held.variables, variables) && held.Active == r.Active && held.Record == e.records(r) && slices.EqualFunc(held.Values(false), values, same) && slices.EqualFunc(held.Values(true), staged, same) {
		return held
	}
	live := &LiveRoute{ID: r.ID, Key: r.Key, Hash: r.Hash, Active: r.Active, Record: e.records(r), plan: p, inForce: p.need(values), variables: variables}
	live.target = b.target(e, r, p, variables)
	if !slices.EqualFunc(values, staged, same) {
		try := p.need(staged)
		live.staged = &try
	}
	return live
}

// target fills the variables in. What does not make a target is a problem of the route, unless a variable is missing:
// then its calls say which.
func (b *builder) target(e *LiveEnvironment, r Route, p *Plan, variables []Variable) *Target {
	if !p.HasTarget {
		return nil
	}
	text := p.target
	if strings.Contains(text, "{{") {
		filled, ok := fill(text, p, variables)
		if !ok {
			return nil
		}
		if problem := route.CheckTarget(filled); problem != "" {
			b.problem("route", e.ID, r.ID, fmt.Errorf("its target, with its variables filled in, %s", problem))
			return nil
		}
		text = filled
	}
	u, err := url.Parse(text)
	if err != nil {
		b.problem("route", e.ID, r.ID, errors.New("its target is not a URL"))
		return nil
	}
	return &Target{Scheme: u.Scheme, Host: u.Host, Path: u.EscapedPath()}
}

// fill puts variables into a text; false when one is missing.
func fill(text string, p *Plan, variables []Variable) (string, bool) {
	t, err := secret.ParseTemplate(text)
	if err != nil {
		return "", false
	}
	var out []byte
	for _, part := range t.Parts() {
		if part.Kind != secret.Variable {
			out = append(out, part.Text...)
			continue
		}
		v := variables[slices.Index(p.variables, part.Text)]
		if !v.Set {
			return "", false
		}
		value := []byte(v.Value)
		for _, f := range part.Filters {
			var ok bool
			if value, ok = f.AppendTo(make([]byte, 0, f.Grows(len(value))), value); !ok {
				return "", false
			}
		}
		out = append(out, value...)
	}
	return string(out), true
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
	return a == b || a.Name == b.Name && (a.missing() && b.missing() || a.misplaced && b.misplaced)
}

func uses(values []*Value) []route.Use {
	var list []route.Use
	for _, v := range values {
		if u := (route.Use{SecretID: v.SecretID, Version: v.Version}); !v.missing() && !v.misplaced && !slices.Contains(list, u) {
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
	p.HasTarget, p.target, p.EchoGuard = e.HasTarget, e.TargetURL, e.EchoGuard
	if e.ClientCertificate != "" {
		t, err := secret.ParseTemplate(e.ClientCertificate)
		if err != nil || len(t.References()) != 1 {
			return nil, errors.New("its client_certificate names no secret")
		}
		p.certificate, p.references = true, t.References()
	}
	if _, err := p.template(e.TargetURL); err != nil {
		return nil, fmt.Errorf("its target does not compile: %w", err)
	}
	if p.Headers, err = p.fields(e.InjectHeaders); err != nil {
		return nil, err
	}
	if p.Query, err = p.fields(e.InjectQuery); err != nil {
		return nil, err
	}
	p.head, p.varHead = len(p.references), len(p.variables)
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
