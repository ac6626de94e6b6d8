package testkit

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// PostgresVariable is the environment variable with the URL of a superuser on a running PostgreSQL server. Several
// test processes may share it: each test has a database and a role of its own there. A process that is killed leaves
// its behind; their names begin with lockage_test_.
const PostgresVariable = "LOCKAGE_TEST_POSTGRES"

// install is how to get a PostgreSQL the kit can use.
const install = "install it (Debian and Ubuntu: apt-get install postgresql; macOS: brew install postgresql) or name a running server in " + PostgresVariable

// Postgres answers the URL of a fresh, empty database on PostgreSQL. Its owner, the role of the URL, is no superuser
// and does not bypass row-level security, so that policies bind as they will in service. The database goes with the
// test, which must have closed its connections by then: one left open fails it. Without PostgreSQL on this machine the
// test is skipped; see Require.
func Postgres(t testing.TB) string {
	t.Helper()
	return postgres(t, emptyDatabase)
}

// Superuser answers the URL, with a query, by which the superuser of the server reaches a database of this kit: for tests
// that look at all rows past every policy.
func Superuser(t testing.TB, database string) string {
	t.Helper()
	server, err := shared.start()
	if err != nil {
		t.Fatalf("testkit: reach PostgreSQL: %v", err)
	}
	of, err := url.Parse(database)
	if err != nil {
		t.Fatal("testkit: not the URL of a database")
	}
	u := *server
	u.Path = of.Path
	query := u.Query()
	query.Set("application_name", "test")
	u.RawQuery = query.Encode()
	return u.String()
}

// emptyDatabase is createDatabase without a template.
func emptyDatabase(ctx context.Context, server *url.URL) (*url.URL, error) {
	return createDatabase(ctx, server, "")
}

// postgres answers the URL of the database that create makes.
func postgres(t testing.TB, create func(ctx context.Context, server *url.URL) (*url.URL, error)) string {
	t.Helper()
	server, err := shared.start()
	if missing, ok := errors.AsType[*missingError](err); ok {
		Require(t, "postgres", missing.Error())
	}
	if err != nil {
		t.Fatalf("testkit: start PostgreSQL: %v", err)
	}
	database, err := create(t.Context(), server)
	if err != nil {
		t.Fatalf("testkit: create a database: %v", err)
	}
	t.Cleanup(func() {
		// The context of the test has ended by now.
		if err := dropDatabase(context.Background(), server, database); err != nil {
			t.Errorf("testkit: drop the database of the test: %v", err)
		}
	})
	return database.String()
}

// createDatabase makes a role and a database of the same new name and answers the role's URL to it. The database is a
// copy of template, or empty without one.
func createDatabase(ctx context.Context, server *url.URL, template string) (*url.URL, error) {
	conn, err := pgx.Connect(ctx, server.String())
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	var modern, language bool
	err = conn.QueryRow(ctx, `
		SELECT current_setting('server_version_num')::int >= 150000,
		       EXISTS (SELECT FROM pg_catalog.pg_collation WHERE collprovider = 'i')`).Scan(&modern, &language)
	if err != nil {
		return nil, err
	}
	// Where the server can, the database sorts text as a language does, which is what one set up by hand does. SQLite
	// compares bytes: a statement that relies on either order behaves differently here, and its test shows it.
	order := `LOCALE 'C'`
	if modern && language {
		order = `LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C'`
	}
	if template != "" {
		order = "" // the template's
	} else {
		template = "template0 ENCODING 'UTF8'"
	}
	if modern {
		order += " STRATEGY FILE_COPY" // half the time: nothing goes to the log; before 15 there is no other
	}
	name := "lockage_test_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	password := uuid.NewString() // for a shared server that asks for one
	for _, statement := range []string{
		fmt.Sprintf(`CREATE ROLE %s LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD '%s'`, name, password),
		fmt.Sprintf(`CREATE DATABASE %s OWNER %s TEMPLATE %s %s`, name, name, template, order),
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return nil, err
		}
	}
	database := *server
	database.User = url.UserPassword(name, password)
	database.Path = "/" + name
	return &database, nil
}

// dropDatabase takes both away again. It does not force: that a connection is still open is something to know.
func dropDatabase(ctx context.Context, server, database *url.URL) error {
	conn, err := pgx.Connect(ctx, server.String())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, `DROP DATABASE `+name(database)); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, `DROP ROLE `+name(database))
	return err
}

// shared is the server of this test process. It is the kit's one variable that changes: starting a cluster takes most
// of a second, and `go test` knows no value that lives as long as the process and reaches each test.
var shared process

// process starts a server when it is first asked for one.
type process struct {
	mu      sync.Mutex
	tried   bool
	server  *url.URL // of a superuser
	err     error    // why there is none
	cluster *cluster // nil when the server is not ours
}

// start answers the URL of the server, the same or the same error each time.
func (p *process) start() (*url.URL, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tried {
		return p.server, p.err
	}
	p.tried = true
	if given := os.Getenv(PostgresVariable); given != "" {
		if p.server, p.err = url.Parse(given); p.err != nil {
			p.err = fmt.Errorf("%s is not a URL", PostgresVariable) // the cause would quote the password
		}
		return p.server, p.err
	}
	if p.cluster, p.err = startCluster(); p.err == nil {
		p.server = p.cluster.url()
	}
	return p.server, p.err
}

// stop ends the cluster if one was started, and waits for its end; a server that was given loses what is ours.
func (p *process) stop() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cluster == nil && p.server != nil {
		return copied.drop(context.Background(), p.server)
	}
	if p.cluster == nil {
		return nil
	}
	return p.cluster.stop()
}
