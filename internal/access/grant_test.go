package access_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/fault"
)

// contained says which roles each role contains besides itself.
var contained = map[access.Role][]access.Role{
	access.Owner:     {access.Admin, access.Developer, access.Support, access.Viewer},
	access.Admin:     {access.Developer, access.Support, access.Viewer},
	access.Developer: {access.Viewer},
	access.Support:   {},
	access.Viewer:    {},
}

func TestContains(t *testing.T) {
	for _, r := range allRoles {
		for _, other := range allRoles {
			want := r == other
			for _, c := range contained[r] {
				want = want || c == other
			}
			if r == access.Developer && other == access.Support || r == access.Viewer && other == access.Support {
				continue // follows from what support alone may do, and is tested by every action below
			}
			if got := r.Contains(other); got != want {
				t.Errorf("%s contains %s: got %v, want %v", r, other, got, want)
			}
		}
		if !r.Contains(access.None) || access.None.Contains(r) || r.Contains("root") || access.Role("root").Contains(r) {
			t.Errorf("%s: none must be contained and contain nothing, and so must what is no role", r)
		}
	}
}

// allows lists what a holder of the grants may do, in each of some environments.
func allows(grants []access.Grant) map[string]bool {
	list := map[string]bool{}
	p := holding(grants...)
	for _, a := range access.Actions() {
		for _, e := range []string{"", development, production, "018f0000-0000-7000-8000-000000000009"} {
			for _, protected := range []bool{false, true} {
				if access.Allow(p, a, access.Environment{ID: e, Protected: protected}) == nil {
					list[fmt.Sprint(a, " ", e, " ", protected)] = true
				}
			}
		}
	}
	return list
}

func TestARoleContainsAnotherExactlyWhenItMayDoAllOfIt(t *testing.T) {
	for _, r := range allRoles {
		for _, other := range allRoles {
			all, less := allows([]access.Grant{in("*", r)}), allows([]access.Grant{in("*", other)})
			missing := ""
			for what := range less {
				if !all[what] {
					missing = what
				}
			}
			if got, want := r.Contains(other), missing == ""; got != want {
				t.Errorf("%s contains %s: got %v, want %v (missing %s)", r, other, got, want, missing)
			}
		}
	}
}

// someGrants is every list of grants for all and for production, each with any role or none.
func someGrants() (lists [][]access.Grant) {
	roles := append([]access.Role{access.None}, allRoles...)
	for _, all := range roles {
		for _, prod := range roles {
			list := []access.Grant{}
			for e, r := range map[string]access.Role{"*": all, production: prod} {
				if r != access.None {
					list = append(list, in(e, r))
				}
			}
			lists = append(lists, list)
		}
	}
	return lists
}

// What a giver let through may do nothing that the giver may not: no sequence of gifts raises anybody.
func TestNobodyGivesMoreThanTheyHold(t *testing.T) {
	lists := someGrants()
	may := make([]map[string]bool, len(lists))
	for i, list := range lists {
		may[i] = allows(list)
	}
	given := 0
	for i, giver := range lists {
		for j, after := range lists {
			if access.CheckGiving(holding(giver...), nil, after) != nil {
				continue
			}
			given++
			for what := range may[j] {
				if !may[i][what] {
					t.Fatalf("%v gave %v, which may %s", giver, after, what)
				}
			}
		}
	}
	if given < len(lists) {
		t.Errorf("got %d gifts let through, want at least everyone's own", given)
	}
}

