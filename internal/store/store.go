// Package store is the one place that speaks SQL: one text for SQLite and PostgreSQL, a file per concept, migrations
// that only go forward. It has three doors. Write is audited: it raises the account's head row first and refuses to
// commit without an audit entry. Batch is for what is frequent and unaudited (calls, last use). Read changes nothing.
// Nothing here can yield a secret's value: the store knows only what is sealed.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/lockage/lockage/internal/fault"
)

// Config says where the data is.
type Config struct {
	Path   string           // the SQLite file; used when URL is empty
	URL    string           // postgres://… for PostgreSQL
	Logger *slog.Logger     // nil discards
	Now    func() time.Time // nil is the real clock
}

// Store holds the connections of one engine.
type Store struct {
	engine engine
	writer *sql.DB
	reader *sql.DB
	now    func() time.Time
}

// engine is what truly differs between the two databases; see sqlite.go and postgres.go.
type engine interface {
	open(ctx context.Context) (writer, reader *sql.DB, err error)
	migrate(ctx context.Context, db *sql.DB) error
	// enter marks a transaction as belonging to an account, for row-level security.
	enter(ctx context.Context, tx *sql.Tx, account string) error
	// share ends a statement whose rows nobody may change until the transaction ends.
	share() string
	// by follows the table of a reading and names the index to read it by, where the engine must be told.
	by(index string) string
	close() error
}

// Open connects, migrates under a lock, and answers a store ready for use. Close it.
func Open(ctx context.Context, c Config) (_ *Store, err error) {
	defer fault.Wrap(&err, "store: open")
	s := &Store{now: c.Now}
	if s.now == nil {
		s.now = time.Now
	}
	logger := c.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	switch {
	case c.URL != "":
		s.engine = &postgres{url: c.URL, logger: logger}
	case c.Path != "":
		s.engine = &sqlite{path: c.Path, logger: logger}
	default:
		return nil, errors.New("neither a path nor a database URL")
	}
	if s.writer, s.reader, err = s.engine.open(ctx); err != nil {
		return nil, err
	}
	if err = s.engine.migrate(ctx, s.writer); err != nil {
		return nil, errors.Join(fmt.Errorf("migrate: %w", err), s.Close())
	}
	return s, nil
}

// Close ends all connections.
func (s *Store) Close() error {
	err := s.writer.Close()
	if s.reader != s.writer {
		err = errors.Join(err, s.reader.Close())
	}
	return errors.Join(err, s.engine.close())
}

// Ping says whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.reader.PingContext(ctx) }
