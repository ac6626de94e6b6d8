package wire

// AuditStream is where the audit log is carried while it is written: each entry at least once, in order. URL is of a
// webhook; Address, Facility and CA are of a collector of syslog. Key verifies what a webhook gets; it is in the answer to
// POST alone, and shown once.
type AuditStream struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Kind      string `json:"kind"` // "webhook" or "syslog"
	URL       string `json:"url,omitempty"`
	Address   string `json:"address,omitempty"`
	Facility  *int   `json:"facility,omitempty"`
	CA        string `json:"ca,omitempty"`
	Paused    bool   `json:"paused"`
	CreatedAt Time   `json:"created_at"`
	CreatedBy string `json:"created_by"`
	UpdatedAt Time   `json:"updated_at"`

	Status        string `json:"status"`   // "ok", "failing" or "paused"
	Position      int64  `json:"position"` // the number of the last entry that was delivered
	Backlog       int64  `json:"backlog"`  // how many entries wait
	WaitingSince  *Time  `json:"waiting_since,omitempty"`
	DeliveredAt   *Time  `json:"delivered_at,omitempty"`
	FailingSince  *Time  `json:"failing_since,omitempty"`
	Failure       string `json:"failure,omitempty"` // the class of the last, while it fails
	Attempts      int64  `json:"attempts"`          // that failed since the last that did not
	NextAttemptAt *Time  `json:"next_attempt_at,omitempty"`
	Holding       bool   `json:"holding"` // entries whose time is over are kept because they wait here
	Skipped       int64  `json:"skipped"` // entries that were pruned before they could be delivered

	Key string `json:"key,omitempty"`
}

// AuditStreamCreate is the body of POST /v1/audit-streams. From is "now", which is the default, or "beginning".
type AuditStreamCreate struct {
	Name     string  `json:"name"`
	Kind     string  `json:"kind"`
	URL      *string `json:"url,omitempty"`
	Address  *string `json:"address,omitempty"`
	Facility *int    `json:"facility,omitempty"`
	CA       *string `json:"ca,omitempty"`
	Paused   *bool   `json:"paused,omitempty"`
	From     string  `json:"from,omitempty"`
}

// AuditStreamUpdate is the body of PATCH /v1/audit-streams/{id}; what is absent stays.
type AuditStreamUpdate struct {
	Name     *string `json:"name,omitempty"`
	URL      *string `json:"url,omitempty"`
	Address  *string `json:"address,omitempty"`
	Facility *int    `json:"facility,omitempty"`
	CA       *string `json:"ca,omitempty"`
	Paused   *bool   `json:"paused,omitempty"`
}

// AuditStreamTest is how a delivery without entries went: POST /v1/audit-streams/{id}/test.
type AuditStreamTest struct {
	Delivered bool   `json:"delivered"`
	Failure   string `json:"failure,omitempty"` // its class
	Message   string `json:"message,omitempty"`
}
