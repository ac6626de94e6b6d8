package server

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockage/lockage/internal/kek"
	"github.com/lockage/lockage/internal/secret"
)

// service is a key in a service that answers as long as a test lets it.
type service struct {
	secret.KEK
	gone  atomic.Bool
	deny  atomic.Bool // refuses instead
	asked atomic.Int64
}

func (s *service) answer() error {
	s.asked.Add(1)
	switch {
	case s.gone.Load():
		return kek.ErrUnreachable
	case s.deny.Load():
		return kek.ErrRefused
	}
	return nil
}

func newService(t *testing.T) *service {
	t.Helper()
	kek, err := secret.NewLocalKEK(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return &service{KEK: kek}
}

func (s *service) Wrap(ctx context.Context, key, additional []byte) ([]byte, error) {
	if err := s.answer(); err != nil {
		return nil, err
	}
	return s.KEK.Wrap(ctx, key, additional)
}

func (s *service) Unwrap(ctx context.Context, wrapped, additional []byte) ([]byte, error) {
	if err := s.answer(); err != nil {
		return nil, err
	}
	return s.KEK.Unwrap(ctx, wrapped, additional)
}

func TestTheGraceOfAKeyService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, trouble, back := newService(t), "", 0
		sealer := secret.NewSealer(s)
		w := &keyWatch{
			sealer: sealer, grace: time.Hour, logger: slog.New(slog.DiscardHandler),
			back: func(context.Context) { back++ }, trouble: func() string { return trouble },
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); w.run(ctx) }()
		seals := func() error {
			_, err := sealer.Seal(ctx, secret.Binding{Secret: "s"}, secret.NewPlaintext([]byte("value")))
			return err
		}
		want := func(what, degraded string, over bool, seal bool) {
			t.Helper()
			synctest.Wait()
			if got := w.degraded(); got != degraded && (degraded == "" || !strings.HasPrefix(got, degraded)) {
				t.Errorf("%s: got %q, want %q", what, got, degraded)
			}
			if got := w.over.Load(); got != over {
				t.Errorf("%s: got over %v, want %v", what, got, over)
			}
			if err := seals(); (err == nil) != seal {
				t.Errorf("%s: sealing: got %v", what, err)
			}
		}
		time.Sleep(5 * time.Minute)
		want("it answers", "", false, true)

		began := time.Now()
		s.gone.Store(true)
		time.Sleep(31 * time.Second)
		want("it is gone", "degraded: the key service cannot be reached since 2000-01-01T00:05:", false, false)
		asked := s.asked.Load()
		_ = seals()
		if s.asked.Load() != asked {
			t.Error("it is gone: sealing asked it all the same, and would wait for it")
		}
		time.Sleep(59 * time.Minute)
		want("within the grace", "degraded: ", false, false)
		time.Sleep(time.Hour + 31*time.Second - time.Since(began))
		want("after the grace", "degraded: ", true, false)
		time.Sleep(24 * time.Hour)
		want("a day later", "degraded: ", true, false)

		s.gone.Store(false)
		time.Sleep(6 * time.Second)
		want("it is back", "", false, true)
		if back != 1 {
			t.Errorf("got told %d times that it is back, want once", back)
		}
		// a short outage is forgotten: the next one has the whole grace
		s.gone.Store(true)
		time.Sleep(50 * time.Minute)
		s.gone.Store(false)
		time.Sleep(time.Minute)
		s.gone.Store(true)
		time.Sleep(50 * time.Minute)
		want("gone twice", "degraded: ", false, false)
		s.gone.Store(false)
		time.Sleep(time.Minute)
		s.deny.Store(true)
		time.Sleep(31 * time.Second)
		want("refused", "degraded: the key service refuses the key since", false, false)
		s.deny.Store(false)
		time.Sleep(time.Minute)
		trouble = "the key is of yesterday"
		want("something else", "degraded: the key is of yesterday", false, true)
		cancel()
		<-done
	})
}

func TestALocalKeyIsNotWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sealer := secret.NewSealer(newService(t).KEK)
		w := &keyWatch{sealer: sealer, logger: slog.New(slog.DiscardHandler), trouble: func() string { return "" }} // and no grace at all
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		w.run(ctx)
		if w.over.Load() || w.degraded() != "" {
			t.Error("a key in memory went out of reach")
		}
	})
}
