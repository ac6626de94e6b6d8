package snapshot_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/snapshot"
)

// service is a key in a service that may be out of reach, and counts what it is asked.
type service struct {
	secret.KEK
	gone  bool
	asked int
}

func (s *service) Unwrap(ctx context.Context, wrapped, additional []byte) ([]byte, error) {
	if s.asked++; s.gone {
		return nil, secret.ErrUnreachable
	}
	return s.KEK.Unwrap(ctx, wrapped, additional)
}

// What was opened is kept while the key's service is out of reach; what is new fails alone, until the service is back.
func TestBuildWhileTheKeyServiceIsGone(t *testing.T) {
	kek, err := secret.NewLocalKEK(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	s := &service{KEK: kek}
	sealer := secret.NewSealer(s)
	build := func(in snapshot.Input, held *snapshot.Account) *snapshot.Account {
		t.Helper()
		a, err := snapshot.Build(t.Context(), in, held, sealer)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	state := func(a *snapshot.Account, environment string) snapshot.State {
		t.Helper()
		e, ok := a.Environment(environment)
		if !ok {
			t.Fatalf("no environment %s", environment)
		}
		r, ok := e.Route("charges")
		if !ok {
			t.Fatalf("no route in %s", environment)
		}
		return r.Values(false)[0].State(time.Now())
	}
	in := newInput(t, sealer, 1)
	first := build(in, nil)
	if got := state(first, "production"); got != snapshot.Ready {
		t.Fatalf("before: got %v, want ready", got)
	}

	s.gone, s.asked = true, 0
	in.Version = 2
	in.Values = append(in.Values, seal(t, sealer, development, 1, "new"))
	second := build(in, first)
	if got := state(second, "production"); got != snapshot.Ready {
		t.Errorf("gone: what was open is %v, want ready", got)
	}
	if got := state(second, "development"); got != snapshot.Unreadable {
		t.Errorf("gone: what is new is %v, want unreadable", got)
	}
	if p := second.Problems(); len(p) != 1 || !errors.Is(p[0].Err, secret.ErrUnreachable) {
		t.Errorf("gone: got problems %v, want one, that the service is out of reach", p)
	}
	if s.asked != 1 {
		t.Errorf("gone: asked %d times, want once, for what is new", s.asked)
	}

	s.gone, s.asked = false, 0
	third := build(in, second)
	if got := state(third, "development"); got != snapshot.Ready || len(third.Problems()) != 0 {
		t.Errorf("back: what is new is %v, want ready", got)
	}

	// wrapped anew by another key, nothing has to be opened again
	other, err := secret.NewLocalKEK(bytes.Repeat([]byte{8}, 32))
	if err != nil {
		t.Fatal(err)
	}
	both := secret.NewSealer(other, s)
	for i, v := range in.Values {
		b := v.Binding(account)
		if in.Values[i].Sealed, err = both.Rebind(t.Context(), b, b, v.Sealed); err != nil {
			t.Fatal(err)
		}
	}
	s.asked, in.Version = 0, 3
	if last := build(in, third); state(last, "production") != snapshot.Ready || s.asked != 0 {
		t.Errorf("wrapped anew: asked %d times, want none, and ready", s.asked)
	}
}
