package server

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/lockage/lockage/internal/kek"
)

// CheckPassphrase refuses a passphrase that is too weak for a recovery file.
func CheckPassphrase(passphrase string) error { return kek.CheckPassphrase(passphrase) }

// ExportRecovery answers the key-encryption key that a configuration names as a recovery file under a passphrase, and its
// id. It needs no server, and makes no key where there is none.
func ExportRecovery(c Config, passphrase string) (file []byte, id string, err error) {
	key, err := revealKEK(c)
	if err != nil {
		return nil, "", err
	}
	defer clear(key)
	var out bytes.Buffer
	id, err = kek.WriteRecovery(&out, key, passphrase)
	return out.Bytes(), id, err
}

// ImportRecovery opens a recovery file and writes the key in it to kek.key in the data folder, whole or not at all. It
// refuses to put it in place of another. It answers the key's id and where it is.
func ImportRecovery(c Config, file []byte, passphrase string) (id, path string, err error) {
	key, id, err := kek.ReadRecovery(bytes.NewReader(file), passphrase)
	if err != nil {
		return "", "", err
	}
	defer clear(key)
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return "", "", fmt.Errorf("data folder: %w", err)
	}
	path = filepath.Join(c.Data, kekFile)
	return id, path, WriteNew(path, key)
}

// CanExport says why the key that a configuration names cannot be exported, before anybody is asked for a passphrase.
func CanExport(c Config) error {
	if _, variable := strings.CutPrefix(c.KEK, "env:"); variable { // it is read once
		return nil
	}
	key, err := revealKEK(c)
	clear(key)
	return err
}

func revealKEK(c Config) ([]byte, error) {
	if c.KEK != "" {
		key, err := kek.Reveal(c.KEK, kek.Options{})
		if err != nil {
			err = fmt.Errorf("the key-encryption key of --kek: %w", err)
		}
		return key, err
	}
	path := filepath.Join(c.Data, kekFile)
	key, err := kek.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("there is no key at %s; give the data folder with --data, or the key with --kek", path)
	}
	return key, err
}

// WriteNew writes a file that only its owner may read, whole or not at all, and refuses to put it in place of another.
func WriteNew(path string, content []byte) error {
	beside, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.new") // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(beside.Name()) //nolint:errcheck // what is left beside hinders nothing
	_, err = beside.Write(content)
	if err = errors.Join(err, beside.Sync(), beside.Close()); err != nil {
		return err
	}
	if err := os.Link(beside.Name(), path); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already; move it away first, nothing was written", path)
	} else if err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
