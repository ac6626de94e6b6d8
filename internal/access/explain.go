package access

import "fmt"

// Explanation is a decision with what decided it.
type Explanation struct {
	Action  Action
	Allowed bool
	Grant   Grant  // the one that decided; zero where none did
	Why     string // a sentence for people
}

// Explain answers what Allow would, and why; name words the environments of grants, given by id. Both word the same
// decision, so that they cannot disagree.
func Explain(p Principal, a Action, e Environment, name func(id string) string) Explanation {
	rl, g, why := decide(p, a, e)
	x := Explanation{Action: a, Allowed: why.allowed(), Grant: g}
	switch why {
	case isSystem:
		x.Why = "lockage itself may do everything"
		return x
	case isOperator:
		x.Why = "the operator of the installation may " + rl.does
		return x
	case isSelf:
		x.Why = "everybody may " + rl.does + ", with any role or none"
		return x
	case unseen:
		x.Why = "no grant reaches the environment: it does not exist for its holder"
		return x
	}
	if g.Role == None {
		x.Why = rl.refusal(g.Role, why).Message
		return x
	}
	where := "all environments"
	if g.Environment != AnyEnvironment {
		where = name(g.Environment)
	}
	x.Why = fmt.Sprintf("the grant for %s says %s", where, g.Role)
	if !x.Allowed {
		x.Why += "; " + rl.refusal(g.Role, why).Message
		return x
	}
	x.Why += fmt.Sprintf("; the role %s may %s", g.Role, rl.does)
	if rl.scope == EnvironmentScope && e.Protected && rl.guarded {
		x.Why += ", though it is protected"
	}
	return x
}
