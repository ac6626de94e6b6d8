package route

import (
	"encoding/json"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/lockage/lockage/internal/fault"
)

// identity takes ids for names: content names environments by id.
var identity = Names{
	ID:   func(id string) (string, bool) { return id, id != "" },
	Name: func(id string) string { return id },
}

// FromContent reads what Content wrote. An error is a fault of the stored content, not of a caller's input.
func FromContent(content []byte) (Route, error) {
	r, err := DecodeUpdate(content, Route{Timeout: DefaultTimeout, EchoGuard: true}, identity)
	if err == nil && r.TargetURL == "" {
		err = fault.Refused("target_url", "is missing")
	}
	if err != nil {
		// Not wrapped, so that it loses the kind that would show it to a caller.
		return Route{}, fmt.Errorf("read the content of a route: %v", err)
	}
	return r, nil
}

// Content is the canonical JSON of the route, with environments by id and without what is at its default.
func (r Route) Content() ([]byte, error) {
	set := map[string]any{"name": r.Name, "target_url": r.TargetURL}
	put(set, "description", r.Description, r.Description != "")
	put(set, "methods", r.Methods, r.Methods != nil)
	put(set, "inject_headers", r.InjectHeaders, len(r.InjectHeaders) > 0)
	put(set, "inject_query", r.InjectQuery, len(r.InjectQuery) > 0)
	put(set, "inject_body", r.InjectBody, r.InjectBody != nil)
	if r.RateLimit != nil {
		set["rate_limit"] = r.RateLimit.members()
	}
	put(set, "timeout", r.Timeout.String(), r.Timeout != DefaultTimeout)
	put(set, "client_certificate", r.ClientCertificate, r.ClientCertificate != "")
	put(set, "echo_guard", false, !r.EchoGuard)
	put(set, "public", true, r.Public)
	put(set, "active_environment", r.ActiveEnvironment, r.ActiveEnvironment != "")
	overlays := map[string]any{}
	for id, o := range r.Environments {
		overlays[id] = o.members()
	}
	put(set, "environments", overlays, len(overlays) > 0)
	content, err := canonical(set)
	if err != nil {
		return nil, fmt.Errorf("write the content of a route: %w", err)
	}
	return content, nil
}

func put(set map[string]any, name string, value any, present bool) {
	if present {
		set[name] = value
	}
}

func canonical(value any) (json.RawMessage, error) {
	b, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	v := jsontext.Value(b)
	err = v.Canonicalize()
	return json.RawMessage(v), err
}
