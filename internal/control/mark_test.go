package control_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
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
		x.unbind(t)
		if got := plan(); got != nil {
			t.Errorf("unmarked: got %v, want no warning that two unknown values are the same", got)
		}
		n := len(x.entries(t))
		open(t, x.settings)
		marked := x.dump(t, "secret_values")
		if diff := cmp.Diff(without(before, "wrapped_key"), without(marked, "wrapped_key")); diff != "" {
			t.Errorf("marked again (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, plan()); diff != "" || len(x.entries(t)) != n {
			t.Errorf("warnings (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(foreign, x.rowsOf(t, x.foreign.account)); diff != "" {
			t.Errorf("the other account (-before +after):\n%s", diff)
		}
		x.unbind(t)
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
		if diff := cmp.Diff(without(before, "wrapped_key"), without(x.dump(t, "secret_values"), "wrapped_key")); diff != "" {
			t.Errorf("mended and marked (-want +got):\n%s", diff)
		}
	})
}

// unbind brings the account's values to what they were before marks were kept and fields were bound.
func (x *fixture) unbind(t *testing.T) {
	t.Helper()
	var values []secret.Value
	err := x.store.Read(t.Context(), x.account, func(tx *store.Tx) error {
		list, err := tx.AllSecrets(t.Context())
		for _, s := range list {
			for _, e := range []string{x.development, x.production} {
				of, err := tx.Values(t.Context(), e, s.ID)
				if err != nil {
					return err
				}
				values = append(values, of...)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = x.store.Batch(t.Context(), func(tx *store.Tx) error {
		for _, v := range values {
			old := v
			old.Format, old.Marks = secret.FormatPlace, secret.Marks{}
			var err error
			if old.Sealed, err = x.settings.Sealer.Rebind(t.Context(), v.Binding(x.account), old.Binding(x.account), v.Sealed); err != nil {
				return err
			}
			if err := tx.Bind(t.Context(), x.account, old); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// without takes a column, which is followed by kek, out of a dump.
func without(dump []string, column string) []string {
	var list []string
	for _, row := range dump {
		before, rest, _ := strings.Cut(row, "|"+column+"=")
		_, after, _ := strings.Cut(rest, "|kek=local:")
		list = append(list, before+after)
	}
	slices.Sort(list)
	return list
}
