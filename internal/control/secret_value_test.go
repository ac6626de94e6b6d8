package control_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
)

// reveal opens the value in force, as only the gateway does.
func (x *fixture) reveal(t *testing.T, secretID, environmentID string) string {
	t.Helper()
	var text []byte
	err := x.store.Read(t.Context(), x.account, func(tx *store.Tx) error {
		values, err := tx.ActiveValues(t.Context())
		if err != nil {
			return err
		}
		for _, v := range values {
			if v.SecretID != secretID || v.EnvironmentID != environmentID {
				continue
			}
			opener, err := x.settings.Sealer.Open(t.Context(), v.Binding(x.account), v.Sealed)
			if err != nil {
				return err
			}
			text, err = opener.AppendTo(nil)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatalf("reveal: %v", err)
	}
	return string(text)
}

// versions are those that are stored of a secret in an environment.
func (x *fixture) versions(t *testing.T, secretID, environmentID string) (list []int64) {
	t.Helper()
	rows, err := x.db.QueryContext(t.Context(),
		`SELECT version FROM secret_values WHERE secret_id = $1 AND environment_id = $2 ORDER BY version`, secretID, environmentID)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
		list = append(list, n)
	}
	return list
}

func TestVersionsOfAValue(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		id := x.createSecret(t, "stripe")
		other := x.setValue(t, "stripe", "production", "a value in production")
		begun := x.clock.Now()
		for n := range int64(13) {
			x.clock.pass(time.Second)
			slot := x.setValue(t, "stripe", "development", fmt.Sprintf("value number %d in development", n+1))
			want := secret.Slot{SecretID: id, EnvironmentID: x.development, Active: n + 1, Last: n + 1, CreatedAt: begun.Add(time.Second), UpdatedAt: x.clock.Now()}
			if diff := cmp.Diff(want, slot); diff != "" {
				t.Errorf("slot (-want +got):\n%s", diff)
			}
		}
		if diff := cmp.Diff([]int64{4, 5, 6, 7, 8, 9, 10, 11, 12, 13}, x.versions(t, id, x.development)); diff != "" {
			t.Errorf("versions kept (-want +got):\n%s", diff)
		}
		if got := x.reveal(t, id, x.development); got != "value number 13 in development" {
			t.Errorf("in force: got %q, want the newest", got)
		}
		if err := x.DeleteSecretValue(t.Context(), x.owner, "stripe", "development"); err != nil {
			t.Fatal(err)
		}
		if got := x.versions(t, id, x.development); got != nil {
			t.Errorf("versions after the deletion: got %v, want none", got)
		}
		wantFault(t, "delete twice", x.DeleteSecretValue(t.Context(), x.owner, "stripe", "development"), fault.NotFound,
			"the secret has no value in this environment")
		x.clock.pass(time.Second)
		if slot := x.setValue(t, "stripe", "development", "back in development"); slot.Active != 14 || !slot.CreatedAt.Equal(x.clock.Now()) {
			t.Errorf("set again: got %+v, want version 14, made now", slot)
		}
		_, statuses, _, err := x.SecretEnvironments(t.Context(), x.admin, id)
		if err != nil || len(statuses) != 2 || !cmp.Equal(statuses[1].Slot, other) {
			t.Errorf("production: got %+v and %v, want it as it was", statuses, err)
		}
		if got := x.reveal(t, id, x.production); got != "a value in production" {
			t.Errorf("production: got %q, want its own value", got)
		}
	})
}

func TestDuplicateAValue(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		id := x.createSecret(t, "stripe")
		x.setValue(t, "stripe", "development", "the value that is copied")
		duplicate := func(source, target string, overwrite bool) (secret.Slot, error) {
			w, err := x.DuplicateSecretValue(t.Context(), x.admin, "stripe", control.SecretDuplicate{Source: source, Target: target, Overwrite: overwrite})
			return w.Slot, err
		}
		before := x.state(t)
		for what, tt := range map[string]struct {
			source, target string
			kind           fault.Kind
			message        string
		}{
			"onto itself":      {"development", x.development, fault.Invalid, "target_environment: is the environment the value would be copied from; name another"},
			"from nothing":     {"production", "development", fault.NotFound, "the secret has no value in this environment"},
			"from nowhere":     {"none", "production", fault.NotFound, "no such environment"},
			"to nowhere":       {"development", "none", fault.NotFound, "no such environment"},
			"from what's hers": {x.foreign.environment, "production", fault.NotFound, "no such environment"},
		} {
			_, err := duplicate(tt.source, tt.target, true)
			wantFault(t, what, err, tt.kind, tt.message)
		}
		local := x.with("local", access.Grant{Environment: x.production, Role: access.Admin}, access.Grant{Environment: x.development, Role: access.Developer})
		_, err := x.DuplicateSecretValue(t.Context(), local, "stripe", control.SecretDuplicate{Source: "development", Target: "production"})
		wantFault(t, "by one who may not in the source", err, fault.Forbidden, "")
		if diff := cmp.Diff(before, x.state(t)); diff != "" {
			t.Errorf("refusals changed (-before +after):\n%s", diff)
		}
		if slot, err := duplicate("development", "production", false); err != nil || slot.Active != 1 {
			t.Errorf("first: got %+v and %v, want version 1", slot, err)
		}
		_, err = duplicate("development", "production", false)
		wantFault(t, "onto a value", err, fault.Conflict, `the secret already has a value in the target environment; replace it with "overwrite": true, or --overwrite`)
		x.setValue(t, "stripe", "development", "the value that is copied over")
		if slot, err := duplicate("development", "production", true); err != nil || slot.Active != 2 || slot.EnvironmentID != x.production {
			t.Errorf("overwrite: got %+v and %v, want version 2 in production", slot, err)
		}
		if got := x.reveal(t, id, x.production); got != "the value that is copied over" {
			t.Errorf("production: got %q, want the copy", got)
		}
		x.setValue(t, "stripe", "development", "a later value")
		if got := x.reveal(t, id, x.production); got != "the value that is copied over" {
			t.Errorf("production later: got %q, want the copy: it is one of its own", got)
		}
	})
}

