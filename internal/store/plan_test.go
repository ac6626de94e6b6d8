package store_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
)

// How many rows the tables have from which pages are read.
const (
	manyCalls   = 15_000 // of production, one each second
	manyEntries = 8_000  // one each ten seconds
	manyOthers  = 1_000  // people, sessions, tokens, messages of alerts
)

// long is an account in which much happened until start.
func long(t *testing.T, c store.Config) fixture {
	t.Helper()
	x := fixture{Store: testkit.Open(t, c), config: c, db: direct(t, c)}
	fill(t, x.Store, ours)
	fill(t, x.Store, theirs)
	first := start.Add(-manyCalls * time.Second)
	testkit.ManyCalls{Account: ours, EnvironmentID: "e2", Series: 1, N: manyCalls, First: first, Every: time.Second}.Fill(t, c)
	testkit.ManyCalls{Account: ours, EnvironmentID: "e1", Series: 2, N: 2_000, First: first, Every: 15 * time.Second}.Fill(t, c)
	testkit.ManyCalls{Account: theirs, EnvironmentID: "e2", N: 2_000, First: first, Every: 15 * time.Second}.Fill(t, c)
	x.multiply(t)
	testkit.ManyEntries{
		Account: ours, EnvironmentID: "e2", After: 10, N: manyEntries, First: start.Add(-manyEntries * 10 * time.Second), Every: 10 * time.Second,
	}.Fill(t, c)
	return x
}

// multiply adds people who are members and have a session, tokens, and alerts that were told of, past the store.
func (x fixture) multiply(t *testing.T) {
	t.Helper()
	bytes := `CAST($1 || i AS BLOB)`
	if x.config.URL != "" {
		bytes = `convert_to($1 || i, 'UTF8')`
	}
	for _, insert := range []string{
		`INSERT INTO people (id, email, name, password_hash, created_at, epoch)
			SELECT 'person-' || i, i || $1, name, password_hash, created_at, epoch FROM people, n WHERE id = 'person1'`,
		`INSERT INTO members (account_id, id, person_id, created_at, name)
			SELECT account_id, 'member-' || i, 'person-' || i, created_at, name FROM members, n WHERE account_id = 'account-a' AND id = 'm1'`,
		`INSERT INTO sessions (account_id, id, person_id, digest, epoch, methods, address, agent, created_at, seen_at, proved_at, expires_at)
			SELECT account_id, 'session-' || i, 'person-' || i, ` + bytes + `, epoch, methods, address, agent, created_at, seen_at, proved_at, expires_at
			FROM sessions, n WHERE account_id = 'account-a' AND id = 'n1'`,
		`INSERT INTO tokens (account_id, id, name, digest, prefix, last_four, created_at, created_by, expires_at, revoked_at)
			SELECT account_id, 'token-' || i, name, ` + bytes + `, prefix, last_four, created_at, created_by, expires_at, revoked_at
			FROM tokens, n WHERE account_id = 'account-a' AND id = 't1'`,
		`INSERT INTO alert_events (account_id, environment_id, alert_id, id, state, value, details, started_at, ended_at)
			SELECT account_id, environment_id, alert_id, 'event-' || i, 'resolved', value, details, started_at + i * 1000, ended_at
			FROM alert_events, n WHERE account_id = 'account-a'`,
		`INSERT INTO alert_deliveries (account_id, environment_id, alert_id, event_id, id, target, type, body, state, attempts, next_at, error, created_at, ended_at)
			SELECT account_id, environment_id, alert_id, 'event-' || i, 'delivery-' || i, target, type, body, 'delivered', attempts, next_at, error, created_at + i * 1000, ended_at
			FROM alert_deliveries, n WHERE account_id = 'account-a'`,
	} {
		into, rest, _ := strings.Cut(insert, ")")
		n := `WITH RECURSIVE n (i) AS (SELECT 10000 UNION ALL SELECT i + 1 FROM n WHERE i < ` + strconv.Itoa(10_000+manyOthers) + `)`
		var args []any
		if strings.Contains(rest, "$1") {
			args = []any{"@example.com"}
		}
		if _, err := x.db.ExecContext(t.Context(), into+") "+n+rest, args...); err != nil {
			t.Fatalf("%v\n%s", err, insert)
		}
	}
}

