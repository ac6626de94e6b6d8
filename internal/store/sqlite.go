package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// sqlite keeps everything in one file. The writer is a pool of one connection, so that waiting writers queue in Go,
// fairly and cancellably; readers never wait for it (WAL). synchronous=FULL: what was acknowledged is on disk.
type sqlite struct {
	path   string
	logger *slog.Logger
}

func (e *sqlite) dsn(mode string) string {
	q := url.Values{"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(5000)", "foreign_keys(1)"}}
	if mode == "read" {
		q.Add("_pragma", "query_only(1)")
	} else {
		// a transaction that reads first and writes later would otherwise fail at once with "busy"
		q.Set("_txlock", "immediate")
	}
	return "file:" + (&url.URL{Path: e.path}).EscapedPath() + "?" + q.Encode()
}

func (e *sqlite) open(ctx context.Context) (writer, reader *sql.DB, err error) {
	// made by us with 0600: a umask must not decide who reads the database
	f, err := os.OpenFile(e.path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, nil, fmt.Errorf("%s may be read by others (mode %04o); run chmod 600 on it", e.path, mode)
	}
	if writer, err = sql.Open("sqlite", e.dsn("write")); err != nil {
		return nil, nil, err
	}
	writer.SetMaxOpenConns(1)
	if err = writer.PingContext(ctx); err != nil {
		return nil, nil, errors.Join(err, writer.Close())
	}
	if reader, err = sql.Open("sqlite", e.dsn("read")); err != nil {
		return nil, nil, errors.Join(err, writer.Close())
	}
	reader.SetMaxOpenConns(8)
	return writer, reader, nil
}

func (e *sqlite) migrate(ctx context.Context, db *sql.DB) error {
	return migrate(ctx, goose.DialectSQLite3, db, e.logger)
}

// enter has nothing to do: SQLite has no second wall, the first is in every statement.
func (e *sqlite) enter(context.Context, *sql.Tx, string) error { return nil }

// share has nothing to say: while one transaction writes, no other does.
func (e *sqlite) share() string { return "" }

// by tells: without statistics SQLite guesses, and takes the narrower of two indexes that look alike, which may walk over
// all environments of an account for a page of one. A statement that cannot use the index is refused, and so is found.
func (e *sqlite) by(index string) string { return " INDEXED BY " + index }

func (e *sqlite) close() error { return nil }
