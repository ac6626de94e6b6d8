package gateway_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/snapshot"
)

// received decodes what the echo answers.
func received(t *testing.T, body string) (e echoed) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatalf("the answer %q: %v", body, err)
	}
	return e
}

func TestFiltersAndVariablesGoUpstream(t *testing.T) {
	up := echo(t)
	w := newWorld(t, map[string]string{
		"r": `{"target_url":"{{var:base}}/v1","echo_guard":false,"inject_headers":{"Authorization":"Basic {{secret:odd | basic: me}}","X-B":"{{secret:odd|base64}}","X-V":"{{var:region}}-{{var:region|urlencode}}"},` +
			`"inject_query":{"k":"{{secret:odd|base64|urlencode}}"},"inject_body":{"t":"{\"v\":\"{{secret:odd|json}}\"}","r":"{{var:region}}"}}`,
	}, func(w *world) {
		w.addSecret("odd", map[string]string{development: "a\"b+c/ü"})
		w.in.Variables = []snapshot.VariableValue{
			{Key: "base", EnvironmentID: development, Value: up.URL},
			{Key: "region", EnvironmentID: development, Value: "eu west"},
			{Key: "base", EnvironmentID: production, Value: "not a URL"},
			{Key: "region", EnvironmentID: production, Value: "x"},
		}
	}).serve()
	_, body := w.call(http.MethodPost, "/r/x", w.dev, strings.NewReader(`{"a":1}`), "Content-Type", "application/json")
	e := received(t, body)
	want := map[string]string{
		"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("me:a\"b+c/ü")),
		"X-B":           base64.StdEncoding.EncodeToString([]byte("a\"b+c/ü")), "X-V": "eu west-eu%20west",
	}
	for name, value := range want {
		if got := e.Header.Get(name); got != value {
			t.Errorf("%s: got %q, want %q", name, got, value)
		}
	}
	if e.URI != "/v1/x?k=YSJiK2Mvw7w%253D" {
		t.Errorf("uri: got %q", e.URI)
	}
	var sent struct{ T, R string }
	if err := json.Unmarshal([]byte(e.Body), &sent); err != nil || sent.R != "eu west" || sent.T != `{"v":"a\"b+c/ü"}` {
		t.Errorf("body: got %q, %v", e.Body, err)
	}

	answer, body := w.call(http.MethodGet, "/r/x", w.stage, nil)
	if p := decodeProblem(t, strings.NewReader(body)); answer.StatusCode != 500 || p.Type != "variable_not_configured" ||
		p.Error != "Variable 'base' not configured for environment 'staging'" {
		t.Errorf("staging: got %d %+v", answer.StatusCode, p)
	}
	answer, body = w.call(http.MethodGet, "/r/x", w.prod, nil)
	if p := decodeProblem(t, strings.NewReader(body)); answer.StatusCode != 500 || p.Type != "target_invalid" || !strings.Contains(p.Error, "not a URL in") {
		t.Errorf("production: got %d %+v", answer.StatusCode, p)
	}
}

