package main_test

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/lockage/lockage/internal/testkit"
)

// The test call runs the draft; real calls run what is committed in the key's environment.
func TestACallTestsTheDraft(t *testing.T) {
	t.Parallel()
	w := &world{
		person: newPerson(t, "LOCKAGE_BOOTSTRAP_TOKEN="+ownerToken), data: filepath.Join(t.TempDir(), "data"), flags: []string{"--dev"},
		client: newClient(t, &http.Transport{}),
	}
	w.serve(t)
	upstream := testkit.NewUpstream(t)
	w.runs(t, ownerToken, "login", "--address", w.control, "--gateway", w.gateway)

	w.runs(t, "", "routes", "create", "open", "--target", upstream.URL, "--header", "X-Environment: drafted in {{environment}}")
	w.runs(t, "", "call", "open", "/path", "--draft")
	receivedLast(t, upstream, "drafted in development")
	before := len(upstream.Requests())
	if a := w.call(t, ownerToken, "/open", "Lockage-Environment", "development"); a.StatusCode != http.StatusNotFound {
		t.Errorf("a real call before the commit: status %d, want 404", a.StatusCode)
	}
	w.runs(t, "", "commit", "-m", "open")
	w.runs(t, "", "routes", "update", "open", "--header", "X-Environment: changed in {{environment}}")
	var made struct{ Key string }
	if err := json.Unmarshal([]byte(w.runs(t, "", "keys", "create", "--environment", "development", "--json")), &made); err != nil {
		t.Fatal(err)
	}
	if a := w.call(t, made.Key, "/open"); a.StatusCode != http.StatusOK {
		t.Errorf("a real call: status %d, want 200: %s", a.StatusCode, a.body)
	}
	receivedLast(t, upstream, "drafted in development") // what is committed
	w.runs(t, "", "call", "open", "--draft")
	receivedLast(t, upstream, "changed in development")

	for _, c := range []struct {
		name, credential string
		headers          []string
		status           int
	}{
		{"with an API key", made.Key, []string{"Lockage-Draft", "true"}, http.StatusForbidden},
		{"in production", ownerToken, []string{"Lockage-Draft", "true", "Lockage-Environment", "production"}, http.StatusBadRequest},
		{"with another word", ownerToken, []string{"Lockage-Draft", "yes"}, http.StatusBadRequest},
	} {
		if a := w.call(t, c.credential, "/open", c.headers...); a.StatusCode != c.status {
			t.Errorf("%s: status %d, want %d: %s", c.name, a.StatusCode, c.status, a.body)
		}
	}
	w.runs(t, "", "changes", "discard", "open")
	w.runs(t, "", "call", "open", "--draft")
	receivedLast(t, upstream, "drafted in development") // without a draft it is what is committed
	if got := len(upstream.Requests()) - before; got != 3 {
		t.Errorf("the upstream received %d more calls, want 3: refused ones send nothing", got)
	}
}
