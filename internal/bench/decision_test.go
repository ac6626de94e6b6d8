package bench_test

import (
	"testing"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/store"
)

// withToken adds a management token with a role everywhere, and answers it.
func (p plane) withToken(tb testing.TB, account string, role access.Role) string {
	tb.Helper()
	const bearer = "tk_of_the_measurement_of_decisions"
	must(tb, p.store.Write(tb.Context(), account, func(tx *store.Tx) error {
		must(tb, tx.InsertToken(tb.Context(), store.Token{ID: "t-measured", Name: "measured", Digest: p.digester.Sum(bearer), CreatedAt: tx.Now()}))
		must(tb, tx.InsertGrant(tb.Context(), "t-measured", access.Grant{Environment: access.AnyEnvironment, Role: role}))
		return tx.AppendAudit(tb.Context(), audit.Entry{Action: string(access.TokenCreate), Outcome: audit.Allowed})
	}))
	return bearer
}

// BenchmarkDecision measures what every request to the control plane costs before it does anything: finding whose
// credential it is, with its grants, and the decision with what it is made of, by the least that can be asked for. The
// decision alone is BenchmarkAllow of internal/access.
func BenchmarkDecision(b *testing.B) {
	p := openPlane(b)
	bearer := p.withToken(b, p.found(b, 10, 10).Account, access.Viewer)
	from := access.Request{ID: "r1", Address: "127.0.0.1"}
	var found, decided time.Duration
	b.ReportAllocs()
	for b.Loop() {
		began := time.Now()
		who, err := p.control.Authenticate(b.Context(), bearer, from)
		must(b, err)
		found += time.Since(began)
		began = time.Now()
		_, err = p.control.GetAccount(b.Context(), who)
		must(b, err)
		decided += time.Since(began)
	}
	b.ReportMetric(float64(found.Microseconds())/float64(b.N), "µs-authentication")
	b.ReportMetric(float64(decided.Microseconds())/float64(b.N), "µs-decision-and-reading")
}

// TestDecisionMeasurementRuns keeps the measurement from rotting.
func TestDecisionMeasurementRuns(t *testing.T) {
	p := openPlane(t)
	who, err := p.control.Authenticate(t.Context(), p.withToken(t, p.found(t, 1, 1).Account, access.Viewer), access.Request{})
	if err != nil || who.ID != "t-measured" || len(who.Grants) != 1 {
		t.Errorf("got %+v and %v", who, err)
	}
}
