package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/alert"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
)

var (
	alertRule = alert.Rule{
		ID: "a1", EnvironmentID: "e1", Name: "calls fail", Kind: alert.ErrorRate, Route: "charges", Threshold: 2.5, Window: 5 * time.Minute, Minimum: 20,
		Quiet: time.Hour, Targets: []alert.Target{{ID: "t1", Email: "oncall@example.com"}, {ID: "h1", Webhook: "https://example.com"}}, Active: true,
		CreatedAt: start, CreatedBy: "Mira", UpdatedAt: start,
	}
	alertWebhook = store.AlertWebhook{
		EnvironmentID: "e1", AlertID: "a1", ID: "h1",
		Sealed: secret.Sealed{Ciphertext: []byte("c"), Nonce: []byte("n"), Tag: []byte("t"), WrappedKey: []byte("w"), KEK: "local:1"},
	}
	alertEvent = store.AlertEvent{
		EnvironmentID: "e1", AlertID: "a1", ID: "v1", State: "firing", Value: 2.5, Details: []string{"1 of 40 calls failed"}, StartedAt: start,
	}
)

func deliveryOf(account string) store.AlertDelivery {
	return store.AlertDelivery{
		Account: account, EnvironmentID: "e1", AlertID: "a1", EventID: "v1", ID: "d1", Target: "t1", Type: "firing", Body: "{}",
		State: store.DeliveryPending, NextAt: start, CreatedAt: start,
	}
}

// Readings are of one environment, one route, and the time that was asked about; numbers are exact.
func TestAlertReadings(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		var calls []route.Call
		for i := range 100 {
			c := callOf(ours)
			when := start.Add(time.Duration(i) * time.Second)
			c.Time, c.Latency, c.RouteKey = when, time.Duration(i+1)*time.Millisecond, "charges"
			if i%10 == 0 {
				c.Status, c.ErrorType = 500, "secret_expired"
			}
			if i%2 == 1 {
				c.RouteKey, c.RouteID = "other", "d2"
			}
			c.ID = idAt(when, i)
			calls = append(calls, c)
			c.EnvironmentID, c.ID = "e2", idAt(when, 1000+i)
			c.Status, c.Latency = 503, time.Hour
			calls = append(calls, c)
		}
		must(t, x.Batch(t.Context(), func(tx *store.Tx) error { return tx.InsertCalls(t.Context(), calls) }))
		must(t, x.Write(t.Context(), ours, func(tx *store.Tx) error {
			return errors.Join(
				tx.InsertIdentity(t.Context(), definition.Identity{ID: "d2", Ref: definition.Ref{Kind: definition.KindRoute, Key: "other"}, CreatedAt: start, CreatedBy: "Mira"}),
				tx.AppendAudit(t.Context(), entry()),
			)
		}))
		// in e1 there is a call more, which was there before
		x.look(t, func(ctx context.Context, tx *store.Tx) {
			n, failed, err := tx.ErrorShare(ctx, "e1", "", start)
			if n != 101 || failed != 10 || err != nil {
				t.Errorf("all: got %d, %d, %v, want 101, 10", n, failed, err)
			}
			n, failed, err = tx.ErrorShare(ctx, "e1", "other", start.Add(50*time.Second))
			if n != 25 || failed != 0 || err != nil {
				t.Errorf("a route and half the time: got %d, %d, %v, want 25, 0", n, failed, err)
			}
			n, p95, err := tx.LatencyP95(ctx, "e1", "", start)
			if n != 101 || p95 != 95*time.Millisecond || err != nil {
				t.Errorf("p95: got %d, %s, %v, want 101, 95ms", n, p95, err)
			}
			n, p95, err = tx.LatencyP95(ctx, "e1", "none", start)
			if n != 0 || p95 != 0 || err != nil {
				t.Errorf("p95 of nothing: got %d, %s, %v", n, p95, err)
			}
			got, err := tx.HardFails(ctx, "e1", "", start, []string{"secret_expired", "x"})
			want := store.Counted{N: 10, Newest: start.Add(90 * time.Second), Names: []string{"charges"}}
			if d := cmp.Diff(want, got); d != "" || err != nil {
				t.Errorf("hard fails: %v (-want +got):\n%s", err, d)
			}
		})
	})
}

// idAt is an id as the gateway makes it.
func idAt(when time.Time, n int) string {
	hex := fmt.Sprintf("%012x", when.UnixMilli())
	return hex[:8] + "-" + hex[8:] + "-7000-8000-" + fmt.Sprintf("%012x", int64(n))
}

