package testkit_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/lockage/lockage/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func connect(t *testing.T, database string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func TestPostgresRoleBindsPolicies(t *testing.T) {
	conn := connect(t, testkit.Postgres(t))
	type role struct{ Superuser, BypassesPolicies, CreatesDatabases, CreatesRoles, Owner bool }
	var got role
	err := conn.QueryRow(t.Context(), `
		SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, pg_get_userbyid(datdba) = current_user
		FROM pg_catalog.pg_roles, pg_catalog.pg_database
		WHERE rolname = current_user AND datname = current_database()`).
		Scan(&got.Superuser, &got.BypassesPolicies, &got.CreatesDatabases, &got.CreatesRoles, &got.Owner)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(role{Owner: true}, got); diff != "" {
		t.Errorf("role of the URL (-want +got):\n%s", diff)
	}
	_, err = conn.Exec(t.Context(), `
		CREATE TABLE seen (account text);
		INSERT INTO seen VALUES ('a'), ('b');
		ALTER TABLE seen ENABLE ROW LEVEL SECURITY;
		ALTER TABLE seen FORCE ROW LEVEL SECURITY;
		CREATE POLICY account ON seen USING (account = 'a')`)
	if err != nil {
		t.Fatal(err)
	}
	var rows int
	if err := conn.QueryRow(t.Context(), `SELECT count(*) FROM seen`).Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d rows, %v; want the policy to leave 1", rows, err)
	}
}

func TestPostgresDatabasesAreSeparate(t *testing.T) {
	var names []string
	for range 2 {
		conn := connect(t, testkit.Postgres(t))
		if _, err := conn.Exec(t.Context(), `CREATE TABLE mine (id text)`); err != nil {
			t.Errorf("create the same table in each: %v", err)
		}
		var name string
		if err := conn.QueryRow(t.Context(), `SELECT current_database()`).Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if names[0] == names[1] {
		t.Error("two calls got the same database")
	}
}

func TestPostgresDatabaseGoesWithItsTest(t *testing.T) {
	var database string
	t.Run("test", func(t *testing.T) { database = testkit.Postgres(t) })
	if database == "" {
		t.SkipNow() // as the subtest was, for its reason
	}
	conn, err := pgx.Connect(t.Context(), database)
	if err == nil {
		_ = conn.Close(t.Context())
		t.Error("the database of a test that ended still accepts connections")
	}
}

func TestServerThatDoesNotStartSaysWhy(t *testing.T) {
	const log = "LOG:  starting\nFATAL:  out of memory\n"
	err := testkit.WaitFor(bufio.NewReader(strings.NewReader(log)), "ready to accept")
	if err == nil || !strings.Contains(err.Error(), log) {
		t.Errorf("error %v, want one with the server's log %q", err, log)
	}
	if err := testkit.WaitFor(bufio.NewReader(strings.NewReader(log)), "starting"); err != nil {
		t.Errorf("error %v though the line is there", err)
	}
}

// asChild makes TestChild do its part.
const asChild = "LOCKAGE_TESTKIT_CHILD"

// TestChild is run by the tests below in a process of its own: it starts a cluster, writes a URL and waits for input.
func TestChild(t *testing.T) {
	if os.Getenv(asChild) == "" {
		t.Skip("only in a process that another test starts")
	}
	fmt.Printf("\n%s\n", testkit.Postgres(t))
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
}

// child starts a process of TestChild and answers it with its URL and the end of its input.
func child(t *testing.T) (cmd *exec.Cmd, database string, goOn func() error) {
	t.Helper()
	if os.Getenv(testkit.PostgresVariable) != "" {
		t.Skip("the tests were given a server and start none")
	}
	cmd = exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$", "-test.v")
	cmd.Env = append(os.Environ(), asChild+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "postgres://") {
			return cmd, lines.Text(), in.Close
		}
	}
	_ = cmd.Wait()
	testkit.Require(t, "postgres", "a process of its own could start no server")
	return nil, "", nil
}

func TestMainStopsTheCluster(t *testing.T) {
	cmd, database, goOn := child(t)
	if err := errors.Join(goOn(), cmd.Wait()); err != nil {
		t.Errorf("the child ended with %v", err)
	}
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(u.Query().Get("host")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the cluster's folder: %v; want it gone with the process", err)
	}
}

func TestKilledProcessTakesItsClusterAlong(t *testing.T) {
	cmd, database, _ := child(t)
	conn := connect(t, database)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	// It waits until the server speaks or goes; nobody notifies anybody here.
	if _, err := conn.WaitForNotification(t.Context()); err == nil {
		t.Error("the server of a killed process sent something; want it to end the connection")
	}
	if conn, err := pgx.Connect(t.Context(), database); err == nil {
		_ = conn.Close(t.Context())
		t.Error("the server of a killed process still accepts connections")
	}
}
