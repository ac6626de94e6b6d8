package wire

// DefinitionRef names a definition by kind ("route") and key.
type DefinitionRef struct {
	Kind string `json:"kind"`
	Key  string `json:"key"`
}

// CommitCreate is the body of POST /v1/commits; absent definitions mean everything that is saved and uncommitted.
type CommitCreate struct {
	Message     string          `json:"message"`
	Definitions []DefinitionRef `json:"definitions,omitempty"`
}

// PromotionCreate is the body of POST /v1/promotions: everything of the environment below To becomes live in To.
type PromotionCreate struct {
	To      string `json:"to"`
	Message string `json:"message"`
}

// Commit is one immutable step of an environment's history.
type Commit struct {
	ID          string   `json:"id"`
	Number      int64    `json:"number"`
	Environment string   `json:"environment"`
	Cause       string   `json:"cause"`
	Message     string   `json:"message"`
	Author      string   `json:"author"`
	CreatedAt   Time     `json:"created_at"`
	RootHash    string   `json:"root_hash"`
	Changes     []Change `json:"changes"`
}

// Change is what a commit did to one definition: Before is "" when it was added, After is "" when it was removed.
type Change struct {
	Kind   string `json:"kind"`
	Key    string `json:"key"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Promotion is the answer to POST /v1/promotions. Commit is absent when there was nothing to promote.
type Promotion struct {
	From   string  `json:"from"`
	To     string  `json:"to"`
	Commit *Commit `json:"commit"`
}
