package route

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// State is what an overlay says about one field.
type State int

// The three states of a field of an overlay.
const (
	Inherit  State = iota // absent: the base holds
	Override              // a value: it holds, or is merged by name
	Off                   // null: switched off in this environment
)

// Setting is one field of an overlay. Value is meaningful with Override only, and zero otherwise.
type Setting[T any] struct {
	State State
	Value T
}

// Overlay is the part of a route that holds for one environment only. Off means: no target there, every method, no
// injection, unlimited, no time limit, no certificate, no echo guard. Overriding headers and query parameters are merged with the base by name, where
// nil removes the name; an overriding body is merged deep, where null removes the member. An overlay that says nothing
// is the same as none, and is not kept.
type Overlay struct {
	TargetURL     Setting[string]
	Methods       Setting[[]string]
	InjectHeaders Setting[map[string]*string]
	InjectQuery   Setting[map[string]*string]
	InjectBody    Setting[json.RawMessage]
	RateLimit     Setting[RateLimit]
	Timeout       Setting[time.Duration]

	ClientCertificate Setting[string]
	EchoGuard         Setting[bool]
}

func (o Overlay) empty() bool {
	return o.TargetURL.State|o.Methods.State|o.InjectHeaders.State|o.InjectQuery.State|o.InjectBody.State|
		o.RateLimit.State|o.Timeout.State|o.ClientCertificate.State|o.EchoGuard.State == Inherit
}

// overlay reads the overlay of one environment.
func (d *decoder) overlay(path string, v jsontext.Value) Overlay {
	var o Overlay
	for _, m := range members(v) {
		switch at := join(path, m.name); m.name {
		case "target_url":
			o.TargetURL = setting(at, m.value, d.targetURL)
		case "methods":
			o.Methods = setting(at, m.value, d.methods)
		case "inject_headers":
			o.InjectHeaders = setting(at, m.value, d.headers)
		case "inject_query":
			o.InjectQuery = setting(at, m.value, d.query)
		case "inject_body":
			o.InjectBody = setting(at, m.value, d.body)
		case "rate_limit":
			o.RateLimit = setting(at, m.value, d.rateLimit)
		case "timeout":
			o.Timeout = setting(at, m.value, d.timeout)
			if o.Timeout.Value == 0 && o.Timeout.State == Override {
				o.Timeout.State = Off // "0s" is another way to say it
			}
		case "client_certificate":
			o.ClientCertificate = setting(at, m.value, d.certificate)
		case "echo_guard":
			o.EchoGuard = setting(at, m.value, d.boolean)
			if !o.EchoGuard.Value && o.EchoGuard.State == Override {
				o.EchoGuard.State = Off // false is another way to say it
			}
		default:
			d.refuse(at, "is not a field of an overlay; the fields are %s", strings.Join(overlayFields, ", "))
		}
	}
	return o
}

var overlayFields = []string{
	"target_url", "methods", "inject_headers", "inject_query", "inject_body", "rate_limit", "timeout",
	"client_certificate", "echo_guard",
}

func setting[T any](path string, v jsontext.Value, read func(string, jsontext.Value) T) Setting[T] {
	if v.Kind() == 'n' {
		return Setting[T]{State: Off}
	}
	return Setting[T]{State: Override, Value: read(path, v)}
}

// members is the JSON form of the overlay, in its three states.
func (o Overlay) members() map[string]any {
	set := map[string]any{}
	write(set, "target_url", o.TargetURL)
	write(set, "methods", o.Methods)
	write(set, "inject_headers", o.InjectHeaders)
	write(set, "inject_query", o.InjectQuery)
	write(set, "inject_body", o.InjectBody)
	write(set, "rate_limit", Setting[any]{State: o.RateLimit.State, Value: o.RateLimit.Value.members()})
	write(set, "client_certificate", o.ClientCertificate)
	write(set, "echo_guard", o.EchoGuard)
	write(set, "timeout", Setting[string]{State: o.Timeout.State, Value: o.Timeout.Value.String()})
	return set
}

func write[T any](set map[string]any, name string, s Setting[T]) {
	switch s.State {
	case Override:
		set[name] = s.Value
	case Off:
		set[name] = nil
	}
}

func (l RateLimit) members() map[string]any {
	set := map[string]any{"requests": l.Requests, "window": l.Window.String()}
	put(set, "burst", l.Burst, l.Burst != 0)
	return set
}

// Overlays is the overlays as people see them, by the name of the environment and in their three states; those of
// environments that are no more are left out.
func (r Route) Overlays(n Names) map[string]json.RawMessage {
	overlays := make(map[string]json.RawMessage, len(r.Environments))
	for id, o := range r.Environments {
		name := n.Name(id)
		if name == "" {
			continue
		}
		shown, err := canonical(o.members())
		if err != nil {
			panic("route: an overlay that was decoded has no JSON form: " + err.Error())
		}
		overlays[name] = shown
	}
	return overlays
}
