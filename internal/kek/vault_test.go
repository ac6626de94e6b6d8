package kek_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/kek"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/testkit"
)

func newVault(t *testing.T, names ...string) (*standin, *testkit.Vault) {
	t.Helper()
	v := testkit.NewVault(names...)
	return newStandin(t, v, "vault.example.com"), v
}

func TestVaultKeyIsRotated(t *testing.T) {
	s, v := newVault(t, "lockage")
	o := s.options()
	o.Lookup = variables(map[string]string{"VAULT_TOKEN": v.Token})
	k, err := kek.Open(t.Context(), "vault:https://vault.example.com/transit/lockage", o)
	if err != nil {
		t.Fatal(err)
	}
	key := dataKey()
	before := wrap(t, k, key, "place")
	v.Rotate("lockage")
	after := wrap(t, k, key, "place")
	if !strings.HasPrefix(string(before), "vault:v1:") || !strings.HasPrefix(string(after), "vault:v2:") {
		t.Errorf("got %.9q and %.9q, want versions 1 and 2", before, after)
	}
	for _, wrapped := range [][]byte{before, after} {
		if got, err := k.Unwrap(t.Context(), wrapped, []byte("place")); err != nil || !bytes.Equal(got, key) {
			t.Errorf("%.9q: got an equal key %v, %v", wrapped, bytes.Equal(got, key), err)
		}
	}
	v.Set(func(v *testkit.Vault) { v.MinVersion = 2 })
	if _, err := k.Unwrap(t.Context(), before, []byte("place")); !errors.Is(err, kek.ErrRefused) || !strings.Contains(err.Error(), "min_decryption_version") {
		t.Errorf("a version that is not allowed any more: got %v, want ErrRefused", err)
	}
}

func TestVaultStates(t *testing.T) {
	set := func(change func(*testkit.Vault)) func(*testkit.Vault) {
		return func(v *testkit.Vault) { v.Set(change) }
	}
	for name, tt := range map[string]struct {
		change func(*testkit.Vault)
		want   error
		says   string
	}{
		"sealed":          {set(func(v *testkit.Vault) { v.Sealed = true }), kek.ErrUnreachable, "status 503"},
		"no such key":     {func(v *testkit.Vault) { v.Remove("lockage") }, kek.ErrRefused, "has no such key"},
		"another mount":   {set(func(v *testkit.Vault) { v.Mount = "crypto" }), kek.ErrRefused, "has no such key"},
		"another token":   {set(func(v *testkit.Vault) { v.Token = "hvs.other" }), kek.ErrRefused, "expired"},
		"key made anew":   {func(v *testkit.Vault) { v.Remake("lockage") }, secret.ErrSeal, ""},
		"no associations": {set(func(v *testkit.Vault) { v.Naive = true }), secret.ErrSeal, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, v := newVault(t, "lockage")
			o := s.options()
			o.Lookup = variables(map[string]string{"VAULT_TOKEN": v.Token})
			k, err := kek.Open(t.Context(), "vault:https://vault.example.com/transit/lockage", o)
			if err != nil {
				t.Fatal(err)
			}
			wrapped := wrap(t, k, dataKey(), "place")
			tt.change(v)
			if _, err := k.Unwrap(t.Context(), wrapped, []byte("place")); !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %v that says %q", err, tt.want, tt.says)
			}
		})
	}
}

// A Vault of before associated data ignores it, so that what it wraps could be moved; it is found out.
func TestVaultThatBindsNothing(t *testing.T) {
	s, v := newVault(t, "lockage")
	v.Naive = true
	o := s.options()
	o.Lookup = variables(map[string]string{"VAULT_TOKEN": v.Token})
	k, err := kek.Open(t.Context(), "vault:https://vault.example.com/transit/lockage", o)
	if err != nil {
		t.Fatal(err)
	}
	if err := kek.Prove(t.Context(), k); err == nil || !strings.Contains(err.Error(), "does not bind") {
		t.Errorf("got %v, want a refusal", err)
	}
}

