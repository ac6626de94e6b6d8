package control_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
)

func (x *fixture) record(t *testing.T, calls ...route.Call) {
	t.Helper()
	if err := x.RecordCalls(t.Context(), calls); err != nil {
		t.Fatalf("record: %v", err)
	}
}

func TestCalls(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		key := x.createKey(t, "development").ID
		charges := x.createRoute(t, `{"key":"charges","target_url":"https://api.example.com"}`).ID
		n := len(x.entries(t))
		var calls []route.Call
		for i, status := range []int{200, 201, 301, 404, 429, 500, 502} {
			at := x.clock.Now().Add(time.Duration(i) * time.Minute)
			c := route.Call{
				ID: idAt(at, i), Account: x.account, RequestID: "r", Time: at,
				EnvironmentID: x.development, RouteID: charges, RouteKey: "charges", KeyID: key, Method: "POST", Path: "/charges", Status: status,
				Latency: 1500 * time.Microsecond, BytesIn: 1, BytesOut: 2, Secrets: []string{"stripe"}, Redacted: 4, ErrorType: "",
			}
			if i%2 == 1 {
				c.EnvironmentID, c.RouteID, c.RouteKey, c.KeyID, c.Secrets = x.production, "", "", "", []string{}
			}
			calls = append(calls, c)
		}
		x.record(t, calls[3:]...)
		x.record(t, calls[:3]...) // late
		if got := len(x.entries(t)); got != n {
			t.Errorf("got %d audit entries, want %d: recording is nobody's change", got, n)
		}
		from := func(i int) time.Time { return x.clock.Now().Add(time.Duration(i) * time.Minute) }
		for name, tt := range map[string]struct {
			filter control.CallFilter
			want   []int // newest first
		}{
			"all":          {control.CallFilter{}, []int{6, 5, 4, 3, 2, 1, 0}},
			"a name":       {control.CallFilter{Environment: "production"}, []int{5, 3, 1}},
			"an id":        {control.CallFilter{Environment: x.development}, []int{6, 4, 2, 0}},
			"a class":      {control.CallFilter{StatusClass: "4xx"}, []int{4, 3}},
			"a status":     {control.CallFilter{StatusClass: "502"}, []int{6}},
			"no class":     {control.CallFilter{StatusClass: "1xx"}, nil},
			"a route":      {control.CallFilter{Route: "charges", StatusClass: "2xx"}, []int{0}},
			"a route's id": {control.CallFilter{Route: charges}, []int{6, 4, 2, 0}},
			"no route":     {control.CallFilter{Route: "refunds"}, nil},
			"a key":        {control.CallFilter{Key: key, StatusClass: "5xx"}, []int{6}},
			"since":        {control.CallFilter{Since: from(5)}, []int{6, 5}},
			"until":        {control.CallFilter{Until: from(2)}, []int{1, 0}},
			"no text":      {control.CallFilter{Route: "\x00"}, nil},
		} {
			for _, limit := range []int{1, 3, 200} {
				f := tt.filter
				f.Limit = limit
				var got []control.Call
				for {
					list, next, err := x.ListCalls(t.Context(), x.viewer, f)
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					got = append(got, list...)
					if f.Cursor = next; next == "" {
						break
					}
				}
				var want []control.Call
				for _, i := range tt.want {
					calls[i].RecordedAt = x.clock.Now()
					want = append(want, control.Call{Call: calls[i], Environment: []string{"development", "production"}[i%2]})
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s, %d at a time (-want +got):\n%s", name, limit, diff)
				}
			}
		}
		for _, status := range []string{"6xx", "0xx", "xx", "99", "600", "zebra", "2x", "-200"} {
			_, _, err := x.ListCalls(t.Context(), x.owner, control.CallFilter{StatusClass: status})
			wantFault(t, "status "+status, err, fault.Invalid, `status: must be a class such as "4xx" or one status such as "404"`)
		}
		local := x.with("local", access.Grant{Environment: x.production, Role: access.Support})
		if list, _, err := x.ListCalls(t.Context(), local, control.CallFilter{}); err != nil || len(list) != 3 {
			t.Errorf("of one environment: got %d calls and %v, want its three", len(list), err)
		}
		k, err := x.GetAPIKey(t.Context(), x.owner, key)
		if err != nil || k.Uses != 4 || !k.LastUsedAt.Equal(from(6)) {
			t.Errorf("key: got %d uses, the last at %v, %v; want 4 at %v", k.Uses, k.LastUsedAt, err, from(6))
		}
	})
}

// The batches of several processes touch the same keys.
func TestCallsAreRecordedAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		keys := make([]string, 8)
		for i := range keys {
			keys[i] = x.createKey(t, "development").ID
		}
		var wait sync.WaitGroup
		for batch := range 8 {
			wait.Go(func() {
				var calls []route.Call
				for i := range keys {
					calls = append(calls, route.Call{
						ID: fmt.Sprintf("%d-%d", batch, i), Account: x.account, EnvironmentID: x.development, KeyID: keys[(i+batch)%len(keys)],
						Status: 200, Path: "/odd\x00\xff", Time: x.clock.Now(),
					})
				}
				if err := x.RecordCalls(t.Context(), calls); err != nil {
					t.Errorf("record: %v", err)
				}
			})
		}
		wait.Wait()
		for _, id := range keys {
			if k, err := x.GetAPIKey(t.Context(), x.owner, id); err != nil || k.Uses != 8 {
				t.Errorf("got %d uses and %v, want 8", k.Uses, err)
			}
		}
		if err := x.RecordCalls(t.Context(), nil); err != nil {
			t.Errorf("nothing: got %v, want no error", err)
		}
	})
}
