package route_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/route"
)

const everything = `{
	"key": "stripe", "name": "Stripe für alle", "description": "charges\n\tand refunds",
	"target_url": "https://api.stripe.com/v1/", "methods": ["post", "GET"],
	"inject_headers": {"authorization": "Bearer {{secret:stripe_api_key}}", "X-env": "{{ environment }}"},
	"inject_query": {"api version": "2026\n{{timestamp}}"},
	"inject_body": {"payment": {"key": "{{secret:stripe_api_key}}", "amount": 1.50}, "list": [null, true, "{{route}}"]},
	"rate_limit": {"requests": 100, "window": "90s", "burst": 5},
	"timeout": "1500ms", "public": true, "active_environment": "staging",
	"environments": {
		"development": {"target_url": "http://localhost:8080", "methods": ["GET"], "inject_headers": {"x-env": null, "x-dev": "1"},
			"inject_query": {}, "inject_body": {"payment": null}, "rate_limit": {"requests": 1, "window": "1m"}, "timeout": "10m"},
		"staging": {"target_url": null, "methods": null, "inject_headers": null, "inject_query": null, "inject_body": null,
			"rate_limit": null, "timeout": null},
		"production": {}
	}}`

func wantEverything() route.Route {
	return route.Route{
		Name: "Stripe für alle", Description: "charges\n\tand refunds", TargetURL: "https://api.stripe.com/v1/",
		Methods: []string{"POST", "GET"},
		InjectHeaders: map[string]string{
			"Authorization": "Bearer {{secret:stripe_api_key}}", "X-Env": "{{ environment }}",
		},
		InjectQuery:       map[string]string{"api version": "2026\n{{timestamp}}"},
		InjectBody:        json.RawMessage(`{"list":[null,true,"{{route}}"],"payment":{"amount":1.5,"key":"{{secret:stripe_api_key}}"}}`),
		RateLimit:         &route.RateLimit{Requests: 100, Window: 90 * time.Second, Burst: 5},
		Timeout:           1500 * time.Millisecond,
		EchoGuard:         true,
		Public:            true,
		ActiveEnvironment: "id-staging",
		Environments: map[string]route.Overlay{
			"id-development": {
				TargetURL:     route.Setting[string]{State: route.Override, Value: "http://localhost:8080"},
				Methods:       route.Setting[[]string]{State: route.Override, Value: []string{"GET"}},
				InjectHeaders: route.Setting[map[string]*string]{State: route.Override, Value: map[string]*string{"X-Env": nil, "X-Dev": new("1")}},
				InjectQuery:   route.Setting[map[string]*string]{State: route.Override, Value: map[string]*string{}},
				InjectBody:    route.Setting[json.RawMessage]{State: route.Override, Value: json.RawMessage(`{"payment":null}`)},
				RateLimit:     route.Setting[route.RateLimit]{State: route.Override, Value: route.RateLimit{Requests: 1, Window: time.Minute}},
				Timeout:       route.Setting[time.Duration]{State: route.Override, Value: 10 * time.Minute},
			},
			"id-staging": allOff,
		},
	}
}

var allOff = route.Overlay{
	TargetURL:     route.Setting[string]{State: route.Off},
	Methods:       route.Setting[[]string]{State: route.Off},
	InjectHeaders: route.Setting[map[string]*string]{State: route.Off},
	InjectQuery:   route.Setting[map[string]*string]{State: route.Off},
	InjectBody:    route.Setting[json.RawMessage]{State: route.Off},
	RateLimit:     route.Setting[route.RateLimit]{State: route.Off},
	Timeout:       route.Setting[time.Duration]{State: route.Off},
}

