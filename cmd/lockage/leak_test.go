package main_test

import (
	"context"
	"database/sql"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

// nothingLeaked reads everything an onlooker could get hold of.
func nothingLeaked(t *testing.T, s *story) {
	s.runs(t, "", "keys", "list", "--json")
	s.runs(t, "", "secrets", "list", "--json")
	s.runs(t, "", "secrets", "status", "stripe_api_key", "--json")
	s.runs(t, "", "routes", "get", "payments", "--json")
	for _, path := range []string{"/v1/logs?limit=200", "/v1/audit-logs?limit=200", "/openapi.json", "/metrics"} {
		s.api(t, http.MethodGet, path, "")
	}
	s.readStore(t, "while it runs")
	s.stop(t)
	s.readStore(t, "when stopped")
	s.seen.add("standard output of the server", s.process.out.String())
	s.seen.add("log of the server", s.process.log.String())
	if !strings.Contains(s.process.log.String(), "request_id=") {
		t.Error("the log of the server has no request in it: it proves nothing")
	}
	s.seen.check(t)
}

// readStore puts all that is stored into the transcript.
func (s *story) readStore(t *testing.T, when string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.data, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in the data folder: %v", err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s.seen.add(filepath.Base(path)+" "+when, string(b))
	}
	if s.database() == "" {
		return
	}
	rows := 0
	for _, table := range s.query(t, `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()`) {
		for _, row := range s.query(t, `SELECT t::text FROM "`+table+`" t`) {
			s.seen.add("table "+table+" "+when, row)
			rows++
		}
	}
	if rows == 0 {
		t.Fatal("the database is empty: it proves nothing")
	}
}

// database is the URL of the world's PostgreSQL database, "" with SQLite.
func (w *world) database() string {
	if at := slices.Index(w.flags, "--database"); at >= 0 {
		return w.flags[at+1]
	}
	return ""
}

// query runs one statement on the world's database, past the server, and answers the first column.
func (w *world) query(t *testing.T, statement string, args ...any) []string {
	t.Helper()
	driver, name := "sqlite", filepath.Join(w.data, "lockage.db")
	if w.database() != "" {
		driver, name = "pgx", w.database()
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	ctx := context.Background()
	if driver == "pgx" { // as the server does when it looks after all accounts
		if _, err := db.ExecContext(ctx, `SELECT set_config('lockage.account', '*', false)`); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := db.QueryContext(ctx, statement, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		list = append(list, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}
