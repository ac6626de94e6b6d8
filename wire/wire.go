// Package wire holds the public JSON structs of the management API, shared by the server and the Go client. It has no
// behaviour. Times are RFC 3339 in UTC with milliseconds, ids are UUIDs (version 7).
package wire

import (
	"encoding/json"
	"time"
)

// Time is an instant in JSON as RFC 3339, UTC, with exactly three digits of milliseconds.
type Time time.Time

// MarshalJSON writes the instant, or null for the zero value.
func (t Time) MarshalJSON() ([]byte, error) {
	if time.Time(t).IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(time.Time(t).UTC().Format("2006-01-02T15:04:05.000Z"))
}

// UnmarshalJSON reads any RFC 3339 instant; null leaves the zero value.
func (t *Time) UnmarshalJSON(b []byte) error {
	var v time.Time
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*t = Time(v)
	return nil
}

// Answer is the envelope of every successful /v1 answer.
type Answer[T any] struct {
	Data T    `json:"data"`
	Meta Meta `json:"meta"`
}

// Meta accompanies every /v1 answer; NextCursor is set on a list that goes on.
type Meta struct {
	RequestID  string `json:"request_id"`
	NextCursor string `json:"next_cursor,omitempty"`
}

// Failure is the envelope of every refused /v1 call.
type Failure struct {
	Error Problem `json:"error"`
}

// Problem tells what was wrong, where, and what to do.
type Problem struct {
	Type      string     `json:"type"`
	Message   string     `json:"message"`
	RequestID string     `json:"request_id"`
	Fields    []Field    `json:"fields,omitempty"`
	Routes    []RouteRef `json:"routes,omitempty"`
	Plan      *Plan      `json:"plan,omitempty"` // with not_ready, on_hold and stale: the plan as it stands now

	SecondFactor []string `json:"second_factor,omitempty"` // with unauthenticated: log in again with a proof of one of these
	StepUp       bool     `json:"step_up,omitempty"`       // with forbidden: allowed after a fresh proof, see POST /admin/auth/prove
}

// Field is one refused field of the input.
type Field struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// RouteRef names a route.
type RouteRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Deleted is the answer to a deletion.
type Deleted struct {
	Deleted bool `json:"deleted"`
}

// Revoked is the answer to the revocation of an API key.
type Revoked struct {
	Revoked bool `json:"revoked"`
}
