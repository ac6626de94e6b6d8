package control_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/alert"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
)

// workAlerts tells the child of a test that it is to watch and to tell.
const workAlerts = "LOCKAGE_WORK_ALERTS"

// arrivals are what came to the webhooks of alerts.
type arrivals struct {
	mu    sync.Mutex
	came  []testkit.Received
	child *exec.Cmd // who delivers; nobody is killed without one
	dead  chan struct{}
}

// ServeHTTP takes every other message, and kills who delivers the others before it hears that they were taken.
func (a *arrivals) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // it was killed while it said that
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.came = append(a.came, testkit.Received{Path: r.URL.Path, Header: r.Header, Body: string(body)})
	if len(a.came)%2 == 1 && a.child != nil {
		_ = a.child.Process.Kill()
		a.child = nil
		a.dead <- struct{}{}
	}
	w.WriteHeader(http.StatusNoContent)
}

// ids is how often each message came, by the path it came to.
func (a *arrivals) ids() map[string]map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := map[string]map[string]int{}
	for _, r := range a.came {
		if list[r.Path] == nil {
			list[r.Path] = map[string]int{}
		}
		list[r.Path][r.Header.Get("Webhook-Id")]++
	}
	return list
}

// TestKilledWhileTelling kills a process that watches and tells while a receiver holds a message whose taking was not noted
// yet, again and again. In the end each message came at least once, a repeated one to the byte and under its id, signed with
// the key of its receiver; there is one episode of each alert, and nothing of it in another account.
func TestKilledWhileTelling(t *testing.T) {
	testkit.EngineConfigs(t, func(t *testing.T, c store.Config) {
		x := newFixture(t, c)
		to := &arrivals{dead: make(chan struct{}, 1)}
		hooks := httptest.NewServer(to)
		t.Cleanup(hooks.Close)
		keys, alerts := map[string]string{}, []string{}
		day := 24 * time.Hour
		for i := range 6 {
			paths := []string{fmt.Sprintf("/ours-%d", i), fmt.Sprintf("/ours-%d-too", i)}
			a := x.alert(t, "production", alert.HardFail, alert.Fields{Window: &day}, control.AlertTarget{Webhook: hooks.URL + paths[0]}, control.AlertTarget{Webhook: hooks.URL + paths[1]})
			for k, path := range paths {
				keys[path] = a.Keys[a.Targets[k].ID]
			}
			alerts = append(alerts, a.ID)
		}
		theirs, err := x.CreateAlert(t.Context(), x.foreign.owner, x.foreign.environment, alert.HardFail, control.AlertInput{
			Fields: alert.Fields{Name: ptr("theirs"), Window: &day}, To: &[]control.AlertTarget{{Webhook: hooks.URL + "/theirs"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		x.calls(t, 1, func(_ int, c *route.Call) { c.Status, c.ErrorType = 500, "secret_expired" })

		if c.URL == "" { // who comes after a crash is alone
			if err := errors.Join(x.store.Close(), x.db.Close()); err != nil {
				t.Fatal(err)
			}
		}
		kills := 8
		if testing.Short() || raceEnabled {
			kills = 2
		}
		for range kills {
			x.clock.pass(2 * time.Minute) // what somebody claimed who was killed may be tried again
			to.mu.Lock()
			child := x.teller(t, c)
			to.child = child
			to.mu.Unlock()
			select {
			case <-to.dead:
			case <-time.After(time.Minute):
				_ = child.Process.Kill()
				t.Error("nothing came that could be interrupted")
			}
			_ = child.Wait()
		}
		to.mu.Lock()
		to.child = nil
		to.mu.Unlock()
		if c.URL == "" {
			x.store, x.db = reopen(t, x.config), direct(t, x.config)
			t.Cleanup(func() { _ = x.store.Close() })
			x.settings = settings(t, x.store, 1, 2)
			x.settings.Now = x.clock.Now
			x.Control = open(t, x.settings)
		}
		x.clock.pass(2 * time.Minute)
		x.look(t)
		x.look(t)
		x.wantTold(t, to, keys, alerts)
		events, _, err := x.AlertHistory(t.Context(), x.foreign.owner, theirs.ID, control.Page{})
		if len(events) != 0 || err != nil || len(to.ids()["/theirs"]) != 0 {
			t.Errorf("the other account: got %+v, %v and %v, want nothing", events, err, to.ids()["/theirs"])
		}
	})
}

// wantTold wants each alert to have one episode, and each of its messages to have come.
func (x *fixture) wantTold(t *testing.T, to *arrivals, keys map[string]string, alerts []string) {
	t.Helper()
	ids, messages, repeated := to.ids(), 0, 0
	for i, id := range alerts {
		events := x.history(t, id)
		if len(events) != 1 || events[0].State != alert.Firing || len(events[0].Deliveries) != 2 {
			t.Fatalf("alert %d: got %+v, want one episode with two messages", i, events)
		}
		for _, d := range events[0].Deliveries {
			if d.State != store.DeliveryDelivered {
				t.Errorf("alert %d: got %+v, want it delivered", i, d)
			}
			found := 0
			for path, of := range ids {
				if of[d.ID] > 0 && strings.HasPrefix(path, fmt.Sprintf("/ours-%d", i)) {
					found++
				} else if of[d.ID] > 0 {
					t.Errorf("alert %d: a message came to %s", i, path)
				}
			}
			if found != 1 {
				t.Errorf("alert %d: a message came to %d receivers, want one", i, found)
			}
			messages++
		}
	}
	bodies := map[string]string{}
	to.mu.Lock()
	defer to.mu.Unlock()
	for _, r := range to.came {
		verified(t, r, keys[r.Path])
		id := r.Header.Get("Webhook-Id")
		if before, again := bodies[id]; again {
			repeated++
			if before != r.Body {
				t.Errorf("%s came as %s and as %s", id, before, r.Body)
			}
		}
		bodies[id] = r.Body
	}
	if len(bodies) != messages || repeated == 0 {
		t.Errorf("got %d messages, %d of them repeated, want %d and some: else nothing was interrupted", len(bodies), repeated, messages)
	}
}

// teller starts a child that watches and tells until it is killed.
func (x *fixture) teller(t *testing.T, c store.Config) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestTeller$", "-test.count", "1")
	cmd.Env = append(os.Environ(), workPath+"="+c.Path, workURL+"="+c.URL, workAlerts+"=1", workClock+"="+x.clock.Now().Format(time.RFC3339Nano))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd
}

// TestTeller is what TestKilledWhileTelling kills.
func TestTeller(t *testing.T) {
	if os.Getenv(workAlerts) == "" {
		t.Skip("it tells for TestKilledWhileTelling")
	}
	c := store.Config{Path: os.Getenv(workPath), URL: os.Getenv(workURL)}
	now, err := time.Parse(time.RFC3339Nano, os.Getenv(workClock))
	if err != nil {
		t.Fatal(err)
	}
	at := &clock{now: now}
	c.Now = at.Now
	s := settings(t, testkit.Open(t, c), 1, 2)
	s.Now = at.Now
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second) // it must not outlive a test that was killed itself
	defer cancel()
	operations := open(t, s)
	var group sync.WaitGroup
	group.Go(func() { operations.WatchAlerts(ctx, time.Millisecond) })
	group.Go(func() { operations.DeliverAlerts(ctx, time.Millisecond) })
	group.Wait()
}

// The key that signs the messages of a webhook stays the same when the key that wraps it changes.
func TestRotationKeepsTheKeysOfWebhooks(t *testing.T) {
	rotating(t, func(t *testing.T, x *fixture) {
		hooks := testkit.NewUpstream(t)
		hooks.Answer(answering(http.StatusNoContent))
		a := x.alert(t, "production", alert.HardFail, alert.Fields{}, control.AlertTarget{Webhook: hooks.URL + hookPath})
		key := a.Keys[a.Targets[0].ID]
		x.hide("the webhook's key", key)
		test := func() {
			t.Helper()
			if _, err := x.TestAlert(t.Context(), x.owner, a.ID); err != nil {
				t.Fatal(err)
			}
			x.look(t)
		}
		test()
		x.restart(t, 3, 1)
		x.rotate(t)
		test() // while some wraps are of the old key
		x.finish(t)
		x.wantNothingOf(t, kekOf(t, 1).ID())
		x.restart(t, 3) // which the old key is not needed for
		test()
		// a receiver that is made now is wrapped by the new one
		x.alert(t, "production", alert.HardFail, alert.Fields{}, control.AlertTarget{Webhook: hooks.URL + hookPath})
		got := hooks.Requests()
		if len(got) != 3 {
			t.Fatalf("got %d messages, want three", len(got))
		}
		for _, r := range got {
			if m := verified(t, r, key); m.Type != "alert.test" {
				t.Errorf("got %+v, want a test", m)
			}
		}
		for _, r := range x.read(t, "alert_webhooks", []string{"alert_id", "kek"}) {
			if r.text("kek") != kekOf(t, 3).ID() {
				t.Errorf("the receiver of %s is wrapped by %s, want the new key", r.text("alert_id"), r.text("kek"))
			}
		}
	})
}
