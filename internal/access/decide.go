package access

import "github.com/lockage/lockage/internal/fault"

// reason is why a decision is as it is.
type reason int

const (
	unknownAction reason = iota
	isSystem             // Lockage itself may
	isOperator           // the operator may
	notOperators         // the operator may not, whatever it is
	isSelf               // everybody may, about themselves
	isNobody             // a token, where only a person may
	carried              // the role may
	noGrant              // there is no grant at all
	noGrantForAll        // the grant for all is asked for, and there is none
	unseen               // no grant reaches the environment
	tooLittle            // the role may not
	noneOfSeveral        // none of the roles may
	protects             // the role may not while the environment is protected
)

func (r reason) allowed() bool {
	return r == isSystem || r == isOperator || r == isSelf || r == carried
}

// decide is the one decision: Allow and Explain word it. The grant is the one that decided; zero where none did.
func decide(p Principal, a Action, e Environment) (rl rule, g Grant, why reason) {
	rl, known := rules[a]
	switch {
	case !known:
		return rl, g, unknownAction
	case p.Kind == SystemActor:
		return rl, g, isSystem
	case p.Kind == OperatorActor && (a == AccountCreate || a == AccountList):
		return rl, g, isOperator
	case p.Kind == OperatorActor:
		return rl, g, notOperators
	}
	switch rl.scope {
	case SelfScope:
		if rl.personal && p.Kind == TokenActor {
			return rl, g, isNobody
		}
		return rl, g, isSelf
	case AnywhereScope:
		g, why = rl.anywhere(p)
	case AccountScope:
		g, why = rl.account(p)
	default:
		g, why = rl.environment(p, e)
	}
	return rl, g, why
}

func (rl rule) anywhere(p Principal) (Grant, reason) {
	held, last := 0, Grant{}
	for _, g := range p.Grants {
		if rl.roles.has(g.Role) {
			return g, carried
		}
		if g.Role != None {
			held, last = held+1, g
		}
	}
	switch held {
	case 0:
		return Grant{}, noGrant
	case 1:
		return last, tooLittle
	default:
		return Grant{}, noneOfSeveral
	}
}

func (rl rule) account(p Principal) (Grant, reason) {
	r, ok := p.granted(AnyEnvironment)
	switch {
	case !ok || r == None:
		return Grant{}, noGrantForAll
	case !rl.roles.has(r):
		return Grant{AnyEnvironment, r}, tooLittle
	}
	return Grant{AnyEnvironment, r}, carried
}

func (rl rule) environment(p Principal, e Environment) (Grant, reason) {
	r, ok := p.Role(e.ID)
	if !ok {
		return Grant{}, unseen
	}
	g := Grant{AnyEnvironment, r}
	if _, own := p.granted(e.ID); own {
		g.Environment = e.ID
	}
	switch {
	case !rl.roles.has(r):
		return g, tooLittle
	case e.Protected && r == Developer && rl.guarded:
		return g, protects
	}
	return g, carried
}

// refusal words a decision that is not an allowance.
func (rl rule) refusal(r Role, why reason) *fault.Error {
	switch why {
	case unknownAction:
		return fault.New(fault.Forbidden, "nobody may do this: it is not an action of lockage")
	case notOperators:
		return fault.New(fault.Forbidden, "the operator may not %s: the operator's token opens accounts and lists them, and nothing else", rl.does)
	case isNobody:
		return fault.New(fault.Forbidden, "a token may not %s: it is nobody who logs in; log in as a member", rl.does)
	case noGrant:
		return fault.New(fault.Forbidden, "without a role you may not %s; ask an owner or admin for one", rl.does)
	case noneOfSeveral:
		return fault.New(fault.Forbidden, "none of your roles may %s; ask %s", rl.does, rl.roles.ask())
	case noGrantForAll:
		return fault.New(fault.Forbidden, "a role in single environments may not %s; ask %s of the whole account", rl.does, rl.roles.ask())
	case unseen:
		return fault.New(fault.NotFound, "no such environment")
	case protects:
		guarded := rl
		guarded.roles &^= developer
		return guarded.refuse(r, rl.does+" while the environment is protected")
	default:
		return rl.refuse(r, rl.does)
	}
}
