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
	Obfuscated     bool           // something of it is masked
	RevealedUntil  time.Time      // zero: it is not revealed to who looks
	Revealable     bool           // who looks may have it revealed, and something is hidden
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

// whole reads a call's content; nobody may see it like this.
func (c *Control) whole(ctx context.Context, v *visit, call route.Call) (d CallDetail, err error) {
	d = CallDetail{Call: Call{Call: call, Environment: v.pipeline.NameOf(call.EnvironmentID)}}
	d.Content, err = c.openContent(ctx, v, call)
	return d, err
}

// detail reads a call's content, and lets through what may be shown.
func (c *Control) detail(ctx context.Context, v *visit, call route.Call) (d CallDetail, err error) {
	if d, err = c.whole(ctx, v, call); err != nil {
		return CallDetail{}, err
	}
	if d.RevealedUntil, err = v.revealedUntil(ctx, call); err != nil {
		return CallDetail{}, err
	}
	if err := v.shown(ctx, &d); err != nil {
		return CallDetail{}, err
	}
	d.Revealable = d.hides() && v.mayReveal()
	return d, nil
}
