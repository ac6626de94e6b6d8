package main_test

import (
	"net/http"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/lockage/lockage/internal/testkit"
)

// A token with the right to call belongs to no environment: the call names one, or the route's active one counts. That
// holds for the token an operator set beforehand as for the one the first start made.
func TestTokenCallsTheGateway(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		env  []string
	}{
		{"made at the first start", nil},
		{"set by the operator", []string{"LOCKAGE_BOOTSTRAP_TOKEN=" + ownerToken}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &world{
				person: newPerson(t, c.env...), data: filepath.Join(t.TempDir(), "data"), flags: []string{"--dev"},
				client: newClient(t, &http.Transport{}),
			}
			w.serve(t)
			token := ownerToken
			if c.env == nil {
				token = w.finds(t, regexp.MustCompile(`management token +(tk_\w+)\n`))[1]
			}
			upstream := testkit.NewUpstream(t)
			w.runs(t, token, "login", "--address", w.control, "--gateway", w.gateway)
			w.runs(t, "", "routes", "create", "open", "--target", upstream.URL,
				"--header", "X-Environment: {{environment}}", "--commit", "open")
			w.runs(t, "", "promote", "--to", "production", "-m", "open")

			for _, environment := range []string{"development", "production"} {
				w.runs(t, "", "call", "open", "/path", "--environment", environment)
				receivedLast(t, upstream, environment)
			}
			if a := w.call(t, token, "/open"); a.StatusCode != http.StatusOK {
				t.Fatalf("a call that names no environment: status %d, want 200: %s", a.StatusCode, a.body)
			}
			receivedLast(t, upstream, "production") // the active one, by default
			w.runs(t, "", "routes", "update", "open", "--file", w.file(t, "active.yaml", "active_environment: development\n"), "--commit", "active")
			w.runs(t, "", "promote", "--to", "production", "-m", "active")
			if a := w.call(t, token, "/open"); a.StatusCode != http.StatusOK {
				t.Fatalf("a call that names no environment: status %d, want 200: %s", a.StatusCode, a.body)
			}
			receivedLast(t, upstream, "development")
		})
	}
}

// receivedLast says whether the newest request at the upstream was sent in the environment.
func receivedLast(t *testing.T, upstream *testkit.Upstream, environment string) {
	t.Helper()
	all := upstream.Requests()
	if len(all) == 0 {
		t.Fatal("the upstream received nothing")
	}
	if got := all[len(all)-1].Header.Get("X-Environment"); got != environment {
		t.Errorf("the call was made in %q, want %q", got, environment)
	}
}
