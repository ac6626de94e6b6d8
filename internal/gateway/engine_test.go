package gateway_test

import (
	"encoding/base64"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/gateway"
	"github.com/lockage/lockage/internal/snapshot"
)

// now is when the calls of the engine's tests come.
var now = time.Unix(1_700_000_000, 0)

func engineOf(w *world) *gateway.Engine { return gateway.NewEngine(w.holder, w.digester, nil, now) }

const plainRoute = `{"target_url":"https://api.example.com/v1"}`

func TestDecideRefuses(t *testing.T) {
	w := newWorld(t, map[string]string{
		"open":    plainRoute,
		"pub":     `{"target_url":"https://api.example.com","public":true}`,
		"get":     `{"target_url":"https://api.example.com","methods":["GET","HEAD"]}`,
		"off":     plainRoute,
		"away":    `{"target_url":"https://api.example.com","environments":{"env-production":{"target_url":null}}}`,
		"secret":  `{"target_url":"https://api.example.com","inject_headers":{"Authorization":"Bearer {{secret:stripe_api_key}}"}}`,
		"byid":    `{"target_url":"https://api.example.com","inject_query":{"k":"{{secret_id:01900000-0000-7000-8000-000000000000}}"}}`,
		"body":    `{"target_url":"https://api.example.com","inject_body":{"a":"{{secret:nowhere}}"}}`,
		"lines":   `{"target_url":"https://api.example.com","inject_headers":{"X-Pem":"{{secret:pem}}"}}`,
		"sealed":  `{"target_url":"https://api.example.com","inject_headers":{"X-A":"{{secret:sealed}}"}}`,
		"working": `{"target_url":"https://api.example.com","active_environment":"env-development"}`,
	}, func(w *world) {
		for i := range w.in.Routes {
			if w.in.Routes[i].Key == "off" {
				w.in.Routes[i].Active = false
			}
		}
		w.addRoute(development, "devonly", plainRoute)
		w.addRoute(production, "broken", `{"target_url":1}`)
		w.addSecret("pem", map[string]string{production: "line\nline"})
		w.addSecret("sealed", map[string]string{production: "x"})
		w.in.Values[len(w.in.Values)-1].Sealed.KEK = "another"
	})
	e := engineOf(w)
	mistyped := w.prod[:len(w.prod)-1] + map[bool]string{true: "A", false: "B"}[w.prod[len(w.prod)-1] != 'A']
	for name, test := range map[string]struct {
		ask     gateway.Ask
		status  int
		kind    string
		message string // exactly, unless empty
		reason  string
	}{
		"no credential":            {gateway.Ask{Path: "/open"}, 401, "unauthenticated", "", "no key"},
		"another's credential":     {gateway.Ask{Path: "/open", APIKey: []string{"sk_live_of_the_provider"}}, 401, "unauthenticated", "", "no key"},
		"unknown key":              {gateway.Ask{Path: "/open", Key: []string{unknownKey}}, 401, "unauthenticated", "", "unknown key"},
		"mistyped key":             {gateway.Ask{Path: "/open", Key: []string{mistyped}}, 401, "unauthenticated", "", "mistyped key"},
		"mistyped bearer":          {gateway.Ask{Path: "/open", Authorization: []string{"Bearer " + mistyped}}, 401, "unauthenticated", "", "mistyped key"},
		"mistyped beside a good":   {gateway.Ask{Path: "/open", Key: []string{w.prod}, APIKey: []string{mistyped}}, 401, "unauthenticated", "", "mistyped key"},
		"cut key":                  {gateway.Ask{Path: "/open", Key: []string{w.prod[:20]}}, 401, "unauthenticated", "", "mistyped key"},
		"two keys":                 {gateway.Ask{Path: "/open", Key: []string{w.prod, w.prod}}, 400, "validation_error", "", ""},
		"two bearers":              {gateway.Ask{Path: "/open", Authorization: []string{"Bearer " + w.prod, "x"}}, 400, "validation_error", "", ""},
		"two X-Api-Keys":           {gateway.Ask{Path: "/open", Key: []string{w.prod}, APIKey: []string{"a", "b"}}, 400, "validation_error", "", ""},
		"two routes":               {gateway.Ask{Path: "/open", Key: []string{w.prod}, Route: []string{"open", "open"}}, 400, "validation_error", "", ""},
		"two environments":         {gateway.Ask{Path: "/open", Key: []string{w.prod}, Environment: []string{"production", "production"}}, 400, "validation_error", "", ""},
		"dot segment":              {gateway.Ask{Path: "/open/%2e%2e/x", Key: []string{w.prod}}, 400, "validation_error", "", ""},
		"query with a space":       {gateway.Ask{Path: "/open", Query: "a=b HTTP/1.1", Key: []string{w.prod}}, 400, "validation_error", "", ""},
		"other environment":        {gateway.Ask{Path: "/open", Key: []string{w.prod}, Environment: []string{"development"}}, 403, "forbidden", "", ""},
		"unknown environment":      {gateway.Ask{Path: "/open", Key: []string{w.prod}, Environment: []string{"nowhere"}}, 403, "forbidden", "", ""},
		"unknown route":            {gateway.Ask{Path: "/nothing", Key: []string{w.prod}}, 404, "not_found", unknownRoute, ""},
		"no route":                 {gateway.Ask{Path: "/", Key: []string{w.prod}}, 404, "not_found", unknownRoute, ""},
		"not committed here":       {gateway.Ask{Path: "/devonly", Key: []string{w.prod}}, 404, "not_found", unknownRoute, ""},
		"switched off":             {gateway.Ask{Path: "/off", Key: []string{w.prod}}, 404, "not_found", "route 'off' is switched off in environment 'production'", ""},
		"no target here":           {gateway.Ask{Path: "/away", Key: []string{w.prod}}, 404, "not_found", "route 'away' has no target in environment 'production'", ""},
		"content does not compile": {gateway.Ask{Path: "/broken", Key: []string{w.prod}}, 500, "internal_error", "", ""},
		"public key":               {gateway.Ask{Path: "/open", Key: []string{w.public}}, 403, "forbidden", "", ""},
		"method":                   {gateway.Ask{Method: "POST", Path: "/get", Key: []string{w.prod}}, 405, "method_not_allowed", "", ""},
		"TRACE":                    {gateway.Ask{Method: "TRACE", Path: "/open", Key: []string{w.prod}}, 405, "method_not_allowed", "", ""},
		"no value":                 {gateway.Ask{Path: "/secret", Key: []string{w.stage}}, 500, "secret_not_configured", "Secret 'stripe_api_key' not configured for environment 'staging'", ""},
		"no secret, by id":         {gateway.Ask{Path: "/byid", Key: []string{w.prod}}, 500, "secret_not_configured", "Secret '01900000-0000-7000-8000-000000000000' not configured for environment 'production'", ""},
		"no value for the body":    {gateway.Ask{Method: "PATCH", Path: "/body", Key: []string{w.dev}}, 500, "secret_not_configured", "Secret 'nowhere' not configured for environment 'development'", ""},
		"line break":               {gateway.Ask{Path: "/lines", Key: []string{w.prod}}, 500, "invalid_credential", "secret 'pem' holds a line break or another control character and cannot be sent in header 'X-Pem'", ""},
		"value does not open":      {gateway.Ask{Path: "/sealed", Key: []string{w.prod}}, 500, "internal_error", "", ""},

		"token, unknown environment":    {gateway.Ask{Path: "/open", Key: []string{w.token}, Environment: []string{"nowhere"}}, 404, "not_found", "no such environment", ""},
		"token, environment not seen":   {gateway.Ask{Path: "/open", Key: []string{w.devToken}, Environment: []string{"production"}}, 404, "not_found", "no such environment", ""},
		"token, active one not seen":    {gateway.Ask{Path: "/open", Key: []string{w.devToken}}, 404, "not_found", unknownRoute, ""},
		"token, unknown route":          {gateway.Ask{Path: "/nothing", Key: []string{w.devToken}}, 404, "not_found", unknownRoute, ""},
		"token, role that may not call": {gateway.Ask{Path: "/open", Key: []string{w.viewer}, Environment: []string{development}}, 403, "forbidden", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if test.ask.Method == "" {
				test.ask.Method = "GET"
			}
			d := e.Begin("id", now)
			defer e.Release(d)
			r := e.Decide(&test.ask, d)
			if r == nil {
				t.Fatal("got no refusal")
			}
			if r.Status != test.status || r.Type != test.kind || test.message != "" && r.Message != test.message || r.Reason != test.reason {
				t.Errorf("got %d %s %q (%s), want %d %s %q (%s)", r.Status, r.Type, r.Message, r.Reason, test.status, test.kind, test.message, test.reason)
			}
			if strings.Contains(r.Message, devValue) || strings.Contains(r.Message, "line\n") || strings.Contains(r.Message, "_of_") {
				t.Errorf("message %q tells too much", r.Message)
			}
		})
	}
	t.Run("Allow", func(t *testing.T) {
		for path, want := range map[string]string{"/get": "GET, HEAD", "/open": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"} {
			d := e.Begin("id", now)
			if r := e.Decide(&gateway.Ask{Method: "TRACE", Path: path, Key: []string{w.prod}}, d); r.Allow != want {
				t.Errorf("%s: got Allow %q, want %q", path, r.Allow, want)
			}
			e.Release(d)
		}
	})
	t.Run("every wrong credential is answered alike", func(t *testing.T) {
		messages := map[string]bool{}
		for _, key := range []string{"", unknownKey, mistyped} {
			d := e.Begin("id", now)
			messages[e.Decide(&gateway.Ask{Method: "GET", Path: "/open", Key: []string{key}}, d).Message] = true
			e.Release(d)
		}
		if len(messages) != 1 {
			t.Errorf("got %d different messages, want one", len(messages))
		}
	})
}