// A value stays while a route that is switched on in its environment refers to it there, in whatever way.
func TestAValueInUseStays(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		id := x.createSecret(t, "stripe")
		x.createSecret(t, "other")
		x.setValue(t, "other", "production", "another value in production")
		for _, e := range []string{"development", "production"} {
			x.setValue(t, "stripe", e, "a value in "+e)
		}
		x.createRoute(t, `{"key":"by-name","target_url":"https://example.com","inject_headers":{"Authorization":"Bearer {{secret:stripe}}"}}`)
		x.createRoute(t, `{"key":"by-id","target_url":"https://example.com","inject_body":{"a":{"b":["{{secret_id:`+id+`}}"]}}}`)
		x.createRoute(t, `{"key":"overlaid","target_url":"https://example.com","environments":{"production":{"inject_query":{"k":"{{secret:stripe}}"}}}}`)
		x.createRoute(t, `{"key":"overridden","target_url":"https://example.com","inject_headers":{"A":"{{secret:stripe}}"},
			"environments":{"production":{"inject_headers":{"A":"{{secret:other}}"}},"development":{"inject_headers":null}}}`)
		remove := func(environment string, routes ...string) {
			t.Helper()
			before := x.state(t)
			err := x.DeleteSecretValue(t.Context(), x.owner, "stripe", environment)
			if routes == nil {
				if err != nil {
					t.Errorf("unused in %s: got %v, want no error", environment, err)
				}
				x.setValue(t, "stripe", environment, "set again in "+environment)
				return
			}
			wantFault(t, "used in "+environment, err, fault.InUse, "Cannot remove environment '"+environment+
				"' from this secret. It is used by the following routes in that environment: "+strings.Join(routes, ", ")+
				". Remove the secret from those routes first.")
			if diff := cmp.Diff(routes, routesOf(err)); diff != "" {
				t.Errorf("routes in %s (-want +got):\n%s", environment, diff)
			}
			if diff := cmp.Diff(before, x.state(t)); diff != "" {
				t.Errorf("the refusal changed (-before +after):\n%s", diff)
			}
			_, statuses, _, err := x.SecretEnvironments(t.Context(), x.owner, "stripe")
			if err != nil {
				t.Fatal(err)
			}
			i := slices.Index([]string{"development", "production"}, environment)
			var shown []string
			for _, r := range statuses[i].Routes {
				shown = append(shown, r.Name)
			}
			if diff := cmp.Diff(routes, shown); diff != "" {
				t.Errorf("status in %s (-want +got):\n%s", environment, diff)
			}
		}
		remove("development") // drafts protect nothing
		x.commit(t)
		remove("development", "by-id", "by-name")
		remove("production")
		x.promote(t, "production")
		remove("production", "by-id", "by-name", "overlaid")
		x.switchRoute(t, "by-id", "production", false)
		x.switchRoute(t, "overlaid", "production", false)
		remove("production", "by-name")
		x.switchRoute(t, "by-name", "production", false)
		remove("production")
		remove("development", "by-id", "by-name")
		x.switchRoute(t, "overlaid", "production", true)
		remove("production", "overlaid")
		x.updateRoute(t, "overlaid", `{"environments":{"production":null}}`)
		remove("production", "overlaid") // until the change is live
		x.commit(t)
		remove("production", "overlaid")
		x.promote(t, "production")
		remove("production")
		if err := x.DeleteRoute(t.Context(), x.owner, "by-id", ptr("away"), ""); err != nil {
			t.Fatal(err)
		}
		remove("development", "by-name")
	})
}

func TestSecretEnvironments(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createSecret(t, "stripe")
		staging := x.createEnvironment(t, "staging")
		x.setValue(t, "stripe", "staging", "a value in staging")
		status := func(who access.Principal) (names []string, base string, err error) {
			_, list, base, err := x.SecretEnvironments(context.Background(), who, "stripe")
			for _, s := range list {
				names = append(names, fmt.Sprintf("%s %d", s.Environment.Name, s.Slot.Active))
			}
			return names, base, err
		}
		got, base, err := status(x.admin)
		if diff := cmp.Diff([]string{"development 0", "staging 1", "production 0"}, got); diff != "" || base != "production" || err != nil {
			t.Errorf("got base %q and %v (-want +got):\n%s", base, err, diff)
		}
		local := access.Grant{Environment: staging.ID, Role: access.Admin}
		got, base, err = status(x.with("local", local))
		if diff := cmp.Diff([]string{"staging 1"}, got); diff != "" || base != "" || err != nil {
			t.Errorf("of one environment: got base %q and %v, want no base: it is not seen (-want +got):\n%s", base, err, diff)
		}
		_, _, err = status(x.with("mixed", local, access.Grant{Environment: access.AnyEnvironment, Role: access.Viewer}))
		if err != nil {
			t.Errorf("an admin of one: got %v, want no error", err)
		}
		for _, who := range []access.Principal{x.developer, x.with("lone", access.Grant{Environment: staging.ID, Role: access.Developer})} {
			_, _, err = status(who)
			wantFault(t, who.Name, err, fault.Forbidden, "")
		}
	})
}
