package control_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
)

// reads are all operations that only look.
func (x *fixture) reads(t *testing.T, key string) map[access.Action]func(access.Principal) error {
	ctx := t.Context()
	return map[access.Action]func(access.Principal) error{
		access.EnvironmentList: func(who access.Principal) error { _, err := x.ListEnvironments(ctx, who); return err },
		access.EnvironmentRead: func(who access.Principal) error { _, err := x.GetEnvironment(ctx, who, "development"); return err },
		access.APIKeyList:      func(who access.Principal) error { _, _, err := x.ListAPIKeys(ctx, who, "", all); return err },
		access.APIKeyRead:      func(who access.Principal) error { _, err := x.GetAPIKey(ctx, who, key); return err },
		access.SecretList:      func(who access.Principal) error { _, _, err := x.ListSecrets(ctx, who, all); return err },
		access.SecretRead:      func(who access.Principal) error { _, err := x.GetSecret(ctx, who, "stripe"); return err },
		access.RouteList:       func(who access.Principal) error { _, _, err := x.ListRoutes(ctx, who, all); return err },
		access.RouteRead:       func(who access.Principal) error { _, err := x.GetRoute(ctx, who, "charges"); return err },
		access.RouteEffective: func(who access.Principal) error {
			_, err := x.EffectiveRoute(ctx, who, "charges", "development")
			return err
		},
		access.LogRead: func(who access.Principal) error {
			_, _, err := x.ListCalls(ctx, who, control.CallFilter{Environment: "development"})
			return err
		},
		access.AuditStreamRead: func(who access.Principal) error { _, err := x.AuditStreams(ctx, who); return err },
		access.AuditRead: func(who access.Principal) error {
			_, _, err := x.ListAudit(ctx, who, control.AuditFilter{})
			return err
		},
	}
}

// Looking leaves nothing in the log, unless it was forbidden.
func TestLooking(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		key := x.createKey(t, "development").ID
		x.createSecret(t, "stripe")
		x.createRoute(t, `{"key":"charges","target_url":"https://example.com"}`)
		cast := []access.Principal{x.owner, x.admin, x.developer, x.support, x.viewer}
		for action, look := range x.reads(t, key) {
			for _, who := range cast {
				may := access.Allow(who, action, access.Environment{ID: x.development}) == nil
				before, n := x.state(t), len(x.entries(t))
				err := look(who)
				entries := x.newest(t, n)
				if diff := cmp.Diff(before, x.state(t)); diff != "" {
					t.Errorf("%s by %s changed (-before +after):\n%s", action, who.Name, diff)
				}
				switch {
				case may && (err != nil || len(entries) != 0):
					t.Errorf("%s by %s: got %v and entries %v, want neither", action, who.Name, err, entries)
				case !may && (!fault.Is(err, fault.Forbidden) || len(entries) != 1 || entries[0].Outcome != audit.Refused ||
					entries[0].Action != string(action) || entries[0].Actor.ID != who.ID):
					t.Errorf("%s by %s: got %v and entries %v, want it forbidden and recorded once", action, who.Name, err, entries)
				}
			}
		}
	})
}

// A look at an environment, or a thing of one, that is not there for somebody is recorded: that is how a probe shows.
func TestProbing(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		x.createRoute(t, `{"key":"charges","target_url":"https://example.com"}`)
		hidden := x.with("local", access.Grant{Environment: x.development, Role: access.Developer})
		for what, tt := range map[string]struct {
			look     func(ref string) error
			recorded int
		}{
			"an environment": {func(r string) error { _, err := x.GetEnvironment(ctx, hidden, r); return err }, 1},
			"a key":          {func(r string) error { _, err := x.GetAPIKey(ctx, hidden, r); return err }, 1},
			"keys of":        {func(r string) error { _, _, err := x.ListAPIKeys(ctx, hidden, r, all); return err }, 1},
			"calls of": {func(r string) error {
				_, _, err := x.ListCalls(ctx, hidden, control.CallFilter{Environment: r})
				return err
			}, 1},
			"a route in": {func(r string) error { _, err := x.EffectiveRoute(ctx, hidden, "charges", r); return err }, 1},
			"a route":    {func(r string) error { _, err := x.GetRoute(ctx, hidden, r); return err }, 0},
			"a secret":   {func(r string) error { _, err := x.GetSecret(ctx, hidden, r); return err }, 0},
		} {
			for _, ref := range []string{x.production, never} {
				n := len(x.entries(t))
				wantFault(t, what, tt.look(ref), fault.NotFound, "")
				got := x.newest(t, n)
				if len(got) != tt.recorded || tt.recorded == 1 && (got[0].Outcome != audit.Refused || got[0].EnvironmentID != "" ||
					!cmp.Equal(got[0].Detail, audit.Detail("error", "not_found"))) {
					t.Errorf("%s: got entries %+v, want %d refused that tell no more than the answer", what, got, tt.recorded)
				}
			}
		}
	})
}

