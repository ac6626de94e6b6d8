package access_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/fault"
)

const (
	development = "018f0000-0000-7000-8000-000000000001"
	production  = "018f0000-0000-7000-8000-000000000002"
)

func holding(grants ...access.Grant) access.Principal {
	return access.Principal{Account: "acme", Kind: access.MemberActor, ID: "m1", Name: "Mira", Grants: grants}
}

func everywhere(r access.Role) access.Principal {
	return holding(access.Grant{Environment: access.AnyEnvironment, Role: r})
}

func in(environment string, r access.Role) access.Grant {
	return access.Grant{Environment: environment, Role: r}
}

var allRoles = []access.Role{access.Owner, access.Admin, access.Developer, access.Support, access.Viewer}

// The whole table: for each action the roles that carry it where the role is held for all environments, and the scope.
// A trailing P on a letter says that the role loses the action where the environment is protected.
const roleTable = `
api_key.create          environment  o a . . .
api_key.list            environment  o a d . .
api_key.read            environment  o a d . .
api_key.revoke          environment  o a . . .
api_key.rotate          environment  o a . . .
api_key.update          environment  o a . . .
account.create          account      . . . . .
account.request         account      . . . . .
alert.create            environment  o a . . .
alert.delete            environment  o a . . .
alert.list              environment  o a d . .
alert.read              environment  o a d . .
alert.test              environment  o a . . .
alert.update            environment  o a . . .
audit.export            account      o a . . .
audit.prune             account      . . . . .
audit.read              account      o a . . .
audit.retain            account      o . . . .
audit.stream.create     account      o . . . .
audit.stream.delete     account      o . . . .
audit.stream.read       account      o . . . .
audit.stream.test       account      o . . . .
audit.stream.update     account      o . . . .
definition.commit       environment  o a d . .
encryption_key.read     account      o . . . .
encryption_key.rotate   account      o . . . .
encryption_key.rotated  account      . . . . .
signing_key.rotate      account      o . . . .
signing_key.rotated     account      . . . . .
environment.create      account      o a . . .
environment.delete      environment  o a . . .
environment.list        anywhere     o a d s v
environment.rename      account      o a . . .
environment.read        environment  o a d s v
environment.update      environment  o a . . .
gateway.call            environment  o a d . .
log.read                environment  o a d s v
log.reveal              environment  o a . s .
log.replay              environment  o a d . .
account.list            self         o a d s v
identity.read           self         o a d s v
member.invite           account      o a . . .
member.join             account      . . . . .
member.list             account      o a . . .
member.read             account      o a . . .
member.remove           account      o a . . .
member.sync             account      . . . . .
member.update           account      o a . . .
permission.read         self         o a d s v
promotion.create        environment  o a dP . .
route.delete            environment  o a d . .
route.effective         environment  o a d . v
route.list              anywhere     o a d . v
route.read              anywhere     o a d . v
route.record            environment  o a . . .
route.save              environment  o a d . .
route.switch            environment  o a d . .
secret.create           account      o a . . .
secret.delete           account      o a . . .
secret.list             anywhere     o a d . .
secret.read             anywhere     o a d . .
secret.status           environment  o a . . .
secret.update           account      o a . . .
secret.value.delete     environment  o a . . .
secret.value.duplicate  environment  o a . . .
secret.value.set        environment  o a . . .
secret.value.update     environment  o a . . .
secret.value.activate   environment  o a . . .
secret.value.retire     environment  o a . . .
secret.value.compare    environment  o a . . .
variable.read           environment  o a d . .
variable.set            environment  o a d . .
variable.delete         environment  o a d . .
secret.authorize        environment  o a . . .
secret.token.refresh    account      . . . . .
secret.echo             account      . . . . .
readiness.read          environment  o a d . .
session.login           account      . . . . .
token.create            account      o a . . .
token.list              account      o a . . .
token.read              account      o a . . .
token.revoke            account      o a . . .
token.update            account      o a . . .
session.list            self         o a d s v
session.end             self         o a d s v
session.logout          self         o a d s v
session.refresh         self         o a d s v
session.switch          self         o a d s v
session.prove           self         o a d s v
session.lend            self         o a d s v
password.change         self         o a d s v
second_factor.list      self         o a d s v
second_factor.create    self         o a d s v
second_factor.confirm   self         o a d s v
second_factor.delete    self         o a d s v
recovery_codes.renew    self         o a d s v
login_provider.read     self         o a d s v
login_provider.link     self         o a d s v
login_provider.unlink   self         o a d s v
member.session.list     account      o a . . .
member.session.end      account      o a . . .
password.reset.make     account      o a . . .
password.reset.request  account      . . . . .
password.reset          account      . . . . .
request.refuse          account      . . . . .
account.read            anywhere     o a d s v
account.update          account      o a . . .
change.discard          environment  o a d . .
change.list             anywhere     o a d . v
commit.read             environment  o a d . v
freeze.acknowledge      environment  o a . . .
freeze.read             environment  o a d s v
hold.lift               environment  o a dP . .
promotion.approve       environment  o a dP . .
promotion.plan          environment  o a d . .
promotion.read          environment  o a d . .
promotion.reject        environment  o a dP . .
rollback.create         environment  o a dP . .
rollback.plan           environment  o a d . .
tree.read               environment  o a d . v
`

