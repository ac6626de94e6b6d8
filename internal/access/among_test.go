package access_test

import (
	"testing"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/fault"
)

func TestAllowAmong(t *testing.T) {
	list := []access.Environment{{ID: development}, {ID: production, Protected: true}}
	tests := []struct {
		name   string
		p      access.Principal
		action access.Action
		want   string // "": allowed
	}{
		{"everywhere", everywhere(access.Owner), access.CommitRead, ""},
		{"in the last of them", holding(in(development, access.Support), in(production, access.Viewer)), access.CommitRead, ""},
		{"in none", everywhere(access.Support), access.CommitRead, "the role support may not see the history of this environment; ask an owner or admin"},
		{
			"in none that is seen", holding(in(production, access.Support)), access.CommitRead,
			"the role support may not see the history of this environment; ask an owner or admin",
		},
		{
			"but for the protection", holding(in(production, access.Developer)), access.PromotionCreate,
			"the role developer may not promote into this environment while the environment is protected; ask an owner or admin",
		},
		{"no grant", holding(), access.CommitRead, "without a role you may not see the history of this environment; ask an owner or admin for one"},
		{
			"elsewhere only", holding(in("018f0000-0000-7000-8000-0000000000ff", access.Owner)), access.CommitRead,
			"without a role you may not see the history of this environment; ask an owner or admin for one",
		},
		{"unknown action", everywhere(access.Owner), "environment.explode", "nobody may do this: it is not an action of lockage"},
	}
	for _, tt := range tests {
		switch err := access.AllowAmong(tt.p, tt.action, list); {
		case tt.want == "" && err != nil:
			t.Errorf("%s: got %v, want it allowed", tt.name, err)
		case tt.want != "" && (!fault.Is(err, fault.Forbidden) || err.Error() != tt.want):
			t.Errorf("%s: got %v, want forbidden: %s", tt.name, err, tt.want)
		}
	}
	if err := access.AllowAmong(everywhere(access.Owner), access.CommitRead, nil); !fault.Is(err, fault.Forbidden) {
		t.Errorf("where there is no environment: got %v, want forbidden", err)
	}
}
