package control_test

import (
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/store"
)

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

// tables names every table, as the database itself tells, so that new ones are looked at too.
func (x *fixture) tables(t *testing.T) (list []string) {
	t.Helper()
	query := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'goose%'`
	if x.config.URL != "" {
		query = `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND table_name NOT LIKE 'goose%'`
	}
	rows, err := x.db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("tables: %v", err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		list = append(list, name)
	}
	return list
}

// dump is every row of a table as "column=value|…", in no order that matters.
func (x *fixture) dump(t *testing.T, table string) (list []string) {
	t.Helper()
	rows, err := x.db.QueryContext(t.Context(), `SELECT * FROM `+table)
	if err != nil {
		t.Fatalf("read %s: %v", table, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatalf("scan %s: %v", table, err)
		}
		var row strings.Builder
		row.WriteByte('|')
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
func (x *fixture) rowsOf(t *testing.T, account string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, table := range x.tables(t) {
		for _, row := range x.dump(t, table) {
			if strings.Contains(row, "|account_id="+account+"|") {
				all[table] = append(all[table], row)
			}
		}
	}
	return all
}

// state is everything but what a refusal may change, the audit log and the head row, and which processes are there.
func (x *fixture) state(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, table := range x.tables(t) {
		if table != "audit_entries" && table != "accounts" && table != "nodes" {
			all[table] = x.dump(t, table)
		}
	}
	return all
}

// searchClear looks for what is hidden in every column of every table, as it is and in the usual encodings.
func (x *fixture) searchClear(t *testing.T) {
	t.Helper()
	for _, table := range x.tables(t) {
		rows := strings.Join(x.dump(t, table), "\n")
		for text, what := range x.hidden {
			for _, form := range []string{
				text, hex.EncodeToString([]byte(text)), base64.StdEncoding.EncodeToString([]byte(text)), base64.RawURLEncoding.EncodeToString([]byte(text)),
			} {
				if strings.Contains(rows, form) {
					t.Errorf("%s holds %s in the clear", table, what)
				}
			}
		}
	}
}

// verify walks the audit log of an account.
func (x *fixture) verify(t *testing.T, who access.Principal) {
	t.Helper()
	if err := x.walk(t, who); err != nil {
		t.Errorf("audit log of %s: %v", who.Name, err)
	}
}

func (x *fixture) walk(t *testing.T, who access.Principal) error {
	t.Helper()
	v := x.fromAnchor(t, who)
	f := control.AuditFilter{Ascending: true, Page: control.Page{Limit: 100}}
	for {
		list, next, err := x.ListAudit(t.Context(), who, f)
		if err != nil {
			return err
		}
		for _, e := range list {
			if err := v.Next(e); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		f.Cursor = next
	}
}

// fromAnchor is a verifier of the account's log from where it begins; an anchor that does not hold fails the test.
func (x *fixture) fromAnchor(t *testing.T, who access.Principal) *audit.Verifier {
	t.Helper()
	made, err := x.AuditCheckpoint(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	if made.Anchor.Note == "" {
		return new(audit.Verifier)
	}
	a, err := audit.OpenAnchor([]byte(made.Anchor.Note), made.Key)
	if err != nil || a.Entries != made.Anchor.Entries || a.Account != who.Account {
		t.Errorf("the anchor %+v: got %+v and %v", made.Anchor, a, err)
	}
	return audit.From(a)
}

// exec runs a statement past the store.
func (x *fixture) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := x.db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
