package testkit

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/store"
)

// ManyCalls is a log as it is after a long time. Of every hundred calls one failed upstream (502), and of every thousand one
// failed here (500, secret_expired); of forty one found nothing (404). They went to twenty routes ("route-0" to "route-19")
// with ten keys ("key-0" to "key-9") in turn; but the three oldest went to the route "rare" with the key "rare" and were
// answered 418.
type ManyCalls struct {
	Account, EnvironmentID string
	Series                 int // below 4096; tells the ids of one filling from those of another
	N                      int
	First                  time.Time
	Every                  time.Duration // between two of them
}

// Fill writes the calls past the store, in the database itself: by the store they would take minutes.
func (m ManyCalls) Fill(t testing.TB, c store.Config) {
	t.Helper()
	const insert = `
		WITH RECURSIVE n(i) AS (SELECT %[1]d UNION ALL SELECT i + 1 FROM n WHERE i + 1 < %[2]d)
		INSERT INTO calls (account_id, id, environment_id, request_id, time, route_id, route_key, key_id, method, path, status, latency_us,
		    bytes_in, bytes_out, secrets, error_type, recorded_at, address)
		SELECT $1, substr(at, 1, 8) || '-' || substr(at, 9, 4) || '-7000-8%03[5]x-' || tail, $2, 'request-' || tail, time,
		    CASE WHEN i < 3 THEN 'rare' ELSE 'route-' || (i %% 20) END, CASE WHEN i < 3 THEN 'rare' ELSE 'route-' || (i %% 20) END,
		    CASE WHEN i < 3 THEN 'rare' ELSE 'key-' || (i / 20 %% 10) END, 'GET', '/v1/charges/' || i,
		    CASE WHEN i < 3 THEN 418 WHEN i %% 1000 = 7 THEN 500 WHEN i %% 100 = 3 THEN 502 WHEN i %% 40 = 5 THEN 404 ELSE 200 END,
		    1000 + i %% 97 * 1000, 0, 200, '["stripe_api_key"]', CASE WHEN i %% 1000 = 7 THEN 'secret_expired' ELSE '' END, time, '192.0.2.7'
		FROM (SELECT i, %[3]d + CAST(i AS BIGINT) * %[4]d AS time, %[6]s AS at, %[7]s AS tail FROM n) AS made`
	at, tail := `printf('%%012x', %d + i * %d)`, `printf('%%012x', i)`
	if c.URL != "" {
		at, tail = `lpad(to_hex(%d + CAST(i AS BIGINT) * %d), 12, '0')`, `lpad(to_hex(i), 12, '0')`
	}
	first, every := m.First.UnixMilli(), m.Every.Milliseconds()
	const batch = 50_000
	fill(t, c, func(tx *sql.Tx, from int) error {
		to := min(from+batch, m.N)
		_, err := tx.ExecContext(t.Context(), fmt.Sprintf(insert, from, to, first, every, m.Series, fmt.Sprintf(at, first, every), tail), m.Account, m.EnvironmentID)
		return err
	}, m.N, batch)
}

// ManyEntries is an audit log as it is after a long time; its chain is none. Every hundredth entry is a refusal; actors
// ("actor-0" to "actor-9"), actions (secret.create and route.save) and targets ("target-0" to "target-49", kind secret)
// take turns; but the three oldest are of "rare", about "rare", with the action member.remove, in the environment "rare".
type ManyEntries struct {
	Account, EnvironmentID string
	After                  int // the sequence they go on from
	N                      int
	First                  time.Time
	Every                  time.Duration
}

// Fill writes the entries past the store.
func (m ManyEntries) Fill(t testing.TB, c store.Config) {
	t.Helper()
	const insert = `
		WITH RECURSIVE n(i) AS (SELECT %[1]d UNION ALL SELECT i + 1 FROM n WHERE i + 1 < %[2]d)
		INSERT INTO audit_entries (account_id, sequence, time, actor_kind, actor_id, actor_name, action, outcome, environment_id, environment,
		    target_kind, target_id, target_name, detail, request_id, address, prev, hash)
		SELECT $1, %[3]d + i, %[4]d + CAST(i AS BIGINT) * %[5]d, 'member', CASE WHEN i < 3 THEN 'rare' ELSE 'actor-' || (i %% 10) END, 'Mira',
		    CASE WHEN i < 3 THEN 'member.remove' WHEN i %% 2 = 0 THEN 'secret.create' ELSE 'route.save' END,
		    CASE WHEN i %% 100 = 99 THEN 'refused' ELSE 'allowed' END, CASE WHEN i < 3 THEN 'rare' ELSE $2 END, 'production', 'secret',
		    CASE WHEN i < 3 THEN 'rare' ELSE 'target-' || (i %% 50) END, CASE WHEN i < 3 THEN 'rare' ELSE 'name-' || (i %% 50) END,
		    CASE WHEN i %% 100 = 99 THEN '{"error":"forbidden"}' ELSE '{"version":"1"}' END, 'r', '192.0.2.1', '', ''
		FROM n`
	const batch = 50_000
	fill(t, c, func(tx *sql.Tx, from int) error {
		to := min(from+batch, m.N)
		_, err := tx.ExecContext(t.Context(), fmt.Sprintf(insert, from, to, m.After+1, m.First.UnixMilli(), m.Every.Milliseconds()), m.Account, m.EnvironmentID)
		return err
	}, m.N, batch)
}

// fill calls insert for the first of each batch, in a transaction for each, and has the database learn what is there.
func fill(t testing.TB, c store.Config, insert func(tx *sql.Tx, from int) error, n, batch int) {
	t.Helper()
	db := past(t, c)
	defer db.Close() //nolint:errcheck // what was written is committed
	for from := 0; from < n; from += batch {
		tx, err := db.BeginTx(t.Context(), nil)
		if err == nil {
			if err = insert(tx, from); err == nil {
				err = tx.Commit()
			}
		}
		if err != nil {
			t.Fatalf("testkit: fill: %v", err)
		}
	}
	if c.URL != "" { // PostgreSQL misjudges what it did not look at; in service its daemon does that
		if _, err := db.ExecContext(t.Context(), `VACUUM ANALYZE`); err != nil {
			t.Fatalf("testkit: analyze: %v", err)
		}
	}
}

// past opens the database past the store, on one connection, and sees every account.
func past(t testing.TB, c store.Config) *sql.DB {
	t.Helper()
	driver, source := "sqlite", "file:"+c.Path+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)"
	if c.URL != "" {
		driver, source = "pgx", c.URL
	}
	db, err := sql.Open(driver, source) // the drivers are the store's
	if err != nil {
		t.Fatalf("testkit: open the database: %v", err)
	}
	db.SetMaxOpenConns(1)
	if c.URL != "" {
		if _, err := db.ExecContext(t.Context(), `SELECT set_config('lockage.account', '*', false)`); err != nil {
			t.Fatalf("testkit: see every account: %v", err)
		}
	}
	return db
}
