package control_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
)

// exported is what an export gives, to its end.
func (x *fixture) exported(t *testing.T, e *control.AuditExport) (list []audit.Entry) {
	t.Helper()
	for {
		some, err := e.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(some) == 0 {
			return list
		}
		list = append(list, some...)
	}
}

func TestExportOfTheAuditLog(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		for range 1200 { // more than two readings
			if _, err := x.UpdateSecret(t.Context(), x.viewer, "none", ptr("x")); err == nil {
				t.Fatal("a viewer changes secrets")
			}
		}
		e, err := x.ExportAudit(t.Context(), x.admin, control.AuditFilter{}, control.ExportJSONL)
		if err != nil {
			t.Fatal(err)
		}
		x.createSecret(t, "later") // after the export began: not in it
		got := x.exported(t, e)
		var v audit.Verifier
		for _, entry := range got {
			if err := v.Next(entry); err != nil {
				t.Fatal(err)
			}
		}
		last := got[len(got)-1]
		if last.Action != "audit.export" || last.Sequence != e.To || !e.Whole || e.Account != x.account || int64(len(got)) != e.To {
			t.Errorf("got %d entries up to %+v of %+v, want the export itself to be the last", len(got), last, e)
		}
		if more, err := e.Next(t.Context()); len(more) > 0 || err != nil {
			t.Errorf("behind the end: got %d entries and %v", len(more), err)
		}

		middle := got[len(got)/2].Time
		x.clock.pass(time.Second)
		narrow := control.AuditFilter{Actor: x.viewer.ID, Action: "secret.update", Outcome: "refused", Since: middle, Until: x.clock.Now()}
		e, err = x.ExportAudit(t.Context(), x.admin, narrow, control.ExportCSV)
		if err != nil {
			t.Fatal(err)
		}
		var want, some []int64
		for _, entry := range got {
			if entry.Actor.ID == x.viewer.ID && entry.Action == "secret.update" && !entry.Time.Before(middle) {
				want = append(want, entry.Sequence)
			}
		}
		for _, entry := range x.exported(t, e) {
			some = append(some, entry.Sequence)
		}
		if diff := cmp.Diff(want, some); diff != "" || e.Whole || len(want) == 0 {
			t.Errorf("narrowed, whole %v (-want +got):\n%s", e.Whole, diff)
		}
		_, err = x.ExportAudit(t.Context(), x.admin, control.AuditFilter{}, "xml")
		wantFault(t, "a format", err, fault.Invalid, "")
		_, err = x.ExportAudit(t.Context(), x.admin, control.AuditFilter{Environment: "none"}, control.ExportCSV)
		wantFault(t, "an environment", err, fault.NotFound, "no such environment")
		_, err = x.ExportAudit(t.Context(), x.developer, control.AuditFilter{}, control.ExportCSV)
		wantFault(t, "a developer", err, fault.Forbidden, "")
	})
}
