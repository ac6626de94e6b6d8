package server

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// keyBytes is the length of the key-encryption key and of the pepper.
const keyBytes = 32

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

// loadKey reads a key file, or makes it with mode 0600 where it is missing. fresh is true when it was made now. A file
// that others may read is refused: who has it can open every value.
func loadKey(path string) (key []byte, fresh bool, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = makeKey(path)
		return key, true, err
	}
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, false, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, false, fmt.Errorf("%s may be read by others (mode %04o); run chmod 600 on it, and change the key if somebody may have read it", path, mode)
	}
	key = make([]byte, keyBytes+1)
	n, err := f.Read(key)
	if err != nil || n != keyBytes {
		return nil, false, fmt.Errorf("%s must have exactly %d bytes; restore it from a backup", path, keyBytes)
	}
	return key[:keyBytes], false, nil
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