const (
	unknownKey   = "sk_00000000000000000000000000000000000000000004LPos6" // of good form
	unknownRoute = "no such route; check its key, and that it is committed and promoted to the environment"
)

func TestDecideFindsEnvironmentAndRoute(t *testing.T) {
	w := newWorld(t, map[string]string{
		"api":     plainRoute,
		"pub":     `{"target_url":"https://api.example.com","public":true}`,
		"working": `{"target_url":"https://api.example.com","active_environment":"env-development"}`,
	})
	e := engineOf(w)
	for name, test := range map[string]struct {
		ask               gateway.Ask
		environment, rest string
	}{
		"key":                         {gateway.Ask{Path: "/api/a/b", Key: []string{w.dev}}, development, "/a/b"},
		"key, same environment":       {gateway.Ask{Path: "/api", Key: []string{w.dev}, Environment: []string{"development"}}, development, ""},
		"key, same environment by id": {gateway.Ask{Path: "/api/", Key: []string{w.dev}, Environment: []string{development}}, development, "/"},
		"route by id":                 {gateway.Ask{Path: "/id-api/x", Key: []string{w.stage}}, staging, "/x"},
		"route by header":             {gateway.Ask{Path: "/v9/x%20y", Key: []string{w.stage}, Route: []string{"api"}}, staging, "/v9/x%20y"},
		"route by header, no path":    {gateway.Ask{Path: "/", Key: []string{w.stage}, Route: []string{"id-api"}}, staging, ""},
		"public key":                  {gateway.Ask{Path: "/pub", Key: []string{w.public}}, production, ""},
		"token, the top":              {gateway.Ask{Path: "/api", Key: []string{w.token}}, production, ""},
		"token, active environment":   {gateway.Ask{Path: "/working", Key: []string{w.devToken}}, development, ""},
		"token, by name":              {gateway.Ask{Path: "/working", Key: []string{w.token}, Environment: []string{"staging"}}, staging, ""},
		"token, by id":                {gateway.Ask{Path: "/api", Key: []string{w.devToken}, Environment: []string{development}}, development, ""},
	} {
		t.Run(name, func(t *testing.T) {
			test.ask.Method = "GET"
			d := e.Begin("id", now)
			defer e.Release(d)
			if r := e.Decide(&test.ask, d); r != nil {
				t.Fatalf("got %d %s, want no refusal", r.Status, r.Message)
			}
			if d.Environment.ID != test.environment || d.Rest != test.rest {
				t.Errorf("got %s, rest %q, want %s, %q", d.Environment.ID, d.Rest, test.environment, test.rest)
			}
		})
	}
}

