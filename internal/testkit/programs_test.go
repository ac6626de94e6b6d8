package testkit_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/testkit"
)

func TestNewestFirst(t *testing.T) {
	got := testkit.NewestFirst([]string{"/p/9.6/bin", "/p/17/bin", "/p/10/bin", "/p/9.10/bin", "/p/bin"})
	want := []string{"/p/17/bin", "/p/10/bin", "/p/9.10/bin", "/p/9.6/bin", "/p/bin"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order of versions (-want +got):\n%s", diff)
	}
}

// The path may lead to the programs by a link, as Homebrew's does: the folder with both of them is what counts.
func TestFindProgramsFollowsThePath(t *testing.T) {
	programs, path := t.TempDir(), t.TempDir()
	for _, name := range []string{"initdb", "postgres"} {
		if err := os.WriteFile(filepath.Join(programs, name), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(programs, "initdb"), filepath.Join(path, "initdb")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", path)
	want, err := filepath.EvalSymlinks(programs)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := testkit.FindPrograms(); got != want || err != nil {
		t.Errorf("FindPrograms() = %q, %v; want %q", got, err, want)
	}
}
