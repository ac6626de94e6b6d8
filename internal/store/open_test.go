package store_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
)

// schema is what the database says of itself.
func schema(t *testing.T, x fixture) []string {
	t.Helper()
	if x.config.URL == "" {
		return names(t, x.db, `SELECT COALESCE(sql, name) FROM sqlite_master ORDER BY name`)
	}
	list := names(t, x.db, `
		SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable FROM information_schema.columns
		WHERE table_schema = current_schema() ORDER BY 1`)
	list = append(list, names(t, x.db, `SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() ORDER BY 1`)...)
	return append(list, names(t, x.db, `SELECT tablename || ' ' || policyname || ' ' || qual FROM pg_policies ORDER BY 1`)...)
}

func TestMigrationsApplyTwiceWithoutChange(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		before, rows := schema(t, x), rowsOf(t, x.db, ours)
		versions := dump(t, x.db, "goose_db_version")
		again := testkit.Open(t, x.config)
		if err := again.Ping(t.Context()); err != nil {
			t.Errorf("ping: %v", err)
		}
		if diff := cmp.Diff(before, schema(t, x)); diff != "" {
			t.Errorf("schema (-first +second):\n%s", diff)
		}
		if diff := cmp.Diff(rows, rowsOf(t, x.db, ours)); diff != "" {
			t.Errorf("rows (-first +second):\n%s", diff)
		}
		if diff := cmp.Diff(versions, dump(t, x.db, "goose_db_version")); diff != "" {
			t.Errorf("applied migrations (-first +second):\n%s", diff)
		}
	})
}

// Several processes may start on one PostgreSQL at once; one of them migrates.
func TestProcessesStartAtOnce(t *testing.T) {
	c := store.Config{URL: testkit.Postgres(t)}
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			s, err := store.Open(t.Context(), c)
			if err != nil {
				t.Errorf("open: %v", err)
				return
			}
			if err := s.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	}
	wait.Wait()
}

func TestOpenRefusesAWideMode(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no file modes")
	}
	for _, mode := range []os.FileMode{0o644, 0o640, 0o602} {
		path := filepath.Join(t.TempDir(), "lockage.db")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(t.Context(), store.Config{Path: path})
		if err == nil {
			_ = s.Close()
			t.Errorf("mode %04o: got no error, want a refusal", mode)
			continue
		}
		if !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %04o: got %q, want the command that mends it", mode, err)
		}
		if info, err := os.Stat(path); err != nil || info.Size() != 0 {
			t.Errorf("mode %04o: got %v and %v, want the file untouched", mode, info, err)
		}
	}
}

func TestTheFilesAreOurs(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no file modes")
	}
	folder := t.TempDir()
	// a path that a URL would read otherwise
	s := testkit.Open(t, store.Config{Path: filepath.Join(folder, "we?ird %20 #name.db")})
	fill(t, s, ours)
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("got files %v and %v, want the database", files, err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(filepath.Base(file), "we?ird %20 #name.db") || info.Mode().Perm() != 0o600 {
			t.Errorf("got %s with mode %04o, want the database's name and 0600", filepath.Base(file), info.Mode().Perm())
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	tests := map[string]struct {
		config store.Config
		want   string
	}{
		"nothing":         {store.Config{}, "neither a path nor a database URL"},
		"a broken URL":    {store.Config{URL: "postgres://lockage:hunter2@localhost:not-a-port/x"}, "is not one PostgreSQL understands"},
		"no server there": {store.Config{URL: "postgres://lockage:hunter2@127.0.0.1:1/x?connect_timeout=2"}, "failed to connect"},
		"no such folder":  {store.Config{Path: filepath.Join(t.TempDir(), "none", "lockage.db")}, "no such file"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := store.Open(t.Context(), tt.config)
			if err == nil {
				_ = s.Close()
				t.Fatal("got no error, want a refusal")
			}
			if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %q, want %q in it and no password", err, tt.want)
			}
		})
	}
}
