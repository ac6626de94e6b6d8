package control_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/testkit"
)

// problems are what readiness and the plan for production tell of an environment, by kind.
func (x *fixture) problems(t *testing.T, environmentRef string) (ready bool, kinds []string) {
	t.Helper()
	r, err := x.Readiness(t.Context(), x.owner, environmentRef)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range r.Definitions {
		for _, p := range d.Problems {
			kinds = append(kinds, p.Kind)
		}
	}
	return r.Ready, kinds
}

func TestReadinessOfVariables(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.setVariable(t, "host", map[string]*string{"production": ptr("not a host")})
		x.createRoute(t, `{"key":"a","target_url":"https://{{var:host}}","inject_headers":{"A":"{{var:host}}"}}`)
		x.commit(t)
		if ready, kinds := x.problems(t, "development"); ready || cmp.Diff([]string{"variable_unset"}, kinds) != "" {
			t.Errorf("unset: got ready %v, %v, want one problem though two fields need it", ready, kinds)
		}
		x.setVariable(t, "host", map[string]*string{"development": ptr("api.example.com")})
		if ready, kinds := x.problems(t, "development"); !ready || len(kinds) != 0 {
			t.Errorf("set: got ready %v, %v", ready, kinds)
		}
		plan := x.plan(t, x.owner, control.PromotionRequest{To: "production"})
		if b := plan.Blockers(); len(b) != 1 || b[0].Kind != "target_invalid" || b[0].Definition != "a" ||
			b[0].Message != "the target of route 'a' is not a URL in environment 'production'; check its variables" {
			t.Errorf("the plan: got %+v, want target_invalid", b)
		}
		x.setVariable(t, "host", map[string]*string{"development": ptr("not a host")})
		if ready, kinds := x.problems(t, "development"); ready || cmp.Diff([]string{"target_invalid"}, kinds) != "" {
			t.Errorf("no host: got ready %v, %v", ready, kinds)
		}
		x.setVariable(t, "host", map[string]*string{"development": ptr("api.example.com")}) // the fixture looks at what is served
	})
}

func TestReadinessOfTokens(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.online(t)
		p := testkit.NewProvider(t, time.Hour)
		x.createRoute(t, `{"key":"a","target_url":"https://api.example.com","inject_headers":{"A":"Bearer {{secret:google}}","B":"{{secret:google}}"}}`)
		x.commit(t)
		x.setOAuth2(t, "development", clientOf(p, secret.AuthorizationCode))
		r, err := x.Readiness(t.Context(), x.owner, "development")
		if err != nil {
			t.Fatal(err)
		}
		d := r.Definitions[0]
		if r.Ready || len(d.Problems) != 1 || d.Problems[0].Kind != "no_token" || d.References[0].State != "no_token" ||
			!strings.HasSuffix(d.Problems[0].Message, "; somebody must authorize it") {
			t.Errorf("not authorized: got ready %v, %+v", r.Ready, d)
		}
		wrong := clientOf(p, secret.ClientCredentials)
		wrong.ClientSecret = "another"
		x.setOAuth2(t, "development", wrong)
		r, err = x.Readiness(t.Context(), x.owner, "development")
		if err != nil {
			t.Fatal(err)
		}
		if m := r.Definitions[0].Problems; r.Ready || len(m) != 1 || !strings.HasSuffix(m[0].Message, " (invalid_client)") {
			t.Errorf("refused: got ready %v, %+v", r.Ready, m)
		}
		x.setOAuth2(t, "development", clientOf(p, secret.ClientCredentials))
		if ready, kinds := x.problems(t, "development"); !ready || len(kinds) != 0 {
			t.Errorf("connected: got ready %v, %v", ready, kinds)
		}
	})
}