type row struct {
	scope access.Scope
	cells map[access.Role]string
}

func readTable(t *testing.T) map[access.Action]row {
	t.Helper()
	scopes := map[string]access.Scope{
		"environment": access.EnvironmentScope, "anywhere": access.AnywhereScope, "account": access.AccountScope,
		"self": access.SelfScope,
	}
	table := map[access.Action]row{}
	for line := range strings.Lines(strings.TrimSpace(roleTable)) {
		words := strings.Fields(line)
		if len(words) != 2+len(allRoles) {
			t.Fatalf("the table's row %q has %d words, want %d", line, len(words), 2+len(allRoles))
		}
		scope, known := scopes[words[1]]
		if !known {
			t.Fatalf("the table's row %q has an unknown scope", line)
		}
		r := row{scope: scope, cells: map[access.Role]string{}}
		for i, role := range allRoles {
			r.cells[role] = words[2+i]
		}
		table[access.Action(words[0])] = r
	}
	return table
}

func TestTheTableNamesEveryAction(t *testing.T) {
	table := readTable(t)
	for _, a := range access.Actions() {
		want, ok := table[a]
		if !ok {
			t.Errorf("the action %s is not in the table", a)
			continue
		}
		if got, known := a.Scope(); !known || got != want.scope {
			t.Errorf("%s: got scope %v, %v, want %v", a, got, known, want.scope)
		}
	}
	if got, want := len(access.Actions()), len(table); got != want {
		t.Errorf("got %d actions, want the %d of the table", got, want)
	}
}

func TestAllowByRoleForAllEnvironments(t *testing.T) {
	for a, want := range readTable(t) {
		for role, cell := range want.cells {
			for _, protected := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/protected=%v", a, role, protected), func(t *testing.T) {
					err := access.Allow(everywhere(role), a, access.Environment{ID: production, Protected: protected})
					wantKind := fault.Kind("")
					if cell == "." || protected && strings.HasSuffix(cell, "P") {
						wantKind = fault.Forbidden
					}
					if got := fault.KindOf(err); got != wantKind {
						t.Errorf("got kind %q (%v), want %q", got, err, wantKind)
					}
				})
			}
		}
	}
}

