package store_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// start is the time of every store of these tests; it does not pass.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// The two accounts of a test. Apart from what must be unique everywhere they hold the same rows, ids included, so that a
// statement which forgets its account meets rows of the other.
const (
	ours   = "account-a"
	theirs = "account-b"
)

// fixture is an open store with both accounts, and the same database past the store.
type fixture struct {
	*store.Store
	config store.Config
	db     *sql.DB
}

// onBoth runs a test on each engine, with both accounts filled, and sees to it that theirs is left alone.
func onBoth(t *testing.T, f func(*testing.T, fixture)) {
	t.Helper()
	testkit.EngineConfigs(t, func(t *testing.T, c store.Config) {
		c.Now = func() time.Time { return start }
		x := fixture{Store: testkit.Open(t, c), config: c, db: direct(t, c)}
		fill(t, x.Store, ours)
		fill(t, x.Store, theirs)
		before := rowsOf(t, x.db, theirs)
		f(t, x)
		if diff := cmp.Diff(before, rowsOf(t, x.db, theirs)); diff != "" {
			t.Errorf("rows of the other account (-before +after):\n%s", diff)
		}
	})
}

// write is an audited transaction of our account that succeeds.
func (x fixture) write(t *testing.T, fn func(*store.Tx) error) {
	t.Helper()
	err := x.Write(t.Context(), ours, func(tx *store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return tx.AppendAudit(t.Context(), entry())
	})
	if err != nil {
		t.Fatalf("write: %v", err)
	}
}

// read is a reading of our account that succeeds.
func (x fixture) read(t *testing.T, fn func(*store.Tx) error) {
	t.Helper()
	if err := x.Read(t.Context(), ours, fn); err != nil {
		t.Fatalf("read: %v", err)
	}
}

func entry() audit.Entry {
	return audit.Entry{Actor: audit.Actor{Kind: "member", ID: "m", Name: "Mira"}, Action: "secret.create", Outcome: audit.Allowed}
}

// direct opens the database past the store and sees every account.
func direct(t *testing.T, c store.Config) *sql.DB {
	t.Helper()
	driver, source := "sqlite", "file:"+c.Path+"?_pragma=busy_timeout(5000)"
	if c.URL != "" {
		driver, source = "pgx", c.URL
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatalf("open the database past the store: %v", err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	if c.URL != "" {
		if _, err := db.ExecContext(t.Context(), `SELECT set_config('lockage.account', '*', false)`); err != nil {
			t.Fatalf("see every account: %v", err)
		}
	}
	return db
}

// names reads a list of one column.
func names(t *testing.T, db *sql.DB, query string, args ...any) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatalf("query: %v", err)
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatalf("scan: %v", err)
		}
		list = append(list, name)
	}
	return list
}

// tables names every table of the product, as the database itself tells.
func tables(t *testing.T, c store.Config, db *sql.DB) []string {
	t.Helper()
	query := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'goose%' ORDER BY name`
	if c.URL != "" {
		query = `SELECT table_name FROM information_schema.tables
			WHERE table_schema = current_schema() AND table_name NOT LIKE 'goose%' ORDER BY table_name COLLATE "C"`
	}
	return names(t, db, query)
}

// dump reads every row of a table as text, in no order that matters.
func dump(t *testing.T, db *sql.DB, table string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT * FROM `+table)
	if err != nil {
		t.Fatalf("read %s: %v", table, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatalf("columns of %s: %v", table, err)
	}
	var list []string
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatalf("scan %s: %v", table, err)
		}
		var row strings.Builder
		for i, v := range values {
			if b, ok := v.([]byte); ok {
				v = string(b)
			}
			fmt.Fprintf(&row, "%s=%v|", columns[i], v)
		}
		list = append(list, row.String())
	}
	slices.Sort(list)
	return list
}

// rowsOf is every row of an account, by table.
func rowsOf(t *testing.T, db *sql.DB, account string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, table := range accountTables {
		for _, row := range dump(t, db, table) {
			if strings.Contains("|"+row, "|account_id="+account+"|") || strings.HasPrefix(row, "id="+account+"|") {
				all[table] = append(all[table], row)
			}
		}
	}
	return all
}

// sharedTables belong to no account.
var sharedTables = []string{
	"installation", "nodes", "oidc_links", "passkeys", "password_resets", "people", "recovery_codes", "signing_keys", "signups", "spent", "totp_factors",
}

// accountTables are the tables that fill fills; TestEveryTableIsFilled compares them with the database.
var accountTables = []string{
	"accounts", "alert_deliveries", "alert_events", "alert_webhooks", "alerts", "api_keys", "approvals", "audit_anchors", "audit_entries",
	"audit_streams", "call_contents", "calls", "commit_changes", "commits", "content_keys", "contents", "definitions", "drafts", "environments",
	"grants", "idempotency", "invitations", "key_addresses", "members", "oauth2_authorizations", "oauth2_tokens", "overrides", "promotions",
	"recordings", "reveals", "secret_slots", "secret_uses", "secret_values", "secrets", "sessions", "switches", "tokens", "tree_entries", "usages",
	"variable_values", "variables",
}

func TestEveryTableIsFilled(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		want := slices.Concat(accountTables, sharedTables)
		slices.Sort(want)
		if diff := cmp.Diff(want, tables(t, x.config, x.db)); diff != "" {
			t.Errorf("tables; fill the new ones in fill_test.go (-want +got):\n%s", diff)
		}
		for _, account := range []string{ours, theirs} {
			rows := rowsOf(t, x.db, account)
			for _, table := range accountTables {
				if len(rows[table]) == 0 {
					t.Errorf("%s has no row of %s, want at least one", table, account)
				}
			}
		}
	})
}
