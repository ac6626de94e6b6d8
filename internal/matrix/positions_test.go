package matrix_test

import (
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// position is a place in an operation's requests where somebody may name something: a parameter, a header, or a field of
// the body, however deep.
type position struct {
	name string
	set  func(c *call, ref string)
}

// positions lists them all. A field that the call does not have by itself is added; what else stands in the call stays.
func (o operation) positions() (list []position) {
	for _, p := range o.parameters {
		if !isText(p.Schema.Value) && p.In == "query" {
			continue
		}
		name, in := p.Name, p.In
		list = append(list, position{in + " " + name, func(c *call, ref string) {
			if in == "path" {
				c.in[name] = ref
			} else {
				c.query.Set(name, ref)
			}
		}})
	}
	if o.match {
		list = append(list, position{"header If-Match", func(c *call, ref string) { c.header = append(c.header, "If-Match", ref) }})
	}
	if o.keyed {
		list = append(list, position{"header Idempotency-Key", func(c *call, ref string) { c.header = append(c.header, "Idempotency-Key", ref) }})
	}
	if o.body == nil {
		return list
	}
	for _, f := range fields(o.body, 0) {
		list = append(list, position{"body " + f.name, func(c *call, ref string) { c.body = f.set(c.body, ref) }})
	}
	return list
}

// isText says whether anything may be written where the schema holds: names and ids, but no number, time or choice.
func isText(s *openapi3.Schema) bool {
	if len(s.OneOf) > 0 {
		return slices.ContainsFunc(s.OneOf, func(r *openapi3.SchemaRef) bool { return isText(r.Value) })
	}
	return s.Type.Includes("string") && len(s.Enum) == 0 && s.Format != "date-time" && s.Format != "password"
}

// field is a text inside a value: set answers the value with it.
type field struct {
	name string
	set  func(v any, ref string) any
}

const deepest = 4

// fields are all places inside a value of the schema that hold a text. In a list it is the first and only element, in a
// map it is a key, and in an object the other fields stay or become the least that the schema asks for.
func fields(s *openapi3.Schema, depth int) (list []field) {
	switch {
	case depth > deepest:
		return nil
	case isText(s):
		return []field{{"", func(_ any, ref string) any { return ref }}}
	case s.Items != nil:
		for _, f := range fields(s.Items.Value, depth+1) {
			list = append(list, field{"[]" + f.name, func(_ any, ref string) any { return []any{f.set(nil, ref)} }})
		}
		return list
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		for _, f := range fields(s.Properties[name].Value, depth+1) {
			list = append(list, field{"." + name + f.name, func(v any, ref string) any {
				object, _ := v.(map[string]any)
				changed := maps.Clone(object)
				if changed == nil {
					changed = least(s)
				}
				changed[name] = f.set(changed[name], ref)
				return changed
			}})
		}
	}
	values := s.AdditionalProperties.Schema
	if values == nil {
		return list
	}
	list = append(list, field{".{key}", func(_ any, ref string) any { return map[string]any{ref: leastOf(values.Value)} }})
	return list
}

// least is an object with the fields that it must have.
func least(s *openapi3.Schema) map[string]any {
	object := map[string]any{}
	for _, name := range s.Required {
		object[name] = leastOf(s.Properties[name].Value)
	}
	return object
}

func leastOf(s *openapi3.Schema) any {
	switch {
	case len(s.OneOf) > 0:
		return leastOf(s.OneOf[0].Value)
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Type.Includes("string"):
		return "route" // a kind of definition, where one is asked for
	case s.Type.Includes("boolean"):
		return true
	case s.Type.Includes("integer"), s.Type.Includes("number"):
		return 1
	case s.Type.Includes("array"):
		return []any{}
	default:
		return least(s)
	}
}
