package cli_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/cli"
)

// background carries out a command line that goes on until stop, and gives its output up to and with the line that
// has a text.
func background(t *testing.T, line string, args ...string) (out string, stop func() (code int, errOut string)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	var errOut strings.Builder
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Run(ctx, args, strings.NewReader(""), w, &errOut)
		_ = w.Close()
	}()
	scanner := bufio.NewScanner(r)
	for !strings.Contains(out, line) && scanner.Scan() {
		out += scanner.Text() + "\n"
	}
	go func() { _, _ = io.Copy(io.Discard, r) }()
	stop = func() (int, string) {
		cancel()
		return <-ended, errOut.String()
	}
	if !strings.Contains(out, line) {
		code, errOut := stop()
		t.Fatalf("%v ended with code %d, %q and %q, without %q", args, code, out, errOut, line)
	}
	return out, stop
}

func find(t *testing.T, text, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("%s is not in:\n%s", pattern, text)
	}
	return m[1]
}

const serveToken = "tk_serve_0123456789"

func TestServe(t *testing.T) {
	alone(t)
	data := filepath.Join(t.TempDir(), "data")
	config := filepath.Join(t.TempDir(), "lockage.yaml")
	if err := os.WriteFile(config, []byte("listen: 127.0.0.1:0\ngateway-listen: canary\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("LOCKAGE_GATEWAY_LISTEN", "127.0.0.1:0")
	t.Setenv("LOCKAGE_BOOTSTRAP_TOKEN", serveToken)
	if r := run(t, "", "serve", "--config", config, "--data", data); r.code != 2 || strings.Contains(r.err, "canary") {
		t.Errorf("a file with a bad address: got %+v, want code 2 without the value", r)
	}
	if err := os.WriteFile(config, []byte("listen: 127.0.0.1:0\ngateway-listen: 127.0.0.1:1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, stop := background(t, "lockage login", "serve", "--config", config, "--data", data, "--dev",
		"--allow-upstreams", "10.0.0.0/8", "--allow-upstreams=192.168.0.0/16,fc00::/7", "--limit-environments", "3")
	address := find(t, out, `login --address (http://127\.0\.0\.1:\d+)`)
	if r := run(t, "", "environments", "list", "--address", address, "--token", serveToken); r.code != 0 {
		t.Errorf("a command while it serves: got %+v", r)
	}
	if r := run(t, "", "serve", "--config", config, "--data", data); r.code != 1 || !strings.Contains(r.err, "in use") {
		t.Errorf("a second one on the same folder: got %+v, want code 1 and the reason", r)
	}
	if code, errOut := stop(); code != 0 {
		t.Errorf("stopped with code %d and %q, want 0", code, errOut)
	}
}

func TestDemoStaysUp(t *testing.T) {
	alone(t)
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	out, stop := background(t, "Ctrl-C", "demo")
	address := find(t, out, `management API +(http://\S+)`)
	gateway := find(t, out, `gateway +(http://\S+)`)
	token := find(t, out, `management token +(tk_\S+)`)
	key := find(t, out, `curl -H 'Authorization: Bearer (sk_\S+)' `+regexp.QuoteMeta(gateway)+`/payments/v1/charges\n\nCtrl-C`)
	change := find(t, out, `printf new-credential \| (LOCKAGE_ADDRESS=\S+ LOCKAGE_TOKEN=\S+) \S+ secrets set stripe_api_key --environment staging\n`)
	if change != "LOCKAGE_ADDRESS="+address+" LOCKAGE_TOKEN="+token {
		t.Errorf("the line to copy has %q, want the address and the token", change)
	}
	r := run(t, "new-credential", "secrets", "set", "stripe_api_key", "--environment", "staging", "--address", address, "--token", token)
	if r.code != 0 {
		t.Errorf("the line to copy: got %+v", r)
	}
	t.Setenv("LOCKAGE_KEY", key)
	if r := run(t, "", "call", "payments", "/v1/charges", "--gateway", gateway); r.code != 0 || !strings.Contains(r.out, "Bearer new-credential") {
		t.Errorf("a call in staging: got %+v, want the new credential", r)
	}
	if code, errOut := stop(); code != 0 || errOut != "lockage: stopped; nothing is left behind\n" {
		t.Errorf("stopped with code %d and %q, want 0 and a word", code, errOut)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}
