package access

import (
	"slices"

	"github.com/lockage/lockage/internal/fault"
)

// ParseRole is the role of a text; it fails with a field error for any other.
func ParseRole(field, text string) (Role, error) {
	r := Role(text)
	if setOf(r) == 0 {
		return None, fault.Refused(field, "must be owner, admin, developer, support or viewer")
	}
	return r, nil
}

// Contains says whether a role may do all that another may. None may nothing, so it is contained in every role.
func (r Role) Contains(other Role) bool {
	if r == other || other == None {
		return true
	}
	for _, rl := range rules {
		if rl.roles.has(other) && (!rl.roles.has(r) || rl.guarded && r == Developer && other != Developer) {
			return false
		}
	}
	return setOf(r) != 0 && setOf(other) != 0
}

// roleIn is the role that grants give in an environment; in AnyEnvironment, what they give where they name none.
func roleIn(grants []Grant, environment string) Role {
	r, ok := Principal{Grants: grants}.granted(environment)
	if !ok {
		r, _ = Principal{Grants: grants}.granted(AnyEnvironment)
	}
	return r
}

// environmentsOf lists what any of the grants name, and AnyEnvironment, each once and in a fixed order: between them no
// other environment can differ.
func environmentsOf(lists ...[]Grant) []string {
	all := []string{AnyEnvironment}
	for _, g := range slices.Concat(lists...) {
		all = append(all, g.Environment)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// CheckGiving says whether a principal may have somebody hold other grants than before: nobody gives more than they hold
// there, and nobody takes away what they could not give. Who is an owner somewhere is changed by owners of that place
// only, whatever it is that changes.
func CheckGiving(p Principal, before, after []Grant) error {
	if p.Kind == SystemActor {
		return nil
	}
	for _, e := range environmentsOf(p.Grants, before, after) {
		held, was, will := roleIn(p.Grants, e), roleIn(before, e), roleIn(after, e)
		if was == will && was != Owner {
			continue
		}
		switch {
		case was == Owner && held != Owner:
			return fault.New(fault.Forbidden, "only an owner may change who is an owner; ask one")
		case !held.Contains(will):
			return fault.New(fault.Forbidden, "you may not give the role %s where you hold %s: nobody gives more than they hold; ask an owner or admin", will, held.word())
		case !held.Contains(was):
			return fault.New(fault.Forbidden, "you may not take away the role %s where you hold %s: nobody takes away what they could not give; ask an owner or admin", was, held.word())
		}
	}
	return nil
}

func (r Role) word() string {
	if r == None {
		return "none"
	}
	return string(r)
}

// Within is what is left of grants whose giver holds no more than maker: in each environment the lesser of the two
// roles, or none where neither contains the other. Whoever holds the answer may do nothing that either may not.
func Within(grants, maker []Grant) []Grant {
	lesser := func(e string) Role {
		own, limit := roleIn(grants, e), roleIn(maker, e)
		switch {
		case limit.Contains(own):
			return own
		case own.Contains(limit):
			return limit
		default:
			return None
		}
	}
	all := lesser(AnyEnvironment)
	left := []Grant{}
	if all != None {
		left = append(left, Grant{AnyEnvironment, all})
	}
	for _, e := range environmentsOf(grants, maker) {
		if e == AnyEnvironment {
			continue
		}
		if r := lesser(e); r != None || all != None {
			left = append(left, Grant{e, r})
		}
	}
	return left
}

// Owns says whether the grants make their holder an owner of the whole account: for all environments, and without a
// lesser role in any.
func Owns(grants []Grant) bool {
	for _, e := range environmentsOf(grants) {
		if roleIn(grants, e) != Owner {
			return false
		}
	}
	return true
}