// A provider checks the signature from what it received, as providers do.
func TestSignaturesVerifyAtTheProvider(t *testing.T) {
	const key = "hmac-key-of-the-provider"
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sum := sha256.Sum256(body)
		sign := func(separator string, parts ...string) []byte {
			mac := hmac.New(sha256.New, []byte(key))
			mac.Write([]byte(strings.Join(parts, separator)))
			return mac.Sum(nil)
		}
		stamp := r.Header.Get("X-Timestamp")
		lines := sign("\n", r.Method, r.URL.EscapedPath(), r.URL.RawQuery, r.Host, stamp, hex.EncodeToString(sum[:]))
		joined := sign("", "v0:", stamp, r.Method)
		switch {
		case r.Header.Get("X-Lines") != hex.EncodeToString(lines):
			http.Error(w, "the lines do not verify: "+string(body), http.StatusForbidden)
		case r.Header.Get("X-Joined") != "sha256="+base64.StdEncoding.EncodeToString(joined):
			http.Error(w, "the joined do not verify", http.StatusForbidden)
		}
	}))
	t.Cleanup(up.Close)
	headers := `"inject_headers":{"X-Timestamp":"{{timestamp}}","X-Lines":"{{hmac_sha256: key, method, path, query, host, timestamp, body_sha256}}",` +
		`"X-Joined":"sha256={{hmac_sha256: key, 'v0:', timestamp, method, separator='' | base64}}"}`
	w := newWorld(t, map[string]string{
		"plain":  `{"target_url":"` + up.URL + `/base",` + headers + `}`,
		"merged": `{"target_url":"` + up.URL + `",` + headers + `,"inject_query":{"q":"{{route}}"},"inject_body":{"s":"{{secret:key}}"}}`,
	}, func(w *world) { w.addSecret("key", map[string]string{development: key}) }).serve()
	for what, send := range map[string]func(route string) (*http.Response, string){
		"nothing": func(route string) (*http.Response, string) {
			return w.call(http.MethodGet, "/"+route+"/a%2Fb?x=1&y=%20", w.dev, nil)
		},
		"a body": func(route string) (*http.Response, string) {
			return w.call(http.MethodPost, "/"+route+"/a", w.dev, strings.NewReader(`{"a":1}`), "Content-Type", "application/json")
		},
		"a form": func(route string) (*http.Response, string) {
			return w.call(http.MethodPost, "/"+route, w.dev, strings.NewReader(`a=1&b=2`), "Content-Type", "application/x-www-form-urlencoded")
		},
		"chunks": func(route string) (*http.Response, string) {
			return w.call(http.MethodPut, "/"+route, w.dev, io.MultiReader(strings.NewReader("one "), strings.NewReader("two")))
		},
		"its own": func(route string) (*http.Response, string) {
			return w.call(http.MethodGet, "/"+route, w.dev, nil, "X-Lines", "forged")
		},
		"no body": func(route string) (*http.Response, string) { return w.call(http.MethodDelete, "/"+route, w.dev, nil) },
	} {
		for _, route := range []string{"plain", "merged"} {
			if answer, body := send(route); answer.StatusCode != http.StatusOK {
				t.Errorf("%s with %s: got %d %s", route, what, answer.StatusCode, body)
			}
		}
	}
	answer, body := w.call(http.MethodPost, "/plain", w.dev, strings.NewReader(strings.Repeat("x", 10<<20+1)), "Content-Type", "text/plain")
	if p := decodeProblem(t, strings.NewReader(body)); answer.StatusCode != http.StatusRequestEntityTooLarge || p.Type != "too_large" {
		t.Errorf("too large: got %d %+v", answer.StatusCode, p)
	}
	if answer, _ := w.call(http.MethodGet, "/plain", w.prod, nil); answer.StatusCode != 500 || answer.Header.Get("Lockage-Error") != "secret_not_configured" {
		t.Errorf("without a key: got %d %s, want the hard fail", answer.StatusCode, answer.Header.Get("Lockage-Error"))
	}
	if strings.Contains(w.logs.String(), key) {
		t.Error("the log holds the key")
	}
}

