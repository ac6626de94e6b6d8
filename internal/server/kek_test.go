package server_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/server"
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
