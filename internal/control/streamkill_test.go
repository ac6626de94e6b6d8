package control_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
)

// workStream tells the child of a test that it is to deliver the audit log.
const workStream = "LOCKAGE_WORK_STREAM"

// TestKilledWhileDelivering kills a process that delivers the audit log while its receiver holds a delivery that was not
// answered yet, again and again: whoever comes next delivers the same batch, and in the end each entry came, in order.
func TestKilledWhileDelivering(t *testing.T) {
	testkit.EngineConfigs(t, func(t *testing.T, c store.Config) {
		x := newFixture(t, c)
		x.busy(t, 120)
		r := newReceiver(t)
		s, _ := x.stream(t, control.AuditStreamFields{Name: ptr("siem"), URL: ptr(r.URL)}, true)
		x.busy(t, 500)
		head := x.head(t)
		kills := 20
		if testing.Short() || raceEnabled {
			kills = 4
		}
		var child *exec.Cmd
		killed := make(chan struct{}, 1)
		held := 0
		r.answer = func(p posted) int {
			r.mu.Lock()
			defer r.mu.Unlock()
			if held++; held%2 == 0 || child == nil { // every other delivery is taken
				return 0
			}
			if err := child.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Error(err)
			}
			killed <- struct{}{}
			return http.StatusOK // which nobody hears any more
		}
		if c.URL == "" { // who comes after a crash is alone
			if err := errors.Join(x.store.Close(), x.db.Close()); err != nil {
				t.Fatal(err)
			}
		}
		for range kills {
			x.clock.pass(time.Hour) // the lease of whoever was killed has ended
			now := x.clock.Now()
			r.mu.Lock()
			child = deliverer(t, c, now)
			r.mu.Unlock()
			select {
			case <-killed:
				_ = child.Wait()
			case <-time.After(10 * time.Second): // everything was delivered, or something is wrong
				_ = child.Process.Kill()
				_ = child.Wait()
			}
			if got := r.all(); len(got) > 0 && got[len(got)-1].to == head {
				break
			}
		}
		r.mu.Lock()
		child = nil
		r.mu.Unlock()
		if c.URL == "" {
			y := *x
			y.store = reopen(t, x.config)
			t.Cleanup(func() { _ = y.store.Close() })
			y.settings.Store = y.store
			y.Control = open(t, y.settings)
			x = &y
		}
		x.clock.pass(time.Hour)
		x.carrying(t, func() bool { return x.streamState(t, s.ID).Backlog == 0 })
		repeated := whole(t, r.all(), 1, head)
		if repeated < 3 {
			t.Errorf("%d deliveries were repeated: nothing was interrupted", repeated)
		}
		t.Logf("%d deliveries, %d of them repeated", len(r.all()), repeated)
	})
}

// deliverer starts a child that delivers until it is killed.
func deliverer(t *testing.T, c store.Config, now time.Time) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestDeliverer$", "-test.count", "1")
	cmd.Env = append(os.Environ(), workPath+"="+c.Path, workURL+"="+c.URL, workStream+"=1", workClock+"="+now.Format(time.RFC3339Nano))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd
}

// TestDeliverer is what TestKilledWhileDelivering kills.
func TestDeliverer(t *testing.T) {
	if os.Getenv(workStream) == "" {
		t.Skip("it delivers for TestKilledWhileDelivering")
	}
	c := store.Config{Path: os.Getenv(workPath), URL: os.Getenv(workURL)}
	now, err := time.Parse(time.RFC3339Nano, os.Getenv(workClock))
	if err != nil {
		t.Fatal(err)
	}
	at := &clock{now: now}
	c.Now = at.Now
	settings := settings(t, testkit.Open(t, c), 1, 2)
	settings.Now = at.Now
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // it must not outlive a test that was killed itself
	defer cancel()
	open(t, settings).StreamAudit(ctx, time.Millisecond)
}