func TestTermsHoldAtTheGateway(t *testing.T) {
	up := echo(t)
	now := time.Now()
	w := newWorld(t, map[string]string{
		"ended": `{"target_url":"` + up.URL + `","inject_headers":{"A":"{{secret:ended}}"}}`,
		"late":  `{"target_url":"` + up.URL + `","inject_headers":{"A":"{{secret:late}}"}}`,
		"here":  `{"target_url":"` + up.URL + `","inject_headers":{"A":"{{secret:here}}"}}`,
		"there": `{"target_url":"` + up.URL + `","inject_headers":{"A":"{{secret:there}}"}}`,
		"wrong": `{"target_url":"` + up.URL + `","inject_headers":{"A":"{{secret:bank}}"}}`,
	}, func(w *world) {
		for name, terms := range map[string]secret.Terms{
			"ended": {ExpiresAt: now.Add(-time.Minute).UTC().Truncate(time.Millisecond), Strict: true},
			"late":  {ExpiresAt: now.Add(-time.Minute).UTC().Truncate(time.Millisecond)},
			"here":  {Hosts: []string{"127.0.0.1"}}, "there": {Hosts: []string{"*.example.com"}},
		} {
			w.in.Secrets = append(w.in.Secrets, snapshot.Secret{ID: "id-" + name, Name: name, Type: secret.String})
			w.in.Values = append(w.in.Values, w.seal(secret.Value{SecretID: "id-" + name, EnvironmentID: development, Version: 1, Type: secret.String, Terms: terms}, "hunter2hunter2"))
		}
		w.in.Secrets = append(w.in.Secrets, snapshot.Secret{ID: "id-bank", Name: "bank", Type: secret.Certificate})
		w.in.Values = append(w.in.Values, w.seal(secret.Value{SecretID: "id-bank", EnvironmentID: development, Version: 1, Type: secret.Certificate}, "hunter2hunter2"))
	}).serve()
	for route, want := range map[string]struct {
		status int
		kind   string
	}{
		"ended": {500, "secret_expired"}, "late": {200, ""}, "here": {200, ""}, "there": {502, "destination_refused"}, "wrong": {500, "invalid_credential"},
	} {
		answer, body := w.call(http.MethodGet, "/"+route, w.dev, nil)
		if answer.StatusCode != want.status || answer.Header.Get("Lockage-Error") != want.kind {
			t.Errorf("%s: got %d %s, want %d %s", route, answer.StatusCode, body, want.status, want.kind)
		}
		if want.kind != "" && strings.Contains(body, "hunter2") {
			t.Errorf("%s: the answer holds the value", route)
		}
	}
	for _, c := range w.sink.wait(t, 5) {
		if sent := c.Status == 200; sent != (len(c.Uses) == 1) {
			t.Errorf("%s: got status %d and uses %v", c.RouteKey, c.Status, c.Uses)
		}
	}
}

func TestStagedValuesAreTried(t *testing.T) {
	up := echo(t)
	w := newWorld(t, map[string]string{
		"r": `{"target_url":"` + up.URL + `","echo_guard":false,"inject_headers":{"A":"{{secret:stripe_api_key}}"}}`,
	}, func(w *world) {
		w.in.Staged = []secret.Value{w.seal(secret.Value{SecretID: "id-stripe_api_key", EnvironmentID: production, Version: 2, Type: secret.String}, "the next value")}
	}).serve()
	for what, tt := range map[string]struct {
		key     string
		headers []string
		status  int
		want    string
	}{
		"a key":                {w.prod, nil, 200, prodValue},
		"a key that tries":     {w.prod, []string{"Lockage-Staged", "true"}, 403, ""},
		"a token":              {w.token, []string{"Lockage-Environment", "production"}, 200, prodValue},
		"a token that tries":   {w.token, []string{"Lockage-Environment", "production", "Lockage-Staged", "true"}, 200, "the next value"},
		"where none is staged": {w.token, []string{"Lockage-Environment", "development", "Lockage-Staged", "true"}, 200, devValue},
		"another word":         {w.token, []string{"Lockage-Staged", "yes"}, 400, ""},
		"no right there":       {w.devToken, []string{"Lockage-Environment", "production", "Lockage-Staged", "true"}, 404, ""},
	} {
		answer, body := w.call(http.MethodGet, "/r", tt.key, nil, tt.headers...)
		if answer.StatusCode != tt.status {
			t.Errorf("%s: got %d %s, want %d", what, answer.StatusCode, body, tt.status)
			continue
		}
		if tt.status == 200 && received(t, body).Header.Get("A") != tt.want {
			t.Errorf("%s: got %q, want %q", what, received(t, body).Header.Get("A"), tt.want)
		}
	}
}
