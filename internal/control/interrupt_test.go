package control_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/snapshot"
)

var errTrap = errors.New("the trap")

// trap is a KEK that runs a function of the test in the middle of a change.
type trap struct {
	secret.KEK
	spring func() error
}

func (k trap) Wrap(ctx context.Context, key, additional []byte) ([]byte, error) {
	if err := k.spring(); err != nil {
		return nil, err
	}
	return k.KEK.Wrap(ctx, key, additional)
}

// What dies in the middle leaves nothing: no change, no version, no audit entry.
func TestInterruptedChanges(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		x.createSecret(t, "stripe")
		key, err := secret.NewLocalKEK(make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		for what, spring := range map[string]func(cancel func()) error{
			"a panic":             func(func()) error { panic(errTrap) },
			"an error":            func(func()) error { return errTrap },
			"a caller who leaves": func(cancel func()) error { cancel(); return nil },
		} {
			ctx, cancel := context.WithCancel(t.Context())
			broken := x.settings
			broken.Sealer = secret.NewSealer(trap{KEK: key, spring: func() error { return spring(cancel) }})
			operations, err := control.New(broken)
			if err != nil {
				t.Fatal(err)
			}
			before, heads, n := x.state(t), x.dump(t, "accounts"), len(x.entries(t))
			err = func() (err error) {
				defer func() {
					if p := recover(); p != nil {
						err = p.(error)
					}
				}()
				_, err = operations.SetSecretValue(ctx, x.owner, "stripe", "development", text("a value that never was"))
				return err
			}()
			cancel()
			if !errors.Is(err, errTrap) && !errors.Is(err, context.Canceled) {
				t.Errorf("%s: got %v, want it told", what, err)
			}
			if diff := cmp.Diff(before, x.state(t)); diff != "" {
				t.Errorf("%s changed (-before +after):\n%s", what, diff)
			}
			if diff := cmp.Diff(heads, x.dump(t, "accounts")); diff != "" || len(x.entries(t)) != n {
				t.Errorf("%s left a version or an entry (-before +after):\n%s", what, diff)
			}
		}
		x.hide("a value that never was", "a value that never was")
		x.setValue(t, "stripe", "development", "a value after all") // the store is fit for use
	})
}

// feed is one that fails when a test says so.
type feed struct {
	snapshot.Feed
	err error
}

func (f *feed) Load(ctx context.Context, account string) (snapshot.Input, error) {
	if f.err != nil {
		return snapshot.Input{}, f.err
	}
	return f.Feed.Load(ctx, account)
}

// A change that the gateway could not take is kept, and the caller is told that it does not hold yet.
func TestTheGatewayCannotTakeAChange(t *testing.T) {
	onBoth(t, func(t *testing.T, x *fixture) {
		flaky := &feed{Feed: control.Feed{Store: x.store}}
		holder, err := snapshot.NewHolder(snapshot.Config{Feed: flaky, Sealer: x.settings.Sealer, Logger: x.settings.Logger})
		if err != nil {
			t.Fatal(err)
		}
		broken := x.settings
		broken.Holder = holder
		operations := open(t, broken)
		flaky.err = errTrap
		n := len(x.entries(t))
		e, err := operations.UpdateEnvironment(t.Context(), x.owner, "development", environment.Fields{Name: ptr("dev")})
		if !fault.Is(err, fault.Unavailable) || e.Name != "dev" {
			t.Errorf("got %v and %v, want the change and unavailable", e, err)
		}
		if x.environment(t, "dev").ID != x.development || len(x.newest(t, n)) != 1 {
			t.Error("the change or its audit entry is missing")
		}
		flaky.err = nil
		if err := holder.RefreshAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		if state, ok := holder.Account(x.account); !ok {
			t.Error("the gateway has no state afterwards")
		} else if _, ok := state.Environment("dev"); !ok {
			t.Error("the gateway does not know the change afterwards")
		}
		if err := x.settings.Holder.RefreshAll(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}
