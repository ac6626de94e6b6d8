package control_test

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

const days = 24 * time.Hour

// keep sets for how long the audit log is kept.
func (x *fixture) keep(t *testing.T, retention string) {
	t.Helper()
	if _, err := x.UpdateAccount(t.Context(), x.owner, control.AccountFields{AuditRetention: ptr(retention)}); err != nil {
		t.Fatal(err)
	}
}

// sequences are the numbers of the first and the last entry of the log, as its readers see it.
func (x *fixture) sequences(t *testing.T) (first, last int64) {
	t.Helper()
	list, _, err := x.ListAudit(t.Context(), x.owner, control.AuditFilter{Ascending: true, Page: control.Page{Limit: 1}})
	if err != nil || len(list) != 1 {
		t.Fatalf("got %d entries and %v", len(list), err)
	}
	return list[0].Sequence, x.head(t)
}

// stored is how many entries of the account the database has.
func (x *fixture) storedEntries(t *testing.T) (n int64) {
	t.Helper()
	if err := x.db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM audit_entries WHERE account_id = $1`, x.account).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (x *fixture) pruneFailures() int64 {
	_, failures := x.AuditPruneStats()
	return failures
}

func TestTheAuditLogIsKeptForAsLongAsItsAccountSays(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		old := x.entries(t)
		x.clock.pass(10 * days)
		x.keep(t, "100d")
		x.busy(t, 30)
		_, head := x.sequences(t)
		x.clock.pass(91*days - time.Millisecond) // of the old ones, a day less a moment over their time
		x.PruneAuditOnce(t.Context(), true)
		if first, last := x.sequences(t); first != 1 || last != head {
			t.Errorf("before it is due: got entries %d to %d, want 1 to %d", first, last, head)
		}
		x.clock.pass(2 * time.Millisecond)
		x.PruneAuditOnce(t.Context(), true)
		n := int64(len(old))
		if first, last := x.sequences(t); first != n+1 || last != head+1 || x.storedEntries(t) != last-n {
			t.Errorf("got entries %d to %d and %d in the database, want them from %d on, and one more that tells of it", first, last, x.storedEntries(t), n+1)
		}
		got := x.entries(t)
		pruned := got[len(got)-1]
		want := audit.Entry{
			Account: x.account, Sequence: head + 1, Time: x.clock.Now(), Actor: audit.Actor{Kind: "system", Name: "system"}, Action: "audit.prune", Outcome: audit.Allowed,
			Target: audit.Target{Kind: "account", ID: x.account, Name: x.account},
			Detail: audit.Detail("first", "1", "last", strconv.FormatInt(n, 10), "count", strconv.FormatInt(n, 10), "hash", old[n-1].Hash, "retention", "100d"),
			Prev:   pruned.Prev, Hash: pruned.Hash,
		}
		if diff := cmp.Diff(want, pruned); diff != "" {
			t.Errorf("what is recorded (-want +got):\n%s", diff)
		}
		x.verify(t, x.owner)
		x.PruneAuditOnce(t.Context(), true)
		if _, last := x.sequences(t); last != head+1 {
			t.Errorf("a second round recorded something, as entry %d", last)
		}
		// all that is left and due, in several anchors of fifty and pieces of ten
		x.busy(t, 100)
		x.clock.pass(102 * days)
		x.PruneAuditOnce(t.Context(), true)
		first, last := x.sequences(t)
		if first <= head+100 || x.storedEntries(t) != last-first+1 || last-first > 3 {
			t.Errorf("got entries %d to %d, %d in the database, want a few", first, last, x.storedEntries(t))
		}
		if n, failures := x.AuditPruneStats(); n != first-1 || failures != 0 {
			t.Errorf("for the metrics: got %d deleted and %d failures, want %d and none", n, failures, first-1)
		}
		// kept for ever again
		x.keep(t, "never")
		x.busy(t, 3)
		x.clock.pass(9999 * days)
		x.PruneAuditOnce(t.Context(), true)
		if again, _ := x.sequences(t); again != first {
			t.Errorf("kept for ever: it begins with %d, want %d", again, first)
		}
	})
}

func TestOnlyOwnersSayForHowLongTheAuditLogIsKept(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		set := func(who access.Principal, retention string) error {
			_, err := x.UpdateAccount(t.Context(), who, control.AccountFields{AuditRetention: &retention, CommitMessageRequired: ptr(true)})
			return err
		}
		wantFault(t, "an admin", set(x.admin, "100d"), fault.Forbidden, "")
		for _, retention := range []string{"", "89d", "zebra", "0", "3651d"} {
			err := set(x.owner, retention)
			wantFault(t, retention, err, fault.Invalid, "")
			if err == nil || !strings.HasPrefix(err.Error(), "audit.retention: ") || strings.Contains(err.Error(), "zebra") {
				t.Errorf("%q: got %v", retention, err)
			}
		}
		a, err := x.GetAccount(t.Context(), x.owner)
		if err != nil || a.AuditRetention != 0 || a.CommitMessageRequired {
			t.Errorf("got %+v and %v, want what it was", a, err)
		}
		if err := set(x.owner, "100d"); err != nil {
			t.Fatal(err)
		}
		list := x.entries(t)
		if diff := cmp.Diff(audit.Detail("retention", "100d"), list[len(list)-1].Detail); diff != "" {
			t.Errorf("what is recorded (-want +got):\n%s", diff)
		}
	})
}

// A stream that did not deliver yet keeps what waits for it, and says so; thirty days later it is skipped, and says that.
func TestStreamsHoldPruningBack(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.keep(t, "100d")
		x.busy(t, 130)
		r := newReceiver(t)
		s, _ := x.stream(t, control.AuditStreamFields{Name: ptr("siem"), URL: ptr(r.URL), Paused: ptr(true)}, true)
		_, head := x.sequences(t)
		x.clock.pass(102 * days)
		x.PruneAuditOnce(t.Context(), true)
		if first, last := x.sequences(t); first != 1 || last != head {
			t.Errorf("held back: got entries %d to %d, want all %d", first, last, head)
		}
		if got := x.streamState(t, s.ID); !got.Holding || got.Skipped != 0 {
			t.Errorf("got %+v, want that it holds pruning back", got)
		}
		// what it delivered may go
		if _, err := x.UpdateAuditStream(t.Context(), x.owner, s.ID, control.AuditStreamFields{Paused: ptr(false)}); err != nil {
			t.Fatal(err)
		}
		r.answer = func(p posted) int {
			if p.to > 100 {
				return 503
			}
			return 0
		}
		x.carrying(t, func() bool { return x.streamState(t, s.ID).Attempts > 0 })
		if stats := x.StreamStats(); len(stats) != 1 || !stats[0].Holding {
			t.Errorf("for the metrics: got %+v", stats)
		}
		x.PruneAuditOnce(t.Context(), true)
		if first, _ := x.sequences(t); first != 101 || x.pruneFailures() != 0 {
			t.Errorf("after a hundred were delivered: it begins with %d, want 101", first)
		}
		// until the bound
		x.clock.pass(28 * days)
		x.PruneAuditOnce(t.Context(), true)
		if first, _ := x.sequences(t); first != 101 {
			t.Errorf("before the bound: it begins with %d, want 101", first)
		}
		x.clock.pass(1 * days)
		x.PruneAuditOnce(t.Context(), true)
		first, last := x.sequences(t)
		got := x.streamState(t, s.ID)
		if first != head+1 || got.Position != head || got.Skipped != head-100 || got.Sending != 0 {
			t.Errorf("after it: the log begins with %d, and got %+v, want %d skipped", first, got, head-100)
		}
		list, _, err := x.ListAudit(t.Context(), x.owner, control.AuditFilter{Action: "audit.prune", Page: control.Page{Limit: 1}})
		if err != nil || len(list) != 1 || list[0].Detail["skipped"] != strconv.FormatInt(head-100, 10) {
			t.Errorf("what is recorded: got %+v and %v", list, err)
		}
		// it goes on with what is left
		r.answer = nil
		x.clock.pass(time.Hour)
		x.carrying(t, func() bool { return x.streamState(t, s.ID).Backlog == 0 })
		all := r.all()
		if end := all[len(all)-1]; end.to < last || x.streamState(t, s.ID).Holding {
			t.Errorf("it delivered up to %d, want %d", end.to, last)
		}
		// one from the beginning begins with what is left
		late, _ := x.stream(t, control.AuditStreamFields{Name: ptr("late"), URL: ptr(r.URL), Paused: ptr(true)}, true)
		if late.Position != first-1 {
			t.Errorf("a new one: got position %d, want %d", late.Position, first-1)
		}
	})
}

// Nobody is skipped while a delivery is under way.
func TestAStreamThatDeliversIsNotSkipped(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.keep(t, "100d")
		r := newReceiver(t)
		s, _ := x.stream(t, control.AuditStreamFields{Name: ptr("siem"), URL: ptr(r.URL)}, true)
		x.clock.pass(140 * days)
		x.exec(t, `UPDATE audit_streams SET lease = 'somebody', lease_until = $1 WHERE id = $2`, x.clock.Now().Add(time.Second).UnixMilli(), s.ID)
		x.PruneAuditOnce(t.Context(), true)
		if first, _ := x.sequences(t); first != 1 {
			t.Errorf("under way: it begins with %d, want 1", first)
		}
		x.clock.pass(time.Second)
		x.PruneAuditOnce(t.Context(), true)
		if first, _ := x.sequences(t); first == 1 || x.streamState(t, s.ID).Skipped != first-1 {
			t.Errorf("after it: it begins with %d, and %d are skipped", first, x.streamState(t, s.ID).Skipped)
		}
	})
}

// A log that somebody changed is not pruned, for with what is pruned the proof of it would go; nor does the server prune
// by an anchor that somebody wrote.
func TestAChangedLogIsNotPruned(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.keep(t, "100d")
		x.busy(t, 130)
		x.clock.pass(102 * days)
		x.exec(t, `UPDATE audit_entries SET actor_name = 'nobody' WHERE account_id = $1 AND sequence = 20`, x.account)
		x.PruneAuditOnce(t.Context(), true)
		if first, _ := x.sequences(t); first != 1 || x.pruneFailures() != 1 {
			t.Errorf("changed: it begins with %d after %d failures, want 1 after one", first, x.pruneFailures())
		}
		x.exec(t, `UPDATE audit_entries SET actor_name = 'viewer' WHERE account_id = $1 AND sequence = 20`, x.account)
		x.PruneAuditOnce(t.Context(), true)
		first, last := x.sequences(t)
		if first == 1 || x.pruneFailures() != 1 {
			t.Fatalf("as it was: it begins with %d after %d failures", first, x.pruneFailures())
		}
		x.busy(t, 40)
		// more than was pruned is to go: the note does not say so
		x.exec(t, `UPDATE audit_anchors SET entries = $1 WHERE account_id = $2`, last+10, x.account)
		x.PruneAuditOnce(t.Context(), true)
		if stored := x.storedEntries(t); stored < 20 || x.pruneFailures() != 2 {
			t.Errorf("%d entries are left after %d failures", stored, x.pruneFailures())
		}
		made, err := x.AuditCheckpoint(t.Context(), x.owner)
		if err != nil {
			t.Fatal(err)
		}
		anchor, err := audit.OpenAnchor([]byte(made.Anchor.Note), made.Key)
		if err != nil {
			t.Fatal(err)
		}
		list, _, err := x.ListAudit(t.Context(), x.owner, control.AuditFilter{Ascending: true, Page: control.Page{Limit: 1}})
		if err != nil || len(list) != 1 || audit.From(anchor).Next(list[0]) == nil {
			t.Errorf("got %+v and %v: the log verifies though more is missing than its anchor says", list, err)
		}
		x.exec(t, `UPDATE audit_anchors SET entries = $1 WHERE account_id = $2`, first-1, x.account)
	})
}

// Several processes at once: what goes is recorded once, and the log is whole.
func TestSeveralProcessesPrune(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.keep(t, "100d")
		x.busy(t, 160)
		_, head := x.sequences(t)
		x.clock.pass(102 * days)
		var group sync.WaitGroup
		for range 4 {
			c := x.settings
			if x.config.URL != "" {
				c.Store = reopen(t, x.config)
				t.Cleanup(func() { _ = c.Store.Close() })
			}
			process := open(t, c)
			group.Go(func() { process.PruneAuditOnce(t.Context(), true) })
		}
		group.Wait()
		x.PruneAuditOnce(t.Context(), true) // what those left who came too late
		first, last := x.sequences(t)
		if first != head+1 || x.storedEntries(t) != last-head {
			t.Errorf("got entries %d to %d and %d in the database, want them from %d on", first, last, x.storedEntries(t), head+1)
		}
		next := int64(1)
		for _, e := range x.entries(t) {
			if e.Action != string(access.AuditPrune) {
				continue
			}
			if e.Detail["first"] != strconv.FormatInt(next, 10) {
				t.Errorf("entry %d tells of entries from %s on, want from %d", e.Sequence, e.Detail["first"], next)
			}
			to, err := strconv.ParseInt(e.Detail["last"], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			next = to + 1
		}
		if next != head+1 {
			t.Errorf("what is recorded ends with %d, want %d", next-1, head)
		}
	})
}

// An export that is pruned under way is no whole one.
func TestAnExportThatIsPrunedMeanwhileFails(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.keep(t, "100d")
		x.busy(t, 30)
		x.clock.pass(102 * days)
		e, err := x.ExportAudit(t.Context(), x.owner, control.AuditFilter{}, control.ExportJSONL)
		if err != nil || e.Anchor != "" {
			t.Fatalf("got the anchor %q and %v", e.Anchor, err)
		}
		x.PruneAuditOnce(t.Context(), true)
		_, err = e.Next(t.Context())
		wantFault(t, "under way", err, fault.Conflict, "")
		e, err = x.ExportAudit(t.Context(), x.owner, control.AuditFilter{}, control.ExportJSONL)
		if err != nil || e.Anchor == "" {
			t.Fatalf("again: got the anchor %q and %v", e.Anchor, err)
		}
		list, err := e.Next(t.Context())
		first, _ := x.sequences(t)
		if err != nil || len(list) == 0 || list[0].Sequence != first {
			t.Errorf("again: got %d entries and %v", len(list), err)
		}
	})
}

// The log of another account is no concern of one account's pruning, and without an anchor nothing is ever deleted.
func TestPruningIsOfOneAccount(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.keep(t, "100d")
		before := x.rowsOf(t, x.foreign.account)
		x.clock.pass(200 * days)
		x.PruneAuditOnce(t.Context(), false)
		if diff := cmp.Diff(before, x.rowsOf(t, x.foreign.account)); diff != "" {
			t.Errorf("rows of the other account (-before +after):\n%s", diff)
		}
		err := x.store.Batch(t.Context(), func(tx *store.Tx) error {
			n, err := tx.DeleteAudit(t.Context(), x.foreign.account, 100)
			if n != 0 {
				t.Errorf("without an anchor %d entries were deleted", n)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}
