package route_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/secret"
)

func TestEffective(t *testing.T) {
	r := create(t, everything)
	tests := map[string]route.Effective{
		"development": {
			TargetURL: "http://localhost:8080", HasTarget: true, Methods: []string{"GET"},
			InjectHeaders: map[string]string{"Authorization": "Bearer {{secret:stripe_api_key}}", "X-Dev": "1"},
			InjectQuery:   map[string]string{"api version": "2026\n{{timestamp}}"},
			InjectBody:    json.RawMessage(`{"list":[null,true,"{{route}}"]}`),
			RateLimit:     &route.RateLimit{Requests: 1, Window: time.Minute},
			Timeout:       10 * time.Minute, Public: true, EchoGuard: true,
			Origin: map[string]string{
				"target_url": "environment", "methods": "environment", "inject_headers": "environment",
				"inject_headers.Authorization": "base", "inject_headers.X-Dev": "environment", "inject_query": "environment",
				"inject_query.api version": "base", "inject_body": "environment", "rate_limit": "environment",
				"timeout": "environment", "public": "base", "client_certificate": "default", "echo_guard": "default",
			},
		},
		"staging": {
			Public: true, EchoGuard: true,
			Origin: map[string]string{
				"target_url": "environment", "methods": "environment", "inject_headers": "environment", "inject_query": "environment",
				"inject_body": "environment", "rate_limit": "environment", "timeout": "environment", "public": "base", "client_certificate": "default", "echo_guard": "default",
			},
		},
		"production": {
			TargetURL: r.TargetURL, HasTarget: true, Methods: r.Methods, InjectHeaders: r.InjectHeaders, InjectQuery: r.InjectQuery,
			InjectBody: r.InjectBody, RateLimit: r.RateLimit, Timeout: r.Timeout, Public: true, EchoGuard: true,
			Origin: map[string]string{
				"target_url": "base", "methods": "base", "inject_headers": "base", "inject_headers.Authorization": "base",
				"inject_headers.X-Env": "base", "inject_query": "base", "inject_query.api version": "base", "inject_body": "base",
				"rate_limit": "base", "timeout": "base", "public": "base", "client_certificate": "default", "echo_guard": "default",
			},
		},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(want, r.Effective("id-"+name)); diff != "" {
				t.Errorf("Effective (-want +got):\n%s", diff)
			}
		})
	}
	if diff := cmp.Diff(wantEverything(), r); diff != "" {
		t.Errorf("the route was modified (-want +got):\n%s", diff)
	}
}

