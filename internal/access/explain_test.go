package access_test

import (
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/access"
)

func named(id string) string {
	return map[string]string{development: "development", production: "production"}[id]
}

// Explain says what Allow answers, for everybody, everywhere.
func TestExplainAgreesWithAllow(t *testing.T) {
	principals := []access.Principal{access.System("acme")}
	for _, grants := range someGrants() {
		principals = append(principals, holding(grants...))
	}
	for _, p := range principals {
		for _, a := range append(access.Actions(), "environment.explode") {
			for _, e := range []access.Environment{{}, {ID: development}, {ID: production, Protected: true}, {ID: "none"}} {
				err, x := access.Allow(p, a, e), access.Explain(p, a, e, named)
				if x.Allowed != (err == nil) || x.Action != a || x.Why == "" {
					t.Fatalf("%v, %s in %s: got %+v, want what Allow answers, %v", p.Grants, a, e.ID, x, err)
				}
				if err != nil && !strings.HasSuffix(x.Why, err.Error()) && err.Error() != "no such environment" {
					t.Fatalf("%v, %s in %s: got %q, want the words of Allow, %q", p.Grants, a, e.ID, x.Why, err)
				}
				if x.Allowed && x.Grant.Role != access.None && !p.Sees(development) && !p.Sees(production) && !p.Sees("none") {
					t.Fatalf("%v, %s: got the grant %v, which is not held", p.Grants, a, x.Grant)
				}
			}
		}
	}
}

func TestExplain(t *testing.T) {
	for name, tt := range map[string]struct {
		p     access.Principal
		a     access.Action
		e     access.Environment
		grant access.Grant
		want  string
	}{
		"by the grant for all": {
			everywhere(access.Developer), access.DefinitionCommit,
			access.Environment{ID: production},
			in("*", access.Developer),
			"the grant for all environments says developer; the role developer may commit in this environment",
		},
		"by its own": {
			holding(in("*", access.Owner), in(production, access.Viewer)), access.DefinitionCommit,
			access.Environment{ID: production},
			in(production, access.Viewer),
			"the grant for production says viewer; the role viewer may not commit in this environment; ask an owner or admin",
		},
		"protected": {
			everywhere(access.Developer), access.PromotionCreate,
			access.Environment{ID: production, Protected: true},
			in("*", access.Developer),
			"the grant for all environments says developer; the role developer may not promote into this environment while the environment is protected; ask an owner or admin",
		},
		"though protected": {
			everywhere(access.Admin), access.PromotionCreate,
			access.Environment{ID: production, Protected: true},
			in("*", access.Admin),
			"the grant for all environments says admin; the role admin may promote into this environment, though it is protected",
		},
		"not for all": {
			holding(in(production, access.Admin)), access.MemberInvite,
			access.Environment{},
			access.Grant{},
			"a role in single environments may not invite members; ask an owner or admin of the whole account",
		},
		"anywhere": {
			holding(in(development, access.Developer)), access.SecretList,
			access.Environment{},
			in(development, access.Developer),
			"the grant for development says developer; the role developer may list secrets",
		},
		"self": {holding(), access.IdentityRead, access.Environment{}, access.Grant{}, "everybody may see who one is, with any role or none"},
		"unseen": {
			holding(in(development, access.Owner)), access.EnvironmentRead,
			access.Environment{ID: production},
			access.Grant{},
			"no grant reaches the environment: it does not exist for its holder",
		},
		"nothing": {holding(), access.RouteList, access.Environment{}, access.Grant{}, "without a role you may not list routes; ask an owner or admin for one"},
	} {
		x := access.Explain(tt.p, tt.a, tt.e, named)
		if x.Why != tt.want || x.Grant != tt.grant {
			t.Errorf("%s: got %q by %v, want %q by %v", name, x.Why, x.Grant, tt.want, tt.grant)
		}
	}
}

// Whoever holds nothing may still learn who they are, and nothing else.
func TestWithoutARoleOnlyOneself(t *testing.T) {
	for _, a := range access.Actions() {
		scope, _ := a.Scope()
		err := access.Allow(holding(), a, access.Environment{ID: development})
		if got, want := err == nil, scope == access.SelfScope; got != want {
			t.Errorf("%s: got %v, want it allowed: %v", a, err, want)
		}
	}
}