func TestDecideRenders(t *testing.T) {
	w := newWorld(t, map[string]string{"api": `{"target_url":"https://api.example.com","inject_headers":{
		"X-All":"{{environment}} {{route}} {{request_id}} {{timestamp}} {{ secret:stripe_api_key }}!","X-Plain":"{ }}"},
		"inject_query":{"key":"{{secret:odd}}","env":"{{environment}}"}}`},
		func(w *world) { w.addSecret("odd", map[string]string{production: "a b&c=d/é", development: "x"}) })
	e := engineOf(w)
	d := e.Begin("the-request", now)
	ask := &gateway.Ask{Method: "GET", Path: "/api", Query: "a=1&key=mine&%6Bey=too&b", Key: []string{w.prod}}
	if r := e.Decide(ask, d); r != nil {
		t.Fatalf("got %s", r.Message)
	}
	got := []string{string(d.Header(0)), string(d.Header(1)), string(d.Query()), strings.Join(d.Secrets, " ")}
	want := []string{
		"production api the-request 1700000000 " + prodValue + "!", "{ }}",
		"a=1&b&env=production&key=a%20b%26c%3Dd%2F%C3%A9", "stripe_api_key odd",
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %q, want %q", got[i], want[i])
		}
	}
	memory := d.Plain()
	e.Release(d)
	if strings.Contains(string(memory), prodValue) {
		t.Error("the value lies in memory after the call")
	}
}

