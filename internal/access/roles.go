package access

import "strings"

// roles is a set of roles.
type roles uint8

const (
	owner roles = 1 << iota
	admin
	developer
	support
	viewer
)

// The sets the table uses.
const (
	managers = owner | admin
	builders = managers | developer
	readers  = builders | viewer
	everyone = readers | support

	revealers = managers | support
)

// setOf is the set of one role, empty for a role Lockage does not know: such a role may do nothing.
func setOf(r Role) roles {
	switch r {
	case Owner:
		return owner
	case Admin:
		return admin
	case Developer:
		return developer
	case Support:
		return support
	case Viewer:
		return viewer
	default:
		return 0
	}
}

func (s roles) has(r Role) bool { return s&setOf(r) != 0 }

// ask names whom to turn to: "an owner or admin", the roles that always can; or the operator, where no role can.
func (s roles) ask() string {
	var names []string
	for _, r := range []Role{Owner, Admin} {
		if s.has(r) {
			names = append(names, string(r))
		}
	}
	if len(names) == 0 {
		return "the operator of this server"
	}
	return "an " + strings.Join(names, " or ")
}
