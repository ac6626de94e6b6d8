package bench_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
)

// oldLog is an account whose log has so many entries that are over its time; they are written past the store, for by the
// API they would take minutes.
func oldLog(tb testing.TB, entries int) (plane, access.Principal) {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "lockage.db")
	s, err := store.Open(tb.Context(), store.Config{Path: path})
	must(tb, err)
	tb.Cleanup(func() { _ = s.Close() })
	p := newPlane(tb, s, make([]byte, 32), make([]byte, 32))
	who := p.found(tb, 0, 0)
	_, err = p.control.CreateSecret(tb.Context(), who, "changing", secret.String, "")
	must(tb, err)
	retention := "100d"
	_, err = p.control.UpdateAccount(tb.Context(), who, control.AccountFields{AuditRetention: &retention})
	must(tb, err)

	db, err := sql.Open("sqlite", path) // the driver is the store's
	must(tb, err)
	defer db.Close() //nolint:errcheck // what was written is committed
	tx, err := db.BeginTx(tb.Context(), nil)
	must(tb, err)
	_, err = tx.ExecContext(tb.Context(), `DELETE FROM audit_entries`)
	must(tb, err)
	const insert = `
		INSERT INTO audit_entries (account_id, sequence, time, actor_kind, actor_id, actor_name, action, outcome, environment_id, environment,
		    target_kind, target_id, target_name, detail, request_id, address, prev, hash)
		VALUES ($1, $2, $3, 'member', $4, 'mira@example.com', 'secret.value.set', 'allowed', 'e1', 'production',
		    'secret', 's1', 'stripe_api_key', '{"version":"3"}', $5, '192.0.2.1', $6, $7)`
	prev := ""
	for i := range entries {
		e := audit.Entry{
			Sequence: int64(i) + 1, Time: time.Now().Add(-150 * 24 * time.Hour), Actor: audit.Actor{Kind: "member", ID: "018f0000-0000-7000-8000-000000000001", Name: "mira@example.com"},
			Action: "secret.value.set", Outcome: audit.Allowed, EnvironmentID: "e1", Environment: "production",
			Target: audit.Target{Kind: "secret", ID: "s1", Name: "stripe_api_key"}, Detail: audit.Detail("version", "3"),
			RequestID: "018f0000-0000-7000-8000-000000000002", Address: "192.0.2.1",
		}.Seal(prev)
		prev = e.Hash
		_, err = tx.ExecContext(tb.Context(), insert, who.Account, e.Sequence, e.Time.UnixMilli(), e.Actor.ID, e.RequestID, e.Prev, e.Hash)
		must(tb, err)
	}
	_, err = tx.ExecContext(tb.Context(), `UPDATE accounts SET version = $1, snapshot_version = $1, audit_hash = $2`, entries, prev)
	must(tb, err)
	must(tb, tx.Commit())
	return p, who
}

// changes makes a change now and then until over is closed, and answers how long each took, in order.
func (p plane) changes(tb testing.TB, who access.Principal, over <-chan struct{}) (took []time.Duration) {
	tb.Helper()
	for {
		select {
		case <-over:
			slices.Sort(took)
			return took
		case <-time.After(5 * time.Millisecond):
		}
		text := time.Now().String()
		began := time.Now()
		_, err := p.control.UpdateSecret(tb.Context(), who, "changing", &text)
		must(tb, err)
		took = append(took, time.Since(began))
	}
}

// pruneOld prunes so many entries, as the server does, while changes are made; it answers how long that took, and the
// changes before and meanwhile.
func pruneOld(tb testing.TB, entries int, quiet time.Duration) (took time.Duration, before, meanwhile []time.Duration) {
	tb.Helper()
	p, who := oldLog(tb, entries)
	over := make(chan struct{})
	time.AfterFunc(quiet, func() { close(over) })
	before = p.changes(tb, who, over)

	ctx, stop := context.WithCancel(tb.Context())
	done, ended := make(chan struct{}), make(chan struct{})
	go func() { defer close(ended); p.control.PruneAudit(ctx) }()
	go func() {
		defer close(done)
		began := time.Now()
		for n := int64(0); n < int64(entries) && tb.Context().Err() == nil; n, _ = p.control.AuditPruneStats() {
			time.Sleep(5 * time.Millisecond) // between two looks at a fact
		}
		took = time.Since(began)
	}()
	meanwhile = p.changes(tb, who, done)
	stop()
	<-ended
	return took, before, meanwhile
}

// BenchmarkAuditPrune prunes 100,000 entries of an audit log, in SQLite, while changes are made.
func BenchmarkAuditPrune(b *testing.B) {
	const entries = 100_000
	for range b.N {
		took, before, meanwhile := pruneOld(b, entries, 10*time.Second)
		b.ReportMetric(took.Seconds(), "s/pruning")
		b.ReportMetric(entries/took.Seconds(), "entries/s")
		for name, list := range map[string][]time.Duration{"before": before, "meanwhile": meanwhile} {
			b.ReportMetric(float64(at(list, 0.5).Microseconds())/1000, "p50-"+name+"-ms")
			b.ReportMetric(float64(at(list, 0.99).Microseconds())/1000, "p99-"+name+"-ms")
			b.ReportMetric(float64(len(list)), "changes-"+name)
		}
	}
}

// TestAuditPruneMeasurementRuns keeps the measurement from rotting.
func TestAuditPruneMeasurementRuns(t *testing.T) {
	if took, before, meanwhile := pruneOld(t, 700, 30*time.Millisecond); took == 0 || len(before) == 0 || len(meanwhile) == 0 {
		t.Errorf("got %v, %d changes before and %d meanwhile", took, len(before), len(meanwhile))
	}
}