// What the front refuses before it comes to an operation is recorded too, once.
func TestRecordRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		n := len(x.entries(t))
		x.RecordRefused(t.Context(), x.viewer, "create-secret", fault.New(fault.Invalid, "the body is not JSON"))
		_, err := x.CreateSecret(t.Context(), x.viewer, "a", secret.String, "")
		x.RecordRefused(t.Context(), x.viewer, "create-secret", err)                                                  // recorded by the operation
		x.RecordRefused(t.Context(), x.viewer, "create-secret", errTrap)                                              // no refusal
		x.RecordRefused(t.Context(), access.Principal{}, "create-secret", fault.New(fault.Unauthenticated, "nobody")) // of no account
		got := x.newest(t, n)
		if len(got) != 2 || got[0].Action != "request.refuse" || got[0].Outcome != audit.Refused || got[0].Actor.ID != x.viewer.ID ||
			got[0].Target != (audit.Target{Kind: "operation", Name: "create-secret"}) || got[1].Action != "secret.create" {
			t.Errorf("got entries %+v, want one of the front and one of the operation", got)
		}
	})
}

func TestTheAuditLogIsFiltered(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		for _, o := range x.operations(t) {
			x.clock.pass(time.Second)
			if o.prepare != nil {
				o.prepare(t)
			}
			_ = o.run(t.Context(), x.viewer)
			if err := o.run(t.Context(), x.owner); err != nil { // some are an owner's only
				t.Fatalf("%s: %v", o.name, err)
			}
		}
		x.hide("a value of the operations", "a value of the operations")
		whole := x.entries(t)
		middle := whole[len(whole)/2].Time
		for name, tt := range map[string]struct {
			filter control.AuditFilter
			keep   func(audit.Entry) bool
		}{
			"all":      {control.AuditFilter{}, func(audit.Entry) bool { return true }},
			"actor":    {control.AuditFilter{Actor: x.viewer.ID}, func(e audit.Entry) bool { return e.Actor.ID == x.viewer.ID }},
			"action":   {control.AuditFilter{Action: "route.save"}, func(e audit.Entry) bool { return e.Action == "route.save" }},
			"allowed":  {control.AuditFilter{Outcome: "allowed"}, func(e audit.Entry) bool { return e.Outcome == audit.Allowed }},
			"refused":  {control.AuditFilter{Outcome: "refused"}, func(e audit.Entry) bool { return e.Outcome == audit.Refused }},
			"name":     {control.AuditFilter{Target: "charges"}, func(e audit.Entry) bool { return e.Target.Name == "charges" }},
			"place":    {control.AuditFilter{Environment: "production"}, func(e audit.Entry) bool { return e.EnvironmentID == x.production }},
			"since":    {control.AuditFilter{Since: middle}, func(e audit.Entry) bool { return !e.Time.Before(middle) }},
			"until":    {control.AuditFilter{Until: middle}, func(e audit.Entry) bool { return e.Time.Before(middle) }},
			"together": {control.AuditFilter{Actor: x.owner.ID, Action: "route.switch"}, func(e audit.Entry) bool { return e.Actor.ID == x.owner.ID && e.Action == "route.switch" }},
			"nothing":  {control.AuditFilter{Actor: "zebra\x00"}, func(audit.Entry) bool { return false }},
		} {
			for _, ascending := range []bool{true, false} {
				var want, got []int64
				for _, e := range whole {
					if !tt.keep(e) {
						continue
					}
					if want = append(want, e.Sequence); !ascending {
						copy(want[1:], want)
						want[0] = e.Sequence
					}
				}
				f := tt.filter
				f.Ascending, f.Limit = ascending, 7
				for {
					list, next, err := x.ListAudit(t.Context(), x.admin, f)
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					for _, e := range list {
						got = append(got, e.Sequence)
					}
					if f.Cursor = next; next == "" {
						break
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s, ascending %v (-want +got):\n%s", name, ascending, diff)
				}
			}
		}
		for what, f := range map[string]control.AuditFilter{
			"an outcome": {Outcome: "zebra"}, "an action": {Action: "route.zebra"}, "a cursor": {Page: control.Page{Cursor: "emVicmE"}}, "a cursor below": {Page: control.Page{Cursor: "LTE"}},
		} {
			_, _, err := x.ListAudit(t.Context(), x.admin, f)
			wantFault(t, what, err, fault.Invalid, "")
		}
		_, _, err := x.ListAudit(t.Context(), x.admin, control.AuditFilter{Environment: "none"})
		wantFault(t, "an environment", err, fault.NotFound, "no such environment")
	})
}

