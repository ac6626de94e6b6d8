package main_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/testkit"
)

// TestRouteRulesHoldAtTheGateway follows each field of a route from the file that sets it to what the upstream receives.
func TestRouteRulesHoldAtTheGateway(t *testing.T) {
	t.Parallel()
	w, upstream := newWorld(t, "--dev"), testkit.NewUpstream(t)
	w.runs(t, "", "secrets", "create", "token")
	w.runs(t, "s p&c\"al", "secrets", "set", "token", "-e", "development")
	id := want[struct{ ID string }](t, w.api(t, http.MethodGet, "/v1/secrets/token", ""), http.StatusOK).ID
	for name, body := range map[string]string{
		"full": `{"key":"full","target_url":"` + upstream.URL + `/base","methods":["GET","POST"],
			"inject_headers":{"X-Where":"{{environment}}/{{route}}","X-Id":"{{secret_id:` + id + `}}"},
			"inject_query":{"token":"{{secret:token}}"},"inject_body":{"auth":{"token":"{{secret:token}}"}}}`,
		"limited": `{"key":"limited","target_url":"` + upstream.URL + `","rate_limit":{"requests":2,"window":"1h"}}`,
		"slow":    `{"key":"slow","target_url":"` + upstream.URL + `","timeout":"50ms"}`,
		"shared":  `{"key":"shared","target_url":"` + upstream.URL + `","public":true}`,
	} {
		w.runs(t, "", "routes", "create", "--file", w.file(t, name+".json", body))
	}
	w.runs(t, "", "commit", "-m", "all of them")
	key := w.makeKey(t, "development").Key
	last := func() testkit.Received {
		all := upstream.Requests()
		return all[len(all)-1]
	}

	t.Run("injections", func(t *testing.T) {
		a := w.send(t, http.MethodPost, w.gateway+"/full/a%2Fb?x=1&token=mine", key, `{"auth":{"token":"mine","user":"u"},"n":1.50}`)
		if a.StatusCode != http.StatusOK {
			t.Fatalf("status %d: %s", a.StatusCode, a.body)
		}
		got := last()
		wanted := []string{
			"POST", "/base/a%2Fb", "development/full", `s p&c"al`, `x=1&token=s%20p%26c%22al`,
			`{"auth":{"token":"s p&c\"al","user":"u"},"n":1.50}`,
		}
		query := strings.ReplaceAll(got.RawQuery, "+", "%20")
		if diff := cmp.Diff(wanted, []string{
			got.Method, got.Path, got.Header.Get("X-Where"), got.Header.Get("X-Id"), query, got.Body,
		}); diff != "" {
			t.Errorf("the upstream received (-want +got):\n%s", diff)
		}
	})
	t.Run("every place for a key", func(t *testing.T) {
		basic := func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }
		for _, place := range [][2]string{
			{"Lockage-Key", key},
			{"Authorization", "Bearer " + key},
			{"Authorization", basic(key + ":")},
			{"Authorization", basic("user:" + key)},
			{"X-Api-Key", key},
		} {
			a := w.send(t, http.MethodGet, w.gateway+"/any/path", "", "", place[0], place[1], "Lockage-Route", "full")
			if a.StatusCode != http.StatusOK {
				t.Errorf("with the key in %s: status %d: %s", place[0], a.StatusCode, a.body)
				continue
			}
			if got := last(); got.Header.Get(place[0]) != "" || got.Header.Get("Lockage-Route") != "" || got.Path != "/base/any/path" {
				t.Errorf("with the key in %s the upstream received %s %v", place[0], got.Path, got.Header)
			}
		}
	})
	before := len(upstream.Requests())
	t.Run("methods", func(t *testing.T) {
		a := w.send(t, http.MethodDelete, w.gateway+"/full", key, "")
		if a.StatusCode != http.StatusMethodNotAllowed || a.Header.Get("Allow") != "GET, POST" || a.Header.Get("Lockage-Error") != "method_not_allowed" {
			t.Errorf("DELETE: status %d, Allow %q: %s", a.StatusCode, a.Header.Get("Allow"), a.body)
		}
	})
	t.Run("public keys", func(t *testing.T) {
		o := w.try(t, "", "keys", "create", "-e", "development", "--type", "public", "--json")
		var public apiKey
		read(t, o.out, &public)
		if a := w.call(t, public.Key, "/full"); a.StatusCode != http.StatusForbidden {
			t.Errorf("a public key on a route that is not public: status %d, want 403: %s", a.StatusCode, a.body)
		}
		if n := len(upstream.Requests()); n != before {
			t.Errorf("the upstream received %d refused calls", n-before)
		}
		if a := w.call(t, public.Key, "/shared"); a.StatusCode != http.StatusOK {
			t.Errorf("a public key on a public route: status %d, want 200: %s", a.StatusCode, a.body)
		}
	})
	t.Run("rate limit", func(t *testing.T) {
		for n, status := range []int{http.StatusOK, http.StatusOK, http.StatusTooManyRequests} {
			a := w.call(t, key, "/limited")
			if a.StatusCode != status || status == http.StatusTooManyRequests && a.Header.Get("Retry-After") == "" {
				t.Errorf("call %d: status %d, want %d: %v %s", n+1, a.StatusCode, status, a.Header, a.body)
			}
		}
	})
	t.Run("timeout", func(t *testing.T) {
		upstream.Answer(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		if a := w.call(t, key, "/slow"); a.StatusCode != http.StatusGatewayTimeout || a.Header.Get("Lockage-Error") != "upstream_timeout" {
			t.Errorf("status %d, want 504 upstream_timeout: %s", a.StatusCode, a.body)
		}
		upstream.Answer(nil)
	})
}
