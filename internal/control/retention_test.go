package control_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
)

// Calls go with their contents when their environment's time for them is over, no sooner, and those of an environment that
// keeps them for longer stay. More than fit into one transaction go too.
func TestCallsAreKeptForAsLongAsTheirEnvironmentSays(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		if _, err := x.UpdateEnvironment(t.Context(), x.owner, "development", environment.Fields{Logs: &environment.LogFields{Retention: ptr("2h")}}); err != nil {
			t.Fatal(err)
		}
		old, kept := x.contentCall(1, x.development), x.contentCall(2, x.production)
		batch := []route.Call{old, kept}
		for n := range 1200 {
			c := x.contentCall(10+n, x.development)
			c.Content = nil
			batch = append(batch, c)
		}
		x.record(t, batch...)
		x.clock.pass(2 * time.Hour)
		if n, err := x.PruneOnce(t.Context()); n != 0 || err != nil {
			t.Errorf("at the end of their time: got %d deleted and %v, want none", n, err)
		}
		x.clock.pass(time.Millisecond)
		young := x.contentCall(3, x.development)
		x.record(t, young)
		if n, err := x.PruneOnce(t.Context()); n != 1201 || err != nil {
			t.Errorf("after it: got %d deleted and %v, want 1201", n, err)
		}
		if _, err := x.GetCall(t.Context(), x.owner, old.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("the old call: got %v, want not found", err)
		}
		list, _, err := x.ListCalls(t.Context(), x.owner, control.CallFilter{})
		var ids []string
		for _, c := range list {
			ids = append(ids, c.ID)
		}
		if diff := cmp.Diff([]string{young.ID, kept.ID}, ids); diff != "" || err != nil {
			t.Errorf("left: %v (-want +got):\n%s", err, diff)
		}
		d, err := x.GetCall(t.Context(), x.owner, young.ID)
		if err != nil || d.Content == nil {
			t.Errorf("the young call: got %+v and %v, want its content", d, err)
		}
	})
}