func TestAllowByRoleInOneEnvironment(t *testing.T) {
	for a, want := range readTable(t) {
		for role, cell := range want.cells {
			t.Run(fmt.Sprintf("%s/%s", a, role), func(t *testing.T) {
				p := holding(in(development, role))
				here, there := fault.Kind(""), fault.Kind("")
				if cell == "." || want.scope == access.AccountScope {
					here, there = fault.Forbidden, fault.Forbidden
				}
				if want.scope == access.EnvironmentScope {
					there = fault.NotFound
				}
				if got := fault.KindOf(access.Allow(p, a, access.Environment{ID: development})); got != here {
					t.Errorf("in its environment: got kind %q, want %q", got, here)
				}
				if got := fault.KindOf(access.Allow(p, a, access.Environment{ID: production})); got != there {
					t.Errorf("in another environment: got kind %q, want %q", got, there)
				}
			})
		}
	}
}

func TestTheGrantOfAnEnvironmentWins(t *testing.T) {
	tests := []struct {
		name        string
		p           access.Principal
		environment string
		want        access.Role
		wantOK      bool
	}{
		{"its own", holding(in("*", access.Viewer), in(development, access.Admin)), development, access.Admin, true},
		{"its own, written first", holding(in(development, access.Admin), in("*", access.Viewer)), development, access.Admin, true},
		{"its own, though less", holding(in("*", access.Owner), in(production, access.Viewer)), production, access.Viewer, true},
		{"the one for all", holding(in("*", access.Owner), in(production, access.Viewer)), development, access.Owner, true},
		{"none", holding(in(production, access.Viewer)), development, "", false},
		{"no grants", holding(), development, "", false},
		{"no id", everywhere(access.Owner), "", "", false},
		{"the star as an id", everywhere(access.Owner), access.AnyEnvironment, "", false},
		{"an unknown role shuts the one for all out", holding(in("*", access.Owner), in(production, "root")), production, "root", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := tt.p.Role(tt.environment)
			if got != tt.want || ok != tt.wantOK {
				t.Errorf("got role %q, %v, want %q, %v", got, ok, tt.want, tt.wantOK)
			}
			if sees := tt.p.Sees(tt.environment); sees != tt.wantOK {
				t.Errorf("got sees %v, want %v", sees, tt.wantOK)
			}
		})
	}
}

func TestAGrantForOneEnvironmentLowersTheOneForAll(t *testing.T) {
	p := holding(in("*", access.Admin), in(production, access.Viewer))
	if err := access.Allow(p, access.SecretValueSet, access.Environment{ID: development}); err != nil {
		t.Errorf("in development: got %v, want nil", err)
	}
	if err := access.Allow(p, access.SecretValueSet, access.Environment{ID: production}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("in production: got %v, want forbidden", err)
	}
}

