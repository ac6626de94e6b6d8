package wire

// LogRecord is one call through the gateway.
type LogRecord struct {
	ID          string   `json:"id"`
	RequestID   string   `json:"request_id"`
	Time        Time     `json:"time"`
	Environment string   `json:"environment"`
	Route       string   `json:"route"`
	RouteID     string   `json:"route_id"`
	KeyID       string   `json:"key_id"`
	Method      string   `json:"method"`
	Path        string   `json:"path"`
	Status      int      `json:"status"`
	LatencyMS   float64  `json:"latency_ms"`
	BytesIn     int64    `json:"bytes_in"`
	BytesOut    int64    `json:"bytes_out"`
	Secrets     []string `json:"secrets"`
	Redacted    int64    `json:"redacted"`
	ErrorType   string   `json:"error_type"`
}

// AuditEntry is one recorded decision. Prev and Hash chain the entries of an account; lockage audit verify recomputes
// Hash from every other field here.
type AuditEntry struct {
	Sequence      int64             `json:"sequence"`
	Time          Time              `json:"time"`
	Actor         AuditActor        `json:"actor"`
	Action        string            `json:"action"`
	Outcome       string            `json:"outcome"`
	EnvironmentID string            `json:"environment_id"`
	Environment   string            `json:"environment"`
	Target        AuditTarget       `json:"target"`
	Detail        map[string]string `json:"detail"`
	RequestID     string            `json:"request_id"`
	Address       string            `json:"address"`
	Prev          string            `json:"prev"`
	Hash          string            `json:"hash"`
}

// AuditActor is who acted: kind "member", "token" or "system".
type AuditActor struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

// AuditTarget is what was acted on.
type AuditTarget struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

// AuditAction is an action that decisions are recorded under: GET /v1/audit-logs/actions.
type AuditAction struct {
	Name string `json:"name"` // as entries have it and filters take it
	Does string `json:"does"` // what it does, as it completes "you may …"
}

// AuditCheckpoint is how far the audit log has come: GET /v1/audit-logs/checkpoint. Checkpoint is a signed note in the
// form of a tlog-checkpoint that says so; Key is the public key that verifies it, as NAME+HASH+KEY. Keep both where
// nobody who can change the database can change them.
type AuditCheckpoint struct {
	Checkpoint string `json:"checkpoint"`
	Key        string `json:"key"`
	Entries    int64  `json:"entries"`
	Hash       string `json:"hash"` // of the last entry
	Time       Time   `json:"time"`
}