// A token that an operator chose has another form than one of ours, and works all the same.
func TestDecideTakesAChosenToken(t *testing.T) {
	const chosen = "tk_chosen-by-the-operator"
	w := newWorld(t, map[string]string{"api": plainRoute}, func(w *world) {
		w.in.Tokens = append(w.in.Tokens, snapshot.Token{
			ID: "token-chosen", Digest: w.digester.Sum(chosen), Grants: []access.Grant{{Environment: access.AnyEnvironment, Role: access.Owner}},
		})
	})
	e := engineOf(w)
	for token, want := range map[string]int{chosen: 0, chosen + "x": 401} {
		d := e.Begin("id", now)
		got := 0
		if r := e.Decide(&gateway.Ask{Method: "GET", Path: "/api", Authorization: []string{"Bearer " + token}}, d); r != nil {
			got = r.Status
		}
		if got != want {
			t.Errorf("a token of %d characters: got %d, want %d", len(token), got, want)
		}
		e.Release(d)
	}
}

func TestDecideHonoursRevocation(t *testing.T) {
	w := newWorld(t, map[string]string{"api": plainRoute})
	e := engineOf(w)
	decide := func(at time.Time) int {
		d := e.Begin("id", at)
		defer e.Release(d)
		if r := e.Decide(&gateway.Ask{Method: "GET", Path: "/api", Key: []string{w.dev}}, d); r != nil {
			return r.Status
		}
		return 0
	}
	if got := decide(now); got != 0 {
		t.Fatalf("before: got %d, want no refusal", got)
	}
	w.in.Keys[0].RevokedAt = now.Add(time.Minute)
	w.refresh()
	if before, after := decide(now), decide(now.Add(time.Minute)); before != 0 || after != 401 {
		t.Errorf("with a minute of grace: got %d, then %d, want 0, 401", before, after)
	}
	w.in.Keys = w.in.Keys[1:]
	w.refresh()
	if got := decide(now); got != 401 {
		t.Errorf("revoked: got %d, want 401", got)
	}
}

