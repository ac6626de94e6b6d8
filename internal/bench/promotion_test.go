package bench_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
)

// engines runs a measurement on each engine; where there is no PostgreSQL its half is skipped. settle is called when the
// data is there.
func engines(b *testing.B, f func(b *testing.B, p plane, settle func())) {
	b.Helper()
	b.Run("sqlite", func(b *testing.B) { f(b, openPlane(b), func() {}) })
	b.Run("postgres", func(b *testing.B) {
		url := testkit.Postgres(b)
		f(b, openPostgres(b, url), func() { analyze(b, url) })
	})
}

// analyze has PostgreSQL look at its tables, as its daemon does in service and not on the server of the tests.
func analyze(tb testing.TB, url string) {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close(tb.Context())
	if _, err := conn.Exec(tb.Context(), "ANALYZE"); err != nil {
		tb.Fatal(err)
	}
}

func openPostgres(tb testing.TB, url string) plane {
	tb.Helper()
	return newPlane(tb, testkit.Open(tb, store.Config{URL: url}), make([]byte, 32), make([]byte, 32))
}

// team is an account with many routes, each of which refers to three secrets that have values everywhere.
type team struct {
	plane
	who     access.Principal
	routes  int
	version int // of the contents that were committed last
}

// newTeam makes a tenth as many secrets as routes, so that thirty references share one.
func newTeam(tb testing.TB, p plane, routes int) *team {
	tb.Helper()
	t := &team{plane: p, who: p.found(tb, 0, 0), routes: routes}
	if err := p.control.Unlock(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	for i := range t.secrets() {
		name := fmt.Sprintf("secret-%d", i)
		if _, err := p.control.CreateSecret(tb.Context(), t.who, name, secret.String, ""); err != nil {
			tb.Fatal(err)
		}
		for _, e := range []string{"development", "production"} {
			value := control.SecretValue{Value: secret.NewPlaintext([]byte(name + " in " + e))}
			if _, err := p.control.SetSecretValue(tb.Context(), t.who, name, e, value); err != nil {
				tb.Fatal(err)
			}
		}
	}
	t.commit(tb)
	return t
}

func (t *team) secrets() int { return max(3, t.routes/10) }

// commit gives every route a new content and commits them in one step.
func (t *team) commit(tb testing.TB) {
	tb.Helper()
	t.version++
	ctx := tb.Context()
	err := t.store.Write(ctx, t.who.Account, func(tx *store.Tx) error {
		for i := range t.routes {
			ref := definition.Ref{Kind: definition.KindRoute, Key: fmt.Sprintf("route-%d", i)}
			id := fmt.Sprintf("%s-route-%d", t.who.Account, i)
			if t.version == 1 {
				if err := tx.InsertIdentity(ctx, definition.Identity{ID: id, Ref: ref, CreatedAt: tx.Now()}); err != nil {
					return err
				}
			}
			content, err := definition.Canonical(t.content(i))
			if err != nil {
				return err
			}
			d := definition.Draft{ID: id, Ref: ref, Hash: definition.HashOf(ref.Kind, content), SavedAt: tx.Now(), Version: tx.Version()}
			if err := tx.PutContent(ctx, ref.Kind, d.Hash, content); err != nil {
				return err
			}
			if err := tx.PutDraft(ctx, d); err != nil {
				return err
			}
		}
		return tx.AppendAudit(ctx, audit.Entry{Action: string(access.RouteSave), Outcome: audit.Allowed})
	})
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := t.control.Commit(ctx, t.who, "measure", nil); err != nil {
		tb.Fatal(err)
	}
}

func (t *team) content(i int) []byte {
	name := func(j int) string { return fmt.Sprintf("{{secret:secret-%d}}", (3*i+j)%t.secrets()) }
	return fmt.Appendf(nil, `{"name":"route %d","target_url":"https://api%d.example.com/v%d",
		"inject_headers":{"Authorization":"Bearer %s","X-Tenant":%q},"inject_query":{"signature":%q}}`,
		i, i, t.version, name(0), name(1), name(2))
}

// plan makes the plan and fails unless it is over everything.
func (t *team) plan(tb testing.TB) {
	tb.Helper()
	plan, err := t.control.PlanPromotion(tb.Context(), t.who, control.PromotionRequest{To: "production"})
	if err != nil {
		tb.Fatal(err)
	}
	references := 0
	for _, c := range plan.Steps[0].Changes {
		references += len(c.References)
	}
	if got := len(plan.Steps[0].Changes); got != t.routes || references != 3*t.routes || len(plan.Blockers()) > 0 {
		tb.Fatalf("plan: got %d changes, %d references and %d blockers, want %d, %d and 0",
			got, references, len(plan.Blockers()), t.routes, 3*t.routes)
	}
}

func (t *team) promote(tb testing.TB) {
	tb.Helper()
	done, err := t.control.Promote(tb.Context(), t.who, control.PromotionRequest{To: "production", Message: "measure"})
	if err != nil {
		tb.Fatal(err)
	}
	if done.State != control.PromotionDone || len(done.Commits[0].Changes) != t.routes {
		tb.Fatalf("promotion: got %s, want done with %d changes", done.State, t.routes)
	}
}

// BenchmarkPlan measures a plan over 1,000 definitions with 3,000 references: of routes that are new in production, and of
// routes that are there with another content, where both are read and compared.
func BenchmarkPlan(b *testing.B) {
	engines(b, func(b *testing.B, p plane, settle func()) {
		t := newTeam(b, p, 1000)
		settle()
		b.Run("new", func(b *testing.B) {
			for b.Loop() {
				t.plan(b)
			}
		})
		t.promote(b)
		t.commit(b)
		settle()
		b.Run("changed", func(b *testing.B) {
			for b.Loop() {
				t.plan(b)
			}
		})
	})
}

// BenchmarkPromotion measures the promotion of 1,000 changed definitions, from the call until the gateway serves them: the
// plan, the transaction with its commit, and the rebuilt snapshot.
func BenchmarkPromotion(b *testing.B) {
	engines(b, func(b *testing.B, p plane, settle func()) {
		t := newTeam(b, p, 1000)
		t.promote(b)
		for b.Loop() {
			b.StopTimer()
			t.commit(b)
			settle()
			b.StartTimer()
			t.promote(b)
		}
	})
}

// TestPromotionMeasurementRuns keeps the measurements of plan and promotion from rotting.
func TestPromotionMeasurementRuns(t *testing.T) {
	small := newTeam(t, openPlane(t), 3)
	small.plan(t)
	small.promote(t)
	small.commit(t)
	small.plan(t)
	small.promote(t)
}
