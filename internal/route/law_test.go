package route_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/secret"
)

var (
	texts = rapid.SampledFrom([]string{"", "plain", "Bearer {{secret:a}}", "{{route}} <&> ü \t", "{ }} {"})
	// Names in the form headers are kept in, so that they are good for query parameters and body members too.
	memberNames = rapid.SampledFrom([]string{"A", "X-B", "Content-Type", "Etag"})
	durations   = rapid.SampledFrom([]time.Duration{time.Second, 90 * time.Second, 10 * time.Minute, 1500 * time.Millisecond})
	methodLists = rapid.SampledFrom([][]string{{"GET"}, {"POST", "GET"}, {"HEAD", "OPTIONS", "DELETE"}})
	bodies      = rapid.SampledFrom([]json.RawMessage{
		json.RawMessage(`{"a":1}`), json.RawMessage(`{"a":{"b":"{{secret:a}}","c":[null,1.5]}}`), json.RawMessage(`{"\u001f":"<&>ü","b":null}`),
	})
	limits = rapid.Custom(func(t *rapid.T) route.RateLimit {
		return route.RateLimit{
			Requests: rapid.IntRange(1, 1_000_000).Draw(t, "requests"), Window: durations.Draw(t, "window"),
			Burst: rapid.IntRange(0, 1_000_000).Draw(t, "burst"),
		}
	})
	patches  = rapid.MapOfN(memberNames, rapid.Ptr(texts, true), 0, 3)
	overlays = rapid.Custom(func(t *rapid.T) route.Overlay {
		return route.Overlay{
			TargetURL:     setting(t, "target", rapid.SampledFrom([]string{"http://a", "https://b/c"})),
			Methods:       setting(t, "methods", methodLists),
			InjectHeaders: setting(t, "headers", patches),
			InjectQuery:   setting(t, "query", patches),
			InjectBody:    setting(t, "body", bodies),
			RateLimit:     setting(t, "limit", limits),
			Timeout:       setting(t, "timeout", durations),
		}
	}).Filter(func(o route.Overlay) bool { return !cmp.Equal(o, route.Overlay{}) })
	routes = rapid.Custom(func(t *rapid.T) route.Route {
		r := route.Route{
			Name: rapid.StringMatching(`[a-zü<& ]{1,20}`).Draw(t, "name"), Description: texts.Draw(t, "description"),
			TargetURL: "https://api.example.com/v1", Timeout: durations.Draw(t, "timeout"), Public: rapid.Bool().Draw(t, "public"),
		}
		maybe(t, "methods", &r.Methods, methodLists)
		maybe(t, "headers", &r.InjectHeaders, rapid.MapOfN(memberNames, texts, 1, 3))
		maybe(t, "query", &r.InjectQuery, rapid.MapOfN(memberNames, texts, 1, 3))
		maybe(t, "body", &r.InjectBody, bodies)
		maybe(t, "limit", &r.RateLimit, rapid.Ptr(limits, false))
		maybe(t, "default timeout", &r.Timeout, rapid.SampledFrom([]time.Duration{0, route.DefaultTimeout}))
		maybe(t, "active", &r.ActiveEnvironment, environmentIDs)
		maybe(t, "environments", &r.Environments, rapid.MapOfN(environmentIDs, overlays, 1, 3))
		return r
	})
	environmentIDs = rapid.SampledFrom([]string{"id-development", "id-staging", "id-production"})
)

func maybe[T any](t *rapid.T, label string, field *T, g *rapid.Generator[T]) {
	if rapid.Bool().Draw(t, "has "+label) {
		*field = g.Draw(t, label)
	}
}

func setting[T any](t *rapid.T, label string, g *rapid.Generator[T]) route.Setting[T] {
	s := route.Setting[T]{State: rapid.SampledFrom([]route.State{route.Inherit, route.Override, route.Off}).Draw(t, label+" state")}
	if s.State == route.Override {
		s.Value = g.Draw(t, label)
	}
	return s
}

func TestRouteLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := routes.Draw(t, "route")
		content, err := r.Content()
		if err != nil {
			t.Fatalf("Content: got %v, want no error", err)
		}
		again, err := route.FromContent(content)
		if err != nil {
			t.Fatalf("FromContent(%s): got %v, want no error", content, err)
		}
		if diff := cmp.Diff(r, again); diff != "" {
			t.Errorf("content does not bring the route back (-want +got):\n%s", diff)
		}
		canonical, err := definition.Canonical(content)
		if err != nil || string(canonical) != string(content) {
			t.Errorf("content is not canonical: got %s and %v, want %s", content, err, canonical)
		}
		same, err := route.DecodeUpdate([]byte(`{}`), r, pipeline)
		if err != nil {
			t.Fatalf("DecodeUpdate({}): got %v, want no error", err)
		}
		if diff := cmp.Diff(r, same); diff != "" {
			t.Errorf("an empty update changes the route (-want +got):\n%s", diff)
		}
	})
}