func TestMessages(t *testing.T) {
	tests := []struct {
		name   string
		p      access.Principal
		action access.Action
		e      access.Environment
		want   string
	}{
		{
			"role", everywhere(access.Developer), access.SecretValueSet,
			access.Environment{ID: production},
			"the role developer may not set secret values in this environment; ask an owner or admin",
		},
		{
			"protected", everywhere(access.Developer), access.PromotionCreate,
			access.Environment{ID: production, Protected: true},
			"the role developer may not promote into this environment while the environment is protected; ask an owner or admin",
		},
		{
			"not for all", holding(in(production, access.Admin)), access.SecretCreate,
			access.Environment{},
			"a role in single environments may not create secrets; ask an owner or admin of the whole account",
		},
		{
			"for all, too little", everywhere(access.Viewer), access.AuditRead,
			access.Environment{},
			"the role viewer may not read the audit log; ask an owner or admin",
		},
		{
			"anywhere, one role", everywhere(access.Support), access.SecretList,
			access.Environment{},
			"the role support may not list secrets; ask an owner or admin",
		},
		{
			"anywhere, several roles", holding(in(development, access.Support), in(production, access.Viewer)), access.SecretList,
			access.Environment{},
			"none of your roles may list secrets; ask an owner or admin",
		},
		{
			"no role", holding(), access.RouteList,
			access.Environment{},
			"without a role you may not list routes; ask an owner or admin for one",
		},
		{
			"unknown role", everywhere("root"), access.GatewayCall,
			access.Environment{ID: production},
			"your role is not one of lockage's and may not call routes in this environment; ask an owner or admin",
		},
		{
			"only the system", everywhere(access.Owner), access.AccountCreate,
			access.Environment{},
			"the role owner may not create an account; ask the operator of this server",
		},
		{
			"unknown action", everywhere(access.Owner), "environment.explode",
			access.Environment{ID: production},
			"nobody may do this: it is not an action of lockage",
		},
		{
			"unseen", holding(in(development, access.Owner)), access.EnvironmentRead,
			access.Environment{ID: production},
			"no such environment",
		},
		{"no environment", everywhere(access.Owner), access.EnvironmentRead, access.Environment{}, "no such environment"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := access.Allow(tt.p, tt.action, tt.e)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// An environment one may not see must not be told apart from one that never existed.
func TestAnUnseenEnvironmentAnswersAsNone(t *testing.T) {
	p := holding(in(development, access.Owner))
	for _, a := range access.Actions() {
		unseen := access.Allow(p, a, access.Environment{ID: production})
		none := access.Allow(p, a, access.Environment{ID: "018f0000-0000-7000-8000-00000000dead"})
		if diff := cmp.Diff(none, unseen); diff != "" {
			t.Errorf("%s: an unseen environment answers otherwise (-none +unseen):\n%s", a, diff)
		}
	}
}

func TestTheSystemMayDoEveryKnownAction(t *testing.T) {
	p := access.System("acme")
	if p.Account != "acme" || p.Kind != access.SystemActor {
		t.Errorf("got account %q and kind %q, want acme and system", p.Account, p.Kind)
	}
	for _, a := range access.Actions() {
		for _, e := range []access.Environment{{}, {ID: production, Protected: true}} {
			if err := access.Allow(p, a, e); err != nil {
				t.Errorf("%s: got %v, want nil", a, err)
			}
		}
	}
	if err := access.Allow(p, "environment.explode", access.Environment{}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("an unknown action: got %v, want forbidden", err)
	}
	if !p.Sees(production) {
		t.Error("the system does not see production")
	}
}

// Whatever the environment and the role that its name would carry elsewhere.
func TestTheOperatorOpensAccountsAndNothingElse(t *testing.T) {
	p := access.Operator(access.Request{ID: "r1"})
	if p.Account != "" || len(p.Grants) > 0 || p.Request.ID != "r1" {
		t.Errorf("got %+v, want nobody of any account", p)
	}
	if p.Sees(production) {
		t.Error("the operator sees an environment")
	}
	p.Grants = everywhere(access.Owner).Grants // which it never has
	for _, a := range append(access.Actions(), "environment.explode") {
		for _, e := range []access.Environment{{}, {ID: production}} {
			err := access.Allow(p, a, e)
			x := access.Explain(p, a, e, func(string) string { return "" })
			if mine := a == access.AccountCreate || a == access.AccountList; mine != (err == nil) || mine != x.Allowed || !mine && !fault.Is(err, fault.Forbidden) {
				t.Errorf("%s: got %v and %+v, want it allowed: %t", a, err, x, mine)
			}
		}
	}
}

func TestAnUnknownActionHasNoScope(t *testing.T) {
	if got, known := access.Action("environment.explode").Scope(); known {
		t.Errorf("got scope %v, want none", got)
	}
}

func TestAllowDoesNotAllocate(t *testing.T) {
	p := holding(in(development, access.Developer), in(access.AnyEnvironment, access.Viewer))
	got := testing.AllocsPerRun(100, func() {
		if err := access.Allow(p, access.GatewayCall, access.Environment{ID: development}); err != nil {
			t.Fatal(err)
		}
	})
	if got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}
