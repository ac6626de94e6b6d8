package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/fault"
)

// Event is what is known of one request; it is filled on the way and logged at the end. It belongs to the goroutine
// that serves the request.
type Event struct {
	RequestID string     // UUID, version 7
	Address   string     // the source address, as Proxies.Source finds it
	Principal string     // id of who asked; "" until it is known
	Type      fault.Kind // of the failure that was answered; "" for none
	Cause     error      // what only the log may know of the failure
	stack     string     // after a panic
}

type eventKey struct{}

// eventOf is the request's event; outside a Front, an event of no request.
func eventOf(ctx context.Context) *Event {
	if e, ok := ctx.Value(eventKey{}).(*Event); ok {
		return e
	}
	return &Event{}
}

// RequestID is the id of the request that ctx belongs to, "" outside a Front.
func RequestID(ctx context.Context) string { return eventOf(ctx).RequestID }

// Request is where the request that ctx belongs to came from, as the audit log wants it.
func Request(ctx context.Context) access.Request {
	e := eventOf(ctx)
	return access.Request{ID: e.RequestID, Address: e.Address}
}

// Note puts an error into the request's event that the caller is not told of, because the request succeeded anyhow.
func Note(ctx context.Context, err error) { eventOf(ctx).Cause = err }

func newEvent(address string) *Event {
	return &Event{RequestID: uuid.Must(uuid.NewV7()).String(), Address: address}
}

// level is an error's for what is ours to repair; a caller who goes away is not.
func (e *Event) level(t *tracker) slog.Level {
	if errors.Is(e.Cause, context.Canceled) {
		return slog.LevelInfo
	}
	if t.status >= http.StatusInternalServerError || e.stack != "" {
		return slog.LevelError
	}
	return slog.LevelInfo
}

// attrs lists the facts of the event. The path is logged as its pattern: what stands in its place may be anything.
func (e *Event) attrs(r *http.Request, t *tracker, took time.Duration) []slog.Attr {
	_, pattern, _ := strings.Cut(r.Pattern, "/")
	attrs := []slog.Attr{
		slog.String("method", method(r.Method)),
		slog.String("path", "/"+pattern),
		slog.Int("status", t.status),
		slog.Duration("duration", took),
		slog.Int64("bytes", t.bytes),
		slog.String("request_id", e.RequestID),
	}
	if e.Principal != "" {
		attrs = append(attrs, slog.String("principal_id", e.Principal))
	}
	if e.Type != "" {
		attrs = append(attrs, slog.String("type", string(e.Type)))
	}
	if e.Cause != nil {
		attrs = append(attrs, slog.String("cause", e.Cause.Error()))
	}
	if e.stack != "" {
		attrs = append(attrs, slog.String("stack", e.stack))
	}
	return attrs
}

// method is the request's method, or "other": a caller may send any word.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions, http.MethodConnect, http.MethodTrace:
		return m
	}
	return "other"
}