func TestEffectiveDefaults(t *testing.T) {
	got := create(t, `{"key":"k","target_url":"http://a"}`).Effective("id-production")
	want := route.Effective{
		TargetURL: "http://a", HasTarget: true, Timeout: 30 * time.Second, EchoGuard: true,
		Origin: map[string]string{
			"target_url": "base", "methods": "default", "inject_headers": "default", "inject_query": "default",
			"inject_body": "default", "rate_limit": "default", "timeout": "default", "public": "default", "client_certificate": "default", "echo_guard": "default",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Effective (-want +got):\n%s", diff)
	}
}

func TestEffectiveCertificateAndEchoGuard(t *testing.T) {
	r := create(t, `{"key":"k","target_url":"https://a","client_certificate":"{{ secret: bank }}","echo_guard":false,"environments":{
		"staging":{"client_certificate":null,"echo_guard":true},"production":{"client_certificate":"{{secret:other}}","echo_guard":false}}}`)
	for name, want := range map[string]struct {
		certificate string
		guard       bool
	}{
		"development": {"{{secret:bank}}", false}, "staging": {"", true}, "production": {"{{secret:other}}", false},
	} {
		e := r.Effective("id-" + name)
		if e.ClientCertificate != want.certificate || e.EchoGuard != want.guard {
			t.Errorf("%s: got %q and %v, want %+v", name, e.ClientCertificate, e.EchoGuard, want)
		}
	}
	content, err := r.Content()
	if err != nil {
		t.Fatal(err)
	}
	again, err := route.FromContent(content)
	if diff := cmp.Diff(r, again); diff != "" || err != nil {
		t.Errorf("read back: %v (-want +got):\n%s", err, diff)
	}
}

func TestVariablesInTargets(t *testing.T) {
	for target, ok := range map[string]bool{
		"https://{{var:host}}/v1": true, "{{var:base}}": true, "{{var:base}}/v1": true, "https://a:{{var:port}}": true,
		"https://api-{{var:region}}.example.com": true, "https://a/{{var:path | urlencode}}": true,
		"{{var:scheme}}://a": false, "https://{{secret:a}}/": false, "https://a/?q={{var:q}}": false, "https://{{route}}/": false,
		"ftp://{{var:host}}": false, "https://u:{{var:p}}@a": false, "https://{{var:a b}}": false,
	} {
		_, _, err := route.DecodeCreate([]byte(`{"key":"k","target_url":"`+target+`"}`), pipeline)
		if (err == nil) != ok {
			t.Errorf("%s: got %v, want ok %v", target, err, ok)
		}
	}
	got := create(t, `{"key":"k","target_url":"https://{{var:host}}/","inject_headers":{"A":"{{var:host}}{{secret:a}}","S":"{{hmac_sha256: b, path}}"},"client_certificate":"{{secret:c}}"}`).Usages([]string{"e"})
	want := []route.Usage{
		{EnvironmentID: "e", Field: "target_url", Reference: secret.Reference{Kind: secret.Variable, Name: "host"}},
		{EnvironmentID: "e", Field: "client_certificate", Reference: secret.Reference{Kind: secret.SecretName, Name: "c"}},
		{EnvironmentID: "e", Field: "inject_headers.A", Reference: secret.Reference{Kind: secret.Variable, Name: "host"}},
		{EnvironmentID: "e", Field: "inject_headers.A", Reference: secret.Reference{Kind: secret.SecretName, Name: "a"}},
		{EnvironmentID: "e", Field: "inject_headers.S", Reference: secret.Reference{Kind: secret.SecretName, Name: "b"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("usages (-want +got):\n%s", diff)
	}
}

// Headers merge by name whatever capitals they were sent in; bodies merge deep.
func TestMerging(t *testing.T) {
	tests := map[string]struct{ field, base, overlay, want string }{
		"header overridden":          {"inject_headers", `{"x-a":"1","x-b":"2"}`, `{"X-A":"3"}`, `{"X-A":"3","X-B":"2"}`},
		"header added to none":       {"inject_headers", `null`, `{"a":"1"}`, `{"A":"1"}`},
		"header removed":             {"inject_headers", `{"a":"1","b":"2"}`, `{"A":null}`, `{"B":"2"}`},
		"last header removed":        {"inject_headers", `{"a":"1"}`, `{"a":null}`, `null`},
		"header removed from none":   {"inject_headers", `null`, `{"a":null}`, `null`},
		"headers off":                {"inject_headers", `{"a":"1"}`, `null`, `null`},
		"query keeps its capitals":   {"inject_query", `{"a":"1"}`, `{"A":"2"}`, `{"A":"2","a":"1"}`},
		"query removed":              {"inject_query", `{"a":"1","b":"2"}`, `{"b":null}`, `{"a":"1"}`},
		"body member overridden":     {"inject_body", `{"a":1,"b":2}`, `{"a":3}`, `{"a":3,"b":2}`},
		"body objects merge":         {"inject_body", `{"a":{"b":1,"c":{"d":2}}}`, `{"a":{"c":{"e":3}}}`, `{"a":{"b":1,"c":{"d":2,"e":3}}}`},
		"body member removed":        {"inject_body", `{"a":{"b":1,"c":2}}`, `{"a":{"b":null}}`, `{"a":{"c":2}}`},
		"body lists are replaced":    {"inject_body", `{"a":[1,2]}`, `{"a":[3]}`, `{"a":[3]}`},
		"body object over a text":    {"inject_body", `{"a":"x"}`, `{"a":{"b":1,"c":null}}`, `{"a":{"b":1}}`},
		"body text over an object":   {"inject_body", `{"a":{"b":1}}`, `{"a":"x"}`, `{"a":"x"}`},
		"body null in the base":      {"inject_body", `{"a":null}`, `{"b":1}`, `{"a":null,"b":1}`},
		"body over none":             {"inject_body", `null`, `{"a":1,"b":null}`, `{"a":1}`},
		"body with nothing left":     {"inject_body", `{"a":1}`, `{"a":null}`, `null`},
		"body off":                   {"inject_body", `{"a":1}`, `null`, `null`},
		"body with an empty overlay": {"inject_body", `{"a":1}`, `{}`, `{"a":1}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := create(t, fmt.Sprintf(`{"key":"k","target_url":"http://a",%q:%s,"environments":{"staging":{%q:%s}}}`,
				tt.field, tt.base, tt.field, tt.overlay)).Effective("id-staging")
			fields := map[string]any{"inject_headers": e.InjectHeaders, "inject_query": e.InjectQuery, "inject_body": e.InjectBody}
			got, err := json.Marshal(fields[tt.field])
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.field, diff)
			}
			if got := e.Origin[tt.field]; got != route.FromEnvironment {
				t.Errorf("origin: got %q, want %q", got, route.FromEnvironment)
			}
		})
	}
}

func TestUsages(t *testing.T) {
	r := create(t, `{"key":"k","target_url":"http://a",
		"inject_headers":{"b":"{{secret:one}} {{secret:one}} {{secret:two}}","a":"{{environment}}"},
		"inject_query":{"q":"{{secret_id:0198c0de-0000-7000-8000-000000000001}}"},
		"inject_body":{"payment":{"keys":["x","{{secret:one}}"]},"n":1},
		"environments":{
			"staging":{"inject_headers":{"b":null,"c":"{{secret:three}}"},"inject_query":null,"inject_body":{"payment":{"keys":["{{secret:four}}"]}}},
			"development":{"inject_headers":null,"inject_query":null,"inject_body":null}}}`)
	named := func(environment, field, name string) route.Usage {
		return route.Usage{EnvironmentID: environment, Field: field, Reference: secret.Reference{Kind: secret.SecretName, Name: name}}
	}
	want := []route.Usage{
		named("id-staging", "inject_headers.C", "three"),
		named("id-staging", "inject_body.payment.keys[0]", "four"),
		named("id-production", "inject_headers.B", "one"),
		named("id-production", "inject_headers.B", "two"),
		{EnvironmentID: "id-production", Field: "inject_query.q", Reference: secret.Reference{Kind: secret.SecretID, Name: "0198c0de-0000-7000-8000-000000000001"}},
		named("id-production", "inject_body.payment.keys[1]", "one"),
	}
	got := r.Usages([]string{"id-staging", "id-development", "id-production"})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Usages (-want +got):\n%s", diff)
	}
	if got := r.Usages(nil); got != nil {
		t.Errorf("of no environment: got %v, want none", got)
	}
	if got := (route.Route{InjectQuery: map[string]string{"q": "{{secret:"}}).Usages([]string{"e"}); got != nil {
		t.Errorf("of a template that does not parse: got %v, want none", got)
	}
}
