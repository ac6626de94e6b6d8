package testkit_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
)

func TestEngines(t *testing.T) {
	var got []string
	testkit.Engines(t, func(t *testing.T, s *store.Store) {
		got = append(got, t.Name())
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("ping: %v", err)
		}
	})
	want := []string{"TestEngines/sqlite", "TestEngines/postgres"}
	if len(got) == 1 { // no PostgreSQL here, and the subtest said so
		want = want[:1]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("subtests (-want +got):\n%s", diff)
	}
}

func TestEngineConfigsNameFreshDatabases(t *testing.T) {
	testkit.EngineConfigs(t, func(t *testing.T, c store.Config) {
		for range 2 { // the second time it is there already
			if err := testkit.Open(t, c).Ping(t.Context()); err != nil {
				t.Errorf("ping: %v", err)
			}
		}
	})
}
