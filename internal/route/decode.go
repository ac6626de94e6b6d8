package route

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/lockage/lockage/internal/fault"
)

// DecodeCreate reads the body that creates a route: its key and its content. Only key and target_url are required; the
// name defaults to the key. It refuses all bad fields at once.
func DecodeCreate(body []byte, n Names) (key string, r Route, err error) {
	list, err := parse(body)
	if err != nil {
		return "", Route{}, err
	}
	d := decoder{names: n}
	r = Route{Timeout: DefaultTimeout, EchoGuard: true}
	keyed := false
	for _, m := range list {
		if m.name != "key" {
			d.member(&r, m)
			continue
		}
		keyed = true
		if key = d.text("key", m.value); !keyForm.MatchString(key) {
			d.refuse("key", keyRule)
		}
	}
	if !keyed {
		d.refuse("key", "is required; it %s", keyRule)
	}
	if r.TargetURL == "" {
		d.refuse("target_url", "is required; send an absolute http or https URL")
	}
	if r.Name == "" {
		r.Name = key
	}
	d.checkWhole(r)
	if err := fault.RefusedFields(d.fields); err != nil {
		return "", Route{}, err
	}
	return key, r, nil
}

// DecodeUpdate reads the body that changes a route and returns base so changed; base itself stays as it is. A field
// that is sent replaces, null resets it to its default. "environments" is merged by environment: an object replaces
// that overlay whole, null removes it. The key cannot be changed. It refuses all bad fields at once.
func DecodeUpdate(body []byte, base Route, n Names) (Route, error) {
	list, err := parse(body)
	if err != nil {
		return Route{}, err
	}
	d := decoder{names: n}
	for _, m := range list {
		switch {
		case m.name == "key":
			d.refuse("key", "cannot be changed; create another route and delete this one")
		case m.value.Kind() == 'n' && (m.name == "name" || m.name == "target_url"):
			d.refuse(m.name, "cannot be reset; send another one")
		default:
			d.member(&base, m)
		}
	}
	d.checkWhole(base)
	if err := fault.RefusedFields(d.fields); err != nil {
		return Route{}, err
	}
	return base, nil
}

// decoder reads values and collects what it refuses: one refusal a field.
type decoder struct {
	names  Names
	fields []fault.Field
}

func (d *decoder) refuse(path, format string, args ...any) {
	for _, f := range d.fields {
		if f.Field == path {
			return // the first thing wrong is the one to mend
		}
	}
	d.fields = append(d.fields, fault.Field{Field: path, Message: fmt.Sprintf(format, args...)})
}

// member reads one member of the content into r; null is the field's default.
func (d *decoder) member(r *Route, m member) {
	null := m.value.Kind() == 'n'
	switch m.name {
	case "name":
		r.Name = ""
		if !null {
			r.Name = d.line("name", m.value, maxName)
		}
	case "description":
		r.Description = ""
		if !null {
			r.Description = d.prose("description", m.value, maxDescription)
		}
	case "target_url":
		r.TargetURL = ""
		if !null {
			r.TargetURL = d.targetURL("target_url", m.value)
		}
	case "methods":
		r.Methods = nil
		if !null {
			r.Methods = d.methods("methods", m.value)
		}
	case "inject_headers":
		r.InjectHeaders = d.named("inject_headers", m.value, d.headers)
	case "inject_query":
		r.InjectQuery = d.named("inject_query", m.value, d.query)
	case "inject_body":
		r.InjectBody = nil
		if !null {
			r.InjectBody = d.body("inject_body", m.value)
		}
		if string(r.InjectBody) == "{}" {
			r.InjectBody = nil
		}
	case "rate_limit":
		r.RateLimit = nil
		if !null {
			limit := d.rateLimit("rate_limit", m.value)
			r.RateLimit = &limit
		}
	case "timeout":
		r.Timeout = DefaultTimeout
		if !null {
			r.Timeout = d.timeout("timeout", m.value)
		}
	case "client_certificate":
		r.ClientCertificate = ""
		if !null {
			r.ClientCertificate = d.certificate("client_certificate", m.value)
		}
	case "echo_guard":
		r.EchoGuard = null || d.boolean("echo_guard", m.value)
	case "public":
		r.Public = !null && d.boolean("public", m.value)
	case "active_environment":
		r.ActiveEnvironment = ""
		if !null {
			r.ActiveEnvironment = d.environment("active_environment", m.value)
		}
	case "environments":
		r.Environments = d.environments(r.Environments, m.value)
	default:
		d.refuse(join("", m.name), "is not a field of a route; the fields are %s", strings.Join(contentFields, ", "))
	}
}

var contentFields = []string{
	"name", "description", "target_url", "methods", "inject_headers", "inject_query", "inject_body", "rate_limit",
	"timeout", "client_certificate", "echo_guard", "public", "active_environment", "environments",
}

// named reads an injection of the base, where a name cannot be removed.
func (d *decoder) named(path string, v jsontext.Value, read func(string, jsontext.Value) map[string]*string) map[string]string {
	if v.Kind() == 'n' {
		return nil
	}
	var set map[string]string
	sent := read(path, v)
	for _, name := range slices.Sorted(maps.Keys(sent)) {
		value := sent[name]
		if value == nil {
			d.refuse(join(path, name), "must be a string; leave the name out to inject nothing")
			continue
		}
		if set == nil {
			set = map[string]string{}
		}
		set[name] = *value
	}
	return set
}

// environments merges what was sent into a copy of the overlays.
func (d *decoder) environments(overlays map[string]Overlay, v jsontext.Value) map[string]Overlay {
	const path = "environments"
	if v.Kind() == 'n' {
		return nil
	}
	if v.Kind() != '{' {
		d.refuse(path, "must be an object with a member for each environment")
		return nil
	}
	merged := maps.Clone(overlays)
	if merged == nil {
		merged = map[string]Overlay{}
	}
	for i, m := range members(v) {
		id, ok := d.names.ID(m.name)
		if !ok {
			d.refuse(path, "name %d is not the name of an environment", i+1)
			continue
		}
		delete(merged, id)
		switch at := join(path, m.name); m.value.Kind() {
		case 'n':
		case '{':
			if o := d.overlay(at, m.value); !o.empty() {
				merged[id] = o
			}
		default:
			d.refuse(at, "must be an object, or null to remove the overlay")
		}
	}
	if len(merged) == 0 {
		return nil
	}
	return merged
}
