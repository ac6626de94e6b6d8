package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// credentials is what login keeps, for one server, in credentials.json.
type credentials struct {
	Address string `json:"address"`
	Gateway string `json:"gateway,omitempty"`
	Token   string `json:"token"`

	// Of a session: its JWT's end, and its own. Before the first the token is renewed, at the second its holder logs in
	// again. Zero with a management token.
	TokenEnds   time.Time `json:"token_ends,omitzero"`
	SessionEnds time.Time `json:"session_ends,omitzero"`
}

// credentialsFile is in LOCKAGE_CONFIG_DIR, or else in the person's own configuration folder.
func credentialsFile() (string, error) {
	folder := os.Getenv("LOCKAGE_CONFIG_DIR")
	if folder == "" {
		base, err := os.UserConfigDir()
		if err != nil {
			return "", fmt.Errorf("find the configuration folder: %w; set LOCKAGE_CONFIG_DIR", err)
		}
		folder = filepath.Join(base, "lockage")
	}
	return filepath.Join(folder, "credentials.json"), nil
}

// readCredentials gives the zero value when nobody logged in. It refuses a file that others may read: the token in it
// must be taken for known.
func readCredentials() (credentials, error) {
	var c credentials
	path, err := credentialsFile()
	if err != nil {
		return c, err
	}
	f, err := os.Open(path) //nolint:gosec // the person's own folder
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return c, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return c, fmt.Errorf("%s has mode %04o, so others on this machine may know the token: "+
			"chmod 600 it, or better revoke the token and log in with a new one", path, mode)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxInput))
	if err != nil {
		return c, fmt.Errorf("read %s: %w", path, err)
	}
	if err := json.Unmarshal(b, &c); err != nil {
		return credentials{}, fmt.Errorf("%s cannot be read: log in again", path)
	}
	return c, nil
}

// write replaces the file whole, so that a crash leaves the old one or the new one.
func (c credentials) write() (path string, err error) {
	if path, err = credentialsFile(); err != nil {
		return "", err
	}
	folder := filepath.Dir(path)
	if err = os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(folder, ".credentials-*") // made with mode 0600
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	if err = errors.Join(encode(f, c), f.Sync(), f.Close()); err != nil {
		return "", err
	}
	return path, os.Rename(f.Name(), path)
}
