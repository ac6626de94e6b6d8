package testkit

import (
	"context"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/lockage/lockage/internal/store"
)

// EnginesVariable is the environment variable that keeps a run to some of the engines, separated by commas: under the race
// detector the second one costs minutes, and shows nothing of the process that the first did not.
const EnginesVariable = "LOCKAGE_TEST_ENGINES"

// Engines runs f as the subtests "sqlite" and "postgres", each with an open store on a fresh database, which is closed
// afterwards. Where there is no PostgreSQL the second is skipped; see Require.
func Engines(t *testing.T, f func(t *testing.T, s *store.Store)) {
	t.Helper()
	EngineConfigs(t, func(t *testing.T, c store.Config) { f(t, Open(t, c)) })
}

// EngineConfigs is Engines for a test that opens the store itself: c names a database that is migrated, empty and its
// own.
func EngineConfigs(t *testing.T, f func(t *testing.T, c store.Config)) {
	t.Helper()
	engines(t, f, copied.sqliteFile, copied.postgresDatabase)
}

// EmptyConfigs is EngineConfigs for a test of the migrations: c names a database without a table.
func EmptyConfigs(t *testing.T, f func(t *testing.T, c store.Config)) {
	t.Helper()
	engines(t, f, func(context.Context, string) error { return nil }, emptyDatabase)
}

// engines runs the two subtests with databases that file and database make.
func engines(t *testing.T, f func(t *testing.T, c store.Config),
	file func(ctx context.Context, path string) error,
	database func(ctx context.Context, server *url.URL) (*url.URL, error),
) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		c := store.Config{Path: filepath.Join(t.TempDir(), "lockage.db")}
		if err := file(t.Context(), c.Path); err != nil {
			t.Fatalf("testkit: make a database: %v", err)
		}
		f(t, c)
	})
	t.Run("postgres", func(t *testing.T) {
		if only := os.Getenv(EnginesVariable); only != "" && !Required(only, "postgres") {
			t.Skipf("postgres: this run is for %s (%s)", only, EnginesVariable)
		}
		f(t, store.Config{URL: postgres(t, database)})
	})
}

// Open opens a store and closes it after the test. A logger in c is used; without one, what the store has to say
// appears with the test when it fails or runs verbosely.
func Open(t testing.TB, c store.Config) *store.Store {
	t.Helper()
	if c.Logger == nil {
		c.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	s, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatalf("testkit: open the store: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("testkit: close the store: %v", err)
		}
	})
	return s
}