func TestDecodeCreate(t *testing.T) {
	minimal := route.Route{Name: "stripe", TargetURL: "https://api.stripe.com", Timeout: route.DefaultTimeout, EchoGuard: true}
	tests := map[string]struct {
		body string
		want route.Route
	}{
		"everything": {everything, wantEverything()},
		"minimal":    {`{"key":"stripe","target_url":"https://api.stripe.com"}`, minimal},
		"null and empty are the defaults": {`{"key":"stripe","target_url":"https://api.stripe.com","name":null,"description":null,
			"methods":null,"inject_headers":{},"inject_query":null,"inject_body":{},"rate_limit":null,"timeout":null,"public":null,
			"active_environment":null,"environments":{"staging":{},"production":null}}`, minimal},
		"any order": {`{"target_url":"https://api.stripe.com","environments":null,"key":"stripe"}`, minimal},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			key, got, err := route.DecodeCreate([]byte(tt.body), pipeline)
			if err != nil || key != "stripe" {
				t.Fatalf("DecodeCreate: got the key %q and %v, want stripe and no error", key, err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("DecodeCreate (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNoTimeLimit(t *testing.T) {
	r := create(t, `{"key":"k","target_url":"http://a","timeout":"0s","environments":{"staging":{"timeout":"0s"}}}`)
	if r.Timeout != 0 {
		t.Errorf("base: got %v, want 0", r.Timeout)
	}
	if got := r.Environments["id-staging"].Timeout; got.State != route.Off {
		t.Errorf("overlay: got %+v, want it off", got)
	}
}

func TestDecodeUpdate(t *testing.T) {
	change := func(f func(*route.Route)) route.Route {
		r := wantEverything()
		f(&r)
		return r
	}
	development := wantEverything().Environments["id-development"]
	tests := map[string]struct {
		body string
		want route.Route
	}{
		"nothing": {`{}`, wantEverything()},
		"name":    {`{"name":"Other"}`, change(func(r *route.Route) { r.Name = "Other" })},
		"target":  {`{"target_url":"http://[2001:db8::1]:81"}`, change(func(r *route.Route) { r.TargetURL = "http://[2001:db8::1]:81" })},
		"headers are replaced": {
			`{"inject_headers":{"a":"b"}}`,
			change(func(r *route.Route) { r.InjectHeaders = map[string]string{"A": "b"} }),
		},
		"null resets": {
			`{"description":null,"methods":null,"inject_headers":null,"inject_query":null,"inject_body":null,"rate_limit":null,
				"timeout":null,"public":null,"active_environment":null,"environments":null}`,
			route.Route{Name: "Stripe für alle", TargetURL: "https://api.stripe.com/v1/", Timeout: 30 * time.Second, EchoGuard: true},
		},
		"an overlay is replaced whole": {
			`{"environments":{"staging":{"timeout":"2s"}}}`,
			change(func(r *route.Route) {
				r.Environments = map[string]route.Overlay{
					"id-development": development,
					"id-staging":     {Timeout: route.Setting[time.Duration]{State: route.Override, Value: 2 * time.Second}},
				}
			}),
		},
		"an overlay is added": {
			`{"environments":{"production":{"methods":["PATCH"]}}}`,
			change(func(r *route.Route) {
				r.Environments = map[string]route.Overlay{
					"id-development": development,
					"id-staging":     allOff,
					"id-production":  {Methods: route.Setting[[]string]{State: route.Override, Value: []string{"PATCH"}}},
				}
			}),
		},
		"an overlay is removed": {
			`{"environments":{"staging":null}}`,
			change(func(r *route.Route) { r.Environments = map[string]route.Overlay{"id-development": development} }),
		},
		"an empty overlay is none": {
			`{"environments":{"staging":{}}}`,
			change(func(r *route.Route) { r.Environments = map[string]route.Overlay{"id-development": development} }),
		},
		"no overlay is left": {
			`{"environments":{"staging":null,"development":null,"production":null}}`,
			change(func(r *route.Route) { r.Environments = nil }),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			base := wantEverything()
			got, err := route.DecodeUpdate([]byte(tt.body), base, pipeline)
			if err != nil {
				t.Fatalf("DecodeUpdate: got %v, want no error", err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("DecodeUpdate (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(wantEverything(), base); diff != "" {
				t.Errorf("the base was modified (-want +got):\n%s", diff)
			}
		})
	}
}

// The content is hashed, so what it leaves out and how it writes the rest must not drift.
func TestContent(t *testing.T) {
	tests := map[string]struct{ body, want string }{
		"minimal": {
			`{"key":"stripe","target_url":"https://api.stripe.com","timeout":"30s"}`,
			`{"name":"stripe","target_url":"https://api.stripe.com"}`,
		},
		"the rest": {
			`{"key":"s","target_url":"http://a/<&>","timeout":"0s","public":true,"active_environment":"staging","methods":["get"],
				"inject_headers":{"b":"<&>"},"environments":{"staging":{"timeout":"90s","methods":null,"inject_query":{"q":null}}}}`,
			`{"active_environment":"id-staging","environments":{"id-staging":{"inject_query":{"q":null},"methods":null,"timeout":"1m30s"}},` +
				`"inject_headers":{"B":"<&>"},"methods":["GET"],"name":"s","public":true,"target_url":"http://a/<&>","timeout":"0s"}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := create(t, tt.body).Content()
			if err != nil {
				t.Fatalf("Content: got %v, want no error", err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("Content (-want +got):\n%s", diff)
			}
		})
	}
}

func TestContentRefusesABrokenBody(t *testing.T) {
	_, err := route.Route{InjectBody: json.RawMessage(`{"a":`)}.Content()
	if err == nil {
		t.Error("Content: got no error, want one")
	}
}

func TestOverlays(t *testing.T) {
	r := create(t, everything)
	r.Environments["gone"] = allOff
	got := map[string]string{}
	for name, overlay := range r.Overlays(pipeline) {
		got[name] = string(overlay)
	}
	want := map[string]string{
		"development": `{"inject_body":{"payment":null},"inject_headers":{"X-Dev":"1","X-Env":null},"inject_query":{},"methods":["GET"],` +
			`"rate_limit":{"requests":1,"window":"1m0s"},"target_url":"http://localhost:8080","timeout":"10m0s"}`,
		"staging": `{"inject_body":null,"inject_headers":null,"inject_query":null,"methods":null,"rate_limit":null,"target_url":null,"timeout":null}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Overlays (-want +got):\n%s", diff)
	}
}
