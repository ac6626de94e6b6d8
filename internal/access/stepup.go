package access

import (
	"cmp"
	"strings"
	"time"

	"github.com/lockage/lockage/internal/fault"
)

// StepUp is for what an account demands that whoever acts has proven a short while ago who they are: a session that
// was left open, or stolen, does not do these. The zero value demands nothing.
type StepUp struct {
	Values     bool          `json:"values,omitempty"`     // what decides on a secret's value in the default or a protected environment
	Promotions bool          `json:"promotions,omitempty"` // promotions into a protected environment, and their approval
	Grants     bool          `json:"grants,omitempty"`     // who holds what: members, invitations, tokens
	MaxAge     time.Duration `json:"max_age,omitempty"`    // how old the proof may be
	Tokens     bool          `json:"tokens,omitempty"`     // tokens, which can prove nothing, may all the same
}

// The bounds of StepUp.MaxAge, and what it is where nobody said.
const (
	StepUpLeast   = time.Minute
	StepUpMost    = 12 * time.Hour
	StepUpDefault = 10 * time.Minute
)

// On says whether anything is demanded.
func (s StepUp) On() bool { return s.Values || s.Promotions || s.Grants }

// Age is how old a proof may be.
func (s StepUp) Age() time.Duration { return cmp.Or(s.MaxAge, StepUpDefault) }

// String names what is demanded, for the audit log: "values, grants within 10m0s".
func (s StepUp) String() string {
	var on []string
	for _, each := range []struct {
		on   bool
		name string
	}{{s.Values, "values"}, {s.Promotions, "promotions"}, {s.Grants, "grants"}} {
		if each.on {
			on = append(on, each.name)
		}
	}
	if len(on) == 0 {
		return "nothing"
	}
	text := strings.Join(on, ", ") + " within " + s.Age().String()
	if s.Tokens {
		text += ", tokens excepted"
	}
	return text
}

// proof is the switch of StepUp that an action belongs to.
type proof int

const (
	valueProof proof = iota + 1
	promotionProof
	grantProof
	guardProof // what would turn a demand off: demanded as soon as anything is
)

// proofs are the actions that an account may demand a fresh proof for; nothing writes to it.
var proofs = map[Action]proof{
	SecretValueSet: valueProof, SecretValueDelete: valueProof, SecretValueDuplicate: valueProof, SecretValueUpdate: valueProof,
	SecretValueActivate: valueProof, SecretValueRetire: valueProof, SecretAuthorize: valueProof,

	PromotionCreate: promotionProof, PromotionApprove: promotionProof,

	MemberInvite: grantProof, MemberUpdate: grantProof, MemberRemove: grantProof, TokenCreate: grantProof, TokenUpdate: grantProof,
	PasswordResetMake: grantProof,

	EnvironmentUpdate: guardProof, EnvironmentDelete: guardProof,
}

// MayNeedProof says whether StepUp could demand a fresh proof for an action at all, so that the others need not ask what
// the account set.
func (a Action) MayNeedProof() bool { return proofs[a] != 0 }

// Demand answers nil when the principal may do the action without proving anew who they are. Otherwise it is
// fault.Forbidden with StepUp set. It is asked after Allow has answered nil.
func (s StepUp) Demand(p Principal, a Action, e Environment, now time.Time) error {
	demanded := false
	switch proofs[a] {
	case valueProof:
		demanded = s.Values && (e.Default || e.Protected)
	case promotionProof:
		demanded = s.Promotions && e.Protected
	case grantProof:
		demanded = s.Grants
	case guardProof:
		demanded = s.Values && (e.Default || e.Protected) || s.Promotions && e.Protected
	}
	if !demanded {
		return nil
	}
	return s.fresh(p, now, rules[a].does)
}

// DemandChange is Demand for changing what the account demands: as soon as it demands anything, that needs a proof too.
func (s StepUp) DemandChange(p Principal, now time.Time) error {
	if !s.On() {
		return nil
	}
	return s.fresh(p, now, "change for what a fresh proof is demanded")
}

func (s StepUp) fresh(p Principal, now time.Time, does string) error {
	switch p.Kind {
	case SystemActor:
		return nil
	case TokenActor:
		if s.Tokens {
			return nil
		}
		return fault.New(fault.Forbidden, "a token may not %s: this account demands a fresh proof of who does, which a token cannot give; log in as a member", does)
	}
	age := s.Age()
	if !p.Proved.IsZero() && now.Before(p.Proved.Add(age)) {
		return nil
	}
	refusal := fault.New(fault.Forbidden, "to %s, prove again who you are: this account asks for a proof that is not older than %s", does, age)
	refusal.StepUp = true
	return refusal
}
