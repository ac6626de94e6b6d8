package control_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/definition"
)

// Values that were sealed before marks were kept get theirs at the next start, each its own; a damaged one keeps nobody
// from service.
func TestOldValuesAreMarked(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createSecret(t, "stripe")
		x.createSecret(t, "broken")
		for _, e := range []string{"development", "production"} {
			x.setValue(t, "stripe", e, "sk_test_one value in both")
		}
		x.setValue(t, "stripe", "development", "sk_test_a second value")
		x.setValue(t, "stripe", "development", "sk_test_one value in both")
		id := x.createSecret(t, "other")
		x.setValue(t, "other", "production", "a value of another")
		x.createRoute(t, `{"key":"a","target_url":"https://example.com","inject_headers":{"A":"{{secret:stripe}}"}}`)
		x.commit(t)
		plan := func() (kinds []string) {
			for _, w := range x.plan(t, x.owner, control.PromotionRequest{To: "production"}).Steps[0].Warnings {
				kinds = append(kinds, w.Kind)
			}
			return kinds
		}
		want := []string{definition.WarningSameValue, definition.WarningSandboxValue}
		if diff := cmp.Diff(want, plan()); diff != "" {
			t.Fatalf("warnings (-want +got):\n%s", diff)
		}
		before := x.dump(t, "secret_values")
		foreign := x.rowsOf(t, x.foreign.account)
		x.exec(t, `UPDATE secret_values SET fingerprint = '', sandbox = FALSE`)
		if got := plan(); got != nil {
			t.Errorf("unmarked: got %v, want no warning that two unknown values are the same", got)
		}
		n := len(x.entries(t))
		open(t, x.settings)
		if diff := cmp.Diff(before, x.dump(t, "secret_values")); diff != "" {
			t.Errorf("marked again (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, plan()); diff != "" || len(x.entries(t)) != n {
			t.Errorf("warnings (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(foreign, x.rowsOf(t, x.foreign.account)); diff != "" {
			t.Errorf("the other account (-before +after):\n%s", diff)
		}
		x.exec(t, `UPDATE secret_values SET fingerprint = ''`)
		var tag []byte
		if err := x.db.QueryRowContext(t.Context(), `SELECT tag FROM secret_values WHERE secret_id = $1`, id).Scan(&tag); err != nil {
			t.Fatal(err)
		}
		x.exec(t, `UPDATE secret_values SET tag = $1 WHERE secret_id = $2`, make([]byte, len(tag)), id)
		open(t, x.settings) // it starts
		x.exec(t, `UPDATE secret_values SET tag = $1 WHERE secret_id = $2`, tag, id)
		if got := plan(); !cmp.Equal(want, got) {
			t.Errorf("beside a damaged one: got %v, want %v", got, want)
		}
		open(t, x.settings)
		if diff := cmp.Diff(before, x.dump(t, "secret_values")); diff != "" {
			t.Errorf("mended and marked (-want +got):\n%s", diff)
		}
	})
}
