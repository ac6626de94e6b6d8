package kek

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"

	"github.com/lockage/lockage/internal/secret"
)

// Prove wraps and unwraps a key that nobody uses: it shows that the rights are there, that what comes back is what was
// given, and that the additional data is bound. A service that ignores additional data, as old ones do with members
// they do not know, would let a sealed value be moved to another place; it is refused.
func Prove(ctx context.Context, k secret.KEK) error {
	key := make([]byte, Bytes)
	_, _ = rand.Read(key) // never fails: crypto/rand ends the program instead
	defer clear(key)
	wrapped, err := k.Wrap(ctx, key, []byte("lockage-probe"))
	if err != nil {
		return err
	}
	again, err := k.Unwrap(ctx, wrapped, []byte("lockage-probe"))
	if err != nil {
		return err
	}
	defer clear(again)
	if !bytes.Equal(key, again) {
		return errors.New("the key unwraps something else than it wrapped; it cannot be used")
	}
	moved, err := k.Unwrap(ctx, wrapped, []byte("lockage-probe-moved"))
	clear(moved)
	switch {
	case err == nil:
		return errors.New("the key does not bind what it wraps to its place; use one that takes additional data (for Vault, of type aes256-gcm96)")
	case !errors.Is(err, secret.ErrSeal):
		return err
	}
	return nil
}
