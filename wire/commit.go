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

// Commit is one immutable step of an environment's history.
type Commit struct {
	ID          string   `json:"id"`
	Number      int64    `json:"number"`
	Environment string   `json:"environment"`
	Cause       string   `json:"cause"`
	Message     string   `json:"message"`
	Author      string   `json:"author"`
	CreatedAt   Time     `json:"created_at"`
	RootBefore  string   `json:"root_before"`
	RootHash    string   `json:"root_hash"`
	Source      string   `json:"source"` // id of the commit this one was promoted from or went back to; "" for none
	Changes     []Change `json:"changes"`
}

// Change is what a commit did to one definition: Before is "" when it was added, After is "" when it was removed.
type Change struct {
	Kind   string `json:"kind"`
	Key    string `json:"key"`
	Before string `json:"before"`
	After  string `json:"after"`
	Edits  []Edit `json:"edits,omitempty"` // where one commit or a comparison is asked for
}
