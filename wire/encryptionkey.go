package wire

// EncryptionKeys is what wraps the data keys of the whole installation: GET /v1/encryption-keys, and the answer to POST
// /v1/encryption-keys/rotate.
type EncryptionKeys struct {
	Current  string           `json:"current"` // the id of the key that wraps
	Server   string           `json:"server"`  // the id of the key that the server which answers was started for
	Keys     []EncryptionKey  `json:"keys"`
	Nodes    []EncryptionNode `json:"nodes"`
	Rotation KeyRotation      `json:"rotation"`
}

// EncryptionKey is a key-encryption key that wrapped something, or that the server which answers holds.
type EncryptionKey struct {
	ID      string     `json:"id"`
	Current bool       `json:"current"`
	Held    bool       `json:"held"` // by the server that answers
	Wraps   []KeyWraps `json:"wraps"`
}

// KeyWraps is how many data keys a key wrapped in one place.
type KeyWraps struct {
	Source string `json:"source"` // a table, with the column where it has two
	Count  int64  `json:"count"`
}

// EncryptionNode is a server on the same database, with the ids of the keys it holds.
type EncryptionNode struct {
	ID     string   `json:"id"`
	Keys   []string `json:"keys"`
	SeenAt Time     `json:"seen_at"`
}

// KeyRotation is how far a rotation is. State is "none" when the server's key wraps and wrapped everything, "waiting" when
// the server was started for another key and nobody asked for the rotation yet, and "running" while wraps of other keys
// are made anew. Failed counts those that the last pass could not open.
type KeyRotation struct {
	State  string `json:"state"`
	Done   int64  `json:"done"`
	Left   int64  `json:"left"`
	Failed int64  `json:"failed"`
	Error  string `json:"error,omitempty"`
}

// SigningKey is the answer to POST /v1/signing-keys/rotate: the key that signs JWTs from now on.
type SigningKey struct {
	ID string `json:"id"`
}
