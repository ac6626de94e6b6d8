package control_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/route"
)

func TestEchoesAreAuditedAndBounded(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		s := x.createSecret(t, "stripe")
		calls := 0
		call := func(environment string, secrets ...string) route.Call {
			calls++
			return route.Call{
				ID: fmt.Sprintf("018f0000-0000-7000-8000-%012d", calls), Account: x.account, RequestID: fmt.Sprintf("request-%d", calls), Time: x.clock.Now(),
				EnvironmentID: environment, RouteKey: "charges", Status: 200, Redacted: int64(len(secrets)), Echoed: secrets,
			}
		}
		type told struct{ Environment, Secret, Name, Route, Calls, Request string }
		record := func(what string, calls []route.Call, want ...told) {
			t.Helper()
			n := len(x.entries(t))
			x.record(t, calls...)
			var got []told
			for _, e := range x.newest(t, n) {
				if e.Action != string(access.SecretEcho) || e.Outcome != audit.Allowed || e.Actor.Kind != "system" || e.Target.Kind != "secret" {
					t.Errorf("%s: got the entry %+v", what, e)
				}
				got = append(got, told{e.Environment, e.Target.ID, e.Target.Name, e.Detail["route"], e.Detail["count"], e.RequestID})
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", what, diff)
			}
		}
		record("none", []route.Call{call(x.development)})
		record("a batch", []route.Call{call(x.development), call(x.development, s), call(x.development, s)},
			told{"development", s, "stripe", "charges", "2", "request-3"})
		x.clock.pass(time.Minute - time.Millisecond)
		record("within a minute", []route.Call{call(x.development, s), call(x.development, s), call(x.development, s)})
		record("another environment", []route.Call{call(x.production, s)}, told{"production", s, "stripe", "charges", "1", "request-8"})
		x.clock.pass(time.Millisecond)
		record("a minute later", []route.Call{call(x.development, s)}, told{"development", s, "stripe", "charges", "4", "request-9"})
		record("of a secret that is gone", []route.Call{call(x.development, "gone")}, told{"development", "gone", "", "charges", "1", "request-10"})
		record("in an environment that is gone", []route.Call{call("gone", s)}, told{"", s, "stripe", "charges", "1", "request-11"})

		list, _, err := x.ListCalls(t.Context(), x.owner, control.CallFilter{Environment: "development", Page: control.Page{Limit: 3}})
		if err != nil || len(list) != 3 || list[0].Redacted != 1 || list[2].Redacted != 1 {
			t.Errorf("calls: got %+v, %v, want three with one each", list, err)
		}
	})
}

// A batch that could not be stored comes again: nothing is told twice, and nothing is lost.
func TestEchoesSurviveAFailure(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		s := x.createSecret(t, "stripe")
		call := route.Call{
			ID: "018f0000-0000-7000-8000-000000000001", Account: x.account, RequestID: "r1", Time: x.clock.Now(),
			EnvironmentID: x.development, Status: 200, Redacted: 1, Echoed: []string{s},
		}
		stray := call
		stray.Account, stray.ID = "nobody", "018f0000-0000-7000-8000-000000000002"
		n := len(x.entries(t))
		if err := x.RecordCalls(t.Context(), []route.Call{call, stray}); err == nil {
			t.Fatal("an account that is not there: got no error, want one")
		}
		x.record(t, call)
		if got := x.newest(t, n); len(got) != 1 || got[0].Detail["count"] != "1" {
			t.Errorf("got %+v, want one entry of one call", got)
		}
	})
}
