package kek_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/kek"
)

func keyFile(t *testing.T, key []byte, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.key")
	if err := os.WriteFile(path, key, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFile(t *testing.T) {
	key := bytes.Repeat([]byte{7}, kek.Bytes)
	k, err := kek.Open(t.Context(), "file:"+keyFile(t, key, 0o600), kek.Options{})
	if err != nil || !strings.HasPrefix(k.ID(), "local:") {
		t.Fatalf("got %v, %v; want a local key", k, err)
	}
	for name, tt := range map[string]struct {
		path string
		want string
	}{
		"group may read": {keyFile(t, key, 0o640), "may be read by others (mode 0640)"},
		"all may read":   {keyFile(t, key, 0o604), "may be read by others (mode 0604)"},
		"short":          {keyFile(t, key[1:], 0o600), "exactly 32 bytes"},
		"long":           {keyFile(t, append(key, 7), 0o600), "exactly 32 bytes"},
		"empty":          {keyFile(t, nil, 0o600), "exactly 32 bytes"},
		"a folder":       {t.TempDir(), "may be read by others"},
	} {
		if _, err := kek.Open(t.Context(), "file:"+tt.path, kek.Options{}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, tt.want)
		}
	}
	nowhere := filepath.Join(t.TempDir(), "none")
	if _, err := kek.Open(t.Context(), "file:"+nowhere, kek.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: got %v, want that", err)
	}
	if _, err := os.Stat(nowhere); err == nil {
		t.Error("a key was made in a place that was named")
	}
}

func TestVariable(t *testing.T) {
	key := append(bytes.Repeat([]byte{0xfb}, kek.Bytes-1), 7) // has + and / in base64
	file, err := kek.Open(t.Context(), "file:"+keyFile(t, key, 0o600), kek.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for form, text := range map[string]string{
		"base64": base64.StdEncoding.EncodeToString(key), "unpadded": base64.RawStdEncoding.EncodeToString(key),
		"of URLs": base64.URLEncoding.EncodeToString(key), "hex": hex.EncodeToString(key), "a line": hex.EncodeToString(key) + "\n",
	} {
		t.Setenv("THE_KEY", text)
		k, err := kek.Open(t.Context(), "env:THE_KEY", kek.Options{})
		if err != nil || k.ID() != file.ID() {
			t.Errorf("%s: got %v, %v; want the key of the file", form, k, err)
		}
		if _, left := os.LookupEnv("THE_KEY"); left {
			t.Errorf("%s: the variable is still there", form)
		}
	}
	for name, text := range map[string]string{
		"empty": "", "short": base64.StdEncoding.EncodeToString(key[1:]), "long": base64.StdEncoding.EncodeToString(append(key, 7)),
		"not base64": "canary", "nearly hex": strings.Repeat("canaryzz", 8),
	} {
		t.Setenv("THE_KEY", text)
		_, err := kek.Open(t.Context(), "env:THE_KEY", kek.Options{})
		if err == nil || !strings.Contains(err.Error(), "variable THE_KEY") || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v, want an error that names the variable and not its value", name, err)
		}
		if _, left := os.LookupEnv("THE_KEY"); left {
			t.Errorf("%s: the variable is still there", name)
		}
	}
}

func TestOpenRefusesOtherForms(t *testing.T) {
	for _, url := range []string{"", "canary", "file:", "file", "env:", "https://canary", "FILE:/canary", "env:CANARY=x"} {
		if err := kek.Check(url); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("Check(%q): got %v, want a refusal that does not repeat it", url, err)
		}
		if _, err := kek.Open(t.Context(), url, kek.Options{}); err == nil {
			t.Errorf("Open(%q): got no error", url)
		}
	}
}

// No text ends the program, and what is taken names a service without a credential.
func FuzzCheck(f *testing.F) {
	for _, url := range []string{
		"file:/etc/kek.key", "env:KEY", "vault:https://vault.example.com:8200/transit/lockage", gcpMine, "aws-kms:" + awsOne + "?endpoint=https://kms.example.com",
		"azure-keyvault:" + azureVault + "/keys/lockage/0123", "vault:https://u:p@[::1%25x]:8200/a/b?c#d",
	} {
		f.Add(url)
	}
	f.Fuzz(func(t *testing.T, url string) {
		if err := kek.Check(url); err == nil && !strings.HasPrefix(url, "file:") && strings.ContainsAny(url, "@#\n ") {
			t.Errorf("%q is taken", url)
		}
	})
}
