package route

import "time"

// Call is the record of one call through the gateway. It holds no secret's value; headers and bodies are in its Content,
// where they are recorded.
type Call struct {
	ID            string
	Account       string
	RequestID     string
	Time          time.Time // when the call arrived
	EnvironmentID string
	RouteID       string // "" when no route matched
	RouteKey      string
	KeyID         string // id of the API key or token
	Address       string // where the call came from
	Method        string
	Path          string // as called, without the query
	Status        int    // what the caller was answered
	Latency       time.Duration
	BytesIn       int64     // body of the call
	BytesOut      int64     // body of the answer
	Secrets       []string  // names of the secrets that were injected
	Uses          []Use     // the versions of their values
	Redacted      int64     // how often an injected value was taken out of the answer
	Echoed        []string  // ids of the secrets whose it was
	ErrorType     string    // the gateway's own error, "" for an answer of the upstream
	ReplayOf      string    // id of the call that this one was a replay of, "" for every other
	RecordedAt    time.Time // when it was stored
	HasContent    bool      // whether a Content is stored with it
	Content       *Content  // on its way to the store; nil: none is recorded
}

// Use is one version of a secret's value that was injected into a call.
type Use struct {
	SecretID string
	Version  int64
}
