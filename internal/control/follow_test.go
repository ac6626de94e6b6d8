package control_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
)

// followed is a stream of the log; it ends with the test.
func (x *fixture) followed(t *testing.T, who access.Principal, f control.CallFilter, after string) *control.Following {
	t.Helper()
	g, err := x.FollowCalls(t.Context(), who, f, after)
	if err != nil {
		t.Fatalf("follow as %s: %v", who.Name, err)
	}
	t.Cleanup(g.End)
	return g
}

// wantNext checks what a stream tells next: the requests of the calls.
func wantNext(t *testing.T, what string, g *control.Following, who access.Principal, want ...string) []control.FollowedCall {
	t.Helper()
	list, missed, err := g.Next(t.Context(), who)
	var got []string
	for _, c := range list {
		got = append(got, c.RequestID)
	}
	if diff := cmp.Diff(want, got); diff != "" || missed || err != nil {
		t.Errorf("%s: missed %v and %v (-want +got):\n%s", what, missed, err, diff)
	}
	return list
}

func TestFollowCalls(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		refund := x.createRoute(t, `{"key":"refunds","target_url":"https://api.example.com"}`).ID
		named := func(n int, environmentID string, change func(*route.Call)) route.Call {
			c := x.contentCall(n, environmentID)
			c.RouteID, c.RouteKey, c.KeyID = "id-of-charges", "charges", "k1"
			if change != nil {
				change(&c)
			}
			return c
		}
		x.record(t, named(1, x.development, nil))
		all := x.followed(t, x.viewer, control.CallFilter{}, "")
		development := x.followed(t, x.viewer, control.CallFilter{Environment: "development"}, "")
		failed := x.followed(t, x.viewer, control.CallFilter{StatusClass: "5xx"}, "")
		refunds := x.followed(t, x.viewer, control.CallFilter{Route: "refunds"}, "")
		key := x.followed(t, x.viewer, control.CallFilter{Key: "k2"}, "")
		wantNext(t, "what was there before", all, x.viewer)
		x.clock.pass(time.Second)
		x.record(t, named(2, x.development, func(c *route.Call) { c.Status = 502 }), named(3, x.production, func(c *route.Call) { c.RouteID, c.RouteKey = refund, "refunds" }))
		first := wantNext(t, "all", all, x.viewer, "request2", "request3")
		wantNext(t, "an environment", development, x.viewer, "request2")
		wantNext(t, "a class", failed, x.viewer, "request2")
		wantNext(t, "a route", refunds, x.viewer, "request3")
		wantNext(t, "a key", key, x.viewer)
		wantNext(t, "nothing", all, x.viewer)
		if _, err := x.UpdateEnvironment(t.Context(), x.owner, "development", environment.Fields{Name: ptr("dev")}); err != nil {
			t.Fatal(err)
		}
		// another process may be slow to commit, or have another clock: what is stored later with an earlier time is told too
		x.clock.pass(-3 * time.Second)
		x.record(t, named(4, x.development, func(c *route.Call) { c.KeyID = "k2" }))
		x.clock.pass(10 * time.Second)
		x.record(t, named(5, x.development, nil))
		wantNext(t, "late and new", all, x.viewer, "request4", "request5")
		wantNext(t, "an environment that was renamed", development, x.viewer, "request4", "request5")
		wantNext(t, "a key's", key, x.viewer, "request4")
		// from a place on, calls may come again, and none is missing
		wantNext(t, "after a place", x.followed(t, x.support, control.CallFilter{}, first[0].Place), x.support, "request4", "request1", "request2", "request3", "request5")
	})
}

func TestFollowingIsDecidedEachTime(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		n := len(x.entries(t))
		g := x.followed(t, x.viewer, control.CallFilter{}, "")
		below := x.with("developer", access.Grant{Environment: x.development, Role: access.Developer})
		x.record(t, x.contentCall(1, x.development), x.contentCall(2, x.production))
		wantNext(t, "with one environment left", g, below, "request1")
		if got := len(x.entries(t)); got != n {
			t.Errorf("got %d audit entries, want %d: looking is no change", got, n)
		}
		_, _, err := g.Next(t.Context(), x.with("nobody"))
		wantFault(t, "with nothing left", err, fault.Forbidden, "")
		if got := len(x.entries(t)); got != n+1 {
			t.Errorf("got %d audit entries, want one more than %d: it was refused", got, n)
		}
		production := x.followed(t, x.viewer, control.CallFilter{Environment: "production"}, "")
		_, _, err = production.Next(t.Context(), below)
		wantFault(t, "an environment that is not seen any more", err, fault.NotFound, "no such environment")
		for _, ref := range []string{"production", "never"} {
			_, err = x.FollowCalls(t.Context(), below, control.CallFilter{Environment: ref}, "")
			wantFault(t, ref, err, fault.NotFound, "no such environment")
		}
		_, err = x.FollowCalls(t.Context(), x.with("nobody"), control.CallFilter{}, "")
		wantFault(t, "without a grant", err, fault.Forbidden, "")
		_, err = x.FollowCalls(t.Context(), x.viewer, control.CallFilter{StatusClass: "canary"}, "")
		wantFault(t, "a status", err, fault.Invalid, "")
		for _, place := range []string{"canary", "12", "-1-x", "x-12"} {
			_, err = x.FollowCalls(t.Context(), x.viewer, control.CallFilter{}, place)
			wantFault(t, "the place "+place, err, fault.Invalid, "")
		}
	})
}

// A stream tells what lists tell: masks, and nothing that was cut out or is revealed to somebody in one record.
func TestStreamsAreMasked(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		g := x.followed(t, x.support, control.CallFilter{}, "")
		in, below := x.customerCall(1, x.production), x.customerCall(2, x.development)
		x.record(t, in, below)
		if _, err := x.RevealCall(t.Context(), x.support, in.ID, "the customer has called"); err != nil {
			t.Fatal(err)
		}
		list := wantNext(t, "both", g, x.support, "request1", "request2")
		wantNoCustomer(t, "the stream", list[0])
		if list[1].Path != below.Path {
			t.Errorf("below: got %s, want it as it is", list[1].Path)
		}
		for _, c := range list {
			if c.Content != nil {
				t.Errorf("got the content %+v, want none", c.Content)
			}
		}
	})
}

func TestFollowersAreCounted(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		last, err := x.FollowCalls(t.Context(), x.viewer, control.CallFilter{}, "")
		if err != nil {
			t.Fatal(err)
		}
		for range 4 {
			x.followed(t, x.viewer, control.CallFilter{}, "")
		}
		_, err = x.FollowCalls(t.Context(), x.viewer, control.CallFilter{}, "")
		wantFault(t, "one more", err, fault.Limited, "")
		var told *fault.Error
		if !errors.As(err, &told) || told.RetryAfter <= 0 {
			t.Errorf("got %+v, want when to try again", told)
		}
		x.followed(t, x.support, control.CallFilter{}, "")
		last.End()
		again := x.followed(t, x.viewer, control.CallFilter{}, "")
		again.Wait(t.Context(), time.Hour) // the first reading waits for nothing
		wantNext(t, "nothing yet", again, x.viewer)
		woken := make(chan struct{})
		go func() {
			defer close(woken)
			again.Wait(t.Context(), time.Hour)
		}()
		x.record(t, x.contentCall(1, x.development))
		<-woken
		wantNext(t, "after it was woken", again, x.viewer, "request1")
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		again.Wait(ended, time.Hour)
	})
}
