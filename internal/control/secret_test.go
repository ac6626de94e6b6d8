package control_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
)

func TestSecrets(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		s, err := x.CreateSecret(t.Context(), x.admin, "stripe_api_key", secret.String, "pays")
		if err != nil {
			t.Fatal(err)
		}
		want := secret.Secret{
			ID: s.ID, Name: "stripe_api_key", Type: secret.String, Description: "pays", CreatedAt: x.clock.Now(), CreatedBy: "admin", UpdatedAt: x.clock.Now(),
		}
		if diff := cmp.Diff(want, s); diff != "" {
			t.Errorf("created (-want +got):\n%s", diff)
		}
		x.clock.pass(time.Minute)
		want.Description, want.UpdatedAt = "pays\twell", x.clock.Now()
		if got, err := x.UpdateSecret(t.Context(), x.admin, s.Name, ptr("pays\twell")); err != nil || !cmp.Equal(want, got) {
			t.Errorf("update: %v (-want +got):\n%s", err, cmp.Diff(want, got))
		}
		for _, ref := range []string{s.ID, s.Name} {
			if got, err := x.GetSecret(t.Context(), x.developer, ref); err != nil || !cmp.Equal(want, got) {
				t.Errorf("get %s: %v (-want +got):\n%s", ref, err, cmp.Diff(want, got))
			}
		}
		for i := range 4 {
			x.createSecret(t, fmt.Sprintf("secret_%d", i))
		}
		var names []string
		p := control.Page{Limit: 2}
		for {
			list, next, err := x.ListSecrets(t.Context(), x.developer, p)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range list {
				names = append(names, s.Name)
			}
			if p.Cursor = next; next == "" {
				break
			}
		}
		if diff := cmp.Diff([]string{"secret_0", "secret_1", "secret_2", "secret_3", "stripe_api_key"}, names); diff != "" {
			t.Errorf("list (-want +got):\n%s", diff)
		}
		x.setValue(t, s.ID, "development", "a value in development")
		if err := x.DeleteSecret(t.Context(), x.admin, s.Name); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"secrets", "secret_slots", "secret_values"} {
			if rows := strings.Join(x.rowsOf(t, x.account)[table], ""); strings.Contains(rows, s.ID) {
				t.Errorf("%s still has the secret: %s", table, rows)
			}
		}
		if again := x.createSecret(t, s.Name); again == s.ID {
			t.Error("the name came back with its old id, want a secret of its own")
		}
	})
}

func TestSecretsAreRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createSecret(t, "stripe")
		x.setValue(t, "stripe", "development", "a value in development")
		if _, err := x.CreateSecret(t.Context(), x.owner, "google", secret.OAuth2, ""); err != nil {
			t.Fatal(err)
		}
		before := x.state(t)
		for what, name := range map[string]string{
			"no name": "", "a dot": "a.b", "space": "a b", "a long one": strings.Repeat("a", 129), "no text": "\xff\x00", "no ASCII": "ä",
		} {
			_, err := x.CreateSecret(t.Context(), x.owner, name, secret.String, "")
			wantFault(t, "create with "+what, err, fault.Invalid, "")
		}
		_, err := x.CreateSecret(t.Context(), x.owner, "stripe", secret.String, "")
		wantFault(t, "a name twice", err, fault.Conflict, "a secret with this name already exists")
		_, err = x.CreateSecret(t.Context(), x.owner, "other", secret.String, "\x00")
		wantFault(t, "create with a description", err, fault.Invalid, "")
		_, err = x.UpdateSecret(t.Context(), x.owner, "stripe", ptr(strings.Repeat("a", 1001)))
		wantFault(t, "update with a description", err, fault.Invalid, "")
		for what, value := range map[string]string{"nothing": "", "too much": strings.Repeat("zebra", 64<<10)} {
			_, err := x.SetSecretValue(t.Context(), x.owner, "stripe", "development", text(value))
			wantFault(t, "set to "+what, err, fault.Invalid, "")
			if strings.Contains(err.Error(), "zebra") {
				t.Errorf("set to %s: got %v, want it not repeated", what, err)
			}
		}
		_, err = x.SetSecretValue(t.Context(), x.owner, "google", "development", text("zebra"))
		wantFault(t, "set an oauth2 secret", err, fault.Invalid,
			"this endpoint takes values of string secrets only; a secret of type oauth2 has its own, …/oauth2")
		for _, ref := range []string{"", "none", "STRIPE", "stripe\x00", "\xff"} {
			_, err := x.GetSecret(t.Context(), x.owner, ref)
			wantFault(t, "get", err, fault.NotFound, "no such secret")
			_, err = x.SetSecretValue(t.Context(), x.owner, ref, "development", text("zebra"))
			wantFault(t, "set", err, fault.NotFound, "no such secret")
		}
		_, err = x.SetSecretValue(t.Context(), x.owner, "stripe", "none", text("zebra"))
		wantFault(t, "set nowhere", err, fault.NotFound, "no such environment")
		wantFault(t, "delete no value", x.DeleteSecretValue(t.Context(), x.owner, "stripe", "production"), fault.NotFound,
			"the secret has no value in this environment")
		if diff := cmp.Diff(before, x.state(t)); diff != "" {
			t.Errorf("refusals changed (-before +after):\n%s", diff)
		}
	})
}

