package access

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/lockage/lockage/internal/fault"
)

// The bounds of GroupLogin.
const (
	maxGroups    = 200
	maxGroupName = 256 // bytes
)

// GroupLogin is what an account makes of the groups that a login provider says somebody is in.
type GroupLogin struct {
	Groups []GroupGrants `json:"groups,omitempty"` // in order: see GrantsOf
	Only   bool          `json:"only,omitempty"`   // members log in at the provider only; owners may use their password all the same
}

// GroupGrants are the grants that come with a group; environments are named by id.
type GroupGrants struct {
	Group  string  `json:"group"`
	Grants []Grant `json:"grants"`
}

// Check says what cannot be. No group makes an owner of the whole account: the provider's administrators would own it, and
// the last owner could go by a login.
func (l GroupLogin) Check(field string) error {
	if len(l.Groups) > maxGroups {
		return fault.Refused(field, "may name %d groups at most", maxGroups)
	}
	var refused []fault.Field
	refuse := func(i int, field2, message string) {
		refused = append(refused, fault.Field{Field: fmt.Sprintf("%s[%d].%s", field, i, field2), Message: message})
	}
	seen := map[string]bool{}
	for i, g := range l.Groups {
		switch {
		case g.Group == "" || len(g.Group) > maxGroupName || strings.ContainsFunc(g.Group, func(r rune) bool { return !unicode.IsPrint(r) }):
			refuse(i, "group", fmt.Sprintf("must have 1 to %d printable characters", maxGroupName))
		case seen[g.Group]:
			refuse(i, "group", "is named twice; name each group once")
		case len(g.Grants) == 0:
			refuse(i, "grants", "must give something; leave the group out if it gives nothing")
		}
		seen[g.Group] = true
		for j, grant := range g.Grants {
			if grant.Environment == AnyEnvironment && grant.Role == Owner {
				refuse(i, fmt.Sprintf("grants[%d].role", j), "cannot be owner of all environments: owners of the account are made by name")
			}
		}
	}
	return fault.RefusedFields(refused)
}

// GrantsOf are the grants of somebody in groups. The order of the account's list decides: in each environment, and in all
// others, the first group on it that somebody is in says what they hold there.
func (l GroupLogin) GrantsOf(groups []string) []Grant {
	in := make(map[string]bool, len(groups))
	for _, g := range groups {
		in[g] = true
	}
	grants := []Grant{}
	seen := map[string]bool{}
	for _, mapped := range l.Groups {
		if !in[mapped.Group] {
			continue
		}
		for _, g := range mapped.Grants {
			if !seen[g.Environment] {
				seen[g.Environment] = true
				grants = append(grants, g)
			}
		}
	}
	return grants
}

// CheckMapping says whether a principal may have groups give other grants than before: for each group as for a member.
func CheckMapping(p Principal, before, after GroupLogin) error {
	was, will := map[string][]Grant{}, map[string][]Grant{}
	for _, g := range before.Groups {
		was[g.Group] = g.Grants
	}
	for _, g := range after.Groups {
		will[g.Group] = g.Grants
	}
	for _, list := range [][]GroupGrants{before.Groups, after.Groups} {
		for _, g := range list {
			if sameGrants(was[g.Group], will[g.Group]) {
				continue
			}
			if err := CheckGiving(p, was[g.Group], will[g.Group]); err != nil {
				return err
			}
		}
	}
	return nil
}

func sameGrants(a, b []Grant) bool {
	for _, e := range environmentsOf(a, b) {
		if roleIn(a, e) != roleIn(b, e) {
			return false
		}
	}
	return true
}
