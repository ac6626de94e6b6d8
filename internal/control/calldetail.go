package control

import (
	"context"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
)

// CallDetail is a recorded call with what is recorded of its content.
type CallDetail struct {
	Call
	Content        *route.Content // nil: nothing was recorded, or it is hidden
	ContentsHidden bool           // the environment does not show contents to people
	RevealedUntil  time.Time      // zero: it is not revealed to who looks
}

// shown turns calls into what people may see of them. Everything that lets people look at calls passes through here: the
// list, one call, the stream, replays and exports. Nothing else decides what is hidden.
func (v *visit) shown(_ context.Context, calls ...*CallDetail) error {
	for _, c := range calls {
		e, ok := v.pipeline.Find(c.EnvironmentID)
		if c.ContentsHidden = !ok || !e.ShowMessageContents; c.ContentsHidden {
			c.Content = nil
		}
	}
	return nil
}

// onCall is the scope of a recorded call's environment.
func onCall(id string, into *route.Call) scope {
	return func(ctx context.Context, v *visit) error {
		found, err := v.Call(ctx, id)
		if err != nil {
			return err
		}
		e, ok := v.pipeline.Find(found.EnvironmentID)
		if !ok || !v.who.Sees(e.ID) {
			return fault.New(fault.NotFound, "no such call")
		}
		*into, v.environment, v.target = found, e, callTarget(found)
		return nil
	}
}

func callTarget(c route.Call) audit.Target {
	return audit.Target{Kind: "call", ID: c.ID, Name: c.RouteKey}
}

// GetCall reads one recorded call, by its id, with what is recorded of its content.
func (c *Control) GetCall(ctx context.Context, who access.Principal, id string) (d CallDetail, err error) {
	var call route.Call
	err = c.read(ctx, who, access.LogRead, onCall(id, &call), func(v *visit) error {
		d, err = c.detail(ctx, v, call)
		return err
	})
	return d, err
}

// detail reads a call's content, and lets through what may be shown.
func (c *Control) detail(ctx context.Context, v *visit, call route.Call) (d CallDetail, err error) {
	d = CallDetail{Call: Call{Call: call, Environment: v.pipeline.NameOf(call.EnvironmentID)}}
	if d.Content, err = c.openContent(ctx, v, call); err != nil {
		return CallDetail{}, err
	}
	if err := v.shown(ctx, &d); err != nil {
		return CallDetail{}, err
	}
	return d, nil
}
