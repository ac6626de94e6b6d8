package api

import (
	"bytes"
	"context"
	"time"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/web"
	"github.com/lockage/lockage/wire"
)

const (
	streamLook  = time.Second // how often calls of other processes are looked for, and whether the reader still may
	streamQuiet = 15          // looks without anything to tell, after which a comment keeps the connection
)

type logStream struct {
	Environment string `query:"environment" doc:"Only calls in this environment: its id or name."`
	Route       string `query:"route" doc:"Only calls of this route: its key or id."`
	Status      string `query:"status" doc:"Only this status (404) or class of status (4xx)."`
	Key         string `query:"key" doc:"Only calls with this API key: its id."`
	LastEventID string `header:"Last-Event-ID" doc:"Where to go on: the id of the last event. Calls may come a second time."`
}

// streamLogs answers with server-sent events: retry and comments aside, one event "call" with a LogRecord for each call,
// "gap" where there were more than could be told, and "end" with a LogStreamEnd, after which none follows.
func (a *API) streamLogs(ctx context.Context, c *call, in *logStream) (string, error) {
	following, err := a.control.FollowCalls(ctx, c.who, control.CallFilter{
		Environment: in.Environment, Route: in.Route, Key: in.Key, StatusClass: in.Status,
	}, in.LastEventID)
	if err != nil {
		return "", err
	}
	c.flow = &flow{kind: "text/event-stream", close: following.End}
	c.flow.write = func(ctx context.Context, to *web.Stream) error { return a.follow(ctx, c, following, to) }
	return "", nil
}

func (a *API) follow(reader context.Context, c *call, following *control.Following, to *web.Stream) error {
	ctx, cancel := context.WithCancel(reader)
	defer cancel()
	go func() {
		select {
		case <-a.ending:
			cancel()
		case <-ctx.Done():
		}
	}()
	to.Header().Set("X-Accel-Buffering", "no") // a proxy of that kind would keep events until it has many
	if err := tell(to, []byte("retry: 3000\n\n")); err != nil {
		return err
	}
	for quiet := 0; ; {
		following.Wait(ctx, streamLook)
		events, err := nextEvents(ctx, c, following)
		switch {
		case reader.Err() != nil: // a stream ends with its reader, and that is no failure
			web.Note(reader, reader.Err())
			return nil
		case ctx.Err() != nil:
			err = &fault.Error{Kind: fault.Unavailable, Message: "the server is shutting down; go on with another"}
		}
		if err != nil {
			e := web.Explain(reader, err)
			var b bytes.Buffer
			if err := event(&b, "", "end", wire.LogStreamEnd{Type: string(e.Kind), Message: e.Error()}); err != nil {
				return err
			}
			return tell(to, b.Bytes())
		}
		if quiet++; len(events) == 0 && quiet >= streamQuiet {
			events = []byte(": quiet\n\n")
		}
		if len(events) > 0 {
			quiet = 0
			if err := tell(to, events); err != nil {
				return err
			}
		}
	}
}

// nextEvents asks anew who reads: a token, a session or a grant may have ended since.
func nextEvents(ctx context.Context, c *call, following *control.Following) ([]byte, error) {
	who, err := c.again(ctx)
	if err != nil {
		return nil, err
	}
	list, missed, err := following.Next(ctx, who)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if missed {
		b.WriteString("event: gap\ndata: {}\n\n")
	}
	for _, followed := range list {
		if err := event(&b, followed.Place, "call", logRecordOf(followed.Call)); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// event writes one event. Its data is JSON, which has no line breaks, so that nothing recorded can be taken for another.
func event(b *bytes.Buffer, id, name string, data any) error {
	if id != "" {
		b.WriteString("id: " + id + "\n")
	}
	b.WriteString("event: " + name + "\ndata: ")
	if err := web.EncodeJSON(b, data); err != nil {
		return err
	}
	b.WriteString("\n\n")
	return nil
}

func tell(to *web.Stream, events []byte) error {
	if _, err := to.Write(events); err != nil {
		return err
	}
	to.Flush()
	return nil
}