func TestDecideBeforeTheFirstSnapshot(t *testing.T) {
	w := newWorld(t, nil)
	holder, err := snapshot.NewHolder(snapshot.Config{Feed: w, Sealer: w.sealer, Logger: w.config.Logger})
	if err != nil {
		t.Fatal(err)
	}
	e := gateway.NewEngine(holder, w.digester, nil, now)
	d := e.Begin("id", now)
	if r := e.Decide(&gateway.Ask{Method: "GET", Path: "/api", Key: []string{w.dev}}, d); r == nil || r.Status != 503 || r.Type != "unavailable" || r.RetryAfter == 0 {
		t.Errorf("got %+v, want 503 unavailable with a time to try again", r)
	}
}

// While the keys are out of reach for too long, what needs a secret is refused and what needs none goes on.
func TestDecideWithoutKeys(t *testing.T) {
	w := newWorld(t, map[string]string{
		"api":   `{"target_url":"https://api.example.com","inject_headers":{"Authorization":"Bearer {{secret:stripe_api_key}}"}}`,
		"plain": `{"target_url":"https://api.example.com"}`,
	})
	var over atomic.Bool
	e := gateway.NewEngine(w.holder, w.digester, &over, now)
	decide := func(path string) *gateway.Refusal {
		d := e.Begin("id", now)
		defer e.Release(d)
		return e.Decide(&gateway.Ask{Method: "GET", Path: path, Key: []string{w.dev}}, d)
	}
	if r := decide("/api"); r != nil {
		t.Fatalf("before: got %+v, want no refusal", r)
	}
	over.Store(true)
	if r := decide("/api"); r == nil || r.Status != 503 || r.Type != "keys_unavailable" || r.RetryAfter == 0 {
		t.Errorf("with a secret: got %+v, want 503 keys_unavailable with a time to try again", r)
	}
	if r := decide("/plain"); r != nil {
		t.Errorf("without one: got %+v, want no refusal", r)
	}
	over.Store(false)
	if r := decide("/api"); r != nil {
		t.Errorf("afterwards: got %+v, want no refusal", r)
	}
}

