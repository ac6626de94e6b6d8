package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/lockage/lockage/internal/fault"
)

// Status is the HTTP status of a kind of failure.
func Status(k fault.Kind) int {
	switch k {
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden, fault.PlanLimit:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.MethodDenied:
		return http.StatusMethodNotAllowed
	case fault.Conflict, fault.InUse, fault.Stale, fault.NotReady, fault.OnHold, fault.Frozen:
		return http.StatusConflict
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.Limited:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// problem is the body of a refused /v1 call.
type problem struct {
	Error problemDetail `json:"error"`
}

type problemDetail struct {
	Type      fault.Kind    `json:"type"`
	Message   string        `json:"message"`
	RequestID string        `json:"request_id"`
	Fields    []fault.Field `json:"fields,omitempty"`
	Routes    []fault.Route `json:"routes,omitempty"`
	Plan      any           `json:"plan,omitempty"`
	demands
}

// demands tell a program what to ask its user for.
type demands struct {
	SecondFactor []string `json:"second_factor,omitempty"`
	StepUp       bool     `json:"step_up,omitempty"`
}

// adminProblem is the body of a refused /admin call.
type adminProblem struct {
	Error  string        `json:"error"`
	Routes []fault.Route `json:"routes,omitempty"`
	demands
}

// Problem answers err in the form of /v1. Of an error without a kind the caller learns nothing.
func Problem(w http.ResponseWriter, r *http.Request, err error) {
	e := explain(w, r, err)
	WriteJSON(w, r, Status(e.Kind), problem{Error: problemDetail{
		Type: e.Kind, Message: e.Error(), RequestID: RequestID(r.Context()), Fields: e.Fields, Routes: e.Routes,
		Plan: e.Detail, demands: demandsOf(e),
	}})
}

// AdminProblem answers err in the bare form of /admin.
func AdminProblem(w http.ResponseWriter, r *http.Request, err error) {
	e := explain(w, r, err)
	WriteJSON(w, r, Status(e.Kind), adminProblem{Error: e.Error(), Routes: e.Routes, demands: demandsOf(e)})
}

func demandsOf(e *fault.Error) demands { return demands{SecondFactor: e.Factors, StepUp: e.StepUp} }

// Explain is the failure as its reader may see it, and notes in the request's event what only the log may know. An
// error without a kind becomes fault.Internal.
func Explain(ctx context.Context, err error) *fault.Error {
	event := eventOf(ctx)
	var e *fault.Error
	switch {
	case errors.As(err, &e):
		if e.Err != nil {
			event.Cause = e.Err
		}
	case errors.Is(err, context.DeadlineExceeded):
		e = fault.New(fault.Unavailable, "this took too long; try again later")
		event.Cause = err
	default:
		e = fault.New(fault.Internal, "internal error")
		event.Cause = err
	}
	event.Type = e.Kind
	return e
}

// explain is Explain, and sets the headers that belong to the failure.
func explain(w http.ResponseWriter, r *http.Request, err error) *fault.Error {
	e := Explain(r.Context(), err)
	if e.Kind == fault.Unauthenticated {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt(int64((e.RetryAfter+time.Second-1)/time.Second), 10))
	}
	return e
}
