package access

import "github.com/lockage/lockage/internal/fault"

// Lack is what an account demands of whoever acts there, and a session has not shown: until it does, its holder may do
// nothing but what is about themselves, such as setting a second factor up.
type Lack string

// The lacks.
const (
	LacksFactor   Lack = "second_factor"
	LacksProvider Lack = "oidc"
)

// Complete says whether a principal lacks nothing for an action.
func Complete(p Principal, a Action) error {
	if p.Lacks == "" || p.Kind != MemberActor {
		return nil
	}
	if scope, known := a.Scope(); !known || scope == SelfScope {
		return nil
	}
	return p.Lacks.refusal()
}

func (l Lack) refusal() *fault.Error {
	if l == LacksProvider {
		return fault.New(fault.Forbidden, "this account takes logins of its provider only: log in there")
	}
	return fault.New(fault.Forbidden, "this account demands a second factor, which this session has not shown: set one up (lockage second-factors add does), or log in with yours")
}

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
