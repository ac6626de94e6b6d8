package client

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/lockage/lockage/wire"
)

// Error is a call the server refused or failed at.
type Error struct {
	Status    int             // of the HTTP answer
	Type      string          // the API's error type ("not_found"); "" when the answer was not in the API's form
	Message   string          // for people: what was wrong and what to do
	RequestID string          // finds the call in the server's log
	Fields    []wire.Field    // of a validation error
	Routes    []wire.RouteRef // that stand in the way
	Plan      *wire.Plan      // with "stale", "not_ready" and "on_hold": as it stands now

	SecondFactor []string // of a login: the password was right, and one of these is needed too
	StepUp       bool     // it is allowed after a fresh proof of who asks: see Config.Prove
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

// Problem is the error in the form the API writes it.
func (e *Error) Problem() wire.Problem {
	return wire.Problem{
		Type: e.Type, Message: e.Message, RequestID: e.RequestID, Fields: e.Fields, Routes: e.Routes, Plan: e.Plan, StepUp: e.StepUp,
	}
}

// refusal reads an answer that is no success. One that is not in the API's form comes from something else, a proxy
// or a wrong port; its body is not repeated, for nobody knows what is in it.
func (c *Client) refusal(a answer) error {
	var f wire.Failure
	if err := json.Unmarshal(a.body, &f); err == nil && f.Error.Type != "" {
		p := f.Error
		return &Error{
			Status: a.status, Type: p.Type, Message: p.Message, RequestID: p.RequestID, Fields: p.Fields, Routes: p.Routes,
			Plan: p.Plan, StepUp: p.StepUp,
		}
	}
	e := &Error{Status: a.status, RequestID: a.requestID}
	if a.status >= 300 && a.status < 400 {
		e.Message = fmt.Sprintf("%s answers with a redirect (%d), which is not followed: give the address it leads to",
			c.address, a.status)
		return e
	}
	e.Message = fmt.Sprintf("%s answered %d %s, not in the form of Lockage's management API: check the address",
		c.address, a.status, http.StatusText(a.status))
	return e
}
