package bench_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
)

// rare is how many commits a rare filter finds, all at the far end of the history: there a reading from the newest on
// would pass everything else first.
const rare = 3

// history is an account with many commits: the first few in staging, by a guest, of one definition, as rollbacks; all
// others in development and production by turns, promotions in the latter, of two definitions by turns.
func history(tb testing.TB, p plane, commits int) access.Principal {
	tb.Helper()
	who := p.found(tb, 0, 0)
	staging := environment.Environment{ID: who.Account + "-staging", Name: "staging", Level: 1}
	ctx := tb.Context()
	err := p.store.Write(ctx, who.Account, func(tx *store.Tx) error {
		if err := tx.InsertEnvironment(ctx, staging); err != nil {
			return err
		}
		heads := map[string]int64{}
		for i := range commits {
			m := definition.Commit{
				ID: uuid.Must(uuid.NewV7()).String(), EnvironmentID: who.Account + "-development", Cause: definition.CauseCommit,
				Author: definition.Author{Kind: "member", ID: "id-of-often", Name: "often"}, CreatedAt: tx.Now(), Message: "measure",
			}
			key := fmt.Sprintf("often-%d", i/2%2)
			switch {
			case i < rare:
				m.EnvironmentID, m.Cause, key = staging.ID, definition.CauseRollback, "rare"
				m.Author = definition.Author{Kind: "member", ID: "id-of-rare", Name: "rare"}
			case i%2 == 0:
				m.EnvironmentID, m.Cause = who.Account+"-production", definition.CausePromotion
			}
			heads[m.EnvironmentID]++
			m.Number = heads[m.EnvironmentID]
			m.Changes = []definition.Change{{
				Ref: definition.Ref{Kind: definition.KindRoute, Key: key}, Before: "before", After: "after",
			}}
			if err := tx.InsertCommit(ctx, m); err != nil {
				return err
			}
		}
		return tx.AppendAudit(ctx, audit.Entry{Action: string(access.DefinitionCommit), Outcome: audit.Allowed})
	})
	if err != nil {
		tb.Fatal(err)
	}
	return who
}

// questions are the readings that are compared, with how many commits the first page has.
var questions = []struct {
	name string
	f    control.CommitFilter
	want int
}{
	{"all", control.CommitFilter{}, 50},
	{"environment/often", control.CommitFilter{Environment: "production"}, 48},
	{"environment/rare", control.CommitFilter{Environment: "staging"}, rare},
	{"definition/often", control.CommitFilter{Definition: "route/often-0"}, 48},
	{"definition/rare", control.CommitFilter{Definition: "route/rare"}, rare},
	{"definition/none", control.CommitFilter{Definition: "route/none"}, 0},
	{"author/often", control.CommitFilter{Author: "often"}, 50},
	{"author/rare", control.CommitFilter{Author: "rare"}, rare},
	{"author/rare-id", control.CommitFilter{Author: "id-of-rare"}, rare},
	{"author/none", control.CommitFilter{Author: "none"}, 0},
	{"cause/often", control.CommitFilter{Cause: "promotion"}, 48},
	{"cause/rare", control.CommitFilter{Cause: "rollback"}, rare},
	{"rare-in-often", control.CommitFilter{Environment: "production", Author: "rare"}, 0},
}

func firstPage(tb testing.TB, p plane, who access.Principal, f control.CommitFilter, want int) time.Duration {
	tb.Helper()
	f.Limit = 48 // what each common filter finds in the short history too
	if want > f.Limit {
		want = f.Limit
	}
	begin := time.Now()
	list, _, err := p.control.ListCommits(tb.Context(), who, f)
	took := time.Since(begin)
	if err != nil {
		tb.Fatal(err)
	}
	if len(list) != want {
		tb.Fatalf("first page of %+v: got %d commits, want %d", f, len(list), want)
	}
	return took
}

// BenchmarkHistory compares the first page of GET /v1/commits in a history of 100,000 commits with that of 100, in turn
// within each iteration: the operation behind it, since the same HTTP around both would hide the difference.
func BenchmarkHistory(b *testing.B) {
	compare := func(b *testing.B, short, long plane, settle func()) {
		few, many := history(b, short, 100), history(b, long, 100_000)
		settle()
		for _, q := range questions {
			b.Run(q.name, func(b *testing.B) {
				var small, large []time.Duration
				for b.Loop() {
					small = append(small, firstPage(b, short, few, q.f, q.want))
					large = append(large, firstPage(b, long, many, q.f, q.want))
				}
				slices.Sort(small)
				slices.Sort(large)
				b.ReportMetric(0, "ns/op") // an iteration is both sides
				b.ReportMetric(float64(at(large, 0.5).Microseconds()), "µs")
				b.ReportMetric(float64(at(large, 0.5))/float64(at(small, 0.5)), "ratio")
			})
		}
	}
	b.Run("sqlite", func(b *testing.B) { compare(b, openPlane(b), openPlane(b), func() {}) })
	b.Run("postgres", func(b *testing.B) {
		short, long := testkit.Postgres(b), testkit.Postgres(b)
		compare(b, openPostgres(b, short), openPostgres(b, long), func() { analyze(b, short); analyze(b, long) })
	})
}

// TestHistoryMeasurementRuns keeps the measurement from rotting: each filter finds what it is to find.
func TestHistoryMeasurementRuns(t *testing.T) {
	p := openPlane(t)
	who := history(t, p, 100)
	for _, q := range questions {
		t.Run(q.name, func(t *testing.T) { firstPage(t, p, who, q.f, q.want) })
	}
}
