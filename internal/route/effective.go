package route

import (
	"encoding/json"
	"maps"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Effective is a route resolved for one environment: what the gateway does there.
type Effective struct {
	TargetURL     string
	HasTarget     bool              // false: the environment's overlay took the target away
	Methods       []string          // nil: every method
	InjectHeaders map[string]string // nil: none
	InjectQuery   map[string]string // nil: none
	InjectBody    json.RawMessage   // an object in canonical form; nil: none
	RateLimit     *RateLimit        // nil: unlimited
	Timeout       time.Duration     // 0: no time limit
	Public        bool

	ClientCertificate string // "": none
	EchoGuard         bool
	Origin            map[string]string // field, or "inject_headers.Name", to FromBase, FromEnvironment or FromDefault
}

// Where a field of an Effective comes from.
const (
	FromBase        = "base"
	FromEnvironment = "environment"
	FromDefault     = "default"
)

// Effective resolves the route for an environment. Each overlay's field holds over the base's; what neither says is at
// its default. The maps and slices are shared with r and not to be modified.
func (r Route) Effective(environmentID string) Effective {
	o := r.Environments[environmentID]
	e := Effective{Public: r.Public, Origin: map[string]string{"public": from(r.Public)}}
	e.TargetURL = resolve(e.Origin, "target_url", r.TargetURL, r.TargetURL != "", o.TargetURL)
	e.HasTarget = e.TargetURL != ""
	e.Methods = resolve(e.Origin, "methods", r.Methods, r.Methods != nil, o.Methods)
	e.InjectHeaders = resolveNames(e.Origin, "inject_headers", r.InjectHeaders, o.InjectHeaders)
	e.InjectQuery = resolveNames(e.Origin, "inject_query", r.InjectQuery, o.InjectQuery)

	e.InjectBody = resolve(e.Origin, "inject_body", r.InjectBody, r.InjectBody != nil, o.InjectBody)
	if o.InjectBody.State == Override {
		e.InjectBody = json.RawMessage(mergeBody(jsontext.Value(r.InjectBody), jsontext.Value(o.InjectBody.Value)))
		if string(e.InjectBody) == "{}" {
			e.InjectBody = nil
		}
	}

	limit := Setting[*RateLimit]{State: o.RateLimit.State}
	if limit.State == Override {
		limit.Value = &o.RateLimit.Value
	}
	e.RateLimit = resolve(e.Origin, "rate_limit", r.RateLimit, r.RateLimit != nil, limit)
	e.ClientCertificate = resolve(e.Origin, "client_certificate", r.ClientCertificate, r.ClientCertificate != "", o.ClientCertificate)
	e.EchoGuard = resolve(e.Origin, "echo_guard", r.EchoGuard, !r.EchoGuard, o.EchoGuard)
	e.Timeout = resolve(e.Origin, "timeout", r.Timeout, r.Timeout != DefaultTimeout, o.Timeout)
	return e
}

func from(base bool) string {
	if base {
		return FromBase
	}
	return FromDefault
}

// resolve picks a field's value and notes its origin; set says whether the base has more than the default.
func resolve[T any](origin map[string]string, field string, base T, set bool, s Setting[T]) T {
	if s.State == Inherit {
		origin[field] = from(set)
		return base
	}
	origin[field] = FromEnvironment
	return s.Value // the zero value of Off is what off means
}

// resolveNames merges an injection by name and notes the origin of each.
func resolveNames(origin map[string]string, field string, base map[string]string, s Setting[map[string]*string]) map[string]string {
	resolve(origin, field, base, base != nil, Setting[map[string]string]{State: s.State})
	if s.State == Off {
		return nil
	}
	merged := maps.Clone(base)
	for name := range base {
		origin[field+"."+name] = FromBase
	}
	for name, value := range s.Value {
		if value == nil {
			delete(merged, name)
			delete(origin, field+"."+name)
			continue
		}
		if merged == nil {
			merged = map[string]string{}
		}
		merged[name] = *value
		origin[field+"."+name] = FromEnvironment
	}
	if len(merged) == 0 {
		return nil
	}
	return merged
}
