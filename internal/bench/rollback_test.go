package bench_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

// turn is a node whose production goes back and forth between two trees, each of which calls a path of its own.
type turn struct {
	*client.Client
	url, key string
	http     *http.Client
}

// The paths that the two trees call at the upstream, which answers with the path it was asked for.
const (
	oldTree = "/old/x"
	newTree = "/new/x"
)

func newTurn(tb testing.TB) *turn {
	tb.Helper()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.URL.Path)
	}))
	tb.Cleanup(upstream.Close)
	n := startNode(tb, tb.TempDir())
	c, err := client.New(client.Config{Address: "http://" + n.control, Token: token})
	must(tb, err)
	ctx, message := tb.Context(), "measure"
	body, err := json.Marshal(map[string]any{"key": "charges", "target_url": upstream.URL + "/old"})
	must(tb, err)
	_, err = c.CreateRoute(ctx, body, &message)
	must(tb, err)
	t := &turn{Client: c, url: "http://" + n.gateway + "/charges/x", http: &http.Client{Transport: &http.Transport{}}}
	t.promote(tb)
	body, err = json.Marshal(map[string]any{"target_url": upstream.URL + "/new"})
	must(tb, err)
	_, err = c.UpdateRoute(ctx, "charges", body, &message)
	must(tb, err)
	t.promote(tb)
	k, err := c.CreateAPIKey(ctx, wire.APIKeyCreate{Environment: "production", Type: "secret"})
	must(tb, err)
	t.key = k.Key
	return t
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func (t *turn) promote(tb testing.TB) {
	tb.Helper()
	_, err := t.Promote(tb.Context(), wire.PromotionCreate{To: "production", Message: "measure"})
	must(tb, err)
}

// call answers which path the gateway called.
func (t *turn) call(tb testing.TB) string {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, t.url, nil)
	must(tb, err)
	r.Header.Set("Lockage-Key", t.key)
	a, err := t.http.Do(r)
	must(tb, err)
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	must(tb, err)
	if a.StatusCode != http.StatusOK {
		tb.Fatalf("call: got status %d, want 200: %s", a.StatusCode, body)
	}
	return string(body)
}

// turns is what a number of rollbacks took.
type turns struct {
	rollback []time.Duration // the rollback itself, from request to answer
	before   []time.Duration // a call with nothing going on, for comparison
	visible  []time.Duration // from the answer of the rollback to the end of the first call served from the old tree
	late     int             // rollbacks after which the very next call was not
}

// back rolls production back a number of times; what restores the new tree in between is not counted.
func (t *turn) back(tb testing.TB, tries int) (all turns) {
	tb.Helper()
	for range tries {
		begin := time.Now()
		if got := t.call(tb); got != newTree {
			tb.Fatalf("before the rollback: got a call of %s, want %s", got, newTree)
		}
		all.before = append(all.before, time.Since(begin))
		begin = time.Now()
		_, err := t.Rollback(tb.Context(), "production", wire.RollbackCreate{To: "1", Message: "measure"})
		answered := time.Now()
		must(tb, err)
		for first := true; t.call(tb) != oldTree; first = false {
			if first {
				all.late++
			}
		}
		all.visible = append(all.visible, time.Since(answered))
		all.rollback = append(all.rollback, answered.Sub(begin))
		must(tb, t.LiftHold(tb.Context(), "production"))
		t.promote(tb)
	}
	for _, list := range [][]time.Duration{all.rollback, all.before, all.visible} {
		slices.Sort(list)
	}
	return all
}

// at is a percentile of a sorted list.
func at(list []time.Duration, p float64) time.Duration {
	return list[min(len(list)-1, int(p*float64(len(list))))]
}

// BenchmarkRollback measures through the built program how long after the answer of a rollback of production the gateway
// serves the old tree, 200 times an iteration. It must be the very next call: late must be 0.
func BenchmarkRollback(b *testing.B) {
	t := newTurn(b)
	t.back(b, 5) // warm up
	var rounds []turns
	late := 0
	for b.Loop() {
		round := t.back(b, 200)
		late += round.late
		rounds = append(rounds, round)
	}
	b.ReportMetric(0, "ns/op") // an iteration is a fixed number of rollbacks, and what restores is not counted
	report := func(unit string, of func(turns) float64) {
		values := make([]float64, len(rounds))
		for i, r := range rounds {
			values[i] = of(r)
		}
		slices.Sort(values)
		b.ReportMetric(values[len(values)/2], unit)
	}
	microseconds := func(d time.Duration) float64 { return float64(d.Microseconds()) }
	report("rollback-p50-µs", func(r turns) float64 { return microseconds(at(r.rollback, 0.5)) })
	report("visible-p50-µs", func(r turns) float64 { return microseconds(at(r.visible, 0.5)) })
	report("visible-p99-µs", func(r turns) float64 { return microseconds(at(r.visible, 0.99)) })
	report("p50/call", func(r turns) float64 { return float64(at(r.visible, 0.5)) / float64(at(r.before, 0.5)) })
	report("p99/call", func(r turns) float64 { return float64(at(r.visible, 0.99)) / float64(at(r.before, 0.99)) })
	b.ReportMetric(float64(late), "late")
	if late > 0 {
		b.Errorf("%d calls after a rollback were served from the new tree, want 0", late)
	}
}

// TestRollbackMeasurementRuns keeps the measurement from rotting; that no call is late is not a matter of time.
func TestRollbackMeasurementRuns(t *testing.T) {
	if got := newTurn(t).back(t, 3); got.late != 0 || len(got.visible) != 3 {
		t.Errorf("got %d late of %d, want 0 of 3", got.late, len(got.visible))
	}
}
