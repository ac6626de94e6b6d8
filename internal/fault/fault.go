// Package fault holds the few kinds of failure Lockage tells people about. An error with a kind carries a message
// written for its reader: what was wrong, where, and what to do. It never carries the value that was refused. An error
// without a kind is ours: it is logged and the outside learns nothing but "internal error".
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind is the class of a failure; its text is the "type" member of every error answer.
type Kind string

// The kinds, each with the HTTP status the fronts give it.
const (
	Invalid         Kind = "validation_error"   // 400
	Unauthenticated Kind = "unauthenticated"    // 401
	Forbidden       Kind = "forbidden"          // 403
	PlanLimit       Kind = "plan_limit"         // 403
	NotFound        Kind = "not_found"          // 404
	MethodDenied    Kind = "method_not_allowed" // 405
	Conflict        Kind = "conflict"           // 409
	InUse           Kind = "in_use"             // 409
	Stale           Kind = "stale"              // 409
	NotReady        Kind = "not_ready"          // 409
	OnHold          Kind = "on_hold"            // 409
	Frozen          Kind = "frozen"             // 409
	TooLarge        Kind = "too_large"          // 413
	Limited         Kind = "rate_limited"       // 429
	Unavailable     Kind = "unavailable"        // 503
	Internal        Kind = "internal_error"     // 500; never set on an Error, only what KindOf answers for the rest
)

// Field is one refused field of the input: its path as the caller wrote it ("rate_limit.window") and what is wrong
// with it.
type Field struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Route names a route that stands in the way of an operation.
type Route struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Error is a failure with a kind.
type Error struct {
	Kind       Kind
	Message    string        // for people; lower case, without a full stop, and never the refused value
	Fields     []Field       // with Invalid: which fields
	Routes     []Route       // with InUse: which routes
	Detail     any           // shown beside the message: the blockers with NotReady; nil: nothing
	RetryAfter time.Duration // with Limited and Unavailable: when to try again; 0 is unknown
	Saved      bool          // with Unavailable: the change is made all the same
	Factors    []string      // with Unauthenticated: the first factor was right, and one of these second ones is demanded
	StepUp     bool          // with Forbidden: it is allowed after a fresh proof of who asks
	Recorded   bool          // the refusal stands in the audit log
	Err        error         // the cause, for the log only
}

func (e *Error) Error() string {
	if len(e.Fields) == 1 && e.Message == "" {
		return e.Fields[0].Field + ": " + e.Fields[0].Message
	}
	return e.Message
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }

// New makes an error of a kind; the arguments must not contain what the caller sent.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Refused makes an Invalid error for one field.
func Refused(field, format string, args ...any) *Error {
	message := fmt.Sprintf(format, args...)
	return &Error{Kind: Invalid, Message: field + ": " + message, Fields: []Field{{Field: field, Message: message}}}
}

// RefusedFields makes one Invalid error of several fields, or returns nil for none.
func RefusedFields(fields []Field) error {
	if len(fields) == 0 {
		return nil
	}
	message := fields[0].Field + ": " + fields[0].Message
	if len(fields) > 1 {
		message = fmt.Sprintf("%d fields were refused; the first is %s", len(fields), message)
	}
	return &Error{Kind: Invalid, Message: message, Fields: fields}
}

// KindOf is the kind of err: Internal for an error that has none, "" for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Is says whether err has the kind.
func Is(err error, kind Kind) bool { return KindOf(err) == kind }

// Wrap is deferred with the address of a function's named err: it puts operation and subject before an error without a
// kind, and leaves one that has a kind as its reader should see it.
func Wrap(err *error, format string, args ...any) {
	if *err == nil {
		return
	}
	var e *Error
	if errors.As(*err, &e) {
		return
	}
	*err = fmt.Errorf(format+": %w", append(args, *err)...)
}
