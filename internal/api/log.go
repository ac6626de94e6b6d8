package api

import (
	"context"
	"encoding/base64"
	"time"
	"unicode/utf8"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/wire"
)

type logList struct {
	Environment string    `query:"environment" doc:"Only calls in this environment: its id or name."`
	Route       string    `query:"route" doc:"Only calls of this route: its key or id."`
	Status      string    `query:"status" doc:"Only this status (404) or class of status (4xx)."`
	Key         string    `query:"key" doc:"Only calls with this API key: its id."`
	Since       time.Time `query:"since" doc:"Only calls at or after this time."`
	Until       time.Time `query:"until" doc:"Only calls before this time."`
	Limit       int       `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many at most."`
	Cursor      string    `query:"cursor" doc:"Where to go on: meta.next_cursor of the answer before."`
}

func (a *API) listLogs(ctx context.Context, c *call, in *logList) ([]wire.LogRecord, error) {
	list, next, err := a.control.ListCalls(ctx, c.who, control.CallFilter{
		Environment: in.Environment, Route: in.Route, Key: in.Key, StatusClass: in.Status,
		Since: in.Since, Until: in.Until, Page: pageOf(in.Limit, in.Cursor),
	})
	c.next = next
	return convert(list, logRecordOf), err
}

func (a *API) getLog(ctx context.Context, c *call, in *byID) (wire.LogDetail, error) {
	d, err := a.control.GetCall(ctx, c.who, in.ID)
	if err != nil {
		return wire.LogDetail{}, err
	}
	return logDetailOf(d), nil
}

func (a *API) revealLog(ctx context.Context, c *call, in *byID) (wire.LogDetail, error) {
	b, err := decode[wire.LogRevealCreate](c)
	if err != nil {
		return wire.LogDetail{}, err
	}
	d, err := a.control.RevealCall(ctx, c.who, in.ID, b.Reason)
	if err != nil {
		return wire.LogDetail{}, err
	}
	return logDetailOf(d), nil
}

func (a *API) replayLog(ctx context.Context, c *call, in *byID) (wire.LogReplay, error) {
	b, err := decode[wire.LogReplayCreate](c)
	if err != nil {
		return wire.LogReplay{}, err
	}
	done, err := a.control.ReplayCall(ctx, c.who, in.ID, b.Environment)
	if err != nil {
		return wire.LogReplay{}, err
	}
	return wire.LogReplay{
		ID: done.ID, ReplayOf: in.ID, Environment: done.Environment.Name, Status: done.Status, ErrorType: done.ErrorType,
		LeftOut: done.LeftOut, Cut: done.Cut, Masked: done.Masked,
	}, nil
}

func logDetailOf(d control.CallDetail) wire.LogDetail {
	out := wire.LogDetail{
		LogRecord: logRecordOf(d.Call), Content: logContentOf(d.Content), ContentsHidden: d.ContentsHidden, Obfuscated: d.Obfuscated,
		Reveal: wire.LogReveal{Allowed: d.Revealable, Notice: control.RevealNotice},
	}
	if !d.RevealedUntil.IsZero() {
		out.RevealedUntil = new(wire.Time(d.RevealedUntil))
	}
	return out
}

// logContentOf is a content as it is shown, null for none.
func logContentOf(c *route.Content) *wire.LogContent {
	if c == nil {
		return nil
	}
	header := func(h route.HeaderField) wire.LogHeader { return wire.LogHeader{Name: h.Name, Value: h.Value} }
	return &wire.LogContent{
		Query: c.Query, RequestHeaders: convert(c.RequestHeaders, header), ResponseHeaders: convert(c.ResponseHeaders, header),
		RequestBody: logBodyOf(c.RequestBody), ResponseBody: logBodyOf(c.ResponseBody), Cut: c.Cut,
	}
}

func logBodyOf(b route.Body) wire.LogBody {
	out := wire.LogBody{
		Text: string(b.Bytes), Encoding: "utf-8", ContentType: b.Type, Size: b.Size, Truncated: b.Truncated, Omitted: b.Omitted,
	}
	if !utf8.Valid(b.Bytes) {
		out.Text, out.Encoding = base64.StdEncoding.EncodeToString(b.Bytes), "base64"
	}
	return out
}

func logRecordOf(r control.Call) wire.LogRecord {
	return wire.LogRecord{
		ID: r.ID, RequestID: r.RequestID, Time: wire.Time(r.Time), Environment: r.Environment,
		Route: r.RouteKey, RouteID: r.RouteID, KeyID: r.KeyID, Address: r.Address, Method: r.Method, Path: r.Path, Status: r.Status,
		LatencyMS: float64(r.Latency) / float64(time.Millisecond), BytesIn: r.BytesIn, BytesOut: r.BytesOut,
		Secrets: convert(r.Secrets, func(name string) string { return name }), Redacted: r.Redacted, ErrorType: r.ErrorType,
		ReplayOf: r.ReplayOf, Recorded: r.HasContent,
	}
}
