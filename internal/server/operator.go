package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/kek"
	"github.com/lockage/lockage/internal/store"
)

// ResetPassword makes a link with which somebody sets a new password, on the database that a configuration names, beside
// its server or without one. It makes neither a database nor a key where there is none.
func ResetPassword(ctx context.Context, c Config, email string) (link string, expires time.Time, err error) {
	path := filepath.Join(c.Data, pepperFile)
	pepper, err := kek.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("there is no server's key at %s; give the server's data folder with --data", path)
	}
	if err != nil {
		return "", expires, err
	}
	digester, err := apikey.NewDigester(pepper)
	if err != nil {
		return "", expires, err
	}
	database := filepath.Join(c.Data, databaseFile)
	if _, err := os.Stat(database); c.Database == "" && err != nil {
		return "", expires, fmt.Errorf("there is no database at %s; give the server's data folder with --data, or a PostgreSQL with --database", database)
	}
	s, err := store.Open(ctx, store.Config{Path: database, URL: c.Database})
	if err != nil {
		return "", expires, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return control.OperatorReset(ctx, control.OperatorConfig{Store: s, Digester: digester, PublicURL: listensAt(c, c.Listen)}, email)
}
