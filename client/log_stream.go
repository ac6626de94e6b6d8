package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/lockage/lockage/wire"
)

const (
	streamAgain  = 3 * time.Second  // after a connection was lost, until the next attempt
	streamSilent = 60 * time.Second // a stream that sends nothing for so long, not even a comment, is lost
	streamTold   = 10000            // how many calls are remembered, of which some come again after a connection was lost
	longestEvent = 1 << 20          // bytes of a line; those of the server are far shorter
)

// LogEvent is what a stream of calls tells.
type LogEvent struct {
	Call   wire.LogRecord
	Opened bool  // there is no Call: from here on none is missed
	Missed bool  // there is no Call: there were more than the server could tell
	Lost   error // there is no Call: the connection was lost, or could not be had; the stream goes on by itself
}

// FollowLogs tells of calls as they are recorded, from now on, until ctx ends or the server refuses to go on, which is the
// error at the end; so is a first connection that cannot be had. The filter's times are of no concern. When the connection is lost it is made again, and the calls of
// the time between are told.
func (c *Client) FollowLogs(ctx context.Context, f LogFilter) iter.Seq2[LogEvent, error] {
	return func(yield func(LogEvent, error) bool) {
		s := &logStream{c: c, told: map[string]bool{}}
		q := query{"environment": f.Environment, "route": f.Route, "status": f.Status, "key": f.Key}
		address, err := c.url(request{path: []string{"v1", "logs", "stream"}, query: q.values()})
		if err != nil {
			yield(LogEvent{}, err)
			return
		}
		for {
			err := s.read(ctx, address, yield)
			var refused *Error
			switch {
			case errors.Is(err, errStopped):
				return
			case ctx.Err() != nil:
				yield(LogEvent{}, ctx.Err())
				return
			case !s.opened, errors.As(err, &refused) && refused.Type != "unavailable" && refused.Status < 500:
				yield(LogEvent{}, err)
				return
			}
			if !yield(LogEvent{Lost: err}, nil) {
				return
			}
			timer := time.NewTimer(streamAgain)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
			}
		}
	}
}

var (
	errStopped = errors.New("nobody listens any more")
	errSilent  = errors.New("the server has sent nothing for too long")
)

// logStream is a stream over as many connections as it takes.
type logStream struct {
	c     *Client
	last  string // id of the last event; "": there was none
	told  map[string]bool
	order []string // of told, oldest first

	opened bool // there was a connection
}

// read reads from one connection, and answers why it ended.
func (s *logStream) read(parent context.Context, address string, yield func(LogEvent, error) bool) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	silent := time.AfterFunc(streamSilent, func() { cancel(errSilent) })
	defer silent.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+s.c.token)
	req.Header.Set("Accept", "text/event-stream")
	req.Header.Set("User-Agent", userAgent)
	if s.last != "" {
		req.Header.Set("Last-Event-ID", s.last)
	}
	resp, err := s.c.http.Do(req)
	if err != nil {
		var u *url.Error // it repeats the whole URL
		if errors.As(err, &u) {
			err = u.Err
		}
		return fmt.Errorf("no answer from %s: %w", s.c.address, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
		if err != nil {
			return fmt.Errorf("no answer from %s: %w", s.c.address, err)
		}
		return s.c.refusal(answer{status: resp.StatusCode, requestID: resp.Header.Get("X-Request-Id"), body: b})
	}
	s.opened = true
	if !yield(LogEvent{Opened: true}, nil) {
		return errStopped
	}
	err = s.events(resp.Body, func() { silent.Reset(streamSilent) }, yield)
	if cause := context.Cause(ctx); cause != nil && parent.Err() == nil {
		err = cause
	}
	return err
}

// events reads server-sent events: lines of fields, and an empty line after each event.
func (s *logStream) events(from io.Reader, alive func(), yield func(LogEvent, error) bool) error {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, longestEvent)
	var id, name string
	var data []byte
	for lines.Scan() {
		alive()
		line := lines.Bytes()
		if len(line) == 0 {
			if err := s.event(id, name, data, yield); err != nil {
				return err
			}
			id, name, data = "", "", nil
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "id":
			id = string(value)
		case "event":
			name = string(value)
		case "data":
			data = append(data, value...)
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return fmt.Errorf("the connection to %s was lost", s.c.address)
}

// event hands on what one event tells; one of a name that is not known tells nothing.
func (s *logStream) event(id, name string, data []byte, yield func(LogEvent, error) bool) error {
	var e LogEvent
	switch name {
	case "call":
		if err := json.Unmarshal(data, &e.Call); err != nil {
			return errors.New(s.c.address + " does not answer in the form of Lockage's management API: check the address")
		}
		s.last = id
		if s.told[e.Call.ID] {
			return nil
		}
		s.remember(e.Call.ID)
	case "gap":
		e.Missed = true
	case "end":
		var end wire.LogStreamEnd
		if err := json.Unmarshal(data, &end); err != nil {
			return errors.New(s.c.address + " does not answer in the form of Lockage's management API: check the address")
		}
		return &Error{Status: http.StatusOK, Type: end.Type, Message: end.Message}
	default:
		return nil
	}
	if !yield(e, nil) {
		return errStopped
	}
	return nil
}

func (s *logStream) remember(id string) {
	s.told[id] = true
	if s.order = append(s.order, id); len(s.order) > streamTold {
		delete(s.told, s.order[0])
		s.order = s.order[1:]
	}
}
