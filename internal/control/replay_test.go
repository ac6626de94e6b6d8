package control_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
)

// newCallID is the id of every call that is made once more here.
const newCallID = "018f0000-0000-7000-8000-00000000feed"

// replayable is a recorded call of a customer with everything that a replay needs.
func (x *fixture) replayable(t *testing.T, n int, environmentID string, change func(*route.Call)) route.Call {
	t.Helper()
	c := x.customerCall(n, environmentID)
	c.RouteID, c.RouteKey = "id-of-charges", "charges"
	if change != nil {
		change(&c)
	}
	x.record(t, c)
	return c
}

func TestReplay(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createEnvironment(t, "staging")
		x.show(t, "production", false, true)
		in := x.replayable(t, 1, x.production, func(c *route.Call) {
			c.Content.Query = "page=2&token=" + route.RecordedMark
			c.Content.RequestHeaders = []route.HeaderField{
				{Name: "Authorization", Value: route.RecordedMark},
				{Name: "X-Half", Value: "begins " + route.RecordedMark},
				{Name: "X-Bad\n", Value: "x"},
				{Name: "Host", Value: "gateway.example"},
				{Name: "Content-Length", Value: "7"},
				{Name: "Content-Encoding", Value: "gzip"},
				{Name: "Lockage-Environment", Value: "production"},
				{Name: "Lockage-Route", Value: "charges"},
				{Name: "Accept", Value: "*/*"},
			}
		})
		done, err := x.ReplayCall(t.Context(), x.developer, in.ID, "development")
		if err != nil || len(x.replayed) != 1 {
			t.Fatalf("got %+v and %v, sent %+v", done, err, x.replayed)
		}
		if diff := cmp.Diff([]string{"Authorization", "X-Half", "X-Bad\n"}, done.LeftOut); diff != "" || !done.Cut || done.Masked || done.Status != 201 || done.ID != newCallID || done.Environment.ID != x.development {
			t.Errorf("got %+v; left out (-want +got):\n%s", done, diff)
		}
		want := route.Replay{
			Of: in.ID, Who: x.developer, Environment: "development", Method: "POST", Path: in.Path, Query: "page=2&token=%5Bredacted%5D", Body: in.Content.RequestBody.Bytes,
			Headers: []route.HeaderField{{Name: "Lockage-Route", Value: "charges"}, {Name: "Accept", Value: "*/*"}},
		}
		if diff := cmp.Diff(want, x.replayed[0]); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
		if _, err := x.ReplayCall(t.Context(), x.developer, in.ID, "staging"); err != nil {
			t.Errorf("into staging: %v", err)
		}
	})
}

// What is sent is what is shown: masks are sent as masks, and what is hidden is not sent.
func TestReplaySendsNoMoreThanIsShown(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		in := x.replayable(t, 1, x.production, nil)
		_, err := x.ReplayCall(t.Context(), x.admin, in.ID, "development")
		wantFault(t, "hidden contents", err, fault.Conflict, "the contents of this record are hidden from you; have it revealed first")
		x.show(t, "production", true, true)
		done, err := x.ReplayCall(t.Context(), x.admin, in.ID, "development")
		if err != nil || !done.Masked || len(x.replayed) != 1 {
			t.Fatalf("got %+v, %v, and %d sent", done, err, len(x.replayed))
		}
		p := x.replayed[0]
		wantNoCustomer(t, "what is sent", p)
		wantNoCustomer(t, "the body", string(p.Body))
		if strings.ContainsFunc(p.Path+p.Query, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			t.Errorf("got the path %q and the query %q, want them as a URL has them", p.Path, p.Query)
		}
		odd := x.replayable(t, 2, x.production, func(c *route.Call) {
			c.Content.RequestBody = route.Body{Bytes: []byte(`{"email":"ada@example.com`), Size: 25, Type: "application/json"}
		})
		if d := x.call(t, x.admin, odd.ID); d.Content.RequestBody.Omitted == route.OmittedMasked {
			_, err = x.ReplayCall(t.Context(), x.admin, odd.ID, "development")
			wantFault(t, "a body that cannot be masked", err, fault.Conflict, "the body of this record cannot be masked; have it revealed first")
		}
		// who had it revealed sends what they see; nobody else does
		x.show(t, "production", true, false)
		x.revealCall(t, x.admin, in.ID)
		if done, err = x.ReplayCall(t.Context(), x.admin, in.ID, "development"); err != nil || done.Masked {
			t.Fatalf("revealed: got %+v and %v", done, err)
		}
		if p := x.replayed[len(x.replayed)-1]; !strings.Contains(string(p.Body), "ada@example.com") || p.Path != in.Path {
			t.Errorf("revealed: sent %+v, want it whole", p)
		}
		_, err = x.ReplayCall(t.Context(), x.owner, in.ID, "development")
		wantFault(t, "revealed to another", err, fault.Conflict, "")
	})
}

func TestReplayRefuses(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createEnvironment(t, "staging")
		x.show(t, "production", false, true)
		in := x.replayable(t, 1, x.production, nil)
		below := x.replayable(t, 2, x.development, nil)
		for _, ref := range []string{"production", "staging", "development"} {
			_, err := x.ReplayCall(t.Context(), x.owner, below.ID, ref)
			wantFault(t, "from development into "+ref, err, fault.Invalid, "")
		}
		_, err := x.ReplayCall(t.Context(), x.owner, in.ID, "production")
		wantFault(t, "into the same", err, fault.Invalid, "")
		for _, who := range []access.Principal{x.viewer, x.support, x.with("builder above", access.Grant{Environment: x.production, Role: access.Developer}, access.Grant{Environment: x.development, Role: access.Viewer})} {
			_, err := x.ReplayCall(t.Context(), who, in.ID, "development")
			wantFault(t, "as "+who.Name, err, fault.Forbidden, "")
		}
		onlyBelow := x.with("developer below", access.Grant{Environment: x.development, Role: access.Developer})
		_, err = x.ReplayCall(t.Context(), onlyBelow, in.ID, "development")
		wantFault(t, "a call that is not seen", err, fault.NotFound, "no such call")
		_, err = x.ReplayCall(t.Context(), onlyBelow, newCallID, "development")
		wantFault(t, "a call that never was", err, fault.NotFound, "no such call")
		onlyAbove := x.with("developer above", access.Grant{Environment: x.production, Role: access.Developer})
		for _, ref := range []string{"development", "never"} {
			_, err = x.ReplayCall(t.Context(), onlyAbove, in.ID, ref)
			wantFault(t, "into "+ref+" that is not seen", err, fault.NotFound, "no such environment")
		}
		n := 100
		for what, change := range map[string]func(*route.Call){
			"no route":     func(c *route.Call) { c.RouteID, c.RouteKey = "", "" },
			"no content":   func(c *route.Call) { c.Content = nil },
			"half a body":  func(c *route.Call) { c.Content.RequestBody.Truncated = true },
			"no body kept": func(c *route.Call) { c.Content.RequestBody = route.Body{Size: 5, Omitted: route.OmittedBinary} },
			"half a path":  func(c *route.Call) { c.Path = "/" + strings.Repeat("x", route.MaxRecordedPath-1) },
		} {
			n++
			_, err := x.ReplayCall(t.Context(), x.owner, x.replayable(t, n, x.production, change).ID, "development")
			wantFault(t, what, err, fault.Conflict, "")
		}
		if len(x.replayed) != 0 {
			t.Errorf("sent %+v, want nothing", x.replayed)
		}
	})
}
