package wire

// DraftChange is something that is saved and uncommitted: GET /v1/changes. Change is "added", "changed" or "deleted".
type DraftChange struct {
	Kind    string `json:"kind"`
	Key     string `json:"key"`
	Change  string `json:"change"`
	Before  string `json:"before"`
	After   string `json:"after"`
	Edits   []Edit `json:"edits"`
	SavedBy string `json:"saved_by"`
	SavedAt Time   `json:"saved_at"`
	ETag    string `json:"etag"`
}

// Discarded is the answer to DELETE /v1/changes/{kind}/{key}.
type Discarded struct {
	Discarded bool `json:"discarded"`
}

// Tree is what is live in an environment at a moment: GET /v1/environments/{environment}/tree.
type Tree struct {
	Environment string      `json:"environment"`
	Commit      int64       `json:"commit"`
	RootHash    string      `json:"root_hash"`
	Definitions []TreeEntry `json:"definitions"`
}

// TreeEntry is one live definition.
type TreeEntry struct {
	Kind string `json:"kind"`
	Key  string `json:"key"`
	Hash string `json:"hash"`
}

// Comparison is the answer to GET /v1/diff.
type Comparison struct {
	From    TreePoint `json:"from"`
	To      TreePoint `json:"to"`
	Changes []Change  `json:"changes"`
}

// TreePoint is a moment of an environment.
type TreePoint struct {
	Environment string `json:"environment"`
	Commit      int64  `json:"commit"`
	RootHash    string `json:"root_hash"`
}

// Hold says that promotions into an environment are refused since a rollback, why, and by whom.
type Hold struct {
	Reason string `json:"reason"`
	By     string `json:"by"`
	At     Time   `json:"at"`
}

// Lifted is the answer to DELETE /v1/environments/{environment}/hold.
type Lifted struct {
	Lifted bool `json:"lifted"`
}

// Freeze explains what blocks an environment: GET /v1/environments/{environment}/freeze. Until is null when nothing does.
type Freeze struct {
	Frozen    bool           `json:"frozen"`
	Until     Time           `json:"until"`
	Windows   []FreezeWindow `json:"windows"`
	Refuses   []string       `json:"refuses"` // actions, as in the audit log
	Overrides []Override     `json:"overrides"`
}

// FreezeWindow is a window that is in force.
type FreezeWindow struct {
	Reason        string `json:"reason"`
	Until         Time   `json:"until"`
	AllowRollback bool   `json:"allow_rollback"`
}

// Override is a change an owner made in spite of a freeze, shown until somebody acknowledges it.
type Override struct {
	ID        string `json:"id"`
	Action    string `json:"action"`
	Author    string `json:"author"`
	Reason    string `json:"reason"`
	CreatedAt Time   `json:"created_at"`
}

// Acknowledged is the answer to POST /v1/environments/{environment}/freeze/overrides/{id}/acknowledge.
type Acknowledged struct {
	Acknowledged bool `json:"acknowledged"`
}

// Account is what an account sets for itself: GET and PATCH /v1/account.
type Account struct {
	ID                    string      `json:"id"`
	Name                  string      `json:"name"`
	CommitMessageRequired bool        `json:"commit_message_required"`
	Obfuscation           Obfuscation `json:"obfuscation"`
	SecondFactor          string      `json:"second_factor" enum:"off,required"` // required: whoever acts here must have shown one
	StepUp                StepUp      `json:"step_up"`
	OIDC                  GroupLogin  `json:"oidc"`
	Audit                 AuditRules  `json:"audit"`
	CreatedAt             Time        `json:"created_at"`
}

// AuditRules say for how long the audit log is kept: days, like "400d", or "never" for a log that is never pruned.
type AuditRules struct {
	Retention string `json:"retention"`
}

// AuditRulesUpdate changes what is there. Only owners may.
type AuditRulesUpdate struct {
	Retention *string `json:"retention,omitempty"`
}

// Obfuscation is what an account says of its own documents, by paths like $.customer.ref: the class of fields that their
// names do not tell, and fields that are shown although they would be masked.
type Obfuscation struct {
	Fields []ObfuscationField `json:"fields"`
	Keep   []string           `json:"keep"`
}

// ObfuscationField gives a field its class: "email", "phone", "name", "address", "card_number" or "free_text".
type ObfuscationField struct {
	Path  string `json:"path"`
	Class string `json:"class"`
}

// AccountUpdate is the body of PATCH /v1/account; absent fields stay as they are.
type AccountUpdate struct {
	CommitMessageRequired *bool              `json:"commit_message_required,omitempty"`
	SecondFactor          string             `json:"second_factor,omitempty" enum:"off,required"`
	OIDC                  *GroupLoginUpdate  `json:"oidc,omitempty"`
	Obfuscation           *ObfuscationUpdate `json:"obfuscation,omitempty"`
	StepUp                *StepUpUpdate      `json:"step_up,omitempty"`
	Audit                 *AuditRulesUpdate  `json:"audit,omitempty"`
}

// ObfuscationUpdate replaces each list that is there as a whole.
type ObfuscationUpdate struct {
	Fields *[]ObfuscationField `json:"fields,omitempty"`
	Keep   *[]string           `json:"keep,omitempty"`
}