func TestVaultTokenFile(t *testing.T) {
	s, v := newVault(t, "lockage")
	path := filepath.Join(t.TempDir(), "token")
	write := func(token string) {
		if err := os.WriteFile(path, []byte(token), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(v.Token + "\n")
	o := s.options()
	o.Lookup = variables(map[string]string{"VAULT_TOKEN_FILE": path})
	k, err := kek.Open(t.Context(), "vault:https://vault.example.com/transit/lockage", o)
	if err != nil {
		t.Fatal(err)
	}
	wrapped := wrap(t, k, dataKey(), "place")
	v.Set(func(v *testkit.Vault) { v.Token = "hvs.next" })
	if _, err := k.Unwrap(t.Context(), wrapped, []byte("place")); !errors.Is(err, kek.ErrRefused) {
		t.Errorf("with the token of before: got %v, want ErrRefused", err)
	}
	write("hvs.next")
	if _, err := k.Unwrap(t.Context(), wrapped, []byte("place")); err != nil {
		t.Errorf("with the token of now: %v", err)
	}
	for _, bad := range []string{"", "canary\ncanary", "canary canary"} {
		write(bad)
		if _, err := k.Unwrap(t.Context(), wrapped, []byte("place")); !errors.Is(err, kek.ErrRefused) || strings.Contains(err.Error(), "canary") {
			t.Errorf("with a file of %q: got %v, want ErrRefused", bad, err)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Unwrap(t.Context(), wrapped, []byte("place")); !errors.Is(err, kek.ErrRefused) || !strings.Contains(err.Error(), "VAULT_TOKEN_FILE") {
		t.Errorf("without the file: got %v, want an error that names the variable", err)
	}
}

// The same names in another namespace are another key, and have another id.
func TestVaultNamespace(t *testing.T) {
	s, v := newVault(t, "lockage")
	v.Namespace = "team/a"
	o := s.options()
	o.Lookup = variables(map[string]string{"VAULT_TOKEN": v.Token, "VAULT_NAMESPACE": "team/a"})
	k, err := kek.Open(t.Context(), "vault:https://VAULT.example.com:443/transit/lockage", o)
	if err != nil {
		t.Fatal(err)
	}
	wrap(t, k, dataKey(), "place")
	if want := "vault:https://vault.example.com/transit/lockage?namespace=team/a"; k.ID() != want {
		t.Errorf("got the id %q, want %q", k.ID(), want)
	}
}

// The authority of VAULT_CACERT is trusted, and an address without TLS only on this machine.
func TestVaultConnection(t *testing.T) {
	s, v := newVault(t, "lockage")
	address := "vault:" + s.URL + "/transit/lockage"
	token := map[string]string{"VAULT_TOKEN": v.Token}
	k, err := kek.Open(t.Context(), address, kek.Options{Lookup: variables(token)})
	if err != nil {
		t.Fatal(err)
	}
	if err := kek.Prove(t.Context(), k); !errors.Is(err, kek.ErrUnreachable) || !strings.Contains(err.Error(), "VAULT_CACERT") {
		t.Errorf("without the authority: got %v, want an error that names the variable", err)
	}
	token["VAULT_CACERT"] = s.authorityFile(t)
	if k, err = kek.Open(t.Context(), address, kek.Options{Lookup: variables(token)}); err != nil {
		t.Fatal(err)
	}
	if err := kek.Prove(t.Context(), k); err != nil {
		t.Errorf("with the authority: %v", err)
	}
	for name, path := range map[string]string{"none": "/nowhere", "not PEM": keyFile(t, []byte("canary"), 0o600)} {
		token["VAULT_CACERT"] = path
		if _, err := kek.Open(t.Context(), address, kek.Options{Lookup: variables(token)}); err == nil || !strings.Contains(err.Error(), "VAULT_CACERT") {
			t.Errorf("%s: got %v, want an error that names the variable", name, err)
		}
	}
	if _, err := kek.Open(t.Context(), address, kek.Options{Lookup: variables(nil)}); err == nil || !strings.Contains(err.Error(), "set VAULT_TOKEN") {
		t.Errorf("without a token: got %v, want an error that says so", err)
	}
}

func TestVaultURLs(t *testing.T) {
	for _, url := range []string{
		"https://vault.example.com:8200/transit/lockage", "https://vault.example.com/team/transit/lockage", "http://127.0.0.1:8200/transit/lockage",
		"http://[::1]:8200/transit/lockage", "http://localhost:8200/transit/lockage",
	} {
		if err := kek.Check("vault:" + url); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	for _, url := range []string{
		"canary", "http://canary.example.com/transit/lockage", "https://u:canary@vault.example.com/transit/lockage", "https://vault.example.com/canary",
		"https://vault.example.com/", "https://vault.example.com/transit/../canary", "https://vault.example.com/transit/lockage?token=canary",
		"https://vault.example.com/transit/lockage#canary", "https://vault.example.com/transit//canary", "https://vault.example.com/transit/can%2fary",
		"https:///transit/canary", "ftp://vault.example.com/transit/canary", "https://vault.example.com:canary/transit/lockage", "https://vault.example.com:99999/transit/lockage",
	} {
		if err := kek.Check("vault:" + url); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v, want a refusal that repeats nothing", url, err)
		}
	}
}
