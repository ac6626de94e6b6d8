package kek_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/lockage/lockage/internal/kek"
	"github.com/lockage/lockage/internal/secret"
)

// careless is a key with a fault.
type careless struct {
	secret.KEK
	unwrap func(k secret.KEK, wrapped, additional []byte) ([]byte, error)
}

func (c careless) Unwrap(_ context.Context, wrapped, additional []byte) ([]byte, error) {
	return c.unwrap(c.KEK, wrapped, additional)
}

func TestProve(t *testing.T) {
	k, err := kek.Open(t.Context(), "file:"+keyFile(t, bytes.Repeat([]byte{7}, kek.Bytes), 0o600), kek.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := kek.Prove(t.Context(), k); err != nil {
		t.Errorf("a key that works: %v", err)
	}
	denied := errors.New("denied")
	for name, tt := range map[string]struct {
		unwrap func(k secret.KEK, wrapped, additional []byte) ([]byte, error)
		want   string
	}{
		"ignores additional data": {func(k secret.KEK, wrapped, _ []byte) ([]byte, error) {
			return k.Unwrap(t.Context(), wrapped, []byte("lockage-probe"))
		}, "does not bind"},
		"answers another key": {func(secret.KEK, []byte, []byte) ([]byte, error) { return make([]byte, kek.Bytes), nil }, "something else"},
		"may not unwrap":      {func(secret.KEK, []byte, []byte) ([]byte, error) { return nil, denied }, "denied"},
		"fails in between": {func(k secret.KEK, wrapped, additional []byte) ([]byte, error) {
			if key, err := k.Unwrap(t.Context(), wrapped, additional); err == nil {
				return key, nil
			}
			return nil, denied
		}, "denied"},
	} {
		if err := kek.Prove(t.Context(), careless{k, tt.unwrap}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, tt.want)
		}
	}
}
