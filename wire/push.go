package wire

import "encoding/json"

// Push is the body of PUT /v1/definitions: any number of definitions, saved in one transaction. Commit, when given, is
// the message they are committed with at once; Plan only shows what would change.
type Push struct {
	Definitions []PushDefinition `json:"definitions"`
	Commit      *string          `json:"commit,omitempty"`
	Plan        bool             `json:"plan,omitempty"`
}

// PushDefinition is a definition as a whole: Content as POST takes it, without its key; or its deletion.
type PushDefinition struct {
	Kind    string          `json:"kind"`
	Key     string          `json:"key"`
	Content json.RawMessage `json:"content,omitempty"`
	Delete  bool            `json:"delete,omitempty"`
}

// PushAnswer tells what was or would be changed; what is equal to what is saved already is left out. Commit is null when
// none was made.
type PushAnswer struct {
	Changes []DraftChange `json:"changes"`
	Commit  *Commit       `json:"commit"`
}
