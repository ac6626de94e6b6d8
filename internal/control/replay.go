package control

import (
	"context"
	"net/textproto"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
)

// Replayer makes a recorded call once more, with what its environment has.
type Replayer func(context.Context, route.Replay) (route.Replayed, error)

// Replay is what became of a replay.
type Replay struct {
	route.Replayed
	Environment environment.Environment
	LeftOut     []string // the headers of the record that were not sent, for their values were cut out
	Cut         bool     // of what was sent, something was cut out
	Masked      bool     // something was masked
}

// ReplayCall makes a recorded call once more in an environment of a lower level, with the route, keys and values of that
// one. Nothing is sent that the principal does not see of the record: what is masked is sent masked, and a record whose
// contents are hidden is not sent. What was cut out stays out.
func (c *Control) ReplayCall(ctx context.Context, who access.Principal, id, environmentRef string) (done Replay, err error) {
	if c.replay == nil {
		return Replay{}, &fault.Error{Kind: fault.Unavailable, Message: "no gateway runs in this process, so nothing can be replayed here"}
	}
	var call route.Call
	var p route.Replay
	err = c.write(ctx, who, access.LogReplay, between(id, environmentRef, &call), func(v *visit) error {
		target := v.environment
		source, _ := v.pipeline.Find(call.EnvironmentID) // the scope found it
		if target.Level >= source.Level {
			return fault.Refused("environment", "must be of a lower level than %s, where the call was made", source.Name)
		}
		// what is shown is decided where the call was made
		v.environment = source
		d, err := c.detail(ctx, v, call)
		v.environment = target
		if err != nil {
			return err
		}
		if p, err = again(d); err != nil {
			return err
		}
		done = Replay{Environment: target, Masked: d.Obfuscated}
		p.Of, p.Who, p.Environment = call.ID, who, target.Name
		p.Headers, done.LeftOut = sendable(d.Content.RequestHeaders)
		done.Cut = strings.Contains(d.Content.Query, route.RecordedMark) || strings.Contains(string(p.Body), route.RecordedMark)
		v.detail = audit.Detail("source", source.Name)
		return nil
	})
	if err != nil {
		return Replay{}, err
	}
	done.Replayed, err = c.replay(ctx, p)
	return done, err
}

// between is the scope of a call that goes to another environment: both must be seen, the log be read in the call's own,
// and what is decided is decided in the other.
func between(id, environmentRef string, into *route.Call) scope {
	return func(ctx context.Context, v *visit) error {
		if err := onCall(id, into)(ctx, v); err != nil {
			return err
		}
		source := v.environment
		if err := access.Allow(v.who, access.LogRead, access.Environment{ID: source.ID, Protected: source.Protected}); err != nil {
			return err
		}
		return in(environmentRef)(ctx, v)
	}
}

// again makes of a record, as it is shown, what is to be sent; it fails where the record is not all of the call.
func again(d CallDetail) (p route.Replay, err error) {
	switch body := func() route.Body {
		if d.Content == nil {
			return route.Body{}
		}
		return d.Content.RequestBody
	}(); {
	case d.RouteID == "":
		return p, fault.New(fault.Conflict, "the call came to no route, so there is nothing to replay")
	case d.ContentsHidden && d.HasContent:
		return p, fault.New(fault.Conflict, "the contents of this record are hidden from you; have it revealed first")
	case d.Content == nil:
		return p, fault.New(fault.Conflict, "nothing is recorded of the call's content; switch recording on, and replay a later call")
	case body.Omitted == route.OmittedMasked:
		return p, fault.New(fault.Conflict, "the body of this record cannot be masked; have it revealed first")
	case body.Omitted != "" && body.Size > 0, body.Truncated, len(d.Path) >= route.MaxRecordedPath:
		return p, fault.New(fault.Conflict, "the call was not recorded whole, so that it cannot be replayed")
	default:
		return route.Replay{Method: d.Method, Path: escaped(d.Path), Query: escaped(d.Content.Query), Body: body.Bytes}, nil
	}
}

// unsent are headers that are about the connection, or about a body that is sent otherwise than it came.
var unsent = []string{
	"Accept-Encoding", "Connection", "Content-Encoding", "Content-Length", "Expect", "Host", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization",
	"Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// sendable are the headers of a record that can be sent once more. Those of which something was cut out are left out, and
// named: half a credential is none.
func sendable(recorded []route.HeaderField) (send []route.HeaderField, leftOut []string) {
	leftOut = []string{}
	for _, h := range recorded {
		name := textproto.CanonicalMIMEHeaderKey(h.Name)
		switch {
		case strings.Contains(h.Value, route.RecordedMark), !httpguts.ValidHeaderFieldName(h.Name), !httpguts.ValidHeaderFieldValue(h.Value):
			if !slices.Contains(leftOut, h.Name) {
				leftOut = append(leftOut, h.Name)
			}
		case slices.Contains(unsent, name), strings.HasPrefix(name, "Lockage-") && name != "Lockage-Route":
		default:
			send = append(send, h)
		}
	}
	return send, leftOut
}

// escaped writes what a mask or a mark brought into a path or a query as a URL has it.
func escaped(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}[]#", c) >= 0 {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
