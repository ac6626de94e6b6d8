package control_test

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
)

// workPrune tells the child of a test that it is to prune, and before which of its transactions it is killed.
const workPrune = "LOCKAGE_WORK_PRUNE"

// TestKilledWhilePruning kills a process that prunes an audit log before its first transaction, its second, and so on
// until one comes to the end. Whatever was done by then, the log that is left verifies from its anchor, each entry that is
// over its time is gone for readers once it is recorded as gone, and in the end all of them are deleted.
func TestKilledWhilePruning(t *testing.T) {
	testkit.EngineConfigs(t, func(t *testing.T, c store.Config) {
		x := newFixture(t, c)
		x.keep(t, "100d")
		x.busy(t, 250)
		_, head := x.sequences(t)
		x.clock.pass(102 * days)
		if err := errors.Join(x.store.Close(), x.db.Close()); err != nil { // who comes after a crash is alone
			t.Fatal(err)
		}
		states, most := map[[2]int64]bool{}, 200
		for kill := 1; ; kill++ {
			if kill > most {
				t.Fatalf("no process came to the end in %d transactions", most)
			}
			killed := pruner(t, c, x.clock.Now(), kill)
			y := *x
			y.store, y.db = reopen(t, x.config), direct(t, x.config)
			y.settings.Store = y.store
			y.Control = open(t, y.settings)
			y.verify(t, y.owner)
			first, last := y.sequences(t)
			stored := y.storedEntries(t)
			states[[2]int64{first, stored}] = true
			if gone := first - 1; gone > head || stored < last-gone {
				t.Errorf("killed before transaction %d: entries %d to %d are shown and %d stored", kill, first, last, stored)
			}
			if !killed && (first != head+1 || stored != last-head) {
				t.Errorf("at the end: entries %d to %d are shown and %d stored, want them from %d on", first, last, stored, head+1)
			}
			if err := errors.Join(y.store.Close(), y.db.Close()); err != nil {
				t.Fatal(err)
			}
			if !killed {
				break
			}
			if t.Failed() {
				return
			}
		}
		t.Logf("%d different states", len(states))
		if len(states) < 6 {
			t.Errorf("the kills left %d different states behind, want many", len(states))
		}
	})
}

// pruner has a child prune until it is killed before a transaction, and says whether it was.
func pruner(t *testing.T, c store.Config, now time.Time, kill int) (killed bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestPruner$", "-test.count", "1")
	cmd.Env = append(os.Environ(), workPath+"="+c.Path, workURL+"="+c.URL, workClock+"="+now.Format(time.RFC3339Nano), workPrune+"="+strconv.Itoa(kill))
	cmd.Stderr = os.Stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.Exited()) {
		t.Fatalf("the child ended by itself: %v", err)
	}
	return err != nil
}

// TestPruner is what TestKilledWhilePruning kills.
func TestPruner(t *testing.T) {
	if os.Getenv(workPrune) == "" {
		t.Skip("it prunes for TestKilledWhilePruning")
	}
	kill, err := strconv.Atoi(os.Getenv(workPrune))
	if err != nil {
		t.Fatal(err)
	}
	now, err := time.Parse(time.RFC3339Nano, os.Getenv(workClock))
	if err != nil {
		t.Fatal(err)
	}
	c := store.Config{Path: os.Getenv(workPath), URL: os.Getenv(workURL)}
	begun, pruning := 0, false
	c.Now = func() time.Time { // each transaction asks once
		if pruning {
			if begun++; begun == kill {
				self, err := os.FindProcess(os.Getpid())
				if err == nil {
					err = self.Kill()
				}
				t.Error(err)
				select {} // it takes a moment
			}
		}
		return now
	}
	settings := settings(t, testkit.Open(t, c), 1, 2)
	settings.Now = func() time.Time { return now }
	operations := open(t, settings)
	pruning = true
	operations.PruneAuditOnce(t.Context(), true)
	if begun == 0 {
		t.Error("nothing was to be pruned")
	}
}
