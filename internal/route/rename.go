package route

import (
	"encoding/json"
	"reflect"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/lockage/lockage/internal/secret"
)

// Renaming is what mentioning other secrets comes to in a route.
type Renaming struct {
	Body    []byte    // what updates the route: the fields that change; nil: none does
	Renamed []Renamed // where, in the order of the route
	Spare   []string  // environments whose overlay then says nothing that the base does not
	After   Route     // the route then, by the names of its environments
}

// Renamed is a field whose template mentions another secret.
type Renamed struct {
	Field    string
	From, To string
}

// Rename works out a route, in JSON as its readers see it, that mentions the secrets of the map by their new names: in the
// base, and in the overlay of every environment that the reader sees.
func Rename(body []byte, names map[secret.Reference]string) (r Renaming, err error) {
	list, err := parse(body)
	if err != nil {
		return r, err
	}
	w := renamer{names: names}
	var all, changed []member
	for _, m := range list {
		switch m.name {
		case "environments":
			overlays, some := w.overlays(m)
			all = append(all, overlays)
			if len(some) > 0 {
				changed = append(changed, member{m.name, object(some)})
			}
			continue
		case "active_environment":
			continue // it says nothing of templates, and may be hidden from the reader
		}
		if m.name == "client_certificate" && string(m.value) == `""` {
			continue // how readers are told that there is none
		}
		if !mentions(m.name) {
			if slices.Contains(contentFields, m.name) {
				all = append(all, m)
			}
			continue
		}
		n := len(w.found)
		m.value = w.value(m.name, m.value)
		all = append(all, m)
		if len(w.found) > n {
			changed = append(changed, m)
		}
	}
	if w.err != nil {
		return r, w.err
	}
	r.Renamed = w.found
	if len(changed) > 0 {
		r.Body = object(changed)
	}
	same := func(name string) (string, bool) { return name, name != "" }
	if r.After, err = DecodeUpdate(object(all), Route{}, Names{ID: same}); err != nil {
		return r, err
	}
	r.Spare = r.After.spare(w.touched)
	return r, nil
}

// spare are those of the environments whose overlay changes nothing.
func (r Route) spare(environments []string) (list []string) {
	for _, e := range environments {
		with, without := r.Effective(e), r.Effective("")
		with.Origin, without.Origin = nil, nil
		if reflect.DeepEqual(with, without) {
			list = append(list, e)
		}
	}
	return list
}

// mentions says whether a field may mention secrets. A target may not.
func mentions(field string) bool {
	switch field {
	case "client_certificate", "inject_headers", "inject_query", "inject_body":
		return true
	}
	return false
}

// renamer rewrites the templates in values and collects where.
type renamer struct {
	names   map[secret.Reference]string
	found   []Renamed
	touched []string // environments whose overlay changes
	err     error
}

// overlays are all of them rewritten, and those that change.
func (w *renamer) overlays(m member) (all member, changed []member) {
	if m.value.Kind() != '{' {
		return m, nil
	}
	var list []member
	for _, e := range members(m.value) {
		n := len(w.found)
		if e.value.Kind() == '{' {
			fields := members(e.value)
			for i, f := range fields {
				if mentions(f.name) {
					fields[i].value = w.value(within(within(m.name, e.name), f.name), f.value)
				}
			}
			e.value = object(fields)
		}
		list = append(list, e)
		if len(w.found) > n {
			changed, w.touched = append(changed, e), append(w.touched, e.name)
		}
	}
	return member{m.name, object(list)}, changed
}

func (w *renamer) value(path string, v jsontext.Value) jsontext.Value {
	switch v.Kind() {
	case '{':
		list := members(v)
		for i, m := range list {
			list[i].value = w.value(within(path, m.name), m.value)
		}
		return object(list)
	case '[':
		list := elements(v)
		for i, e := range list {
			list[i] = w.value(index(path, i), e)
		}
		return array(list)
	case '"':
		return w.template(path, v)
	}
	return v
}

func (w *renamer) template(path string, v jsontext.Value) jsontext.Value {
	was, ok := text(v)
	if !ok {
		return v
	}
	t, err := secret.ParseTemplate(was)
	if err != nil {
		w.err = err
		return v
	}
	n := len(w.found)
	for _, ref := range t.References() {
		if to, ok := w.names[ref]; ok {
			w.found = append(w.found, Renamed{path, ref.Name, to})
		}
	}
	if len(w.found) == n {
		return v
	}
	now, err := secret.Rename(was, w.names)
	if err != nil {
		w.err = err
		return v
	}
	quoted, err := jsontext.AppendQuote(nil, now)
	if err != nil {
		w.err = err
		return v
	}
	return quoted
}

// object joins members to an object, array elements to an array.
func object(list []member) jsontext.Value {
	out := jsontext.Value("{")
	for i, m := range list {
		if i > 0 {
			out = append(out, ',')
		}
		name, _ := json.Marshal(m.name) // it was one before, and every string is
		out = append(append(append(out, name...), ':'), m.value...)
	}
	return append(out, '}')
}

func array(list []jsontext.Value) jsontext.Value {
	out := jsontext.Value("[")
	for i, v := range list {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, v...)
	}
	return append(out, ']')
}
