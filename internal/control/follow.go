package control

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
)

const (
	followWindow = 20000                  // calls that are looked through for new ones at a time
	followPiece  = 2000                   // calls that are told at a time
	followRest   = 100 * time.Millisecond // between two readings, however many calls there are

	// commitDelay is for how long calls are found that were stored later than younger ones: how long a transaction of
	// another process may take, and how far its clock may be from this one's.
	commitDelay = 5 * time.Second
)

// Following is a reading of the log that goes on as calls are stored, by this process or another on the same database. It
// belongs to one goroutine.
type Following struct {
	c        *Control
	holder   string
	filter   CallFilter
	from, to int // statuses
	since    time.Time
	seen     map[string]time.Time // calls that were told already, and when they were stored
	woken    <-chan struct{}
}

// FollowedCall is a call with the place after which a reading may go on.
type FollowedCall struct {
	Call
	Place string
}

// FollowCalls begins to follow the calls of the environments where the principal may read logs, from after a place that
// an earlier reading gave, or from now on (""). After a place, calls may come a second time. It must be ended. Limited
// when too many follow.
func (c *Control) FollowCalls(ctx context.Context, who access.Principal, f CallFilter, after string) (_ *Following, err error) {
	g := &Following{c: c, holder: who.Account + "/" + who.ID, filter: f, since: c.now(), seen: map[string]time.Time{}}
	if g.from, g.to, err = statuses(f.StatusClass); err != nil {
		return nil, err
	}
	if after != "" {
		if g.since, err = placeTime(after); err != nil {
			return nil, err
		}
	}
	if err := c.followers.begin(g.holder); err != nil {
		return nil, err
	}
	ready := make(chan struct{})
	close(ready)
	g.woken = ready // the first reading waits for nothing
	var ids []string
	err = c.read(ctx, who, access.LogRead, among(f.Environment, &ids), func(v *visit) error {
		if f.Environment != "" {
			g.filter.Environment = v.environment.ID // it may be renamed
		}
		if after != "" {
			return nil
		}
		_, _, err := g.fresh(ctx, v, ids) // what is stored already is not new
		return err
	})
	if err != nil {
		g.End()
		return nil, err
	}
	return g, nil
}

// placeTime is the time that a place begins with.
func placeTime(place string) (time.Time, error) {
	n, _, ok := strings.Cut(place, "-")
	ms, err := strconv.ParseInt(n, 10, 64)
	if err != nil || !ok || ms < 0 {
		return time.Time{}, fault.Refused("Last-Event-ID", "is not the id of an event of this stream; begin without one")
	}
	return time.UnixMilli(ms), nil
}

// End lets another one follow.
func (g *Following) End() { g.c.followers.end(g.holder) }

// Next reads what was stored since it was asked before, in that order; nothing, when nothing was. Who reads is decided
// anew each time. missed says that there was more than could be told.
func (g *Following) Next(ctx context.Context, who access.Principal) (list []FollowedCall, missed bool, err error) {
	g.woken = g.c.followers.next() // before reading: what comes meanwhile is not slept through
	var ids []string
	err = g.c.read(ctx, who, access.LogRead, among(g.filter.Environment, &ids), func(v *visit) error {
		fresh, more, err := g.fresh(ctx, v, ids)
		if err != nil {
			return err
		}
		missed = more
		list, err = g.tell(ctx, v, fresh)
		return err
	})
	return list, missed, err
}

// fresh are the ids of the calls that were not told yet.
func (g *Following) fresh(ctx context.Context, v *visit, environmentIDs []string) (ids []string, missed bool, err error) {
	recorded, err := v.RecordedSince(ctx, environmentIDs, g.since.Add(-commitDelay), followWindow)
	if err != nil {
		return nil, false, err
	}
	for i, k := range recorded {
		if _, told := g.seen[k.ID]; !told {
			missed = missed || i == 0 && len(recorded) == followWindow
			g.seen[k.ID] = k.At
			ids = append(ids, k.ID)
		}
		if k.At.After(g.since) {
			g.since = k.At
		}
	}
	for id, at := range g.seen {
		if at.Before(g.since.Add(-commitDelay)) {
			delete(g.seen, id)
		}
	}
	if len(ids) > followPiece {
		ids, missed = ids[len(ids)-followPiece:], true
	}
	return ids, missed, nil
}

// tell reads calls as people see them.
func (g *Following) tell(ctx context.Context, v *visit, ids []string) ([]FollowedCall, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	routeID, known, err := v.calledRoute(ctx, g.filter.Route)
	if err != nil || !known {
		return nil, err
	}
	calls, err := v.CallsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	kept := calls[:0]
	for _, call := range calls {
		if g.wants(call, routeID) {
			kept = append(kept, call)
		}
	}
	shown, err := v.listed(ctx, kept)
	list := make([]FollowedCall, len(shown))
	for i, call := range shown {
		list[i] = FollowedCall{Call: call, Place: strconv.FormatInt(call.RecordedAt.UnixMilli(), 10) + "-" + call.ID}
	}
	return list, err
}

func (g *Following) wants(c route.Call, routeID string) bool {
	return (routeID == "" || c.RouteID == routeID) && (g.to == 0 || c.Status >= g.from && c.Status < g.to) && (g.filter.Key == "" || c.KeyID == g.filter.Key)
}

// Wait waits until there may be more to read, at most for a time: calls of other processes nobody tells of.
func (g *Following) Wait(ctx context.Context, most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-g.woken:
	case <-timer.C:
	case <-ctx.Done():
	}
	_ = rest(ctx, followRest) // that ctx ended, the next reading says
}
