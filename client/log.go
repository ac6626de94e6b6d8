package client

import (
	"context"
	"iter"
	"net/http"
	"time"

	"github.com/lockage/lockage/wire"
)

// LogFilter narrows the record of gateway calls; what is empty does not narrow.
type LogFilter struct {
	Environment string    // name or id
	Route       string    // key or id
	Status      string    // a class like "5xx", or one status like "404"
	Key         string    // the API key's id
	Since       time.Time // not before
	Until       time.Time // before
}

// ListLogs gives one page of the recorded calls, newest first, and the cursor of the next page.
func (c *Client) ListLogs(ctx context.Context, f LogFilter, p Page) ([]wire.LogRecord, string, error) {
	q := query{"environment": f.Environment, "route": f.Route, "status": f.Status, "key": f.Key}
	q.time("since", f.Since)
	q.time("until", f.Until)
	return list[wire.LogRecord](ctx, c, q, p, "v1", "logs")
}

// Logs walks the recorded calls, newest first.
func (c *Client) Logs(ctx context.Context, f LogFilter) iter.Seq2[wire.LogRecord, error] {
	return all(func(p Page) ([]wire.LogRecord, string, error) { return c.ListLogs(ctx, f, p) })
}

// GetLog gives one recorded call, with what is recorded of its content.
func (c *Client) GetLog(ctx context.Context, id string) (wire.LogDetail, error) {
	return do[wire.LogDetail](ctx, c, request{method: http.MethodGet, path: []string{"v1", "logs", id}})
}

// ReplayLog makes a recorded call once more in an environment of a lower level, a name or an id.
func (c *Client) ReplayLog(ctx context.Context, id, environment string) (wire.LogReplay, error) {
	return do[wire.LogReplay](ctx, c, request{
		method: http.MethodPost, path: []string{"v1", "logs", id, "replay"}, body: wire.LogReplayCreate{Environment: environment},
	})
}

// RevealLog shows one recorded call unmasked, to the caller alone and for 15 minutes. The reason goes into the audit log.
func (c *Client) RevealLog(ctx context.Context, id, reason string) (wire.LogDetail, error) {
	return do[wire.LogDetail](ctx, c, request{
		method: http.MethodPost, path: []string{"v1", "logs", id, "reveal"}, body: wire.LogRevealCreate{Reason: reason},
	})
}
