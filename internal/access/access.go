// Package access decides who may do what. A principal holds grants, each a role in one environment or in all of them;
// an action says where such a role must hold and which roles carry it. One table answers every question, and what is
// not in the table is refused. An environment that no grant of the principal reaches answers as one that never existed.
package access

import (
	"time"

	"github.com/lockage/lockage/internal/fault"
)

// Role is what a grant lets its holder do.
type Role string

// The roles.
const (
	Owner     Role = "owner"
	Admin     Role = "admin"
	Developer Role = "developer"
	Support   Role = "support"
	Viewer    Role = "viewer"

	// None is no role. Nobody is given it: in what a token holds at last (Within) it shuts an environment out of the
	// grant for all.
	None Role = ""
)

// AnyEnvironment is the environment of a grant that holds in all environments but those with a grant of their own.
const AnyEnvironment = "*"

// Grant is a role in one environment, named by its id, or in all (AnyEnvironment).
type Grant struct {
	Environment string
	Role        Role
}

// ActorKind says what a principal is.
type ActorKind string

// The kinds of actor.
const (
	MemberActor   ActorKind = "member"
	TokenActor    ActorKind = "token"
	SystemActor   ActorKind = "system"
	OperatorActor ActorKind = "operator" // of the installation: opens accounts, and may nothing in them
)

// Request is where a principal's request came from; it goes into the audit entry. Of it only Override takes part in a
// decision: with it an owner asks to go on in spite of a freeze.
type Request struct {
	ID       string // the request's id
	Address  string // the source address
	Override string // why a freeze is to be overridden; "": it is not
}

// Principal is who acts, in which account, and with which grants.
type Principal struct {
	Account string
	Kind    ActorKind
	ID      string
	Name    string
	Grants  []Grant
	Request Request

	// Of a member who came with a session; a token has none.
	Person   string    // who they are, in all accounts
	Session  string    // its id
	Provider bool      // it was opened at the login provider, so that what groups give counts
	Proved   time.Time // when they last proved who they are
	Lacks    Lack      // what the account demands and the session has not shown
}

// System is the principal of Lockage itself: it may do every action of the account.
func System(account string) Principal {
	return Principal{
		Account: account,
		Kind:    SystemActor,
		Name:    string(SystemActor),
		Grants:  []Grant{{Environment: AnyEnvironment, Role: Owner}},
	}
}

// Operator is the principal of whoever runs the installation. It acts in no account and holds no grant: it may open
// accounts and list them, and nothing else.
func Operator(from Request) Principal {
	return Principal{Kind: OperatorActor, Name: string(OperatorActor), Request: from}
}

// Role is the role the principal has in an environment: that of the environment's own grant, else that of the grant for
// all. It is false when neither is held, and for an id that names no environment ("" and "*").
func (p Principal) Role(environmentID string) (Role, bool) {
	if environmentID == "" || environmentID == AnyEnvironment {
		return "", false
	}
	r, ok := p.granted(environmentID)
	if !ok {
		r, ok = p.granted(AnyEnvironment)
	}
	return r, ok && r != None
}

// Sees says whether a grant of the principal reaches the environment; to a principal who does not see it, it does not
// exist.
func (p Principal) Sees(environmentID string) bool {
	_, ok := p.Role(environmentID)
	return ok
}

// granted is the role of the first grant written for exactly this environment or for AnyEnvironment.
func (p Principal) granted(environment string) (Role, bool) {
	for _, g := range p.Grants {
		if g.Environment == environment {
			return g.Role, true
		}
	}
	return "", false
}

// Environment is what a decision needs to know of one.
type Environment struct {
	ID        string
	Protected bool
	Default   bool
}

// Allow answers nil when the principal may do the action, in the environment where the action is about one (else e is
// the zero Environment). It answers fault.NotFound when no grant reaches the environment, exactly as for an id that
// never existed, and fault.Forbidden otherwise; an unknown action is forbidden to everyone. It does not allocate when
// the answer is nil.
func Allow(p Principal, a Action, e Environment) error {
	if err := Complete(p, a); err != nil {
		return err
	}
	rl, g, why := decide(p, a, e)
	if why.allowed() {
		return nil
	}
	return rl.refusal(g.Role, why)
}

// AllowAmong decides a look at several environments: nil when the principal may do the action, of EnvironmentScope, in
// one of them at least. What is shown is then to be of those alone where Allow answers nil.
func AllowAmong(p Principal, a Action, list []Environment) error {
	var refusal error
	for _, e := range list {
		err := Allow(p, a, e)
		if err == nil {
			return nil
		}
		if refusal == nil && !fault.Is(err, fault.NotFound) {
			refusal = err
		}
	}
	if refusal == nil {
		return fault.New(fault.Forbidden, "without a role you may not %s; ask an owner or admin for one", rules[a].does)
	}
	return refusal
}

// refuse says which role falls short and whom to ask.
func (rl rule) refuse(r Role, does string) *fault.Error {
	if setOf(r) == 0 {
		return fault.New(fault.Forbidden, "your role is not one of lockage's and may not %s; ask %s", does, rl.roles.ask())
	}
	return fault.New(fault.Forbidden, "the role %s may not %s; ask %s", r, does, rl.roles.ask())
}
