package control_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/store"
)

// replay builds an environment's tree from its history and compares it with what is live and with the head.
func (x *fixture) replay(t *testing.T, environmentID string) {
	t.Helper()
	e := x.environment(t, environmentID)
	err := x.store.Read(t.Context(), x.account, func(tx *store.Tx) error {
		tree := definition.Tree{}
		for n := range e.Head {
			c, err := tx.Commit(t.Context(), e.ID, n+1)
			if err != nil {
				return err
			}
			if c.Before != tree.Root() {
				t.Errorf("%s, commit %d: begins at %s, want %s", e.Name, n+1, c.Before, tree.Root())
			}
			if tree, err = tree.Apply(c.Changes); err != nil {
				return err
			}
			if c.After != tree.Root() {
				t.Errorf("%s, commit %d: ends at %s, want %s", e.Name, n+1, c.After, tree.Root())
			}
		}
		live, err := tx.Tree(t.Context(), e.ID)
		got := definition.Tree{}
		for _, entry := range live {
			got[entry.Ref] = entry.Hash
		}
		if diff := cmp.Diff(tree, got); diff != "" || e.RootHash != string(tree.Root()) {
			t.Errorf("%s: head %s, want %s; live (-replayed +got):\n%s", e.Name, e.RootHash, tree.Root(), diff)
		}
		return err
	})
	if err != nil {
		t.Fatalf("replay %s: %v", e.Name, err)
	}
}

func TestANewEnvironmentStartsAsProduction(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		for _, key := range []string{"one", "two"} {
			x.createRoute(t, `{"key":"`+key+`","target_url":"https://example.com/`+key+`"}`)
		}
		x.commit(t)
		x.promote(t, "production")
		x.createRoute(t, `{"key":"unreviewed","target_url":"https://example.com"}`)
		x.commit(t)
		x.createSecret(t, "stripe")
		x.setValue(t, "stripe", "production", "a value in production")
		x.createKey(t, "production")
		e := x.createEnvironment(t, "staging")
		if top := x.environment(t, "production"); e.RootHash != top.RootHash || e.Head != 1 {
			t.Errorf("got root %s, head %d, want production's %s and 1", e.RootHash, e.Head, top.RootHash)
		}
		x.replay(t, e.ID)
		for key, live := range map[string]bool{"one": true, "two": true, "unreviewed": false} {
			for _, s := range x.route(t, key).Status {
				if s.Environment.ID == e.ID && (s.Committed != live || s.Active) {
					t.Errorf("%s: got %+v, want live %v and switched off", key, s, live)
				}
			}
		}
		if _, statuses, _, err := x.SecretEnvironments(t.Context(), x.owner, "stripe"); err != nil || statuses[1].Slot.Active != 0 {
			t.Errorf("secret: got %+v and %v, want no value", statuses, err)
		}
		if keys, _, err := x.ListAPIKeys(t.Context(), x.owner, "staging", all); err != nil || len(keys) != 0 {
			t.Errorf("keys: got %v and %v, want none", keys, err)
		}
		// what was switched off stays so when its content changes; what is new is on
		x.updateRoute(t, "one", `{"timeout":"5s"}`)
		x.commit(t)
		x.promote(t, "staging")
		x.promote(t, "production")
		for key, active := range map[string]bool{"one": false, "two": false, "unreviewed": true} {
			for _, s := range x.route(t, key).Status {
				if s.Environment.ID == e.ID && s.Active != active {
					t.Errorf("%s after a promotion: got active %v, want %v", key, s.Active, active)
				}
			}
		}
		x.replay(t, e.ID)
	})
}

