package server

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lockage/lockage/internal/control"
)

// firstStart is the file that holds what the first start made until it was shown: a crash in between must not lose the
// only credentials there are. It has mode 0600 and is removed as soon as they were printed.
const firstStart = "first-start.json"

// Credentials are what the first start made, to be shown once; one that the operator set is not repeated.
type Credentials struct {
	Token    string `json:"token,omitempty"`
	Email    string `json:"email"`
	Password string `json:"password,omitempty"`
}

// bootstrap makes the account at the first start. It answers what has not been shown yet, also of an earlier start that
// did not come that far; nil when there is nothing to show.
func bootstrap(ctx context.Context, c Config, operations *control.Control) (*Credentials, error) {
	path := filepath.Join(c.Data, firstStart)
	var made *Credentials
	_, created, err := operations.Bootstrap(ctx, control.BootstrapConfig{
		Token: c.BootstrapToken, Email: c.BootstrapEmail, Password: c.BootstrapPassword,
		Keep: func(b control.Bootstrapped) error {
			made = &Credentials{Email: b.Email}
			if b.MadeToken {
				made.Token = b.Token.Reveal()
			}
			if b.MadePassword {
				made.Password = b.Password
			}
			return keep(path, *made)
		},
	})
	if err != nil || created {
		return made, err
	}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	made = new(Credentials)
	return made, json.Unmarshal(raw, made)
}

func keep(path string, s Credentials) error {
	raw, err := json.Marshal(s)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	return errors.Join(err, f.Sync(), f.Close())
}

// Shown says that what the first start made has been shown, so that it is kept nowhere any more.
func (r *Running) Shown() error {
	err := os.Remove(r.first)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
