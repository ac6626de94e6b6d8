package snapshot_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/snapshot"
)

// distant is a key in a service: each answer takes its time.
type distant struct {
	secret.KEK
	takes time.Duration
	err   error
	asked atomic.Int64
}

func (d *distant) Unwrap(ctx context.Context, wrapped, additional []byte) ([]byte, error) {
	d.asked.Add(1)
	select {
	case <-time.After(d.takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if d.err != nil {
		return nil, d.err
	}
	return d.KEK.Unwrap(ctx, wrapped, additional)
}

// manyValues is an account with n values under a key in a service.
func manyValues(t *testing.T, d *distant, n int) (snapshot.Input, *secret.Sealer) {
	t.Helper()
	local, err := secret.NewLocalKEK(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	d.KEK = local
	s := secret.NewSealer(d)
	in := newInput(t, s, 1)
	in.Values = nil
	for i := range n {
		in.Values = append(in.Values, seal(t, s, fmt.Sprintf("environment-%d", i), 1, "canary"))
	}
	return in, s
}

func TestManyValuesOfADistantKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &distant{takes: 10 * time.Millisecond}
		in, s := manyValues(t, d, 160)
		start := time.Now()
		a, err := snapshot.Build(t.Context(), in, nil, s)
		if err != nil || len(a.Problems()) != 0 || d.asked.Load() != 160 {
			t.Fatalf("got %d questions, %v; want 160 and no problem", d.asked.Load(), err)
		}
		if took := time.Since(start); took != 100*time.Millisecond {
			t.Errorf("took %v, want the time of 10 answers one after the other", took)
		}
	})
}

// A service that does not answer is not asked for every value: each question takes as long as it may.
func TestManyValuesOfAKeyThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &distant{takes: 8 * time.Second, err: fmt.Errorf("gone: %w", secret.ErrUnreachable)}
		in, s := manyValues(t, d, 1000)
		start := time.Now()
		a, err := snapshot.Build(t.Context(), in, nil, s)
		if err != nil || len(a.Problems()) != 1000 {
			t.Fatalf("got %v, want an account with a problem for each value", err)
		}
		if took := time.Since(start); took > 16*time.Second || d.asked.Load() > 31 {
			t.Errorf("took %v and %d questions, want an end soon", took, d.asked.Load())
		}
		for _, p := range a.Problems() {
			if !errors.Is(p.Err, secret.ErrUnreachable) {
				t.Fatalf("got the problem %v, want ErrUnreachable", p.Err)
			}
		}
		d.err = nil
		if a, err = snapshot.Build(t.Context(), in, a, s); err != nil || len(a.Problems()) != 0 {
			t.Errorf("when it is back: got %v, want no problem", err)
		}
	})
}

func TestOpeningIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &distant{takes: time.Second}
		in, s := manyValues(t, d, 100)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(1500*time.Millisecond, cancel)
		if _, err := snapshot.Build(ctx, in, nil, s); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want that it was cancelled", err)
		}
		if d.asked.Load() != 32 {
			t.Errorf("got %d questions, want 32", d.asked.Load())
		}
	})
}
