package store

import (
	"context"
	"database/sql"
	"embed"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to the newest migration. They go forward only; the text is the same for both engines.
func migrate(ctx context.Context, dialect goose.Dialect, db *sql.DB, logger *slog.Logger, options ...goose.ProviderOption) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(dialect, db, files, append(options, goose.WithSlog(logger))...)
	if err != nil {
		return err
	}
	applied, err := provider.Up(ctx)
	for _, m := range applied {
		logger.InfoContext(ctx, "migration applied", "version", m.Source.Version)
	}
	return err
}
