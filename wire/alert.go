package wire

// Alert is a rule that watches one environment, and how it stands.
type Alert struct {
	ID           string        `json:"id"`
	Environment  string        `json:"environment"`
	Name         string        `json:"name"`
	Kind         string        `json:"kind"`
	Route        string        `json:"route"`
	Threshold    float64       `json:"threshold"`
	Window       string        `json:"window"`        // a Go duration
	MinimumCalls int64         `json:"minimum_calls"` // 0 for kinds that have none
	Quiet        string        `json:"quiet"`         // a Go duration
	To           []AlertTarget `json:"to"`
	Active       bool          `json:"active"`
	State        string        `json:"state"` // "ok" or "firing"
	Since        Time          `json:"since"` // since when it stands so; null when it never fired
	Value        float64       `json:"value"` // of the last look
	LookedAt     Time          `json:"looked_at"`
	CreatedAt    Time          `json:"created_at"`
	CreatedBy    string        `json:"created_by"`
	UpdatedAt    Time          `json:"updated_at"`
}

// AlertTarget is a receiver: a mail address or a webhook, of which only the host is shown. Key is what its messages are signed
// with; only the answer that made the webhook carries it.
type AlertTarget struct {
	ID      string `json:"id"`
	Email   string `json:"email,omitempty"`
	Webhook string `json:"webhook,omitempty"`
	Key     string `json:"key,omitempty"`
}

// AlertTo names a receiver: one that the alert has, by its ID, or a new one by its address or URL.
type AlertTo struct {
	ID      string `json:"id,omitempty"`
	Email   string `json:"email,omitempty"`
	Webhook string `json:"webhook,omitempty"`
}

// AlertCreate is the body of POST /v1/alerts. What is left out is as the kind has it.
type AlertCreate struct {
	Environment  string    `json:"environment"`
	Name         string    `json:"name"`
	Kind         string    `json:"kind"`
	Route        *string   `json:"route,omitempty"`
	Threshold    *float64  `json:"threshold,omitempty"`
	Window       *string   `json:"window,omitempty"`
	MinimumCalls *int64    `json:"minimum_calls,omitempty"`
	Quiet        *string   `json:"quiet,omitempty"`
	To           []AlertTo `json:"to"`
	Active       *bool     `json:"active,omitempty"`
}

// AlertUpdate is the body of PATCH /v1/alerts/{id}; what is left out stays. To replaces all receivers.
type AlertUpdate struct {
	Name         *string    `json:"name,omitempty"`
	Route        *string    `json:"route,omitempty"`
	Threshold    *float64   `json:"threshold,omitempty"`
	Window       *string    `json:"window,omitempty"`
	MinimumCalls *int64     `json:"minimum_calls,omitempty"`
	Quiet        *string    `json:"quiet,omitempty"`
	To           *[]AlertTo `json:"to,omitempty"`
	Active       *bool      `json:"active,omitempty"`
}

// AlertEvent is a time in which an alert fired, or a test of its receivers.
type AlertEvent struct {
	ID         string          `json:"id"`
	State      string          `json:"state"` // "firing", "resolved" or "test"
	Value      float64         `json:"value"`
	Details    []string        `json:"details"`
	StartedAt  Time            `json:"started_at"`
	EndedAt    Time            `json:"ended_at"`
	Deliveries []AlertDelivery `json:"deliveries"`
}

// AlertDelivery is a message of an event to one receiver.
type AlertDelivery struct {
	ID        string `json:"id"` // the webhook-id, and the beginning of the Message-ID
	Type      string `json:"type"`
	To        string `json:"to"` // the address or the webhook's host; the receiver's id when it is gone
	State     string `json:"state"`
	Attempts  int64  `json:"attempts"`
	NextAt    Time   `json:"next_at"` // null when there is no further attempt
	Error     string `json:"error"`   // of the last attempt
	CreatedAt Time   `json:"created_at"`
	EndedAt   Time   `json:"ended_at"`
}