func TestValuesAreTakenOver(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createSecret(t, "stripe")
		for what, who := range map[string]access.Principal{"set": x.owner, "refused": x.viewer} {
			raw := []byte("the caller's own copy")
			_, err := x.SetSecretValue(t.Context(), who, "stripe", "development", control.SecretValue{Value: secret.NewPlaintext(raw)})
			if strings.Trim(string(raw), "\x00") != "" {
				t.Errorf("%s (%v): got %q left in memory, want zeros", what, err, raw)
			}
		}
	})
}

// routesOf are the names of the routes an error tells of.
func routesOf(err error) (names []string) {
	var f *fault.Error
	if errors.As(err, &f) {
		for _, r := range f.Routes {
			names = append(names, r.Name)
		}
	}
	return names
}

func TestASecretInUseStays(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		id := x.createSecret(t, "stripe")
		const use = "the secret is used by the following routes: %s; remove it from those routes first"
		refuse := func(what string, routes ...string) {
			t.Helper()
			before := x.state(t)
			err := x.DeleteSecret(t.Context(), x.owner, "stripe")
			wantFault(t, what, err, fault.InUse, fmt.Sprintf(use, strings.Join(routes, ", ")))
			if diff := cmp.Diff(routes, routesOf(err)); diff != "" {
				t.Errorf("%s: routes (-want +got):\n%s", what, diff)
			}
			if diff := cmp.Diff(before, x.state(t)); diff != "" {
				t.Errorf("%s changed (-before +after):\n%s", what, diff)
			}
		}
		x.createRoute(t, `{"key":"b","name":"Bills","target_url":"https://example.com","inject_query":{"k":"{{secret:stripe}}"}}`)
		refuse("drafted", "Bills")
		x.createRoute(t, `{"key":"a","name":"Accounts","target_url":"https://example.com","environments":{"production":{"inject_body":{"a":["{{secret_id:`+id+`}}"]}}}}`)
		refuse("drafted by id in an overlay", "Accounts", "Bills")
		x.commit(t)
		x.switchRoute(t, "b", "development", false)
		refuse("live, though switched off, and through an overlay that is on its way", "Accounts", "Bills")
		x.setValue(t, "stripe", "production", "a value that a promotion needs")
		x.promote(t, "production")
		refuse("live above", "Accounts", "Bills")
		x.updateRoute(t, "a", `{"environments":{"production":null}}`)
		x.updateRoute(t, "b", `{"inject_query":null}`)
		refuse("taken out in drafts only", "Accounts", "Bills")
		x.commit(t)
		refuse("still live above", "Accounts", "Bills")
		x.promote(t, "production")
		if err := x.DeleteSecret(t.Context(), x.owner, "stripe"); err != nil {
			t.Errorf("unused: got %v, want no error", err)
		}
	})
}
