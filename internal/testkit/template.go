package testkit

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/lockage/lockage/internal/store"
)

// templates are what the databases of EngineConfigs are copied from: one of each engine, migrated and empty. A copy
// takes a tenth of the time that the migrations take, and most tests are not about them.
type templates struct {
	mu       sync.Mutex
	sqlite   []byte   // the file
	postgres *url.URL // of the role that owns the database; nil before it is asked for
}

// copied is what this process copies from.
var copied templates

// sqliteFile writes a migrated SQLite file to path.
func (m *templates) sqliteFile(ctx context.Context, path string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sqlite == nil {
		dir, err := os.MkdirTemp("", "lockage-template-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		file := filepath.Join(dir, "lockage.db")
		if err := migrated(ctx, store.Config{Path: file}); err != nil {
			return err
		}
		if m.sqlite, err = os.ReadFile(file); err != nil {
			return err
		}
	}
	return os.WriteFile(path, m.sqlite, 0o600)
}

// postgresDatabase answers the URL of a migrated database on server, with a role of its own that owns all of it.
func (m *templates) postgresDatabase(ctx context.Context, server *url.URL) (*url.URL, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.postgres == nil {
		database, err := createDatabase(ctx, server, "")
		if err != nil {
			return nil, err
		}
		m.postgres = database
		if err := migrated(ctx, store.Config{URL: database.String()}); err != nil {
			return nil, err
		}
		// What is in the database stays the role's, and is handed on below; the database itself must not be.
		if err := execute(ctx, server, fmt.Sprintf(`ALTER DATABASE %s OWNER TO CURRENT_USER`, name(database))); err != nil {
			return nil, err
		}
	}
	database, err := createDatabase(ctx, server, name(m.postgres))
	if err != nil {
		return nil, err
	}
	inside := *server
	inside.Path = database.Path
	return database, execute(ctx, &inside, fmt.Sprintf(`REASSIGN OWNED BY %s TO %s`, name(m.postgres), name(database)))
}

// drop takes the template away from a server that goes on without us.
func (m *templates) drop(ctx context.Context, server *url.URL) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.postgres == nil {
		return nil
	}
	return dropDatabase(ctx, server, m.postgres)
}

// migrated opens the store once, and nothing more.
func migrated(ctx context.Context, c store.Config) error {
	s, err := store.Open(ctx, c)
	if err != nil {
		return err
	}
	return s.Close()
}

// execute runs a statement as the superuser.
func execute(ctx context.Context, server *url.URL, statement string) error {
	conn, err := pgx.Connect(ctx, server.String())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}

// name is that of a database and of its role.
func name(database *url.URL) string { return strings.TrimPrefix(database.Path, "/") }
