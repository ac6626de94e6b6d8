package route

import "github.com/lockage/lockage/internal/access"

// Replay is a recorded call that is to be made once more, by a person or a machine that may call where it goes.
type Replay struct {
	Of          string // id of the call that it repeats
	Who         access.Principal
	Environment string // name
	Method      string
	Path        string // escaped
	Query       string
	Headers     []HeaderField
	Body        []byte
}

// Replayed is what became of a Replay. What the upstream answered stands in the log alone.
type Replayed struct {
	ID        string // of the call that was made
	Status    int
	ErrorType string // the gateway's own error, "" for an answer of the upstream
}
