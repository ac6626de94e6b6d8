package wire

import "encoding/json"

// PromotionCreate is the body of POST /v1/promotions and of POST /v1/promotions/plan. Everything of the environment
// directly below To becomes live in To; with Through, everything below Through goes up level by level to To, in one
// transaction. Definitions or Commits (ids of the lowest source's commits) narrow it. Plan is the hash of a plan that was
// seen: the promotion is refused as stale when it is another by now.
type PromotionCreate struct {
	To          string          `json:"to"`
	Through     string          `json:"through,omitempty"`
	Definitions []DefinitionRef `json:"definitions,omitempty"`
	Commits     []string        `json:"commits,omitempty"`
	Message     string          `json:"message,omitempty"`
	Plan        string          `json:"plan,omitempty"`
}

// Promotion is a promotion that was asked for. State is "done", "open" (it waits for approvals), "rejected" or, in the
// answer to POST only, "unchanged": there was nothing to promote, and ID is empty.
type Promotion struct {
	ID        string     `json:"id"`
	State     string     `json:"state"`
	From      string     `json:"from"`
	To        string     `json:"to"`
	Message   string     `json:"message"`
	Author    string     `json:"author"`
	PlanHash  string     `json:"plan_hash"`
	Needed    int        `json:"approvals_needed"`
	Approvals []Approval `json:"approvals"`
	Reason    string     `json:"reason"` // of a rejection
	CreatedAt Time       `json:"created_at"`
	ClosedAt  Time       `json:"closed_at"`
	Commit    *Commit    `json:"commit"`  // the one made in To; null when none was
	Commits   []Commit   `json:"commits"` // of every level, the lowest first
	Plan      *Plan      `json:"plan"`    // of an open one, as it stands now
}

// Approval is a person's yes to a promotion's plan; Void says why it no longer counts, "" when it does.
type Approval struct {
	By        string `json:"by"`
	PlanHash  string `json:"plan_hash"`
	CreatedAt Time   `json:"created_at"`
	Void      string `json:"void"`
}

// PromotionApprove is the body of POST /v1/promotions/{id}/approve; Plan is the hash that was seen.
type PromotionApprove struct {
	Plan string `json:"plan,omitempty"`
}

// PromotionReject is the body of POST /v1/promotions/{id}/reject.
type PromotionReject struct {
	Reason string `json:"reason,omitempty"`
}

// RollbackCreate is the body of POST /v1/environments/{environment}/rollback and …/rollback/plan. To is a commit of that
// environment, by number or id; Force goes on in spite of blockers and needs a message.
type RollbackCreate struct {
	To      string `json:"to"`
	Message string `json:"message,omitempty"`
	Plan    string `json:"plan,omitempty"`
	Force   bool   `json:"force,omitempty"`
}

// Plan is what a promotion or rollback would do. Hash is over everything else in it.
type Plan struct {
	Kind  string `json:"kind"`
	Steps []Step `json:"steps"`
	Hash  string `json:"hash"`
}

// Step is what would happen to one environment.
type Step struct {
	From     PlanEnvironment `json:"from"`
	To       PlanEnvironment `json:"to"`
	Changes  []PlannedChange `json:"changes"`
	Blockers []Finding       `json:"blockers"`
	Warnings []Finding       `json:"warnings"`
	Policy   PlanPolicy      `json:"policy"`
}

// PlanEnvironment is an environment and where it stood when the plan was made.
type PlanEnvironment struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	RootHash string `json:"root_hash"`
	Head     int64  `json:"head"`
}

// PlanPolicy is what the target asked for when the plan was made.
type PlanPolicy struct {
	Protected bool `json:"protected"`
	Approvals int  `json:"approvals"`
}

// PlannedChange is a change of one definition, with what it refers to in the target.
type PlannedChange struct {
	Kind       string          `json:"kind"`
	Key        string          `json:"key"`
	Before     string          `json:"before,omitempty"`
	After      string          `json:"after,omitempty"`
	Edits      []Edit          `json:"edits"`
	References []PlanReference `json:"references"`
}

// PlanReference is a secret or variable that a definition refers to, and its state in the target: "set", "unset",
// "missing", "expired" for a value that may not be used any more, "host_refused" for one that may not be sent there,
// "wrong_type" for a secret that cannot stand there; in readiness also "no_token" for an oauth2 secret.
type PlanReference struct {
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	Type    string `json:"type,omitempty"`
	Field   string `json:"field"`
	State   string `json:"state"`
	Version int64  `json:"version,omitempty"`
}

// Finding is something that stands in the way of a plan, or is worth a look.
type Finding struct {
	Kind        string `json:"kind"`
	Environment string `json:"environment"`
	Definition  string `json:"definition,omitempty"`
	Reference   string `json:"reference,omitempty"`
	Message     string `json:"message"`
}

// Edit is one difference inside a definition: Op is "add", "remove", "replace" or "order"; Text is a unified diff of long
// texts.
type Edit struct {
	Path     string          `json:"path"`
	Op       string          `json:"op"`
	Position int             `json:"position,omitempty"` // of an item added to a list: its place afterwards, from 1
	Before   json.RawMessage `json:"before,omitempty"`
	After    json.RawMessage `json:"after,omitempty"`
	Text     string          `json:"text,omitempty"`
}
