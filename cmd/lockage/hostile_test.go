package main_test

import (
	"net/url"
	"strings"
)

// canary stands in every value that must be refused, and must never come back.
const canary = "canary7f3a9c"

// hostile is a request that must change nothing.
type hostile struct {
	method, path, body string
	status             int
	field              string // "": the refusal is not about a field
	says               string // a part of the message; "": any
}

// long is text of 300 characters.
var long = canary + strings.Repeat("a", 300-len(canary))

func hostileBodies() []hostile {
	const (
		environments, secrets, keys, routes = "/v1/environments", "/v1/secrets", "/v1/api-keys", "/v1/routes"
		value                               = "/v1/secrets/victim/environments/development"
		key                                 = `{"key":"new","target_url":"http://example.com",`
	)
	huge := `{"name":"` + canary + strings.Repeat("a", 2<<20) + `"}`
	broken := "{\"name\":\"" + canary + "\xff\"}"
	list := []hostile{
		{"POST", environments, `{"name":"new","unknown":"` + canary + `"}`, 400, "unknown", ""},
		{"POST", environments, `{"name":"new","name":"` + canary + `"}`, 400, "name", "twice"},
		{"POST", environments, `{"name":"new","color":"` + canary + `"}`, 400, "color", ""},
		{"POST", environments, `{"name":"new","is_default":"` + canary + `"}`, 400, "is_default", "true or false"},
		{"POST", environments, `{"name":["` + canary + `"]}`, 400, "name", "string"},
		{"POST", environments, `{"name":null}`, 400, "name", ""},
		{"POST", environments, `{}`, 400, "name", "required"},
		{"POST", environments, `["` + canary + `"]`, 400, "body", ""},
		{"POST", environments, `{"name":"` + canary, 400, "body", "JSON"},
		{"POST", environments, `{"name":"new"} {"name":"` + canary + `"}`, 400, "body", ""},
		{"PATCH", environments + "/development", `{"name":"` + canary + `/"}`, 400, "name", ""},
		{"PATCH", environments + "/development", `{"level":7}`, 400, "level", ""},
		{"PATCH", environments + "/production", `{"is_default":false}`, 400, "is_default", ""},
		{"POST", secrets, `{"name":"` + canary + ` "}`, 400, "name", ""},
		{"POST", secrets, `{"name":"new","value":"` + canary + `"}`, 400, "value", ""},
		{"POST", secrets, `{"name":"new","type":"` + canary + `"}`, 400, "type", ""},
		{"POST", secrets, `{"name":"new","description":"` + canary + `\u0000"}`, 400, "description", ""},
		{"PUT", value, `{"value":7}`, 400, "value", "string"},
		{"PUT", value, `{"value":""}`, 400, "value", ""},
		{"PUT", value, `{"value":"` + canary + `\u0000"}`, 400, "value", ""},
		{"PUT", value, `{"value":"` + canary + strings.Repeat("a", 64<<10) + `"}`, 400, "value", "64 KiB"},
		{"PUT", value, `{"value":"v","comment":"` + canary + `"}`, 400, "comment", ""},
		{"POST", "/v1/secrets/victim/environments/development/duplicate", `{"target_environment":7}`, 400, "target_environment", ""},
		{"POST", keys, `{"environment":"development","type":"` + canary + `"}`, 400, "type", ""},
		{"POST", keys, `{"environment":"development","type":"secret","expires_at":"` + canary + `"}`, 400, "expires_at", "RFC 3339"},
		{"POST", keys, `{"environment":"development","type":"secret","expires_at":"2001-01-01T00:00:00Z"}`, 400, "expires_at", ""},
		{"POST", keys, `{"environment":"` + canary + `","type":"secret"}`, 404, "", "environment"},
		{"POST", routes, key + `"unknown":"` + canary + `"}`, 400, "unknown", ""},
		{"POST", routes, `{"key":"` + canary + `/","target_url":"http://example.com"}`, 400, "key", ""},
		{"POST", routes, key + `"methods":["` + canary + `"]}`, 400, "methods[0]", ""},
		{"POST", routes, key + `"timeout":"` + canary + `"}`, 400, "timeout", ""},
		{"POST", routes, key + `"rate_limit":{"requests":0,"window":"1s"}}`, 400, "rate_limit.requests", ""},
		{"POST", routes, key + `"inject_headers":{"` + canary + `\r\nX":"v"}}`, 400, "inject_headers", ""},
		{"POST", routes, key + `"inject_headers":{"X-A":"` + canary + `\r\nX-B: v"}}`, 400, "inject_headers.X-A", "control"},
		{"POST", routes, key + `"inject_headers":{"X-A":"` + canary + `\u0000"}}`, 400, "inject_headers.X-A", "control"},
		{"POST", routes, key + `"inject_headers":{"X-A":"12 {{secret:` + canary + `"}}`, 400, "inject_headers.X-A", "position 4"},
		{"POST", routes, key + `"inject_headers":{"X-A":"{{` + canary + `}}"}}`, 400, "inject_headers.X-A", "position 1"},
		{"POST", routes, key + `"inject_headers":{"X-A":"{{env:` + canary + `}}"}}`, 400, "inject_headers.X-A", "position 1"},
		{"POST", routes, key + `"inject_headers":{"Host":"` + canary + `"}}`, 400, "inject_headers.Host", ""},
		{"POST", routes, key + `"inject_query":{"q":"é{{secret: ` + canary + ` no}}"}}`, 400, "inject_query.q", "position 2"},
		{"POST", routes, key + `"inject_body":{"a":[{"b":"{{` + canary + `"}]}}`, 400, "inject_body.a[0].b", "position 1"},
		{"POST", routes, key + `"inject_body":"` + canary + `"}`, 400, "inject_body", ""},
		{"POST", routes, key + `"environments":{"` + canary + `":{}}}`, 400, "environments", ""},
		{"POST", routes, key + `"environments":{"development":{"unknown":"` + canary + `"}}}`, 400, "environments.development.unknown", ""},
		{"POST", routes, key + `"active_environment":"` + canary + `"}`, 400, "active_environment", ""},
		{"PATCH", "/v1/routes/victim", `{"key":"` + canary + `"}`, 400, "key", ""},
		{"PUT", "/v1/routes/victim/environments/development/status", `{"active":"` + canary + `"}`, 400, "active", ""},
		{"POST", "/v1/commits", `{"message":"m","definitions":[{"kind":"route","key":7}]}`, 400, "definitions[0].key", ""},
		{"POST", "/v1/commits", `{"message":"` + canary + `\u0007"}`, 400, "message", "control"},
		{"POST", "/v1/commits", `{"message":"m","definitions":[{"kind":"route","key":"` + canary + `"}]}`, 404, "", "definitions[0]"},
		{"POST", "/v1/promotions", `{"to":"` + canary + `","message":"m"}`, 404, "", "environment"},
		{"GET", "/v1/logs?status=" + canary, "", 400, "status", ""},
		{"GET", "/v1/logs?limit=" + canary, "", 400, "limit", ""},
		{"GET", "/v1/secrets?cursor=" + canary, "", 400, "cursor", ""},
		{"GET", "/v1/audit-logs?surprise=" + canary, "", 400, "surprise", ""},
		{"GET", "/v1/" + canary, "", 404, "", ""},
		{"PUT", "/v1/environments?" + canary, "", 405, "", ""},
	}
	for _, path := range []string{environments, secrets, keys, routes, "/v1/commits", "/v1/promotions"} {
		list = append(list,
			hostile{"POST", path, huge, 413, "", "too large"},
			hostile{"POST", path, broken, 400, "body", "see byte"},
			hostile{"POST", path, `"` + canary + `"`, 400, "body", ""})
	}
	for _, target := range []string{
		canary, "/" + canary, "//" + canary, "ftp://" + canary, "http:" + canary, "http://", "https://user:" + canary + "@example.com",
		"http://example.com/?" + canary, "http://example.com/#" + canary, "http://{{secret:" + canary + "}}", "http://" + canary + `\u0000`,
		"http://example.com:" + canary, "javascript:" + canary,
	} {
		list = append(list, hostile{"POST", routes, `{"key":"new","target_url":"` + target + `"}`, 400, "target_url", ""},
			hostile{"PATCH", routes + "/victim", `{"environments":{"development":{"target_url":"` + target + `"}}}`, 400, "environments.development.target_url", ""})
	}
	for _, name := range []string{"Production ", "production ", "PRODUCTION", "../", "../" + canary, `prod\u0000uction`, "prodüction", "", long} {
		list = append(list, hostile{"POST", environments, `{"name":"` + name + `"}`, 400, "name", ""},
			hostile{"PATCH", environments + "/development", `{"name":"` + name + `"}`, 400, "name", ""},
			hostile{"POST", routes, key + `"active_environment":"` + name + `"}`, 400, "active_environment", ""})
	}
	for _, name := range []string{"Production ", "PRODUCTION", "../", "..", "../" + canary, "%", "production\n", "*", long} {
		segment := "/" + url.PathEscape(name)
		list = append(list, hostile{"GET", environments + segment, "", 404, "", ""}, hostile{"DELETE", environments + segment, "", 404, "", ""},
			hostile{"PUT", "/v1/secrets/victim/environments" + segment, `{"value":"v"}`, 404, "", ""},
			hostile{"PUT", "/v1/routes/victim/environments" + segment + "/status", `{"active":false}`, 404, "", ""})
	}
	list = append(list, hostileChanges()...)
	return append(list, hostile{"GET", environments + "/%00" + canary, "", 400, "id", ""}, hostile{"GET", environments + "/%ff" + canary, "", 400, "id", ""})
}
