package kek_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/kek"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/testkit"
)

// openBao starts the real program in its development mode, where it is installed, with a transit key.
func openBao(t *testing.T) (address, token string) {
	t.Helper()
	program := ""
	for _, name := range []string{"bao", "vault"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		testkit.Require(t, "openbao", "neither bao nor vault is on the PATH; install OpenBao (openbao.org)")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := l.Addr().String()
	l.Close()
	cmd := exec.CommandContext(t.Context(), program, "server", "-dev", "-dev-no-store-token", "-dev-root-token-id=hvs.canary", "-dev-listen-address="+listen)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // the context of the test ends it
	address, token = "http://"+listen, "hvs.canary"
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if resp, err := http.Get(address + "/v1/sys/health"); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				break
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("it does not come up")
		}
	}
	baoDo(t, address, token, "sys/mounts/transit", `{"type":"transit"}`)
	baoDo(t, address, token, "transit/keys/lockage", `{"type":"aes256-gcm96"}`)
	baoDo(t, address, token, "transit/keys/asymmetric", `{"type":"rsa-2048"}`)
	return address, token
}

func baoDo(t *testing.T, address, token, path, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/v1/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Vault-Token", token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		text, _ := io.ReadAll(resp.Body)
		t.Fatalf("%s: status %d, %s", path, resp.StatusCode, text)
	}
}

// What the stand-in of Vault says must be what the real one does.
func TestOpenBao(t *testing.T) {
	address, token := openBao(t)
	o := kek.Options{Lookup: variables(map[string]string{"VAULT_TOKEN": token})}
	k, err := kek.Open(t.Context(), "vault:"+address+"/transit/lockage", o)
	if err != nil {
		t.Fatal(err)
	}
	if err := kek.Prove(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	key := dataKey()
	wrapped := wrap(t, k, key, "place")
	baoDo(t, address, token, "transit/keys/lockage/rotate", `{}`)
	if got, err := k.Unwrap(t.Context(), wrapped, []byte("place")); err != nil || !bytes.Equal(got, key) {
		t.Errorf("after a rotation: got an equal key %v, %v", bytes.Equal(got, key), err)
	}
	for what, bad := range map[string][]byte{"changed": changed(wrapped), "cut": wrapped[:len(wrapped)-1], "noise": []byte("noise")} {
		if _, err := k.Unwrap(t.Context(), bad, []byte("place")); !errors.Is(err, secret.ErrSeal) {
			t.Errorf("%s: got %v, want ErrSeal", what, err)
		}
	}
	if _, err := k.Unwrap(t.Context(), wrapped, []byte("another place")); !errors.Is(err, secret.ErrSeal) {
		t.Errorf("another place: got %v, want ErrSeal", err)
	}
	baoDo(t, address, token, "transit/keys/lockage/config", `{"min_decryption_version":2}`)
	if _, err := k.Unwrap(t.Context(), wrapped, []byte("place")); !errors.Is(err, kek.ErrRefused) {
		t.Errorf("a version that is not allowed any more: got %v, want ErrRefused", err)
	}
	for name, url := range map[string]string{"no such mount": "/crypto/lockage", "a key without associated data": "/transit/asymmetric"} {
		k, err := kek.Open(t.Context(), "vault:"+address+url, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := kek.Prove(t.Context(), k); !errors.Is(err, kek.ErrRefused) {
			t.Errorf("%s: got %v, want ErrRefused", name, err)
		}
	}
	denied, err := kek.Open(t.Context(), "vault:"+address+"/transit/lockage", kek.Options{Lookup: variables(map[string]string{"VAULT_TOKEN": "hvs.other"})})
	if err != nil {
		t.Fatal(err)
	}
	if err := kek.Prove(t.Context(), denied); !errors.Is(err, kek.ErrRefused) {
		t.Errorf("another token: got %v, want ErrRefused", err)
	}
}
