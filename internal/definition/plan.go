package definition

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
)

// The kinds of a plan.
const (
	PlanPromotion = "promotion"
	PlanRollback  = "rollback"
)

// Plan is what a promotion or rollback will do, in full: it is looked at, approved and carried out under one hash.
type Plan struct {
	Kind  string `json:"kind"`
	Steps []Step `json:"steps"` // in the order they are carried out
	Hash  string `json:"hash"`  // of everything else; Seal sets it
}

// Step is the part of a plan that makes one commit: From is carried into To, and with a rollback they are one
// environment before and after.
type Step struct {
	From     PlanEnvironment `json:"from"`
	To       PlanEnvironment `json:"to"`
	Changes  []PlannedChange `json:"changes"`
	Blockers []Blocker       `json:"blockers"`
	Warnings []Warning       `json:"warnings"`
	Policy   Policy          `json:"policy"`
}

// PlanEnvironment is an environment as a plan met it. A plan does not outlive a change of its root or head.
type PlanEnvironment struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Root Hash   `json:"root_hash"`
	Head int64  `json:"head"`
}

// Policy is what an environment asks of a plan that changes it.
type Policy struct {
	Protected bool `json:"protected"`
	Approvals int  `json:"approvals"`
}

// PlannedChange is a change with its difference and what the new content refers to. Its JSON form is flat: kind, key,
// before, after, edits, references.
type PlannedChange struct {
	Change
	Edits      []Edit
	References []Reference // of the content after, as the target has them
}

// ReferenceState is what the target environment has for a reference.
type ReferenceState string

// The states of a reference.
const (
	ReferenceSet     ReferenceState = "set"
	ReferenceUnset   ReferenceState = "unset"        // the secret exists and has no value in the target
	ReferenceMissing ReferenceState = "missing"      // there is no such secret
	ReferenceExpired ReferenceState = "expired"      // the value may not be used any more
	ReferenceType    ReferenceState = "wrong_type"   // the secret is of a type that cannot stand there
	ReferenceRefused ReferenceState = "host_refused" // the value may not be sent where the definition leads
	ReferenceNoToken ReferenceState = "no_token"     // an oauth2 secret has no access token that serves; of readiness only
)

// The kinds of references.
const (
	ReferenceSecret   = "secret"
	ReferenceVariable = "variable"
)

// Reference is one thing a definition needs in the target.
type Reference struct {
	Kind    string         `json:"kind"`
	Name    string         `json:"name"`
	Type    string         `json:"type,omitempty"` // of a secret; "" when it is missing
	Field   string         `json:"field"`          // where the definition refers to it
	State   ReferenceState `json:"state"`
	Version int64          `json:"version,omitempty"` // of the value in the target; 0: none
}

// The kinds of blockers.
const (
	BlockerSecretUnset   = "secret_unset"
	BlockerSecretMissing = "secret_missing"
	BlockerSecretExpired = "secret_expired"
	BlockerHostRefused   = "host_refused" // a value may not be sent where its route leads
	BlockerSameValue     = "same_value"   // the target asks for values that differ from those below
	BlockerSecretType    = "secret_type"  // a secret stands where one of its type cannot
	BlockerVariableUnset = "variable_unset"
	BlockerTarget        = "target_invalid" // the target with its variables filled in is no URL
	BlockerNoToken       = "no_token"       // see ReferenceNoToken
	BlockerHold          = "hold"
)

// Blocker is a reason why a plan is not carried out. Definition and Reference are "" where it is about neither.
type Blocker struct {
	Kind        string `json:"kind"`
	Environment string `json:"environment"`
	Definition  string `json:"definition,omitempty"` // its key
	Reference   string `json:"reference,omitempty"`
	Message     string `json:"message"`
}

// The kinds of warnings.
const (
	WarningSameValue    = "same_value"    // a secret has the same value in both environments
	WarningSandboxValue = "sandbox_value" // a value that looks made for tests goes where customers are
	WarningOlderContent = "older_content" // what is promoted is not what the source has now
)

// Warning is something to look at before a plan is carried out; it stops nothing.
type Warning struct {
	Kind        string `json:"kind"`
	Environment string `json:"environment"`
	Definition  string `json:"definition,omitempty"` // its key
	Reference   string `json:"reference,omitempty"`
	Message     string `json:"message"`
}

// planDomain keeps the hash of a plan apart from those of contents and trees.
const planDomain = "lockage-plan-1"

// Seal returns the plan with its hash:
//
//	SHA-256( text("lockage-plan-1") text(canonical JSON of the plan without its hash) )
//
// The lists of the plan it returns are never nil, so that its JSON form is what was hashed. It panics on an edit whose
// values are not JSON; Compare makes no such edit.
func (p Plan) Seal() Plan {
	p = p.full()
	p.Hash = ""
	raw, err := json.Marshal(p)
	if err == nil {
		raw, err = Canonical(raw)
	}
	if err != nil {
		panic("definition: a plan holds an edit that is not JSON")
	}
	h := sha256.New()
	write(h, planDomain)
	write(h, string(raw))
	p.Hash = string(sum(h))
	return p
}

// full is a copy without nil lists: an empty list and none mean the same and hash the same.
func (p Plan) full() Plan {
	p.Steps = list(p.Steps)
	for i, s := range p.Steps {
		s.Changes, s.Blockers, s.Warnings = list(s.Changes), list(s.Blockers), list(s.Warnings)
		for j, c := range s.Changes {
			s.Changes[j].Edits, s.Changes[j].References = list(c.Edits), list(c.References)
		}
		p.Steps[i] = s
	}
	return p
}

// list is a copy that is not nil.
func list[E any](s []E) []E { return append(make([]E, 0, len(s)), s...) }

// Blockers lists what stands in the way of any step; nil when nothing does.
func (p Plan) Blockers() []Blocker {
	var all []Blocker
	for _, s := range p.Steps {
		all = append(all, s.Blockers...)
	}
	return all
}

// Empty says whether carrying the plan out would change nothing.
func (p Plan) Empty() bool {
	return !slices.ContainsFunc(p.Steps, func(s Step) bool { return len(s.Changes) > 0 })
}

// plannedChange is the JSON form of a PlannedChange.
type plannedChange struct {
	Kind       string      `json:"kind"`
	Key        string      `json:"key"`
	Before     Hash        `json:"before,omitempty"`
	After      Hash        `json:"after,omitempty"`
	Edits      []Edit      `json:"edits"`
	References []Reference `json:"references"`
}

// MarshalJSON writes the flat form.
func (c PlannedChange) MarshalJSON() ([]byte, error) {
	return json.Marshal(plannedChange{c.Ref.Kind, c.Ref.Key, c.Before, c.After, c.Edits, c.References})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *PlannedChange) UnmarshalJSON(raw []byte) error {
	var flat plannedChange
	if err := json.Unmarshal(raw, &flat); err != nil {
		return err
	}
	c.Change = Change{Ref: Ref{Kind: flat.Kind, Key: flat.Key}, Before: flat.Before, After: flat.After}
	c.Edits, c.References = flat.Edits, flat.References
	return nil
}
