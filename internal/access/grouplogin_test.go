package access_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/fault"
)

func TestTheFirstGroupOfTheListDecidesInEachEnvironment(t *testing.T) {
	l := access.GroupLogin{Groups: []access.GroupGrants{
		{Group: "admins", Grants: []access.Grant{{Environment: "*", Role: access.Admin}}},
		{Group: "engineers", Grants: []access.Grant{{Environment: "dev", Role: access.Developer}, {Environment: "*", Role: access.Viewer}}},
		{Group: "trainees", Grants: []access.Grant{{Environment: "dev", Role: access.Viewer}}},
	}}
	tests := []struct {
		groups []string
		want   []access.Grant
	}{
		{nil, []access.Grant{}},
		{[]string{"sales", "Engineers"}, []access.Grant{}},
		{[]string{"trainees", "engineers"}, []access.Grant{{Environment: "dev", Role: access.Developer}, {Environment: "*", Role: access.Viewer}}},
		{[]string{"engineers", "admins"}, []access.Grant{{Environment: "*", Role: access.Admin}, {Environment: "dev", Role: access.Developer}}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, l.GrantsOf(tt.groups)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tt.groups, diff)
		}
	}
}

func TestWhatAMappingMayBe(t *testing.T) {
	viewer := []access.Grant{{Environment: "*", Role: access.Viewer}}
	tests := []struct {
		name   string
		groups []access.GroupGrants
		field  string // "": it may be
	}{
		{"none", nil, ""},
		{"owner of one environment", []access.GroupGrants{{Group: "a", Grants: []access.Grant{{Environment: "dev", Role: access.Owner}}}}, ""},
		{"owner of all", []access.GroupGrants{{Group: "a", Grants: []access.Grant{{Environment: "*", Role: access.Owner}}}}, "groups[0].grants[0].role"},
		{"no name", []access.GroupGrants{{Grants: viewer}}, "groups[0].group"},
		{"a line break", []access.GroupGrants{{Group: "a\nb", Grants: viewer}}, "groups[0].group"},
		{"a long name", []access.GroupGrants{{Group: strings.Repeat("a", 257), Grants: viewer}}, "groups[0].group"},
		{"twice", []access.GroupGrants{{Group: "a", Grants: viewer}, {Group: "a", Grants: viewer}}, "groups[1].group"},
		{"nothing given", []access.GroupGrants{{Group: "a"}}, "groups[0].grants"},
		{"too many", make([]access.GroupGrants, 201), "groups"},
	}
	for _, tt := range tests {
		err := access.GroupLogin{Groups: tt.groups}.Check("groups")
		if tt.field == "" != (err == nil) || err != nil && (!fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.field)) {
			t.Errorf("%s: got %v, want a refusal of %q", tt.name, err, tt.field)
		}
	}
}

func TestNobodyHasAGroupGiveMoreThanTheyHold(t *testing.T) {
	mapping := func(role access.Role) access.GroupLogin {
		return access.GroupLogin{Groups: []access.GroupGrants{
			{Group: "a", Grants: []access.Grant{{Environment: "prod", Role: role}}}, {Group: "b", Grants: []access.Grant{{Environment: "*", Role: access.Viewer}}},
		}}
	}
	holds := func(role access.Role) access.Principal {
		return access.Principal{Kind: access.MemberActor, Grants: []access.Grant{{Environment: "*", Role: role}}}
	}
	tests := []struct {
		name          string
		who           access.Role
		before, after access.GroupLogin
		allowed       bool
	}{
		{"an admin gives admin", access.Admin, access.GroupLogin{}, mapping(access.Admin), true},
		{"an admin gives owner", access.Admin, access.GroupLogin{}, mapping(access.Owner), false},
		{"an owner gives owner", access.Owner, access.GroupLogin{}, mapping(access.Owner), true},
		{"an admin takes owner away", access.Admin, mapping(access.Owner), mapping(access.Viewer), false},
		{"an admin leaves owner out", access.Admin, mapping(access.Owner), access.GroupLogin{}, false},
		{"an admin leaves owner as it is", access.Admin, mapping(access.Owner), access.GroupLogin{Groups: mapping(access.Owner).Groups[:1]}, true},
	}
	for _, tt := range tests {
		err := access.CheckMapping(holds(tt.who), tt.before, tt.after)
		if tt.allowed != (err == nil) || err != nil && !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s: got %v, want it allowed %t", tt.name, err, tt.allowed)
		}
	}
}
