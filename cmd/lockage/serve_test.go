package main_test

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestFirstStartTellsHowToGoOnOnce(t *testing.T) {
	t.Parallel()
	w := &world{person: newPerson(t), data: filepath.Join(t.TempDir(), "data"), client: newClient(t, &http.Transport{})}
	serve := func() {
		w.process = nil // not logged in, for the token is not ours
		w.serve(t)
	}
	serve()
	token := w.finds(t, regexp.MustCompile(`management token +(tk_\w{49})\n`))[1]
	login := w.finds(t, regexp.MustCompile(`\n  lockage (login --address \S+) --gateway \S+\n`))[1]
	password := w.finds(t, regexp.MustCompile(`owner +(\S+@\S+)\n +password +(\S+)\n`))
	w.finds(t, regexp.MustCompile(`kek\.key and \S+pepper\.key`))

	w.runs(t, token, strings.Fields(login)...)
	if out := w.runs(t, "", "environments", "list"); !strings.Contains(out, "development") || !strings.Contains(out, "production") {
		t.Errorf("environments list after the first start:\n%s", out)
	}
	a := w.send(t, http.MethodPost, w.control+"/admin/auth/login", "", `{"email":"`+password[1]+`","password":"`+password[2]+`"}`)
	if a.StatusCode != http.StatusOK {
		t.Errorf("login with the printed password: status %d: %s", a.StatusCode, a.body)
	}
	for _, name := range []string{"kek.key", "pepper.key", "lockage.db"} {
		info, err := os.Stat(filepath.Join(w.data, name))
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode(); mode != 0o600 {
			t.Errorf("%s has mode %v, want %v", name, mode, fs.FileMode(0o600))
		}
	}
	w.stop(t)

	serve()
	w.runs(t, token, "login", "--address", w.control) // which ends after everything was printed
	w.stop(t)
	if out := w.process.out.String(); strings.Contains(out, "tk_") || strings.Contains(out, "first start") || strings.Contains(out, "password") {
		t.Errorf("the second start tells again:\n%s", out)
	}
}

func TestServeRefusesToStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	serve := func(data string, more ...string) []string {
		return append([]string{"serve", "--data", data, "--listen", "127.0.0.1:0", "--gateway-listen", "127.0.0.1:0"}, more...)
	}
	if said := w.refused(t, 1, "", serve(w.data)...); !strings.Contains(said, "in use by another lockage process") {
		t.Errorf("a second process on the same data folder says %q", said)
	}
	w.runs(t, "", "environments", "list") // the first one does not mind
	w.stop(t)

	for _, name := range []string{"kek.key", "pepper.key"} {
		path := filepath.Join(w.data, name)
		for _, mode := range []fs.FileMode{0o644, 0o640} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			if said := w.refused(t, 1, "", serve(w.data)...); !strings.Contains(said, name) || !strings.Contains(said, "chmod 600") {
				t.Errorf("with %s of mode %v it says %q", name, mode, said)
			}
		}
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		args []string
		says string
	}{
		{"an unknown flag", serve(w.data, "--nonsense"), "there is no flag --nonsense"},
		{"a flag without its value", serve(w.data, "--tls-key"), "--tls-key needs a value"},
		{"a list that is none", serve(w.data, "--allow-upstreams", "canary"), "CIDR"},
		{"half a certificate", serve(w.data, "--tls-cert", "cert.pem"), "tls-key"},
		{"a limit below two", serve(w.data, "--limit-environments", "1"), "at least 2"},
		{"another database", serve(w.data, "--database", "mysql://canary"), "postgres://"},
		{"a key of no form", serve(w.data, "--kek", "canary"), "vault:https://"},
	} {
		if said := w.refused(t, 2, "", c.args...); !strings.Contains(said, c.says) || strings.Contains(said, "canary") {
			t.Errorf("%s: it says %q, want %q and not the value", c.name, said, c.says)
		}
	}
	// Its keys gone, the database is not opened with new ones, and they are not left behind.
	for _, name := range []string{"kek.key", "pepper.key"} {
		if err := os.Rename(filepath.Join(w.data, name), filepath.Join(w.home, name)); err != nil {
			t.Fatal(err)
		}
	}
	w.refused(t, 1, "", serve(w.data)...)
	for _, name := range []string{"kek.key", "pepper.key"} {
		if _, err := os.Stat(filepath.Join(w.data, name)); err == nil {
			t.Errorf("the refused start left a new %s", name)
		}
		if err := os.Rename(filepath.Join(w.home, name), filepath.Join(w.data, name)); err != nil {
			t.Fatal(err)
		}
	}
	w.serve(t)
	w.runs(t, "", "environments", "list")
	w.stop(t)
}

func TestProbes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, url := range []string{
		w.control + "/healthz", w.control + "/readyz", w.gateway + "/_lockage/healthz", w.gateway + "/_lockage/readyz",
	} {
		a := w.send(t, http.MethodGet, url, "", "")
		if body := strings.TrimSpace(a.body); a.StatusCode != http.StatusOK || body != `{"status":"ok"}` {
			t.Errorf("GET %s: status %d, body %s; want 200 and ok", url, a.StatusCode, body)
		}
	}
	w.call(t, "", "/nothing")
	a := w.send(t, http.MethodGet, w.control+"/metrics", "", "")
	for _, line := range []string{
		`lockage_gateway_calls_total{class="4xx"} 1`, `lockage_gateway_errors_total{type="unauthenticated"} 1`,
		`lockage_gateway_records_dropped_total 0`, `lockage_gateway_echoes_total 0`, `lockage_gateway_echo_unscanned_total 0`, "lockage_gateway_in_flight 0", "go_goroutines ",
	} {
		if !strings.Contains(a.body, line) {
			t.Errorf("GET /metrics: no line %q", line)
		}
	}
}

func TestLimitOfEnvironments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "--limit-environments", "3")
	w.runs(t, "", "environments", "create", "staging")
	a := w.api(t, http.MethodPost, "/v1/environments", `{"name":"qa"}`)
	if a.StatusCode != http.StatusForbidden || !strings.Contains(a.body, `"type":"plan_limit"`) {
		t.Errorf("a fourth environment: status %d, want 403 plan_limit: %s", a.StatusCode, a.body)
	}
	w.refused(t, 1, "", "environments", "create", "qa")
	w.runs(t, "", "environments", "delete", "staging", "--yes")
	w.runs(t, "", "environments", "create", "qa")
}
