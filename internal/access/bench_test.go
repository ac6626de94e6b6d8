package access_test

import (
	"fmt"
	"testing"

	"github.com/lockage/lockage/internal/access"
)

// spread are grants for so many environments, the last of which is production.
func spread(n int, role access.Role) (grants []access.Grant) {
	for i := range n - 1 {
		grants = append(grants, in(fmt.Sprintf("018f0000-0000-7000-8000-0000000001%02d", i), role))
	}
	return append(grants, in(production, role))
}

// shapes are principals as installations have them, with what each asks for in production.
var shapes = []struct {
	name   string
	who    access.Principal
	action access.Action
	allow  bool
}{
	{"an owner of all, allowed", everywhere(access.Owner), access.SecretValueSet, true},
	{"one grant of its own, allowed", holding(in(production, access.Developer)), access.RouteSwitch, true},
	{"all and an exception, allowed", holding(access.Grant{Environment: access.AnyEnvironment, Role: access.Developer}, in(production, access.Admin)), access.SecretValueSet, true},
	{"fifty grants, the last decides", holding(spread(50, access.Developer)...), access.RouteSwitch, true},
	{"of the account, allowed", everywhere(access.Admin), access.AuditRead, true},
	{"anywhere, allowed by the last of fifty", holding(append(spread(49, access.Support), in(development, access.Viewer))...), access.RouteRead, true},
	{"a viewer, refused", everywhere(access.Viewer), access.SecretValueSet, false},
	{"out of reach, refused", holding(in(development, access.Owner)), access.SecretValueSet, false},
	{"without a grant, refused", holding(), access.RouteRead, false},
}

// BenchmarkAllow measures one decision.
func BenchmarkAllow(b *testing.B) {
	where := access.Environment{ID: production, Protected: true}
	for _, s := range shapes {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := access.Allow(s.who, s.action, where); (err == nil) != s.allow {
					b.Fatal(err)
				}
			}
		})
	}
}

// What is allowed costs no allocation, whatever the grants: every request asks at least once.
func TestAllowingAllocatesNothing(t *testing.T) {
	where := access.Environment{ID: production, Protected: true}
	for _, s := range shapes {
		err := access.Allow(s.who, s.action, where)
		if (err == nil) != s.allow {
			t.Errorf("%s: got %v, want it allowed: %v", s.name, err, s.allow)
		}
		if n := testing.AllocsPerRun(100, func() { _ = access.Allow(s.who, s.action, where) }); s.allow && n != 0 {
			t.Errorf("%s: %v allocations, want none", s.name, n)
		}
	}
}