// What is shown of the overlays can be sent back.
func TestOverlaysLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := routes.Draw(t, "route")
		shown, err := json.Marshal(map[string]any{"environments": r.Overlays(pipeline)})
		if err != nil {
			t.Fatal(err)
		}
		bare := r
		bare.Environments = nil
		again, err := route.DecodeUpdate(shown, bare, pipeline)
		if err != nil {
			t.Fatalf("DecodeUpdate(%s): got %v, want no error", shown, err)
		}
		if diff := cmp.Diff(r, again); diff != "" {
			t.Errorf("the overlays do not come back (-want +got):\n%s", diff)
		}
	})
}

// What holds of every resolved route: an environment without an overlay has the base, an overlay's word is final, each
// injected name has an origin, and usages are of what is in force.
func TestEffectiveLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := routes.Draw(t, "route")
		id := environmentIDs.Draw(t, "environment")
		e, o := r.Effective(id), r.Environments[id]
		if _, ok := r.Environments[id]; !ok {
			bare := r
			bare.Environments = nil
			if diff := cmp.Diff(bare.Effective(id), e); diff != "" {
				t.Errorf("an overlay of another environment has an effect (-want +got):\n%s", diff)
			}
		}
		if got, want := e.HasTarget, o.TargetURL.State != route.Off; got != want {
			t.Errorf("has a target: got %v, want %v", got, want)
		}
		if o.InjectHeaders.State == route.Off && e.InjectHeaders != nil {
			t.Errorf("headers are off: got %v, want none", e.InjectHeaders)
		}
		for name, value := range o.InjectHeaders.Value {
			got, ok := e.InjectHeaders[name]
			if ok != (value != nil) || value != nil && got != *value {
				t.Errorf("header %s: got %q, %v, want what the overlay says", name, got, ok)
			}
		}
		named := 0
		for field := range e.Origin {
			if strings.HasPrefix(field, "inject_headers.") || strings.HasPrefix(field, "inject_query.") {
				named++
			}
		}
		if want := len(e.InjectHeaders) + len(e.InjectQuery); named != want {
			t.Errorf("got %d origins of names, want %d: %v", named, want, e.Origin)
		}
		for _, u := range r.Usages([]string{id}) {
			if u.EnvironmentID != id || e.Origin[u.Field] == "" && !strings.HasPrefix(u.Field, "inject_body.") {
				t.Errorf("got a usage of %s in %s, want only what is in force in %s", u.Field, u.EnvironmentID, id)
			}
		}
	})
}

func FuzzDecodeCreate(f *testing.F) {
	f.Add([]byte(everything))
	f.Add([]byte(`{"key":"k","target_url":"http://a","inject_body":{"a":[1e3,{"b":"{{secret:x}}"}]}}`))
	for _, tt := range refusals {
		f.Add(fmt.Appendf(nil, `{"key":"k","target_url":"http://a",%s}`, tt.members))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		key, r, err := route.DecodeCreate(body, pipeline)
		if err != nil {
			var e *fault.Error
			if !errors.As(err, &e) || e.Kind != fault.Invalid || len(e.Fields) == 0 {
				t.Fatalf("got %v, want kind %s and a field", err, fault.Invalid)
			}
			return
		}
		if err := route.CheckKey(key); err != nil {
			t.Errorf("an accepted key is refused: %v", err)
		}
		content, err := r.Content()
		if err != nil {
			t.Fatalf("Content: got %v, want no error", err)
		}
		again, err := route.FromContent(content)
		if err != nil {
			t.Fatalf("FromContent(%s): got %v, want no error", content, err)
		}
		if diff := cmp.Diff(r, again); diff != "" {
			t.Errorf("content does not bring the route back (-want +got):\n%s", diff)
		}
		for _, id := range []string{"id-development", "id-staging", "id-production"} {
			for name, value := range r.Effective(id).InjectHeaders {
				if _, err := secret.ParseTemplate(value); err != nil || strings.ContainsAny(name+value, "\r\n\x00") {
					t.Errorf("header %q is in force with %q (%v), want it refused", name, value, err)
				}
			}
		}
		r.Usages([]string{"id-development", "id-staging", "id-production"})
		r.Overlays(pipeline)
	})
}
