package server

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// These are internal tests: the folder's rules are met by an operator only through Start, which needs far more.

func TestLoadKeyMakesOnceAndKeeps(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kek.key")
	first, fresh, err := loadKey(path)
	if err != nil || !fresh || len(first) != keyBytes {
		t.Fatalf("first: %d bytes, fresh %v, %v; want %d new bytes", len(first), fresh, err, keyBytes)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	second, fresh, err := loadKey(path)
	if err != nil || fresh || !bytes.Equal(first, second) {
		t.Errorf("second: fresh %v, %v, equal %v; want the same key", fresh, err, bytes.Equal(first, second))
	}
}

func TestLoadKeyRefusals(t *testing.T) {
	for _, c := range []struct {
		name string
		size int
		mode os.FileMode
		want string
	}{
		{"group may read", keyBytes, 0o640, "may be read by others (mode 0640)"},
		{"all may read", keyBytes, 0o644, "may be read by others (mode 0644)"},
		{"short", keyBytes - 1, 0o600, "exactly 32 bytes"},
		{"long", keyBytes + 1, 0o600, "exactly 32 bytes"},
		{"empty", 0, 0o600, "exactly 32 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "kek.key")
			if err := os.WriteFile(path, make([]byte, c.size), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, c.mode); err != nil {
				t.Fatal(err)
			}
			if _, _, err := loadKey(path); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestOpenFolderIsForOneProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	release, err := openFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder mode %v, %v; want 0700", info.Mode(), err)
	}
	if _, err := openFolder(path); err == nil || !strings.Contains(err.Error(), "in use by another lockage process") {
		t.Errorf("second: got %v, want a refusal that says so", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	again, err := openFolder(path)
	if err != nil {
		t.Fatalf("after the release: %v", err)
	}
	if err := again(); err != nil {
		t.Fatal(err)
	}
}
