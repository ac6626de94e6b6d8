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
