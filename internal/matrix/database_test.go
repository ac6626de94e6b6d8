package matrix_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
)

// direct opens the database past the store and sees every account. What is written here is not asked whether it fits
// together, for rows are put back as they were.
func direct(t *testing.T, c store.Config) *sql.DB {
	t.Helper()
	driver, source := "sqlite", "file:"+c.Path+"?_pragma=busy_timeout(5000)&_pragma=synchronous(OFF)"
	if c.URL != "" {
		driver, source = "pgx", testkit.Superuser(t, c.URL)+"&session_replication_role=replica"
	}
	db, err := sql.Open(driver, source)
	must(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func (w *world) exec(statement string, arguments ...any) {
	w.t.Helper()
	if _, err := w.db.ExecContext(w.t.Context(), statement, arguments...); err != nil {
		w.t.Fatalf("%s: %v", statement, err)
	}
}

func (w *world) query(statement string, arguments ...any) (list []string) {
	w.t.Helper()
	rows, err := w.db.QueryContext(w.t.Context(), statement, arguments...)
	must(w.t, err)
	defer rows.Close()
	for rows.Next() {
		var s string
		must(w.t, rows.Scan(&s))
		list = append(list, s)
	}
	must(w.t, rows.Err())
	return list
}

// save keeps every row as it is now, for restore.
func (w *world) save() {
	w.t.Helper()
	tables, refers := w.schema()
	for len(tables) > 0 { // those that refer to nothing that is still to come are next
		var left []string
		for _, table := range tables {
			if slices.ContainsFunc(refers[table], func(to string) bool { return to != table && slices.Contains(tables, to) }) {
				left = append(left, table)
			} else {
				w.tables = append(w.tables, table)
			}
		}
		if n := len(tables); len(left) == n {
			w.t.Fatalf("the tables %v refer to each other", tables)
		}
		tables = left
	}
	if w.config.URL == "" {
		w.exec(`ATTACH ':memory:' AS saved`)
	} else {
		w.exec(`CREATE SCHEMA saved`)
	}
	w.columns = map[string][]string{}
	for _, table := range w.tables {
		rows, err := w.db.QueryContext(w.t.Context(), `SELECT * FROM `+table)
		must(w.t, err)
		w.columns[table], err = rows.Columns()
		must(w.t, errors.Join(err, rows.Close()))
		w.exec(fmt.Sprintf(`CREATE TABLE saved.%[1]s AS SELECT * FROM %[1]s`, table))
	}
	w.watch()
	w.clean = true
}

// schema names the tables of the product, and to which others each refers, as the database itself tells.
func (w *world) schema() (tables []string, refers map[string][]string) {
	list, references := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'goose%' ORDER BY name`,
		`SELECT m.name || ' ' || f."table" FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'`
	if w.config.URL != "" {
		list = `SELECT table_name FROM information_schema.tables
			WHERE table_schema = current_schema() AND table_name NOT LIKE 'goose%' ORDER BY table_name`
		references = `SELECT a.relname || ' ' || b.relname FROM pg_constraint c
			JOIN pg_class a ON a.oid = c.conrelid JOIN pg_class b ON b.oid = c.confrelid WHERE c.contype = 'f'`
	}
	refers = map[string][]string{}
	for _, reference := range w.query(references) {
		from, to, _ := strings.Cut(reference, " ")
		refers[from] = append(refers[from], to)
	}
	return w.query(list), refers
}

// watch has the database note which tables change, so that not all of them have to be restored and compared each time.
func (w *world) watch() {
	w.t.Helper()
	w.exec(`CREATE TABLE changed (name TEXT PRIMARY KEY)`)
	if w.config.URL != "" {
		w.exec(`GRANT ALL ON changed TO PUBLIC`)
		w.exec(`CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
			$$ BEGIN INSERT INTO changed VALUES (TG_TABLE_NAME) ON CONFLICT DO NOTHING; RETURN NULL; END $$`)
	}
	for _, table := range w.tables {
		if w.config.URL != "" {
			w.exec(fmt.Sprintf(`CREATE TRIGGER changed_%[1]s AFTER INSERT OR UPDATE OR DELETE ON %[1]s EXECUTE FUNCTION note()`, table))
			continue
		}
		for _, event := range []string{"INSERT", "UPDATE", "DELETE"} {
			// no OR IGNORE: what a statement that fires it does about conflicts would hold instead
			w.exec(fmt.Sprintf(`CREATE TRIGGER changed_%[1]s_%[2]s AFTER %[2]s ON %[1]s BEGIN
				INSERT INTO changed SELECT '%[1]s' WHERE NOT EXISTS (SELECT 1 FROM changed WHERE name = '%[1]s'); END`, table, event))
		}
	}
}

// changed are the tables that may not be as they were saved, in an order in which they can be filled.
func (w *world) changed() []string {
	w.t.Helper()
	list := w.query(`SELECT name FROM changed`)
	return slices.DeleteFunc(slices.Clone(w.tables), func(table string) bool { return !slices.Contains(list, table) })
}

// restore makes every row what it was when they were saved, unless nothing has changed but what the audit log tells of
// refusals.
func (w *world) restore() {
	w.t.Helper()
	if w.clean {
		return
	}
	tables := w.changed()
	w.run("BEGIN")
	for _, table := range slices.Backward(tables) {
		w.run("DELETE FROM " + table)
	}
	for _, table := range tables {
		w.run(fmt.Sprintf("INSERT INTO %[1]s SELECT * FROM saved.%[1]s", table))
	}
	w.run("DELETE FROM changed")
	w.run("COMMIT")
	if w.restored++; w.config.URL != "" && w.restored%50 == 0 {
		w.run("VACUUM " + strings.Join(w.tables, ", ")) // or what was deleted stays in every scan's way
	}
	w.clean = true
	must(w.t, w.control.KeepSigningKeys(w.t.Context())) // as a process does that looks: they are those of the rows again
}

// run executes a statement that runs often. The database has one connection, so a transaction may be made of several.
func (w *world) run(statement string) {
	w.t.Helper()
	_, err := w.prepare(statement).ExecContext(w.t.Context())
	must(w.t, err)
}

// prepare answers a statement that is kept.
func (w *world) prepare(statement string) *sql.Stmt {
	w.t.Helper()
	if kept := w.statements[statement]; kept != nil {
		return kept
	}
	s, err := w.db.PrepareContext(w.t.Context(), statement)
	must(w.t, err)
	w.t.Cleanup(func() { _ = s.Close() })
	w.statements[statement] = s
	return s
}

// decisions are the entries that an account's audit log got since it had the sequence number.
func (h *household) decisions(since int64) (list []decision) {
	h.w.t.Helper()
	rows, err := h.w.db.QueryContext(h.w.t.Context(),
		`SELECT action, outcome, target_name FROM audit_entries WHERE account_id = $1 AND sequence > $2 ORDER BY sequence`, h.id, since)
	must(h.w.t, err)
	defer rows.Close()
	for rows.Next() {
		var d decision
		must(h.w.t, rows.Scan(&d.action, &d.outcome, &d.target))
		list = append(list, d)
	}
	must(h.w.t, rows.Err())
	return list
}

type decision struct{ action, outcome, target string }

// last is the sequence number of the account's newest audit entry.
func (h *household) last() (n int64) {
	h.w.t.Helper()
	must(h.w.t, h.w.db.QueryRowContext(h.w.t.Context(), `SELECT COALESCE(MAX(sequence), 0) FROM audit_entries WHERE account_id = $1`, h.id).Scan(&n))
	return n
}

// first digs in the data of an answer: into the first of a list, into a field of an object.
func first(t *testing.T, a answer, path ...string) string {
	t.Helper()
	var got struct{ Data any }
	must(t, json.Unmarshal([]byte(a.body), &got))
	at := got.Data
	for _, step := range append(path, "") {
		if list, ok := at.([]any); ok && len(list) > 0 {
			at = list[0]
		}
		if fields, ok := at.(map[string]any); ok && step != "" {
			at = fields[step]
		}
	}
	s, ok := at.(string)
	if !ok {
		t.Fatalf("%v is not in %s", path, a.body)
	}
	return s
}