// errUndo ends a transaction that was only to be looked at.
var errUndo = errors.New("undone")

// plans are how the database runs the statements of fn, which are undone.
func (x fixture) plans(t *testing.T, door func(context.Context, func(*store.Tx) error) error, fn func(context.Context, *store.Tx) error) (list []string) {
	t.Helper()
	err := door(t.Context(), func(tx *store.Tx) error {
		tx.Watch(func(s store.Statement) { list = append(list, x.plan(t, s)) })
		if err := fn(t.Context(), tx); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		return errUndo
	})
	if !errors.Is(err, errUndo) {
		t.Fatalf("got %v", err)
	}
	if len(list) == 0 {
		t.Fatal("no statement was run")
	}
	return list
}

// plan asks the database how it runs a statement, in its own transaction: what PostgreSQL expects of the second wall depends
// on the account that was entered.
func (x fixture) plan(t *testing.T, s store.Statement) string {
	t.Helper()
	explain := "EXPLAIN QUERY PLAN "
	if x.config.URL != "" {
		explain = "EXPLAIN "
	}
	rows, err := s.Ask(t.Context(), explain+s.Query, s.Args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, s.Query)
	}
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var line string
		into := []any{new(any), new(any), new(any), &line}
		if x.config.URL != "" {
			into = []any{&line}
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		plan.WriteString(line + "\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan.String()
}

// lengthy are the tables that grow without end, or with people and machines.
var lengthy = regexp.MustCompile(`Seq Scan on (calls|audit_entries|people|members|sessions|tokens|alert_events|alert_deliveries)\b`)

// few is what has little in it: streams of the log, and messages that wait.
var few = regexp.MustCompile(`audit_streams|alert_deliveries_due`)

// No reading of a page, of an alert or of who somebody is, and no pruning, may walk over a whole table, and a page ends where
// its index does.
func TestPlans(t *testing.T) {
	testkit.EngineConfigs(t, func(t *testing.T, c store.Config) {
		c.Now = func() time.Time { return start }
		x := long(t, c)
		for _, q := range slices.Concat(x.pagesOfCalls(), x.pagesOfEntries(), x.readingsOfAlerts(), x.others()) {
			t.Run(q.name, func(t *testing.T) {
				plans := x.plans(t, q.door, q.ask)
				for _, plan := range plans {
					scans := lengthy.MatchString(plan)
					if c.URL == "" {
						scans = walks(plan)
					}
					if scans {
						t.Errorf("it walks over a whole table:\n%s", plan)
					}
					if !q.sorts && (strings.Contains(plan, "USE TEMP B-TREE") || strings.Contains(plan, "Sort  (")) {
						t.Errorf("it is sorted, so that all of it is read first:\n%s", plan)
					}
				}
				if whole := strings.Join(plans, ""); c.URL == "" && !strings.Contains(whole, q.want) {
					t.Errorf("got\n%swant %s", whole, q.want)
				}
			})
		}
	})
}

// walks says whether a plan of SQLite goes through a table from one end to the other, and not through what another part of
// the plan yields.
func walks(plan string) bool {
	for line := range strings.Lines(plan) {
		name, is := strings.CutPrefix(strings.TrimSpace(line), "SCAN ")
		if is && !strings.Contains(plan, "CO-ROUTINE "+name+"\n") && !few.MatchString(name) {
			return true
		}
	}
	return false
}

// question is something that is asked of the store. want is a part of SQLite's plan, sorts says that what is found may be sorted,
// for it is little.
type question struct {
	name  string
	door  func(context.Context, func(*store.Tx) error) error
	ask   func(context.Context, *store.Tx) error
	want  string
	sorts bool
}

func (x fixture) ours(ctx context.Context, fn func(*store.Tx) error) error {
	return x.Read(ctx, ours, fn)
}

func (x fixture) batchOfOurs(ctx context.Context, fn func(*store.Tx) error) error {
	return x.BatchOf(ctx, ours, fn)
}

func (x fixture) pagesOfCalls() (list []question) {
	middle := uuidAt(start.Add(-manyCalls / 2 * time.Second))
	from, to := start.Add(-3*time.Hour), start.Add(-2*time.Hour)
	const environment, route, key, status = "calls_by_environment (account_id=? AND environment_id=?", "calls_by_route (account_id=? AND environment_id=? AND route_id=?",
		"calls_by_key (account_id=? AND environment_id=? AND key_id=?", "calls_by_status (account_id=? AND environment_id=? AND status=?"
	for name, q := range map[string]struct {
		f    store.CallFilter
		want string
	}{
		"first page":          {store.CallFilter{}, environment},
		"cursor":              {store.CallFilter{Before: middle}, environment + " AND id<?"},
		"an hour":             {store.CallFilter{Since: from, Until: to}, environment + " AND id>? AND id<?"},
		"since":               {store.CallFilter{Since: from}, environment + " AND id>?"},
		"route":               {store.CallFilter{RouteID: "route-3"}, route},
		"rare route":          {store.CallFilter{RouteID: "rare"}, route},
		"route, cursor":       {store.CallFilter{RouteID: "route-3", Before: middle}, route + " AND id<?"},
		"route, an hour":      {store.CallFilter{RouteID: "route-3", Since: from, Until: to}, route + " AND id>? AND id<?"},
		"key":                 {store.CallFilter{KeyID: "key-3"}, key},
		"rare key":            {store.CallFilter{KeyID: "rare"}, key},
		"status":              {store.CallFilter{StatusFrom: 418, StatusTo: 419}, status},
		"class":               {store.CallFilter{StatusFrom: 500, StatusTo: 600}, status},
		"class, cursor":       {store.CallFilter{StatusFrom: 500, StatusTo: 600, Before: middle}, status + " AND id<?"},
		"class of a route":    {store.CallFilter{StatusFrom: 500, StatusTo: 600, RouteID: "route-3"}, status},
		"success of a route":  {store.CallFilter{StatusFrom: 200, StatusTo: 300, RouteID: "route-3"}, route},
		"failures of an hour": {store.CallFilter{StatusFrom: 500, StatusTo: 600, Since: from, Until: to}, status + " AND id>? AND id<?"},
	} {
		q.f.EnvironmentIDs, q.f.Limit = []string{"e2"}, 51
		list = append(list, question{"calls/" + name, x.ours, func(ctx context.Context, tx *store.Tx) error { return only(tx.Calls(ctx, q.f)) }, q.want, false})
	}
	return append(list,
		question{"calls/one", x.ours, func(ctx context.Context, tx *store.Tx) error { return only(tx.Call(ctx, callOf(ours).ID)) }, "(account_id=? AND id=?)", false},
		question{"calls/some", x.ours, func(ctx context.Context, tx *store.Tx) error {
			return only(tx.CallsOf(ctx, []string{middle, callOf(ours).ID}))
		}, "(account_id=? AND id=?)", false},
		question{"calls/content", x.ours, func(ctx context.Context, tx *store.Tx) error { return only(tx.CallContent(ctx, "e1", callOf(ours).ID)) }, "(account_id=? AND call_id=?)", false},
		question{"calls/followed", x.ours, func(ctx context.Context, tx *store.Tx) error {
			return only(tx.RecordedSince(ctx, []string{"e2"}, start.Add(-time.Minute), 100))
		}, "calls_by_recording (account_id=? AND environment_id=? AND recorded_at>?)", false},
		question{"calls/pruned", x.batchOfOurs, func(ctx context.Context, tx *store.Tx) error {
			return only(tx.PruneCalls(ctx, ours, "e2", start.Add(-time.Hour), 500))
		}, "calls_by_environment (account_id=? AND environment_id=? AND id<?)", false},
	)
}

func (x fixture) pagesOfEntries() (list []question) {
	from, to := start.Add(-5*time.Hour), start.Add(-4*time.Hour)
	const all = "sqlite_autoindex_audit_entries_1 (account_id=? AND sequence>?"
	for name, q := range map[string]struct {
		f     store.AuditFilter
		want  string
		sorts bool
	}{
		"first page":       {store.AuditFilter{}, all, false},
		"cursor":           {store.AuditFilter{After: manyEntries / 2}, all + " AND sequence<?", false},
		"oldest first":     {store.AuditFilter{Ascending: true}, all, false},
		"actor":            {store.AuditFilter{Actor: "actor-3"}, "audit_entries_by_actor (account_id=? AND actor_id=?", false},
		"rare actor":       {store.AuditFilter{Actor: "rare"}, "audit_entries_by_actor (account_id=? AND actor_id=?", false},
		"actor's refused":  {store.AuditFilter{Actor: "actor-9", Outcome: "refused"}, "audit_entries_by_outcome (account_id=? AND outcome=?", true},
		"actor's allowed":  {store.AuditFilter{Actor: "actor-9", Outcome: "allowed"}, "audit_entries_by_actor (account_id=? AND actor_id=?", false},
		"action":           {store.AuditFilter{Action: "route.save"}, "audit_entries_by_action (account_id=? AND action=?", false},
		"rare action":      {store.AuditFilter{Action: "member.remove"}, "audit_entries_by_action (account_id=? AND action=?", false},
		"environment":      {store.AuditFilter{EnvironmentID: "e2"}, "audit_entries_by_environment (account_id=? AND environment_id=?", false},
		"rare environment": {store.AuditFilter{EnvironmentID: "rare"}, "audit_entries_by_environment (account_id=? AND environment_id=?", false},
		"target":           {store.AuditFilter{Target: "rare"}, "audit_entries_by_target_name (account_id=? AND target_name=?", false},
		"target's id":      {store.AuditFilter{TargetKind: "secret", TargetID: "rare"}, "audit_entries_by_target (account_id=? AND target_id=?", false},
		"refused":          {store.AuditFilter{Outcome: "refused"}, "audit_entries_by_outcome (account_id=? AND outcome=?", false},
		"since":            {store.AuditFilter{Since: from}, all, true},
		"an hour":          {store.AuditFilter{Since: from, Until: to}, all, true},
	} {
		q.f.Limit = 51
		list = append(list, question{"audit/" + name, x.ours, func(ctx context.Context, tx *store.Tx) error { return only(tx.Audit(ctx, q.f)) }, q.want, q.sorts})
	}
	return append(list,
		question{"audit/carried", x.batchOfOurs, func(ctx context.Context, tx *store.Tx) error { return only(tx.AuditOf(ctx, ours, manyEntries/2, 100)) }, all, false},
		question{"audit/pruned", x.batchOfOurs, func(ctx context.Context, tx *store.Tx) error { return only(tx.DeleteAudit(ctx, ours, 500)) }, "(account_id=? AND sequence<?)", true},
		question{"audit/streams", x.ReadAll, func(ctx context.Context, tx *store.Tx) error { return only(tx.AllAuditStreamStates(ctx)) }, "(account_id=? AND sequence=?)", true},
	)
}

func (x fixture) readingsOfAlerts() []question {
	since := start.Add(-5 * time.Minute)
	const environment, route, failure = "calls_by_environment (account_id=? AND environment_id=? AND id>?)", "calls_by_route (account_id=? AND environment_id=? AND route_id=? AND id>?)",
		"calls_by_failure (account_id=? AND environment_id=? AND error_type=? AND id>?)"
	errorsOf := func(route string) func(context.Context, *store.Tx) error {
		return func(ctx context.Context, tx *store.Tx) error { return last(tx.ErrorShare(ctx, "e2", route, since)) }
	}
	latencyOf := func(route string) func(context.Context, *store.Tx) error {
		return func(ctx context.Context, tx *store.Tx) error { return last(tx.LatencyP95(ctx, "e2", route, since)) }
	}
	failsOf := func(route string) func(context.Context, *store.Tx) error {
		return func(ctx context.Context, tx *store.Tx) error {
			return only(tx.HardFails(ctx, "e2", route, start.Add(-time.Hour), []string{"secret_expired"}))
		}
	}
	return []question{
		{"alerts/errors", x.ours, errorsOf(""), environment, true},
		{"alerts/errors of a route", x.ours, errorsOf("charges"), route, true},
		{"alerts/latency", x.ours, latencyOf(""), environment, true},
		{"alerts/latency of a route", x.ours, latencyOf("charges"), route, true},
		{"alerts/hard fails", x.ours, failsOf(""), failure, true},
		{"alerts/hard fails of a route", x.ours, failsOf("charges"), failure, true},
		{"alerts/refused access", x.ours, func(ctx context.Context, tx *store.Tx) error { return only(tx.RefusedAccess(ctx, "e2", since)) }, "audit_entries_by_time (account_id=? AND time>?)", false},
		{"alerts/new addresses", x.ours, func(ctx context.Context, tx *store.Tx) error { return last(tx.NewAddresses(ctx, "e2", since, 10)) }, "key_addresses_by_first (account_id=? AND environment_id=? AND first_seen>?)", true},
		{"alerts/active", x.ReadAll, func(ctx context.Context, tx *store.Tx) error {
			return only(tx.ActiveAlerts(ctx, store.AccountAlert{}, 100))
		}, "((account_id,id)>(?,?))", true},
		{"alerts/history", x.ours, func(ctx context.Context, tx *store.Tx) error {
			return only(tx.AlertEvents(ctx, "e1", alertEvent.AlertID, "event-10200", 51))
		}, "alert_events_by_alert (account_id=? AND alert_id=? AND id<?)", false},
		{"alerts/messages", x.ours, func(ctx context.Context, tx *store.Tx) error {
			return only(tx.AlertDeliveries(ctx, "e1", "event-10200"))
		}, "alert_deliveries_by_event (account_id=? AND event_id=?)", false},
		{"alerts/due", x.ReadAll, func(ctx context.Context, tx *store.Tx) error { return only(tx.DueAlertDeliveries(ctx, 100)) }, "alert_deliveries_due (next_at<?)", true},
		{"alerts/waiting", x.ReadAll, func(ctx context.Context, tx *store.Tx) error { return last(tx.CountPendingAlerts(ctx)) }, "alert_deliveries_due", false},
		{"alerts/claimed", x.Batch, func(ctx context.Context, tx *store.Tx) error {
			return only(tx.ClaimAlertDelivery(ctx, deliveryOf(ours), start))
		}, "(account_id=? AND id=?)", false},
		{"alerts/pruned", x.Batch, func(ctx context.Context, tx *store.Tx) error { return tx.PruneAlerts(ctx, start.Add(time.Minute)) }, "alert_deliveries_by_age (created_at<?)", false},
		{"alerts/addresses pruned", x.Batch, func(ctx context.Context, tx *store.Tx) error { return tx.PruneAddresses(ctx, start) }, "key_addresses_by_last (last_seen<?)", false},
	}
}

func (x fixture) others() []question {
	mark := digest("10200", 1) // nobody's: an index tells that too
	return []question{
		{"session by digest", x.ReadAll, func(ctx context.Context, tx *store.Tx) error {
			return only(tx.SessionByDigest(ctx, mark))
		}, "(digest=?)", false},
		{"sessions of a person", x.ours, func(ctx context.Context, tx *store.Tx) error { return only(tx.SessionsOf(ctx, "person-10200")) }, "sessions", true},
		{"all sessions of a person", x.ReadAll, func(ctx context.Context, tx *store.Tx) error { return only(tx.AllSessionsOf(ctx, "person-10200")) }, "sessions_by_person (person_id=?)", true},
		{"token by digest", x.ReadAll, func(ctx context.Context, tx *store.Tx) error { return only(tx.TokenByDigest(ctx, mark)) }, "(digest=?)", false},
		{"page of tokens", x.ours, func(ctx context.Context, tx *store.Tx) error { return only(tx.TokensAfter(ctx, "token-10200", 51)) }, "(account_id=? AND id>?)", false},
		{"page of members", x.ours, func(ctx context.Context, tx *store.Tx) error { return only(tx.Members(ctx, "member-10200", 51)) }, "(account_id=? AND id>?)", false},
	}
}

func only[T any](_ T, err error) error { return err }

func last[S, T any](_ S, _ T, err error) error { return err }

// uuidAt is below the ids of a moment.
func uuidAt(t time.Time) string {
	hex := fmt.Sprintf("%012x", t.UnixMilli())
	return hex[:8] + "-" + hex[8:] + "-7000-8000-000000000000"
}
