package cli

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// routeFields are the fields of a route in the order a file has them.
func routeFields() []string {
	return []string{
		"name", "description", "target_url", "methods", "inject_headers", "inject_query", "inject_body", "rate_limit",
		"timeout", "client_certificate", "echo_guard", "public", "active_environment", "environments",
	}
}

// overlayFields are those of a route in one environment.
func overlayFields() []string {
	return []string{"target_url", "methods", "inject_headers", "inject_query", "inject_body", "rate_limit", "timeout", "client_certificate", "echo_guard"}
}

func rateFields() []string { return []string{"requests", "window", "burst"} }

// content is what a definition says, as decoded JSON with its numbers as they were written.
type content = map[string]any

// tidy is a route's content without the fields that say what would be so without them, and with one spelling for what
// has several. Two contents that mean the same are then the same.
func tidy(key string, route content) content {
	out := content{}
	for name, v := range route {
		switch name {
		case "key":
			continue
		case "name":
			if v == key {
				continue
			}
		case "echo_guard":
			if v == true {
				continue
			}
		case "description", "active_environment", "client_certificate":
			if v == "" {
				continue
			}
		case "public":
			if v == false {
				continue
			}
		case "environments":
			overlays := content{}
			if of, isMap := v.(content); isMap {
				for environment, overlay := range of {
					if fields, isMap := overlay.(content); isMap {
						overlays[environment] = tidyFields(fields)
					} else if overlay != nil {
						overlays[environment] = overlay
					}
				}
				v = overlays
			}
		}
		if m, isMap := v.(content); v == nil || isMap && len(m) == 0 && name != "inject_body" {
			continue
		}
		out[name] = v
	}
	out = tidyFields(out)
	if out["timeout"] == "30s" {
		delete(out, "timeout")
	}
	return out
}

// tidyFields spells the fields that a route and an overlay share; null stays, for in an overlay it means something.
func tidyFields(fields content) content {
	out := make(content, len(fields))
	for name, v := range fields {
		switch name {
		case "timeout":
			v = spelled(v)
		case "methods":
			if list, isList := v.([]any); isList {
				upper := make([]any, len(list))
				for i, m := range list {
					upper[i] = m
					if s, isString := m.(string); isString {
						upper[i] = strings.ToUpper(s)
					}
				}
				v = upper
			}
		case "rate_limit":
			if of, isMap := v.(content); isMap {
				limit := content{}
				for name, v := range of {
					if name == "window" {
						v = spelled(v)
					}
					if n, isNumber := v.(json.Number); name == "burst" && isNumber && n == "0" {
						continue
					}
					limit[name] = v
				}
				v = limit
			}
		}
		out[name] = v
	}
	return out
}

// spelled is a duration in its shortest spelling, "1m" for "60s"; what is none stays for the server to refuse.
func spelled(v any) any {
	s, isString := v.(string)
	d, err := time.ParseDuration(s)
	if !isString || err != nil {
		return v
	}
	s = d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// same says whether two values mean the same; 1 and 1.0 do.
func same(a, b any) bool {
	switch x := a.(type) {
	case content:
		y, isMap := b.(content)
		if !isMap || len(x) != len(y) {
			return false
		}
		for name, v := range x {
			if other, has := y[name]; !has || !same(v, other) {
				return false
			}
		}
		return true
	case []any:
		y, isList := b.([]any)
		if !isList || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !same(x[i], y[i]) {
				return false
			}
		}
		return true
	case json.Number:
		y, isNumber := b.(json.Number)
		if !isNumber || x == y {
			return isNumber
		}
		m, err := strconv.ParseFloat(string(x), 64)
		n, errToo := strconv.ParseFloat(string(y), 64)
		return err == nil && errToo == nil && m == n
	default:
		return reflect.DeepEqual(a, b)
	}
}
