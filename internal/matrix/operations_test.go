package matrix_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/lockage/lockage/internal/access"
)

// operation is one of the description, with how it is called here.
type operation struct {
	id, method, path string
	action           access.Action
	also             []access.Action
	open             bool
	parameters       []*openapi3.Parameter // of path and query
	match            bool                  // it takes If-Match
	keyed            bool                  // it takes an Idempotency-Key
	body             *openapi3.Schema      // nil: it has none
	recipe           recipe
}

// operations reads the description that the server gives, in the order of path and method.
func (w *world) operations() (list []operation) {
	w.t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData([]byte(w.do("", http.MethodGet, "/openapi.json", "").body))
	must(w.t, err)
	unused := maps.Clone(recipes)
	for _, path := range doc.Paths.InMatchingOrder() {
		for method, described := range doc.Paths.Value(path).Operations() {
			o := operation{
				id: described.OperationID, method: method, path: path, open: described.Security == nil, recipe: recipes[described.OperationID],
			}
			delete(unused, o.id)
			action, _ := described.Extensions["x-lockage-action"].(string)
			o.action = access.Action(action)
			also, _ := described.Extensions["x-lockage-also"].([]any)
			for _, a := range also {
				o.also = append(o.also, access.Action(a.(string)))
			}
			for _, p := range described.Parameters {
				switch {
				case p.Value.In == "path" || p.Value.In == "query":
					o.parameters = append(o.parameters, p.Value)
				case p.Value.Name == "If-Match":
					o.match = true
				case p.Value.Name == "Idempotency-Key":
					o.keyed = true
				}
			}
			if described.RequestBody != nil {
				o.body = described.RequestBody.Value.Content["application/json"].Schema.Value
			}
			list = append(list, o)
		}
	}
	for id := range unused {
		w.t.Errorf("there is a recipe for %s, which is no operation", id)
	}
	slices.SortFunc(list, func(a, b operation) int { return strings.Compare(a.path+" "+a.method, b.path+" "+b.method) })
	return list
}

// call is a request to be made.
type call struct {
	method, path string // path is the operation's, with names in braces
	in           map[string]string
	query        url.Values
	body         any // as decoded from JSON; nil: none
	header       []string
}

// of fills in the operation with references to what is in an environment. missing says what nothing is known for.
func (o operation) of(in things) (c call, missing []string) {
	c = call{method: o.method, path: o.path, in: map[string]string{}, query: url.Values{}, header: o.recipe.header}
	for _, p := range o.parameters {
		value, ok := o.recipe.in[p.Name]
		if ok {
			value = in.fill(value)
		} else if kind := kindOf(o.path, p.Name); p.In == "query" && !p.Required && kind != "environment" {
			continue
		} else if value, ok = in[kind]; !ok {
			missing = append(missing, p.In+" parameter "+p.Name)
		}
		if p.In == "path" {
			c.in[p.Name] = value
		} else {
			c.query.Set(p.Name, value)
		}
	}
	switch {
	case o.recipe.body != "":
		if err := json.Unmarshal([]byte(in.fill(o.recipe.body)), &c.body); err != nil {
			missing = append(missing, "body: the recipe is not JSON: "+err.Error())
		}
	case o.body != nil:
		body := map[string]any{}
		for _, name := range o.body.Required {
			value, ok := in.sample(o.path, name, o.body.Properties[name].Value)
			if !ok {
				missing = append(missing, "body field "+name)
			}
			body[name] = value
		}
		c.body = body
	}
	return c, missing
}

// fill puts things in the place of their kinds in braces.
func (in things) fill(s string) string {
	for kind, value := range in {
		s = strings.ReplaceAll(s, "{"+kind+"}", value)
	}
	return s
}

// sample is a value for a field that a body must have.
func (in things) sample(path, name string, s *openapi3.Schema) (any, bool) {
	switch {
	case len(s.Enum) > 0:
		return s.Enum[0], true
	case s.Type.Includes("boolean"):
		return true, true
	case s.Type.Is("integer"):
		return 1, true
	case s.Type.Is("string"):
		value, ok := in[kindOf(path, name)]
		return value, ok
	}
	return nil, false
}

func (c call) with(change func(*call)) call {
	c.in, c.query = maps.Clone(c.in), maps.Clone(c.query)
	var copied any
	if c.body != nil {
		raw, _ := json.Marshal(c.body)
		_ = json.Unmarshal(raw, &copied)
	}
	c.body, c.header = copied, slices.Clone(c.header)
	change(&c)
	return c
}

// send makes the request.
func (w *world) send(credential string, c call) answer {
	w.t.Helper()
	path := c.path
	for name, value := range c.in {
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
	}
	if len(c.query) > 0 {
		path += "?" + c.query.Encode()
	}
	var body string
	if c.body != nil {
		raw, err := json.Marshal(c.body)
		must(w.t, err)
		body = string(raw)
	}
	return w.do(credential, c.method, path, body, c.header...)
}

// prepared makes what the operation needs beforehand, as the household's maker; the rows are then restored before each call.
func (w *world) prepared(o operation, in things) {
	w.t.Helper()
	if len(o.recipe.before) > 0 {
		w.clean = false
	}
	w.restore()
	for _, step := range o.recipe.before {
		method, rest, _ := strings.Cut(in.fill(step), " ")
		path, body, _ := strings.Cut(rest, " ")
		w.owner(in).make(method, path, body)
	}
}

func (w *world) owner(in things) *household {
	for _, h := range []*household{w.ours, w.theirs} {
		for _, own := range h.things {
			if own["environment"] == in["environment"] {
				return h
			}
		}
	}
	w.t.Fatal("these things are nobody's")
	return nil
}

// known fails for every operation that cannot be called, and by name.
func known(t *testing.T, list []operation, in things) {
	t.Helper()
	for _, o := range list {
		if _, missing := o.of(in); len(missing) > 0 {
			t.Errorf("%s (%s %s): nothing is known for %s; add its kind to kinds_test.go, or a recipe to recipes_test.go",
				o.id, o.method, o.path, strings.Join(missing, ", "))
		}
		if _, known := o.action.Scope(); !known {
			t.Errorf("%s: got action %q, want one of package access", o.id, o.action)
		}
	}
	if len(list) == 0 {
		t.Fatal("the description names no operation")
	}
}

func (o operation) String() string { return fmt.Sprintf("%s %s", o.method, o.path) }
