package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/lockage/lockage/internal/kek"
	"github.com/lockage/lockage/internal/secret"
)

// keyBytes is the length of the key-encryption key and of the pepper.
const keyBytes = kek.Bytes

// What else there is in the data folder: the key of digests, and unless PostgreSQL is used the database.
const (
	pepperFile   = "pepper.key"
	databaseFile = "lockage.db"
)

// kekFile is the key-encryption key in the data folder.
const kekFile = "kek.key"

// proveWithin is how long a service may take at the start to show that its key works.
const proveWithin = 30 * time.Second

// openFolder makes the data folder, takes its lock and answers what gives the lock back. One process serves a folder:
// two would each believe their snapshot.
func openFolder(path string) (release func() error, err error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	lock := flock.New(filepath.Join(path, "lockage.lock"), flock.SetPermissions(0o600))
	got, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if !got {
		return nil, fmt.Errorf("the data folder %s is in use by another lockage process; stop that one or give another folder with --data", path)
	}
	return lock.Unlock, nil
}

// openKEK opens the key-encryption key and shows that it works: the one that --kek names, or kek.key in the data folder,
// which the first start makes. made is the path of a file that was made now, or "".
func openKEK(ctx context.Context, c Config) (k secret.KEK, made string, err error) {
	if c.KEK == "" {
		path := filepath.Join(c.Data, kekFile)
		key, fresh, err := loadKey(path)
		if err != nil {
			return nil, "", err
		}
		defer clear(key)
		if fresh {
			made = path
		}
		k, err = secret.NewLocalKEK(key)
		return k, made, err
	}
	ctx, cancel := context.WithTimeout(ctx, proveWithin)
	defer cancel()
	if k, err = kek.Open(ctx, c.KEK, kek.Options{}); err == nil {
		err = kek.Prove(ctx, k)
	}
	if err != nil {
		return nil, "", fmt.Errorf("--kek: %w", err)
	}
	return k, "", nil
}

// openOld opens the keys of --kek-old. Nothing is tried with them: they may be allowed to unwrap and nothing else.
func openOld(ctx context.Context, c Config) ([]secret.KEK, error) {
	ctx, cancel := context.WithTimeout(ctx, proveWithin)
	defer cancel()
	var list []secret.KEK
	for _, url := range c.KEKOld {
		k, err := kek.Open(ctx, url, kek.Options{})
		if err != nil {
			return nil, fmt.Errorf("a key-encryption key of --kek-old: %w", err)
		}
		list = append(list, k)
	}
	return list, nil
}

// loadKey reads a key file, or makes it with mode 0600 where it is missing. fresh is true when it was made now.
func loadKey(path string) (key []byte, fresh bool, err error) {
	key, err = kek.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = makeKey(path)
		return key, true, err
	}
	return key, false, err
}

// makeKey writes a new key beside its place and links it there, so that a crash leaves a whole file or none.
func makeKey(path string) ([]byte, error) {
	key := make([]byte, keyBytes)
	_, _ = rand.Read(key) // never fails: crypto/rand ends the program instead
	beside := path + ".new"
	f, err := os.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(key)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	if err := os.Rename(beside, path); err != nil {
		return nil, err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	return key, errors.Join(folder.Sync(), folder.Close())
}