// Whoever can write to the database can change the log, and is found.
func TestTamperingIsFound(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		for i := range 14 { // more than the other account has, so that an entry can be moved there
			name := fmt.Sprintf("odd-%d", i)
			if _, err := x.UpdateEnvironment(t.Context(), x.owner, x.development, environment.Fields{Name: &name}); err != nil {
				t.Fatal(err)
			}
		}
		const where = ` WHERE account_id = $1 AND sequence = 12`
		row, err := x.db.QueryContext(t.Context(), `SELECT * FROM audit_entries`+where, x.account)
		if err != nil {
			t.Fatal(err)
		}
		columns, err := row.Columns()
		if err = errors.Join(err, row.Close()); err != nil || len(columns) < 18 {
			t.Fatalf("got columns %v and %v, want all of an entry", columns, err)
		}
		x.exec(t, `CREATE TABLE kept AS SELECT * FROM audit_entries WHERE account_id = '`+x.account+`'`)
		find := func(what string, forgeries ...string) {
			t.Helper()
			for _, statement := range forgeries {
				x.exec(t, strings.ReplaceAll(statement, "$1", "'"+x.account+"'"))
			}
			var bad *audit.BadEntry
			if err := x.walk(t, x.owner); !errors.As(err, &bad) || bad.Sequence < 12 || bad.Sequence > 13 && bad.Sequence != 1012 {
				t.Errorf("%s: got %v, want it found there", what, err)
			}
			x.exec(t, `DELETE FROM audit_entries WHERE account_id = '`+x.account+`' OR (account_id = '`+x.foreign.account+`' AND sequence >= 12)`)
			x.exec(t, `INSERT INTO audit_entries SELECT * FROM kept`)
			if err := x.walk(t, x.owner); err != nil {
				t.Fatalf("%s undone: %v", what, err)
			}
		}
		for _, column := range columns {
			forged := column + " || 'x'"
			switch column {
			case "account_id":
				forged = "'" + x.foreign.account + "'"
			case "sequence":
				forged = "sequence + 1000"
			case "time":
				forged = "time + 1"
			case "detail":
				forged = `'{"name":"zebra"}'`
			}
			find(column, `UPDATE audit_entries SET `+column+` = `+forged+where)
		}
		find("deleted", `DELETE FROM audit_entries`+where)
		find("swapped", `UPDATE audit_entries SET sequence = 5000`+where,
			`UPDATE audit_entries SET sequence = 12 WHERE account_id = $1 AND sequence = 13`,
			`UPDATE audit_entries SET sequence = 13 WHERE account_id = $1 AND sequence = 5000`)
		x.exec(t, `DROP TABLE kept`)
	})
}
