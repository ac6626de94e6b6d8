package store_test

import (
	"database/sql"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
)

// before2 is what an installation held before the second migration.
var before2 = []string{
	`INSERT INTO accounts (id, name, version, snapshot_version, audit_hash, created_at) VALUES ('account-a', 'The first', 0, 0, '', 1772366400000)`,
	`INSERT INTO environments (account_id, id, name, display_name, description, color, is_default, level, protected,
	    obfuscate_customer_data, show_message_contents, root_hash, head, created_at, updated_at)
	 VALUES ('account-a', 'e1', 'production', 'Production', '', '#22c55e', TRUE, 1, TRUE, TRUE, FALSE, 'root-0', 0, 1772366400000, 1772366400000)`,
	`INSERT INTO drafts (account_id, kind, key, definition_id, base_hash, hash, saved_by, saved_at)
	 VALUES ('account-a', 'route', 'charges', 'd1', 'h1', 'h2', 'Mira', 1772366400000)`,
	`INSERT INTO secret_values (account_id, environment_id, secret_id, version, type, ciphertext, nonce, tag, wrapped_key, kek, created_at, created_by)
	 VALUES ('account-a', 'e1', 's1', 1, 'string', 'c', 'n', 't', 'w', 'local:1', 1772366400000, 'Mira')`,
	`INSERT INTO calls (account_id, id, environment_id, request_id, time, route_id, route_key, key_id, method, path, status, latency_us,
	    bytes_in, bytes_out, secrets, error_type)
	 VALUES ('account-a', 'l1', 'e1', 'r1', 1772366400000, 'd1', 'charges', 'k1', 'GET', '/', 200, 1000, 0, 5, '[]', '')`,
	`INSERT INTO members (account_id, id, email, name, password_hash, created_at)
	 VALUES ('account-a', 'm1', 'mira@example.com', 'Mira', '$argon2id$', 1772366400000)`,
}

func TestMigrationsKeepWhatIsThere(t *testing.T) {
	testkit.EmptyConfigs(t, func(t *testing.T, c store.Config) {
		dialect := goose.DialectSQLite3
		if c.URL != "" {
			dialect = goose.DialectPostgres
		} else if err := os.WriteFile(c.Path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		old(t, direct(t, c), dialect)
		s := testkit.Open(t, c)
		err := s.Read(t.Context(), ours, func(tx *store.Tx) error {
			list, err := tx.Environments(t.Context())
			want := environment.Environment{
				ID: "e1", Name: "production", DisplayName: "Production", Color: "#22c55e", IsDefault: true, Level: 1, Protected: true,
				ObfuscateCustomerData: true, DistinctValues: environment.DistinctWarn, RootHash: "root-0",
				Logs: environment.Logs{Retention: 720 * time.Hour}, CreatedAt: start, UpdatedAt: start,
			}
			if diff := cmp.Diff([]environment.Environment{want}, list); diff != "" || err != nil {
				t.Errorf("environments: %v (-want +got):\n%s", err, diff)
			}
			draft, err := tx.Draft(t.Context(), charges)
			if diff := cmp.Diff(definition.Draft{ID: "d1", Ref: charges, Base: "h1", Hash: "h2", SavedBy: "Mira", SavedAt: start, Version: 1}, draft); diff != "" || err != nil {
				t.Errorf("draft: %v (-want +got):\n%s", err, diff)
			}
			calls, err := tx.Calls(t.Context(), store.CallFilter{EnvironmentIDs: []string{"e1"}, Limit: 9})
			call := route.Call{
				ID: "l1", Account: ours, RequestID: "r1", Time: start, EnvironmentID: "e1", RouteID: "d1", RouteKey: "charges", KeyID: "k1",
				Method: "GET", Path: "/", Status: 200, Latency: time.Millisecond, BytesOut: 5, Secrets: []string{},
			}
			if diff := cmp.Diff([]route.Call{call}, calls); diff != "" || err != nil {
				t.Errorf("calls: %v (-want +got):\n%s", err, diff)
			}
			person, err := tx.PersonByEmail(t.Context(), mira.Email)
			if diff := cmp.Diff(store.Person{ID: "m1", Email: mira.Email, Name: mira.Name, PasswordHash: mira.PasswordHash, CreatedAt: start}, person); diff != "" || err != nil {
				t.Errorf("person: %v (-want +got):\n%s", err, diff)
			}
			member, err := tx.Member(t.Context(), "m1")
			if diff := cmp.Diff(store.Member{Account: ours, ID: "m1", PersonID: "m1", Email: mira.Email, Name: mira.Name, CreatedAt: start}, member); diff != "" || err != nil {
				t.Errorf("member: %v (-want +got):\n%s", err, diff)
			}
			account, err := tx.AccountSettings(t.Context())
			if diff := cmp.Diff(store.Account{ID: ours, Name: "The first", CreatedAt: start}, account); diff != "" {
				t.Errorf("account (-want +got):\n%s", diff)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		unbound := func() (n int) {
			err := s.ReadAll(t.Context(), func(tx *store.Tx) error {
				list, err := tx.Unbound(t.Context())
				n = len(list[ours])
				return err
			})
			if err != nil {
				t.Error(err)
			}
			return n
		}
		if got := unbound(); got != 1 {
			t.Errorf("got %d values that are not bound, want the old one", got)
		}
		err = s.Batch(t.Context(), func(tx *store.Tx) error {
			return tx.Bind(t.Context(), ours, value)
		})
		if got := unbound(); got != 0 || err != nil {
			t.Errorf("bound: got %d that are not and %v, want none", got, err)
		}
	})
}

// old makes a database as the first migration left it, with something in it.
func old(t *testing.T, db *sql.DB, dialect goose.Dialect) {
	t.Helper()
	provider, err := goose.NewProvider(dialect, db, os.DirFS("migrations"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	for _, statement := range before2 {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}
