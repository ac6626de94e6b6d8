package main_test

import (
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestDemoOnceShowsTwoCredentialsAndAHardFailure(t *testing.T) {
	t.Parallel()
	p := newPerson(t)
	out := p.runs(t, "", "demo", "--once")
	for _, line := range []string{
		`development +200 +the upstream received +Authorization: Bearer stripe-credential-of-development`,
		`production +200 +the upstream received +Authorization: Bearer stripe-credential-of-production`,
		`staging +500 +nothing was sent +Secret 'stripe_api_key' not configured for environment 'staging'`,
	} {
		if !regexp.MustCompile(line).MatchString(out) {
			t.Errorf("demo --once printed no line like %q:\n%s", line, out)
		}
	}
	if left := demoFolders(t, p); left != nil {
		t.Errorf("demo --once left %q behind", left)
	}
}

func TestDemoStaysUpAndLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	// Whoever has the usual ports, the demo takes others then; nobody can take them from under it here.
	for _, usual := range []string{"127.0.0.1:7070", "127.0.0.1:7071"} {
		if l, err := net.Listen("tcp", usual); err == nil {
			t.Cleanup(func() { _ = l.Close() })
		}
	}
	p := newPerson(t)
	demo := start(t, p.command(t, "demo"))
	curl := demo.finds(t, regexp.MustCompile(`curl -H 'Authorization: Bearer (sk_\w+)' (http://\S+)\n`))
	give := demo.finds(t, regexp.MustCompile(`(?m)^  (printf .*)\n.*Bearer (sk_\w+)' (http://\S+)$`))
	if folders := demoFolders(t, p); len(folders) != 1 {
		t.Errorf("while it runs it has the folders %q, want one", folders)
	}
	w := &world{person: p, client: newClient(t, &http.Transport{})}

	a := w.send(t, http.MethodGet, curl[2], curl[1], "")
	if a.StatusCode != http.StatusOK || !strings.Contains(a.body, "stripe-credential-of-development") {
		t.Errorf("the printed call: status %d, want 200 and the credential of development: %s", a.StatusCode, a.body)
	}
	if a = w.send(t, http.MethodGet, give[3], give[2], ""); a.StatusCode != http.StatusInternalServerError {
		t.Errorf("staging without a value: status %d, want 500: %s", a.StatusCode, a.body)
	}
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no shell for the printed line")
	}
	line := p.command(t)
	line.Path, line.Args = shell, []string{"sh", "-c", give[1]}
	if out, err := line.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", give[1], err, out)
	}
	a = w.send(t, http.MethodGet, give[3], give[2], "")
	if a.StatusCode != http.StatusOK || !strings.Contains(a.body, "Bearer new-credential") {
		t.Errorf("staging after the printed line: status %d, want 200 and the new credential: %s", a.StatusCode, a.body)
	}

	demo.stop(t)
	if left := demoFolders(t, p); left != nil {
		t.Errorf("demo left %q behind", left)
	}
	if _, err := w.attempt(http.MethodGet, curl[2], curl[1], ""); err == nil {
		t.Error("after its end the demo still answers")
	}
}

func demoFolders(t *testing.T, p *person) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(p.home, "lockage-demo-*"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}