// The first hour of a key is learning, places are kept apart by key, and what rests for long is forgotten, but for the
// first places.
func TestNewAddresses(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) { // k1 was seen at 192.0.2.7 at the start
		note := func(after time.Duration, addresses ...string) {
			t.Helper()
			must(t, x.Batch(t.Context(), func(tx *store.Tx) error {
				for _, a := range addresses {
					if err := tx.NoteAddress(t.Context(), ours, "e1", "k1", a, start.Add(after)); err != nil {
						return err
					}
				}
				return nil
			}))
		}
		list := func() (names []string) {
			t.Helper()
			x.look(t, func(ctx context.Context, tx *store.Tx) {
				got, n, err := tx.NewAddresses(ctx, "e1", start, 10)
				must(t, err)
				if int(n) != len(got) {
					t.Errorf("got %d of %d", len(got), n)
				}
				for _, a := range got {
					names = append(names, a.Prefix+a.LastFour+" "+a.Address)
				}
			})
			return names
		}
		note(59*time.Minute, "192.0.2.8")
		if got := list(); got != nil {
			t.Errorf("in the first hour: got %v, want none", got)
		}
		note(2*time.Hour, "192.0.2.7", "192.0.2.9")
		if got := list(); !cmp.Equal(got, []string{"sk_abcdwxyz 192.0.2.9"}) {
			t.Errorf("later: got %v, want the new one", got)
		}
		must(t, x.Batch(t.Context(), func(tx *store.Tx) error { return tx.PruneAddresses(t.Context(), start.Add(24*time.Hour)) }))
		note(48*time.Hour, "192.0.2.10", "192.0.2.7")
		if got := list(); !cmp.Equal(got, []string{"sk_abcdwxyz 192.0.2.10"}) {
			t.Errorf("after a rest: got %v, want the new one, and the first ones known", got)
		}
	})
}

func TestAlertRows(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		x.look(t, func(ctx context.Context, tx *store.Tx) {
			got, err := tx.Alert(ctx, "a1")
			if d := cmp.Diff(alertRule, got); d != "" || err != nil {
				t.Errorf("rule: %v (-want +got):\n%s", err, d)
			}
			hook, err := tx.AlertWebhook(ctx, "e1", "a1", "h1")
			if d := cmp.Diff(alertWebhook, hook); d != "" || err != nil {
				t.Errorf("webhook: %v (-want +got):\n%s", err, d)
			}
			events, err := tx.AlertEvents(ctx, "e1", "a1", "", 9)
			if d := cmp.Diff([]store.AlertEvent{alertEvent}, events); d != "" || err != nil {
				t.Errorf("events: %v (-want +got):\n%s", err, d)
			}
			deliveries, err := tx.AlertDeliveries(ctx, "e1", "v1")
			if d := cmp.Diff([]store.AlertDelivery{deliveryOf(ours)}, deliveries); d != "" || err != nil {
				t.Errorf("deliveries: %v (-want +got):\n%s", err, d)
			}
		})
		// a state is written only where it is still as it was read
		next := alert.State{Firing: true, Since: start, Event: "v2", Told: true, ToldAt: start, Value: 3, LookedAt: start}
		for i, want := range []bool{true, false} {
			must(t, x.Batch(t.Context(), func(tx *store.Tx) error {
				ok, err := tx.StepAlert(t.Context(), ours, alertRule, next)
				if ok != want {
					t.Errorf("step %d: got %v, want %v", i, ok, want)
				}
				return err
			}))
		}
		// an attempt is one's own alone
		for i, want := range []bool{true, false} {
			must(t, x.Batch(t.Context(), func(tx *store.Tx) error {
				ok, err := tx.ClaimAlertDelivery(t.Context(), deliveryOf(ours), start.Add(time.Minute))
				if ok != want {
					t.Errorf("claim %d: got %v, want %v", i, ok, want)
				}
				return err
			}))
		}
		must(t, x.Batch(t.Context(), func(tx *store.Tx) error {
			d := deliveryOf(ours)
			d.Attempts, d.State, d.EndedAt = 1, store.DeliveryDelivered, start
			return tx.EndAlertDelivery(t.Context(), d)
		}))
		must(t, x.Batch(t.Context(), func(tx *store.Tx) error { return tx.PruneAlerts(t.Context(), start.Add(time.Hour)) }))
		x.look(t, func(ctx context.Context, tx *store.Tx) {
			deliveries, err := tx.AlertDeliveries(ctx, "e1", "v1")
			events, failure := tx.AlertEvents(ctx, "e1", "a1", "", 9)
			if len(deliveries) != 0 || len(events) != 1 || err != nil || failure != nil {
				t.Errorf("pruned: got %v, %v, %v, %v, want no delivery, and the event that still fires", deliveries, events, err, failure)
			}
		})
	})
}

// look reads ours.
func (x fixture) look(t *testing.T, fn func(context.Context, *store.Tx)) {
	t.Helper()
	x.read(t, func(tx *store.Tx) error {
		fn(t.Context(), tx)
		return nil
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
