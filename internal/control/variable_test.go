package control_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
)

func (x *fixture) setVariable(t *testing.T, key string, values map[string]*string) {
	t.Helper()
	if _, err := x.SetVariable(t.Context(), x.developer, key, values, nil); err != nil {
		t.Fatalf("set %s: %v", key, err)
	}
}

// held is what a variable holds, by the environment's name.
func (x *fixture) held(t *testing.T, who access.Principal, key string) map[string]string {
	t.Helper()
	v, err := x.GetVariable(t.Context(), who, key)
	if err != nil {
		t.Fatalf("get %s: %v", key, err)
	}
	held := map[string]string{}
	for _, in := range v.Values {
		held[in.Environment.Name] = "-"
		if in.Set {
			held[in.Environment.Name] = in.Value.Value
		}
	}
	return held
}

func TestVariables(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.setVariable(t, "region", map[string]*string{"development": ptr("eu-test"), "production": ptr("eu-west-1")})
		x.setVariable(t, "region", map[string]*string{"production": ptr("eu-west-2")})
		if diff := cmp.Diff(map[string]string{"development": "eu-test", "production": "eu-west-2"}, x.held(t, x.developer, "region")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		local := x.with("local", access.Grant{Environment: x.development, Role: access.Developer})
		if diff := cmp.Diff(map[string]string{"development": "eu-test"}, x.held(t, local, "region")); diff != "" {
			t.Errorf("who sees development only (-want +got):\n%s", diff)
		}
		x.createRoute(t, `{"key":"a","target_url":"https://{{var:region}}.example.com","inject_headers":{"R":"{{var:region}}"}}`)
		x.commit(t)
		before := x.state(t)
		set := func(who access.Principal, key string, values map[string]*string) error {
			_, err := x.SetVariable(t.Context(), who, key, values, nil)
			return err
		}
		for what, tt := range map[string]struct {
			err     error
			kind    fault.Kind
			message string
		}{
			"a key":                   {set(x.owner, "a b", nil), fault.Invalid, ""},
			"an empty value":          {set(x.owner, "region", map[string]*string{"development": ptr("")}), fault.Invalid, ""},
			"a control":               {set(x.owner, "region", map[string]*string{"development": ptr("a\x01")}), fault.Invalid, ""},
			"nowhere":                 {set(x.owner, "region", map[string]*string{"none": ptr("a")}), fault.NotFound, "no such environment"},
			"not seen":                {set(local, "region", map[string]*string{"production": ptr("a")}), fault.NotFound, "no such environment"},
			"half":                    {set(local, "other", map[string]*string{"development": ptr("a"), "production": ptr("a")}), fault.NotFound, ""},
			"a viewer":                {set(x.viewer, "region", map[string]*string{"development": ptr("a")}), fault.Forbidden, ""},
			"support":                 {func() error { _, err := x.GetVariable(t.Context(), x.support, "region"); return err }(), fault.Forbidden, ""},
			"unknown":                 {func() error { _, err := x.GetVariable(t.Context(), x.owner, "none"); return err }(), fault.NotFound, "no such variable"},
			"delete unknown":          {x.DeleteVariable(t.Context(), x.owner, "none", ""), fault.NotFound, "no such variable"},
			"delete what others hold": {x.DeleteVariable(t.Context(), local, "region", ""), fault.Forbidden, ""},
			"in use": {
				x.DeleteVariable(t.Context(), x.owner, "region", "development"), fault.InUse,
				"Cannot remove environment 'development' from this variable. It is used by the following routes in that environment: a. Remove the variable from those routes first.",
			},
			"null, in use":  {set(x.owner, "region", map[string]*string{"development": nil}), fault.InUse, ""},
			"whole, in use": {x.DeleteVariable(t.Context(), x.owner, "region", ""), fault.InUse, "the variable is used by the following routes: a; remove it from those routes first"},
		} {
			wantFault(t, what, tt.err, tt.kind, tt.message)
		}
		if diff := cmp.Diff(before, x.state(t)); diff != "" {
			t.Errorf("refusals changed (-before +after):\n%s", diff)
		}
		// promotion needs the value in its target
		if err := x.DeleteVariable(t.Context(), x.developer, "region", "production"); err != nil {
			t.Fatal(err)
		}
		plan := x.plan(t, x.owner, control.PromotionRequest{To: "production"})
		if b := plan.Blockers(); len(b) != 1 || b[0].Kind != "variable_unset" || b[0].Reference != "region" {
			t.Errorf("blockers: got %+v, want variable_unset", b)
		}
		x.setVariable(t, "region", map[string]*string{"production": ptr("eu-west-1")})
		x.promote(t, "production")
		x.switchRoute(t, "a", "development", false)
		if err := x.DeleteVariable(t.Context(), x.developer, "region", "development"); err != nil {
			t.Errorf("switched off: got %v, want nil", err)
		}
		list, _, err := x.ListVariables(t.Context(), x.developer, all)
		if err != nil || len(list) != 1 || list[0].Key != "region" {
			t.Errorf("list: got %+v, %v", list, err)
		}
	})
}
