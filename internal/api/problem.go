package api

import (
	"errors"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockage/lockage/internal/fault"
)

// installErrors makes huma report its own failures to us. Its factory is a variable of the package, and what it makes
// by default repeats the refused value, so there is no way around setting it; this is the one place, once for the
// process, before any API of ours serves. What it makes depends on nothing but the call, so any number of APIs share it.
var installErrors = sync.OnceFunc(func() {
	huma.NewErrorWithContext = func(hc huma.Context, status int, _ string, errs ...error) huma.StatusError {
		return callOf(hc.Context()).fail(refusalOf(status, errs))
	}
	huma.NewError = func(status int, _ string, errs ...error) huma.StatusError {
		return &refusal{err: refusalOf(status, errs)}
	}
})

// refusalOf turns what huma found wrong with parameters into our kind of failure. It uses the place and, translated, the
// message; never the value, nor the text of an error, which carries it.
func refusalOf(status int, errs []error) error {
	var fields []fault.Field
	for _, err := range errs {
		if detailer, ok := err.(huma.ErrorDetailer); ok {
			detail := detailer.ErrorDetail()
			_, name, _ := strings.Cut(detail.Location, ".")
			fields = append(fields, fault.Field{Field: fieldName(name), Message: translate(detail.Message)})
		}
	}
	if len(fields) > 0 {
		return fault.RefusedFields(byName(fields))
	}
	if status < 500 {
		return fault.New(fault.Invalid, "the request is not valid")
	}
	return errors.Join(errs...)
}

// translate puts a message of huma about a parameter into our words; it passes on only what the schema says.
func translate(message string) string {
	switch {
	case message == "invalid integer":
		return "must be a whole number"
	case strings.HasPrefix(message, "invalid date/time"):
		return "must be an RFC 3339 time, for instance 2026-01-02T15:04:05Z"
	case strings.HasPrefix(message, "expected number "):
		return "must be a number " + strings.TrimPrefix(message, "expected number ")
	case strings.HasPrefix(message, "expected value to be one of "):
		return "must be one of " + strings.TrimPrefix(message, "expected value to be one of ")
	}
	return "is not valid"
}