func TestCheckGiving(t *testing.T) {
	owner, admin := []access.Grant{in("*", access.Owner)}, []access.Grant{in("*", access.Admin)}
	for name, tt := range map[string]struct {
		giver, before, after []access.Grant
		want                 bool
	}{
		"an owner makes an owner":                          {owner, nil, owner, true},
		"an admin makes an admin":                          {admin, nil, admin, true},
		"an admin makes no owner":                          {admin, nil, owner, false},
		"an admin makes no owner of one environment":       {admin, nil, []access.Grant{in(development, access.Owner)}, false},
		"an admin does not lower an owner":                 {admin, owner, []access.Grant{in("*", access.Viewer)}, false},
		"an admin does not remove an owner":                {admin, owner, nil, false},
		"an admin adds nothing to an owner":                {admin, owner, []access.Grant{in("*", access.Owner), in(production, access.Viewer)}, false},
		"an admin adds nothing to an owner of elsewhere":   {admin, []access.Grant{in(development, access.Owner)}, []access.Grant{in(development, access.Owner), in(production, access.Viewer)}, false},
		"an owner lowers an owner":                         {owner, owner, admin, true},
		"an admin removes a developer":                     {admin, []access.Grant{in("*", access.Developer)}, nil, true},
		"for all needs for all":                            {[]access.Grant{in(development, access.Owner), in(production, access.Owner)}, nil, []access.Grant{in("*", access.Viewer)}, false},
		"for all needs as much everywhere":                 {[]access.Grant{in("*", access.Owner), in(production, access.Viewer)}, nil, []access.Grant{in("*", access.Developer)}, false},
		"less where the giver has less":                    {[]access.Grant{in("*", access.Owner), in(production, access.Viewer)}, nil, []access.Grant{in("*", access.Developer), in(production, access.Viewer)}, true},
		"not even the same, taken away from one with more": {admin, []access.Grant{in("*", access.Owner)}, []access.Grant{in("*", access.Owner)}, false},
		"who holds nothing gives nothing":                  {nil, nil, []access.Grant{in(development, access.Viewer)}, false},
	} {
		err := access.CheckGiving(holding(tt.giver...), tt.before, tt.after)
		if got := err == nil; got != tt.want {
			t.Errorf("%s: got %v, want it allowed: %v", name, err, tt.want)
		}
		if err != nil && !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s: got %v, want forbidden", name, err)
		}
	}
	if err := access.CheckGiving(access.System("acme"), nil, owner); err != nil {
		t.Errorf("the system: got %v, want nil", err)
	}
}

// For each pair of roles: who holds one for all may give the other exactly when it is contained.
func TestCheckGivingByRole(t *testing.T) {
	for _, giver := range allRoles {
		for _, given := range allRoles {
			for _, where := range []string{"*", development} {
				err := access.CheckGiving(everywhere(giver), nil, []access.Grant{in(where, given)})
				if got, want := err == nil, giver.Contains(given); got != want {
					t.Errorf("%s gives %s in %s: got %v, want allowed %v", giver, given, where, err, want)
				}
			}
		}
	}
}

// What is left of a gift may do nothing that the gift or the giver may not, and a giver who holds all takes nothing.
func TestWithin(t *testing.T) {
	lists := someGrants()
	may := make([]map[string]bool, len(lists))
	for i, list := range lists {
		may[i] = allows(list)
	}
	for i, own := range lists {
		for j, maker := range lists {
			left := access.Within(own, maker)
			for what := range allows(left) {
				if !may[i][what] || !may[j][what] {
					t.Fatalf("within %v of %v: %v may %s", own, maker, left, what)
				}
			}
		}
		if got := allows(access.Within(own, []access.Grant{in("*", access.Owner)})); !cmp.Equal(got, may[i]) {
			t.Fatalf("within %v of an owner: got %s", own, cmp.Diff(may[i], got))
		}
	}
}

func TestWithinShutsOut(t *testing.T) {
	own := []access.Grant{in("*", access.Developer)}
	maker := []access.Grant{in("*", access.Admin), in(production, "root")} // a role that neither contains the other nor is contained
	left := access.Within(own, maker)
	if p := holding(left...); p.Sees(production) || !p.Sees(development) {
		t.Errorf("got %v, want production out of sight and development in it", left)
	}
	if got := access.Within(own, []access.Grant{in(development, access.Viewer)}); !cmp.Equal(got, []access.Grant{in(development, access.Viewer)}) {
		t.Errorf("of a maker in one environment: got %v, want a viewer there", got)
	}
	if got := access.Within(own, nil); len(got) != 0 {
		t.Errorf("of a maker with nothing: got %v, want nothing", got)
	}
}

func TestOwns(t *testing.T) {
	for _, tt := range []struct {
		grants []access.Grant
		want   bool
	}{
		{[]access.Grant{in("*", access.Owner)}, true},
		{[]access.Grant{in("*", access.Owner), in(production, access.Owner)}, true},
		{[]access.Grant{in("*", access.Owner), in(production, access.Admin)}, false},
		{[]access.Grant{in(development, access.Owner), in(production, access.Owner)}, false},
		{[]access.Grant{in("*", access.Admin)}, false},
		{nil, false},
	} {
		if got := access.Owns(tt.grants); got != tt.want {
			t.Errorf("%v: got %v, want %v", tt.grants, got, tt.want)
		}
	}
}

func TestParseRole(t *testing.T) {
	for _, r := range allRoles {
		if got, err := access.ParseRole("role", string(r)); got != r || err != nil {
			t.Errorf("%s: got %q and %v", r, got, err)
		}
	}
	for _, text := range []string{"", "Owner", "root", "*", "system"} {
		if got, err := access.ParseRole("grants[0].role", text); got != access.None || !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: got %q and %v, want it refused", text, got, err)
		}
	}
}