func TestEnvironmentsThatCannotBeDeleted(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		staging := x.createEnvironment(t, "staging")
		refuse := func(what, ref string, kind fault.Kind, message string, routes ...string) {
			t.Helper()
			before := x.state(t)
			err := x.DeleteEnvironment(t.Context(), x.owner, ref)
			wantFault(t, what, err, kind, message)
			var f *fault.Error
			var got []string
			if errors.As(err, &f) {
				for _, r := range f.Routes {
					got = append(got, r.Name)
				}
			}
			if diff := cmp.Diff(routes, got); diff != "" {
				t.Errorf("%s: routes (-want +got):\n%s", what, diff)
			}
			if diff := cmp.Diff(before, x.state(t)); diff != "" {
				t.Errorf("%s changed (-before +after):\n%s", what, diff)
			}
		}
		refuse("the first", "development", fault.Invalid, "the first environment cannot be deleted; changes begin there")
		refuse("the default and top", "production", fault.Invalid, "the default environment cannot be deleted; make another one the default first")
		if _, err := x.UpdateEnvironment(t.Context(), x.owner, "staging", environment.Fields{IsDefault: ptr(true)}); err != nil {
			t.Fatal(err)
		}
		refuse("the top", "production", fault.Invalid, "the top environment cannot be deleted; promotions end there")
		refuse("the default", "staging", fault.Invalid, "the default environment cannot be deleted; make another one the default first")
		if _, err := x.UpdateEnvironment(t.Context(), x.owner, "production", environment.Fields{IsDefault: ptr(true)}); err != nil {
			t.Fatal(err)
		}
		const use = "the environment is used by the following routes: "
		const help = "; switch them off there and take out their overlays for it first"
		x.createRoute(t, `{"key":"b","name":"Bills","target_url":"https://example.com","environments":{"staging":{"timeout":"5s"}}}`)
		refuse("drafted with an overlay", "staging", fault.InUse, use+"Bills"+help, "Bills")
		x.createRoute(t, `{"key":"a","name":"Accounts","target_url":"https://example.com","active_environment":"staging"}`)
		x.commit(t)
		refuse("live with an overlay or as active", "staging", fault.InUse, use+"Accounts, Bills"+help, "Accounts", "Bills")
		x.promote(t, "staging")
		x.updateRoute(t, "b", `{"environments":{"staging":null}}`)
		x.updateRoute(t, "a", `{"active_environment":null}`)
		x.commit(t)
		refuse("still live above", "staging", fault.InUse, use+"Accounts, Bills"+help, "Accounts", "Bills")
		x.promote(t, "staging")
		refuse("switched on", "staging", fault.InUse, use+"Accounts, Bills"+help, "Accounts", "Bills")
		x.switchRoute(t, "a", "staging", false)
		refuse("one switched on", "staging", fault.InUse, use+"Bills"+help, "Bills")
		x.switchRoute(t, "b", staging.ID, false)
		if err := x.DeleteEnvironment(t.Context(), x.owner, "staging"); err != nil {
			t.Errorf("switched off: got %v, want no error", err)
		}
	})
}

// Deleting an environment leaves nothing of it but revoked keys and what the audit log tells.
func TestDeletingAnEnvironmentPurges(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		e := x.createEnvironment(t, "staging")
		x.createRoute(t, `{"key":"charges","target_url":"https://example.com","inject_headers":{"A":"{{secret:stripe}}"}}`)
		x.commit(t)
		x.createSecret(t, "stripe")
		x.setValue(t, "stripe", "staging", "a value in staging")
		x.promote(t, "staging")
		x.switchRoute(t, "charges", "staging", false)
		x.setValue(t, "stripe", "development", "a value in development")
		k, shown, err := x.CreateAPIKey(t.Context(), x.owner, "staging", "public", noFields)
		if err != nil {
			t.Fatal(err)
		}
		x.exec(t, `INSERT INTO grants (account_id, holder_id, environment_id, role) VALUES ($1, 'm', $2, 'viewer')`, x.account, e.ID)
		call := route.Call{ID: "l", Account: x.account, EnvironmentID: e.ID, KeyID: k.ID, Status: 200, Time: x.clock.Now()}
		if err := x.RecordCalls(t.Context(), []route.Call{call}); err != nil {
			t.Fatal(err)
		}
		mentions := func() (tables []string) {
			for _, table := range x.tables(t) {
				if strings.Contains(strings.Join(x.dump(t, table), "\n"), e.ID) {
					tables = append(tables, table)
				}
			}
			return tables
		}
		if n := len(mentions()); n < 10 {
			t.Errorf("got %d tables that mention the environment before, want most of them: %v", n, mentions())
		}
		if _, _, ok := x.settings.Holder.Find(x.settings.Digester.Sum(shown.Reveal())); !ok {
			t.Error("the gateway does not know the key before, want that it does")
		}
		if err := x.DeleteEnvironment(t.Context(), x.admin, "staging"); err != nil {
			t.Fatalf("delete: %v", err)
		}
		for _, table := range mentions() {
			if table != "api_keys" && table != "audit_entries" {
				t.Errorf("%s still mentions the environment: %v", table, x.dump(t, table))
			}
		}
		for _, row := range x.dump(t, "api_keys") {
			if strings.Contains(row, k.ID) && strings.Contains(row, "|revoked_at=0|") {
				t.Errorf("the key lives on: %s", row)
			}
		}
		if _, _, ok := x.settings.Holder.Find(x.settings.Digester.Sum(shown.Reveal())); ok {
			t.Error("the gateway still knows the key")
		}
		if _, err := x.GetAPIKey(t.Context(), x.owner, k.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("the key: got %v, want not found", err)
		}
		if diff := cmp.Diff([]string{"development", "production"}, x.pipeline(t)); diff != "" {
			t.Errorf("pipeline (-want +got):\n%s", diff)
		}
		// a call that was under way is recorded nowhere, and hinders no other
		late := call
		late.ID = "m"
		other := route.Call{ID: "n", Account: x.account, EnvironmentID: x.development, Status: 200, Time: x.clock.Now()}
		if err := x.RecordCalls(t.Context(), []route.Call{late, other}); err != nil {
			t.Errorf("record: %v", err)
		}
		if n := len(x.rowsOf(t, x.account)["calls"]); n != 1 {
			t.Errorf("got %d calls, want the one of development", n)
		}
		viewer := x.with("former", access.Grant{Environment: e.ID, Role: access.Admin})
		if _, err := x.GetEnvironment(t.Context(), viewer, e.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("by a former admin: got %v, want not found", err)
		}
	})
}
