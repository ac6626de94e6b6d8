package server_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/internal/server"
	"github.com/lockage/lockage/internal/testkit"
	"github.com/lockage/lockage/wire"
)

// refused starts a server that must not start, and answers why.
func refused(t *testing.T, c server.Config) string {
	t.Helper()
	r, err := server.Start(t.Context(), c, slog.New(slog.DiscardHandler))
	if err == nil {
		stop(t, r)
		t.Fatal("it started")
	}
	return err.Error()
}

// A key that --kek names takes the place of kek.key; another one is refused, and so is none.
func TestKeyFromAVariable(t *testing.T) {
	key := bytes.Repeat([]byte{7}, 32)
	c := local(t.TempDir())
	c.KEK = "env:THE_KEY"
	if got := refused(t, c); !strings.Contains(got, "--kek") || !strings.Contains(got, "THE_KEY is not set") {
		t.Errorf("without the variable: got %q, want an error that names the setting and the variable", got)
	}
	t.Setenv("THE_KEY", base64.StdEncoding.EncodeToString(key))
	out := run(t, c)
	if !strings.Contains(out, "Keep the key that --kek names") || strings.Contains(out, "kek.key") {
		t.Errorf("the first start says\n%s\nwant what is to be kept", out)
	}
	if _, err := os.Stat(filepath.Join(c.Data, "kek.key")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("kek.key: %v, want none", err)
	}

	t.Setenv("THE_KEY", base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{8}, 32)))
	if got := refused(t, c); !strings.Contains(got, "not those this database was made with") {
		t.Errorf("another key: got %q", got)
	}
	path := filepath.Join(c.Data, "safe.key")
	if err := os.WriteFile(path, key, 0o600); err != nil {
		t.Fatal(err)
	}
	c.KEK = "file:" + path
	run(t, c) // the same key, from elsewhere

	c.KEK = ""
	if got := refused(t, c); !strings.Contains(got, "not those this database was made with") {
		t.Errorf("without --kek: got %q", got)
	}
	if _, err := os.Stat(filepath.Join(c.Data, "kek.key")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the refused start left kek.key: %v", err)
	}
}

// newVault starts a stand-in of Vault and names it to the process, as an operator does.
func newVault(t *testing.T) (*testkit.Vault, string) {
	t.Helper()
	v := testkit.NewVault("lockage", "other")
	s := httptest.NewTLSServer(v)
	t.Cleanup(s.Close)
	authority := filepath.Join(t.TempDir(), "authority.pem")
	if err := os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("VAULT_CACERT", authority)
	t.Setenv("VAULT_TOKEN", v.Token)
	return v, "vault:" + s.URL + "/transit/"
}

// A value is set and used while its key stays in Vault; the data folder holds none.
func TestKeyInVault(t *testing.T) {
	v, keys := newVault(t)
	up := testkit.NewUpstream(t)
	c := local(t.TempDir())
	c.KEK, c.Dev, c.BootstrapToken = keys+"lockage", true, "tk_of_the_operator_of_these_tests"
	start := func() *server.Running {
		r, err := server.Start(t.Context(), c, slog.New(slog.NewTextHandler(t.Output(), nil)))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := start()
	operator, err := client.New(client.Config{Address: "http://" + r.ControlAddress(), Token: c.BootstrapToken})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	_, err = operator.CreateSecret(ctx, wire.SecretCreate{Name: "pass"})
	if err == nil {
		_, err = operator.SetSecretValue(ctx, "pass", "development", "canary-of-development")
	}
	if err == nil {
		_, err = operator.CreateRoute(ctx, json.RawMessage(`{"key":"up","target_url":"`+up.URL+`","inject_headers":{"Authorization":"Bearer {{secret:pass}}"}}`), new("up"))
	}
	if err != nil {
		t.Fatal(err)
	}
	key, err := operator.CreateAPIKey(ctx, wire.APIKeyCreate{Environment: "development", Type: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	call := func(r *server.Running) int {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.GatewayAddress()+"/up/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Lockage-Key", key.Key)
		answer, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		return answer.StatusCode
	}
	if got := call(r); got != http.StatusOK {
		t.Fatalf("a call: status %d", got)
	}
	if got := up.Requests()[0].Header.Get("Authorization"); got != "Bearer canary-of-development" {
		t.Errorf("the upstream got %q", got)
	}
	if _, err := os.Stat(filepath.Join(c.Data, "kek.key")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("kek.key: %v, want none", err)
	}

	v.Set(func(v *testkit.Vault) { v.Sealed = true }) // what was opened goes on, what is to be sealed waits
	if got := call(r); got != http.StatusOK {
		t.Errorf("a call while Vault is sealed: status %d", got)
	}
	_, err = operator.SetSecretValue(ctx, "pass", "development", "canary-of-tomorrow")
	var refusal *client.Error
	if !errors.As(err, &refusal) || refusal.Status != http.StatusServiceUnavailable || !strings.Contains(err.Error(), "cannot be reached") {
		t.Errorf("a change while Vault is sealed: got %v, want status 503 and the reason", err)
	}
	stop(t, r)
	if got := refused(t, c); !strings.Contains(got, "--kek: the key-encryption key cannot be reached") {
		t.Errorf("a start while Vault is sealed: got %q", got)
	}
	v.Set(func(v *testkit.Vault) { v.Sealed = false })

	v.Rotate("lockage")
	r = start()
	if got := call(r); got != http.StatusOK {
		t.Errorf("a call after the key was rotated: status %d", got)
	}
	stop(t, r)

	c.KEK = keys + "other"
	if got := refused(t, c); !strings.Contains(got, "not those this database was made with") {
		t.Errorf("another key: got %q", got)
	}
	c.KEK = keys + "none"
	if got := refused(t, c); !strings.Contains(got, "--kek: the key-encryption key is refused: Vault has no such key") {
		t.Errorf("no such key: got %q", got)
	}
	v.Set(func(v *testkit.Vault) { v.Naive = true })
	if got := refused(t, c); !strings.Contains(got, "--kek") {
		t.Errorf("a Vault that binds nothing: got %q", got)
	}
}
