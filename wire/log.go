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
	Address     string   `json:"address"` // where the call came from
	Method      string   `json:"method"`
	Path        string   `json:"path"`
	Status      int      `json:"status"`
	LatencyMS   float64  `json:"latency_ms"`
	BytesIn     int64    `json:"bytes_in"`
	BytesOut    int64    `json:"bytes_out"`
	Secrets     []string `json:"secrets"`
	Redacted    int64    `json:"redacted"`
	ErrorType   string   `json:"error_type"`
	ReplayOf    string   `json:"replay_of"` // id of the call that this one was a replay of; "": it was none
	Recorded    bool     `json:"recorded"`  // its content is recorded
}

// LogStreamEnd is why a stream of calls ends, as the data of its event "end": Type as of a Problem. After "unavailable" it
// can go on with another request.
type LogStreamEnd struct {
	Type    string `json:"type"`
	Message string `json:"message"`
}

// LogDetail is one call through the gateway with what is recorded of its content: GET /v1/logs/{id}. Content is null
// where nothing is recorded, and where the environment hides contents from people, which ContentsHidden says.
type LogDetail struct {
	LogRecord
	Content        *LogContent `json:"content"`
	ContentsHidden bool        `json:"contents_hidden"`
	Obfuscated     bool        `json:"obfuscated"`     // something of it is masked
	RevealedUntil  *Time       `json:"revealed_until"` // null: it is not revealed to who asks
	Reveal         LogReveal   `json:"reveal"`
}

// LogReveal says whether who asks may have what is hidden of a record revealed, and what they are to know before.
type LogReveal struct {
	Allowed bool   `json:"allowed"`
	Notice  string `json:"notice"`
}

// LogRevealCreate is the body of POST /v1/logs/{id}/reveal: why, in 10 to 500 printable characters.
type LogRevealCreate struct {
	Reason string `json:"reason"`
}

// LogReplayCreate is the body of POST /v1/logs/{id}/replay: where to, a name or an id.
type LogReplayCreate struct {
	Environment string `json:"environment"`
}

// LogReplay is a call that was made once more. What it was answered is in the log, under its ID.
type LogReplay struct {
	ID          string   `json:"id"`
	ReplayOf    string   `json:"replay_of"`
	Environment string   `json:"environment"`
	Status      int      `json:"status"` // 0: there was no answer
	ErrorType   string   `json:"error_type"`
	LeftOut     []string `json:"left_out"` // headers that were not sent: something was cut out of them when they were recorded
	Cut         bool     `json:"cut"`      // query or body were sent with [redacted] in them
	Masked      bool     `json:"masked"`   // the record is masked for who asked, and was sent like that
}

// LogContent is what was recorded of a call. Credentials were cut out before it was stored: [redacted] stands in their
// place, Cut times.
type LogContent struct {
	Query           string      `json:"query"`
	RequestHeaders  []LogHeader `json:"request_headers"`
	ResponseHeaders []LogHeader `json:"response_headers"`
	RequestBody     LogBody     `json:"request_body"`
	ResponseBody    LogBody     `json:"response_body"`
	Cut             int         `json:"cut"`
}

// LogHeader is one header line.
type LogHeader struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// LogBody is what was recorded of a body, at most its first 64 KiB. Encoding is "utf-8", or "base64" for what is not
// UTF-8. Omitted says why there is no Text: "binary", "encoding", "upgraded" or "memory", or "masked" for
// what cannot be read to mask it; "": there is all that was recorded. Size is that of the whole body on its way.
type LogBody struct {
	Text        string `json:"text"`
	Encoding    string `json:"encoding"`
	ContentType string `json:"content_type"`
	Size        int64  `json:"size"`
	Truncated   bool   `json:"truncated"`
	Omitted     string `json:"omitted"`
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

// AuditActor is who acted: kind "member", "token", "system" or "operator".
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
	Pruned     int64  `json:"pruned"`           // the number of the last entry that was pruned; 0: none was
	Anchor     string `json:"anchor,omitempty"` // the signed note that says so
}
