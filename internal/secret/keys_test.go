package secret_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/lockage/lockage/internal/secret"
)

func TestSealerOfSeveralKeys(t *testing.T) {
	old, next := localKEK(t, bytes.Repeat([]byte{1}, 32)), localKEK(t, bytes.Repeat([]byte{2}, 32))
	before := seal(t, secret.NewSealer(old), home, "canary")
	s := secret.NewSealer(next, old)
	if got, err := opens(t.Context(), s, home, before); got != "canary" || err != nil {
		t.Errorf("of the old key: got %q, %v", got, err)
	}
	if got := seal(t, s, home, "canary").KEK; got != next.ID() || s.Main() != next.ID() {
		t.Errorf("got wrapped by %s, want %s", got, next.ID())
	}
	if !s.Use(old.ID()) || seal(t, s, home, "canary").KEK != old.ID() || s.Main() != next.ID() {
		t.Error("told to use the old key, it does not wrap with it")
	}
	if s.Use("local:other") || s.Wraps() != old.ID() || s.Holds("local:other") {
		t.Error("told to use a key it was not given, it did something")
	}
	s.Use(next.ID())
	again, err := s.Rebind(t.Context(), home, home, before)
	if err != nil || again.KEK != next.ID() || !bytes.Equal(again.Ciphertext, before.Ciphertext) {
		t.Errorf("wrapped anew: got %s, %v; want the same value under %s", again.KEK, err, next.ID())
	}
	if got, err := opens(t.Context(), secret.NewSealer(next), home, again); got != "canary" || err != nil {
		t.Errorf("with the new key alone: got %q, %v", got, err)
	}
	if err := s.Try(t.Context()); err != nil {
		t.Errorf("trying: got %v", err)
	}
}

// family is a key whose versions it can wrap as.
type family struct{ version }

func (f family) Version(id string) secret.KEK { return version{f.KEK, id} }

func TestSealerWrapsAsAnotherVersion(t *testing.T) {
	s := secret.NewSealer(family{version{localKEK(t, bytes.Repeat([]byte{1}, 32)), "key/2"}})
	if !s.Use("key/1") || seal(t, s, home, "canary").KEK != "key/1" {
		t.Error("it does not wrap as the version that wraps elsewhere")
	}
	if got, err := opens(t.Context(), s, home, seal(t, s, home, "canary")); got != "canary" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if s.Use("other/1") {
		t.Error("it took a version of another key")
	}
}

func TestProbe(t *testing.T) {
	kek := localKEK(t, bytes.Repeat([]byte{1}, 32))
	service := &flaky{KEK: kek}
	s := secret.NewSealer(service)
	sealed := seal(t, s, home, "canary")
	if err := s.Probe(t.Context()); err != nil || s.Local() {
		t.Errorf("got %v, local %v", err, s.Local())
	}
	service.err = errors.New("a right is missing")
	if err := s.Probe(t.Context()); !errors.Is(err, secret.ErrUnreachable) || !errors.Is(err, service.err) {
		t.Errorf("got %v, want ErrUnreachable with its reason", err)
	}
	service.err = nil // until it is probed again, nobody asks it
	if _, err := opens(t.Context(), s, home, sealed); !errors.Is(err, secret.ErrUnreachable) {
		t.Errorf("opening: got %v, want ErrUnreachable", err)
	}
	if _, err := s.Seal(t.Context(), home, secret.NewPlaintext([]byte("x"))); !errors.Is(err, secret.ErrUnreachable) {
		t.Errorf("sealing: got %v, want ErrUnreachable", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	service.err = context.Canceled
	_ = s.Probe(gone)
	service.err = nil
	if err := s.Probe(t.Context()); err != nil {
		t.Errorf("back: got %v", err)
	}
	service.err = context.Canceled // who asks goes away, which says nothing of the service
	_ = s.Probe(gone)
	service.err = nil
	if got, err := opens(t.Context(), s, home, sealed); got != "canary" || err != nil {
		t.Errorf("back: got %q, %v", got, err)
	}
}

type flaky struct {
	secret.KEK
	err error
}

func (f *flaky) Unwrap(ctx context.Context, wrapped, additional []byte) ([]byte, error) {
	if f.err != nil {
		return nil, f.err
	}
	return f.KEK.Unwrap(ctx, wrapped, additional)
}
