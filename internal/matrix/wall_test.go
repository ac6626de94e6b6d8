package matrix_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
)

// With the first wall gone, the second alone lets nothing of another account be seen, told or changed.
func TestTheSecondWallStandsAlone(t *testing.T) {
	t.Parallel()
	database := testkit.Postgres(t)
	b, broken := through(t, database)
	w := newWorldThrough(t, store.Config{URL: database}, broken)
	s := w.towardsAccount()
	s.thrifty = true
	for _, difference := range w.differences(s) {
		t.Error(difference)
	}
	if n := b.statements.Load(); n < 100 {
		t.Errorf("the first wall was taken out of %d statements only", n)
	}
}

// Without both walls the other account lies open: the breach is one, and it is the second wall that stands in it.
func TestWithoutWallsTheOtherAccountLiesOpen(t *testing.T) {
	t.Parallel()
	database := testkit.Postgres(t)
	_, broken := through(t, database)
	w := newWorldThrough(t, store.Config{URL: database}, broken)
	open := func(want int) {
		t.Helper()
		in := w.theirs.things["staging"]
		for _, path := range []string{"/v1/api-keys/" + in["key"], "/v1/secrets/" + in["secret"], "/v1/commits/" + in["commit"], "/v1/promotions/" + in["promotion"]} {
			if a := w.do(w.ours.credential("all-owner"), http.MethodGet, path, ""); a.status != want {
				t.Errorf("%s: got %d %s, want %d", path, a.status, a.body, want)
			}
		}
	}
	open(http.StatusNotFound)
	for _, table := range w.tables {
		w.exec(fmt.Sprintf(`ALTER TABLE %[1]s NO FORCE ROW LEVEL SECURITY; ALTER TABLE %[1]s DISABLE ROW LEVEL SECURITY`, table))
	}
	open(http.StatusOK)
}