func TestFindCredential(t *testing.T) {
	w := newWorld(t, nil)
	basic := func(user, password string) []string {
		return []string{"Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))}
	}
	for name, test := range map[string]struct {
		ask                        gateway.Ask
		want                       string
		key, authorization, apiKey bool
	}{
		"Lockage-Key":             {gateway.Ask{Key: []string{w.dev}}, w.dev, true, false, false},
		"bearer":                  {gateway.Ask{Authorization: []string{"Bearer " + w.dev}}, w.dev, false, true, false},
		"bearer, any case":        {gateway.Ask{Authorization: []string{"bEaReR  " + w.dev}}, w.dev, false, true, false},
		"basic user":              {gateway.Ask{Authorization: basic(w.dev, "")}, w.dev, false, true, false},
		"basic password":          {gateway.Ask{Authorization: basic("api", w.dev)}, w.dev, false, true, false},
		"basic without padding":   {gateway.Ask{Authorization: []string{strings.TrimRight(basic("", w.dev)[0], "=")}}, w.dev, false, true, false},
		"X-Api-Key":               {gateway.Ask{APIKey: []string{w.dev}}, w.dev, false, false, true},
		"token":                   {gateway.Ask{APIKey: []string{w.token}}, w.token, false, false, true},
		"the first decides":       {gateway.Ask{Key: []string{w.dev}, Authorization: []string{"Bearer " + w.prod}, APIKey: []string{w.stage}}, w.dev, true, true, true},
		"beside another's bearer": {gateway.Ask{Authorization: []string{"Bearer eyJhbGciOi"}, APIKey: []string{w.dev}}, w.dev, false, false, true},
		"beside another's key":    {gateway.Ask{Authorization: []string{"Bearer " + w.dev}, APIKey: []string{"sk_live_x"}}, w.dev, false, true, false},
		"broken basic":            {gateway.Ask{Authorization: []string{"Basic %%%"}, APIKey: []string{w.dev}}, w.dev, false, false, true},
		"long basic":              {gateway.Ask{Authorization: basic(strings.Repeat("x", 2000), ""), APIKey: []string{w.dev}}, w.dev, false, false, true},
		"other scheme":            {gateway.Ask{Authorization: []string{"Digest " + w.prod}, APIKey: []string{w.dev}}, w.dev, false, true, true},
		"no scheme":               {gateway.Ask{Authorization: []string{w.prod}, APIKey: []string{w.dev}}, w.dev, false, true, true},
		"no scheme, mistyped":     {gateway.Ask{Authorization: []string{w.prod[:51] + "_"}, APIKey: []string{w.dev}}, w.dev, false, false, true},
		"scheme and tab":          {gateway.Ask{Authorization: []string{"Token\t" + w.prod}, APIKey: []string{w.dev}}, w.dev, false, true, true},
		"bearer and tab":          {gateway.Ask{Authorization: []string{"Bearer\t" + w.dev}}, w.dev, false, true, false},
		"among parameters":        {gateway.Ask{Authorization: []string{`Digest username="` + w.token + `", realm="x"`}, APIKey: []string{w.dev}}, w.dev, false, true, true},
		"behind a bearer":         {gateway.Ask{Authorization: []string{"Bearer eyJhbGciOi, " + w.public}, APIKey: []string{w.dev}}, w.dev, false, true, true},
		"within basic":            {gateway.Ask{Authorization: basic("api", "x:"+w.prod), APIKey: []string{w.dev}}, w.dev, false, true, true},
		"within an X-Api-Key":     {gateway.Ask{Key: []string{w.dev}, APIKey: []string{"key " + w.prod}}, w.dev, true, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, key, authorization, apiKey, r := gateway.FindCredential(&test.ask)
			if r != nil {
				t.Fatalf("got %s, want no refusal", r.Reason)
			}
			if got != test.want || key != test.key || authorization != test.authorization || apiKey != test.apiKey {
				t.Errorf("got the right one %v, found in %v %v %v, want in %v %v %v", got == test.want, key, authorization, apiKey, test.key, test.authorization, test.apiKey)
			}
		})
	}
}

// decideBudget is what a call that goes through may allocate in the engine.
const decideBudget = 0

func TestDecideAllocations(t *testing.T) {
	w := newWorld(t, map[string]string{"api": hotRoute})
	e := engineOf(w)
	ask := &gateway.Ask{Method: "GET", Path: "/api/v1/charges/ch_1", Query: "expand=customer", Key: []string{w.prod}}
	decide := func() {
		d := e.Begin("id", now)
		if r := e.Decide(ask, d); r != nil {
			t.Fatal(r.Message)
		}
		e.Release(d)
	}
	decide()
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	if got := testing.AllocsPerRun(1000, decide); got > decideBudget {
		t.Errorf("allocations of Decide: got %v, want at most %d", got, decideBudget)
	}
}

const hotRoute = `{"target_url":"https://api.example.com/v1","inject_headers":{"Authorization":"Bearer {{secret:stripe_api_key}}"},` +
	`"inject_query":{"account":"{{environment}}"},"rate_limit":{"requests":1000000,"window":"1s"}}`

func BenchmarkDecide(b *testing.B) {
	w := newWorld(b, map[string]string{"api": hotRoute})
	e := engineOf(w)
	ask := &gateway.Ask{Method: "GET", Path: "/api/v1/charges/ch_1", Query: "expand=customer", Key: []string{w.prod}}
	var ticks atomic.Int64
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			d := e.Begin("id", now.Add(time.Duration(ticks.Add(1))*time.Microsecond))
			if r := e.Decide(ask, d); r != nil {
				b.Error(r.Message)
			}
			e.Release(d)
		}
	})
}
