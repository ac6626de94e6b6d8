package control_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/snapshot"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
)

func kekOf(t testing.TB, b byte) *secret.LocalKEK {
	t.Helper()
	kek, err := secret.NewLocalKEK(bytes.Repeat([]byte{b}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return kek
}

// holding are the settings of a server that was started for one key and with old ones.
func (x *fixture) holding(t *testing.T, kek byte, old ...byte) control.Config {
	t.Helper()
	c := settings(t, x.store, kek, 2)
	var opens []secret.KEK
	for _, b := range old {
		opens = append(opens, kekOf(t, b))
	}
	c.Now, c.Sealer = x.clock.Now, secret.NewSealer(kekOf(t, kek), opens...)
	var err error
	if c.Holder, err = snapshot.NewHolder(snapshot.Config{Feed: control.Feed{Store: x.store}, Sealer: c.Sealer, Logger: c.Logger}); err != nil {
		t.Fatal(err)
	}
	return c
}

// restart goes on with a server of other keys, when the one before is forgotten.
func (x *fixture) restart(t *testing.T, kek byte, old ...byte) {
	t.Helper()
	x.clock.pass(time.Minute)
	x.settings = x.holding(t, kek, old...)
	x.Control = open(t, x.settings)
}

// rotating is a fixture for tests that change the keys of both accounts, whose owner is one of the first account.
func rotating(t *testing.T, f func(*testing.T, *fixture)) {
	t.Helper()
	testkit.EngineConfigs(t, func(t *testing.T, c store.Config) {
		x := newFixture(t, c)
		x.exec(t, `INSERT INTO installation (name, value) VALUES ('first_account', $1) ON CONFLICT (name) DO NOTHING`, []byte(x.account))
		f(t, x)
		x.verify(t, x.owner)
		x.searchClear(t)
	})
}

// wantAllOpen opens everything that is sealed in any table.
func (x *fixture) wantAllOpen(t *testing.T) {
	t.Helper()
	for name, table := range sealedTables {
		for _, r := range x.read(t, name, x.columns(t, name)) {
			if err := table.opens(t, x, r); err != nil {
				t.Errorf("%s: a row does not open: %v", name, err)
			}
		}
	}
}

// wantNothingOf wants a key's id in no table, but where it is told who is there and what was done.
func (x *fixture) wantNothingOf(t *testing.T, id string) {
	t.Helper()
	for _, table := range x.tables(t) {
		if table == "nodes" || table == "audit_entries" {
			continue
		}
		for _, r := range x.dump(t, table) {
			if strings.Contains(r, id) {
				t.Errorf("%s still names %s", table, id)
			}
		}
	}
}

func (x *fixture) keys(t *testing.T) control.EncryptionKeys {
	t.Helper()
	k, err := x.EncryptionKeys(t.Context(), x.owner)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (x *fixture) rotate(t *testing.T) control.EncryptionKeys {
	t.Helper()
	k, err := x.RotateEncryptionKey(t.Context(), x.owner)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// finish re-wraps until nothing is left.
func (x *fixture) finish(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); x.WatchKeys(ctx, time.Millisecond) }()
	defer func() { cancel(); <-done }()
	for deadline := time.Now().Add(30 * time.Second); x.keys(t).Rotation.State != control.RotationNone; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the rotation does not end: %+v", x.keys(t).Rotation)
		}
	}
}

func TestRotation(t *testing.T) {
	rotating(t, func(t *testing.T, x *fixture) {
		old, next := kekOf(t, 1).ID(), kekOf(t, 3).ID()
		x.fillSealed(t)
		x.stage(t, "first", "development", "a staged value")
		x.setValue(t, "first", "development", "another")
		n := len(x.entries(t))

		// started for another key, nothing changes by itself
		x.restart(t, 3, 1)
		if k := x.keys(t); k.Current != old || k.Server != next || k.Rotation.State != control.RotationWaiting || k.Rotation.Left != 0 {
			t.Errorf("before: got %+v, want %s, waiting", k, old)
		}
		x.setValue(t, "first", "production", "still of the old key")
		looking, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer stop()
		x.WatchKeys(looking, time.Millisecond)
		for _, r := range x.read(t, "secret_values", []string{"kek"}) {
			if r.text("kek") != old {
				t.Errorf("before: a value of %s, want all of %s", r.text("kek"), old)
			}
		}

		k := x.rotate(t)
		if k.Current != next || k.Rotation.State != control.RotationRunning || k.Rotation.Left < 10 {
			t.Errorf("asked for: got %+v, want %s, running, with much left", k, next)
		}
		x.wantAllOpen(t)
		version := x.snapshotVersion(t)
		x.finish(t)
		x.wantAllOpen(t)
		x.wantNothingOf(t, old)
		if got := x.snapshotVersion(t); got != version {
			t.Errorf("the snapshot's version went from %d to %d: every gateway would load everything anew", version, got)
		}
		if k := x.keys(t); k.Rotation.Left != 0 || k.Rotation.Done == 0 || len(k.Keys) != 2 || len(k.Keys[0].Wraps)+len(k.Keys[1].Wraps) != len(store.WrapSources())+1 { // and the settings
			t.Errorf("after: got %+v, want two keys, of which one made all wraps in every place", k)
		}
		var told []string
		for _, e := range x.newest(t, n) {
			if strings.HasPrefix(e.Action, "encryption_key") {
				told = append(told, e.Action+" "+e.Target.ID+" "+string(e.Outcome))
			}
		}
		if diff := cmp.Diff([]string{"encryption_key.rotate " + next + " allowed", "encryption_key.rotated " + next + " allowed"}, told); diff != "" {
			t.Errorf("audit (-want +got):\n%s", diff)
		}

		// asked again, there is nothing to do; and the old key is not needed any more
		if k := x.rotate(t); k.Rotation.State != control.RotationNone {
			t.Errorf("again: got %+v, want none", k.Rotation)
		}
		x.restart(t, 3)
		x.wantAllOpen(t)
		// and back, before and after the way there is done
		x.restart(t, 1, 3)
		x.rotate(t)
		x.restart(t, 3, 1)
		x.rotate(t)
		x.finish(t)
		x.wantAllOpen(t)
		x.wantNothingOf(t, old)
	})
}

func (x *fixture) snapshotVersion(t *testing.T) (v int64) {
	t.Helper()
	err := x.store.Read(t.Context(), x.account, func(tx *store.Tx) (err error) {
		v, err = tx.SnapshotVersion(t.Context())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Whoever adds a place for wraps is told to have them rotated too.
func TestRotationKnowsEveryWrap(t *testing.T) {
	testkit.EngineConfigs(t, func(t *testing.T, c store.Config) {
		x := newFixture(t, c)
		var want []string
		for _, table := range x.tables(t) {
			for _, column := range x.columns(t, table) {
				prefix, isKEK := strings.CutSuffix(column, "kek")
				wrap, isWrap := strings.CutSuffix(column, "wrapped_key")
				switch {
				case isWrap && !slices.Contains(x.columns(t, table), wrap+"kek"):
					t.Errorf("%s.%s: there is no column %skek beside it", table, column, wrap)
				case isKEK && prefix == "":
					want = append(want, table)
				case isKEK:
					want = append(want, table+"."+strings.Trim(prefix, "_"))
				}
			}
		}
		got := store.WrapSources()
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("columns with wraps; add the new ones to the sources in store/wrap.go (-want +got):\n%s", diff)
		}
	})
}

func TestTheOldKeyIsRefused(t *testing.T) {
	rotating(t, func(t *testing.T, x *fixture) {
		x.fillSealed(t)
		left := x.Control // goes on with the old key alone
		x.restart(t, 3, 1)
		x.rotate(t)
		if left.KeyTrouble() != "" {
			t.Errorf("before it knows: got %q", left.KeyTrouble())
		}
		_, err := left.SetSecretValue(t.Context(), x.owner, "first", "development", text("refused"))
		wantFault(t, "a value", err, fault.Unavailable, "this server wraps with the key "+kekOf(t, 1).ID()+", but the key "+kekOf(t, 3).ID()+" wraps now, which it was not given; restart it with --kek of that key")
		if got := left.KeyTrouble(); !strings.Contains(got, kekOf(t, 3).ID()) {
			t.Errorf("afterwards: got %q, want it to name the new key", got)
		}
		_, err = left.UpdateSecretTerms(t.Context(), x.owner, "second", "production", control.SecretTerms{Hosts: &[]string{"h.example.com"}})
		wantFault(t, "terms", err, fault.Unavailable, "")
		_, err = left.BeginIdempotent(t.Context(), x.owner, "another", "request")
		if err == nil {
			err = left.EndIdempotent(t.Context(), x.owner, "another", "request", control.IdempotentAnswer{Status: 201})
		}
		wantFault(t, "an answer", err, fault.Unavailable, "")
		if err := left.DropIdempotent(t.Context(), x.owner, "another"); err != nil {
			t.Fatal(err)
		}
		if _, err := left.CreateSecret(t.Context(), x.owner, "without-a-wrap", secret.String, ""); err != nil {
			t.Errorf("what stores no wrap: got %v", err)
		}
		// a server that holds both learns of it by being refused
		other := open(t, x.holding(t, 1, 3))
		if _, err := other.SetSecretValue(t.Context(), x.owner, "first", "development", text("taken")); err != nil {
			t.Errorf("one with both keys: got %v", err)
		}
		if other.KeyTrouble() != "" {
			t.Errorf("one with both keys: got %q", other.KeyTrouble())
		}
		x.finish(t)
		x.wantAllOpen(t)
		x.wantNothingOf(t, kekOf(t, 1).ID())
		// alone, the old key starts no server any more
		late, err := control.New(x.holding(t, 1))
		if err != nil {
			t.Fatal(err)
		}
		if err := late.Unlock(t.Context()); err == nil || !strings.Contains(err.Error(), kekOf(t, 3).ID()+" wraps") {
			t.Errorf("a late start with the old key: got %v, want the key named that wraps", err)
		}
	})
}

// A key begins to wrap only when every server can open what it wraps.
func TestRotationWaitsForEveryServer(t *testing.T) {
	rotating(t, func(t *testing.T, x *fixture) {
		x.createSecret(t, "stripe")
		x.setValue(t, "stripe", "development", "a value")
		first := x.Control
		x.Control = open(t, x.holding(t, 3, 1)) // at once: the first one is still there
		n := len(x.entries(t))
		_, err := x.RotateEncryptionKey(t.Context(), x.owner)
		wantFault(t, "with one that lacks it", err, fault.NotReady, "")
		if k := x.keys(t); k.Current != kekOf(t, 1).ID() || len(k.Nodes) != 2 || k.Rotation.State != control.RotationWaiting {
			t.Errorf("refused: got %+v, want nothing changed and two servers", k)
		}
		if got := x.newest(t, n); len(got) != 1 || got[0].Outcome != audit.Refused {
			t.Errorf("refused: got %d entries, want one refusal", len(got))
		}
		if err := first.Leave(t.Context()); err != nil {
			t.Fatal(err)
		}
		x.rotate(t)
		// who comes without it now is not let in
		late, err := control.New(x.holding(t, 1))
		if err != nil {
			t.Fatal(err)
		}
		if err := late.Unlock(t.Context()); err == nil {
			t.Error("a server without the key that wraps started")
		}
	})
}

func TestRotationIsForOwnersOfTheFirstAccount(t *testing.T) {
	rotating(t, func(t *testing.T, x *fixture) {
		for _, who := range []struct {
			name string
			ask  func() error
		}{
			{"an admin who looks", func() error { _, err := x.EncryptionKeys(t.Context(), x.admin); return err }},
			{"an admin who rotates", func() error { _, err := x.RotateEncryptionKey(t.Context(), x.admin); return err }},
			{"an owner elsewhere who looks", func() error { _, err := x.EncryptionKeys(t.Context(), x.foreign.owner); return err }},
			{"an owner elsewhere who rotates", func() error { _, err := x.RotateEncryptionKey(t.Context(), x.foreign.owner); return err }},
		} {
			before, n := x.state(t), len(x.entries(t))
			wantFault(t, who.name, who.ask(), fault.Forbidden, "")
			if diff := cmp.Diff(before, x.state(t)); diff != "" {
				t.Errorf("%s: the refusal changed (-before +after):\n%s", who.name, diff)
			}
			if got := x.newest(t, n); strings.Contains(who.name, "admin") && (len(got) != 1 || got[0].Outcome != audit.Refused) {
				t.Errorf("%s: got %d entries, want one refusal", who.name, len(got))
			}
		}
	})
}

// What cannot be opened is counted and told, and does not hinder the rest.
func TestRotationWithADamagedValue(t *testing.T) {
	rotating(t, func(t *testing.T, x *fixture) {
		x.createSecret(t, "stripe")
		x.setValue(t, "stripe", "development", "a value")
		x.setValue(t, "stripe", "production", "another")
		x.exec(t, `UPDATE secret_values SET created_by = 'somebody else' WHERE environment_id = $1`, x.development)
		x.restart(t, 3, 1)
		x.rotate(t)
		left, err := x.Rewrap(t.Context())
		if err != nil || left != 1 {
			t.Errorf("got %d left and %v, want 1", left, err)
		}
		if k := x.keys(t); k.Rotation.State != control.RotationRunning || k.Rotation.Left != 1 {
			t.Errorf("got %+v, want one left", k.Rotation)
		}
		if err := x.DeleteSecretValue(t.Context(), x.owner, "stripe", "development"); err != nil {
			t.Fatal(err)
		}
		if left, err := x.Rewrap(t.Context()); err != nil || left != 0 {
			t.Errorf("without it: got %d left and %v, want none", left, err)
		}
	})
}

// Values are set, changed and rolled back while wraps are made anew, back and forth.
func TestChangesDuringRotation(t *testing.T) {
	rotating(t, func(t *testing.T, x *fixture) {
		const secrets, rounds = 4, 12
		for i := range secrets {
			x.createSecret(t, fmt.Sprint("s", i))
			x.setValue(t, fmt.Sprint("s", i), "development", "begin")
		}
		x.restart(t, 3, 1)
		var group sync.WaitGroup
		var stop atomic.Bool
		for i := range secrets {
			group.Go(func() {
				name := fmt.Sprint("s", i)
				for n := range rounds {
					w, err := x.SetSecretValue(t.Context(), x.owner, name, "development", text(fmt.Sprint("value ", n)))
					if err == nil {
						_, err = x.UpdateSecretTerms(t.Context(), x.owner, name, "development", control.SecretTerms{Hosts: &[]string{fmt.Sprintf("h%d.example.com", n)}})
					}
					if err == nil && w.Version > 2 {
						_, err = x.ActivateSecretVersion(t.Context(), x.owner, name, "development", w.Version-1)
					}
					if err != nil {
						t.Errorf("%s, round %d: %v", name, n, err)
					}
				}
			})
		}
		x.rotate(t)
		var again sync.WaitGroup
		again.Go(func() {
			for !stop.Load() {
				if _, err := x.Rewrap(t.Context()); err != nil {
					t.Errorf("rewrap: %v", err)
					return
				}
			}
		})
		group.Wait()
		stop.Store(true)
		again.Wait()
		x.finish(t)
		x.wantAllOpen(t)
		x.wantNothingOf(t, kekOf(t, 1).ID())
	})
}

// A rotation loses no value, whatever else happens, in whatever order, and however often the keys are changed.
func TestRotationLosesNothing(t *testing.T) {
	rotating(t, func(t *testing.T, x *fixture) {
		ids, names := map[string]string{}, []string{"a", "b", "c"}
		for _, name := range names {
			ids[name] = x.createSecret(t, name)
		}
		keys := [2]byte{3, 1} // the key that the server is for, and the other one
		want := map[[2]string]string{}
		places := map[string]string{"development": x.development, "production": x.production}
		x.restart(t, keys[0], keys[1])
		rapid.Check(t, func(r *rapid.T) {
			for range rapid.IntRange(1, 6).Draw(r, "steps") {
				name := rapid.SampledFrom(names).Draw(r, "secret")
				environment := rapid.SampledFrom([]string{"development", "production"}).Draw(r, "environment")
				at := [2]string{ids[name], places[environment]}
				switch rapid.SampledFrom([]string{"set", "set", "terms", "delete", "rotate", "rewrap", "restart"}).Draw(r, "step") {
				case "set":
					value := rapid.StringMatching(`[a-z]{8,20}`).Draw(r, "value")
					x.setValue(t, name, environment, value)
					want[at] = value
				case "terms":
					if want[at] != "" {
						if _, err := x.UpdateSecretTerms(t.Context(), x.owner, name, environment, control.SecretTerms{Hosts: &[]string{rapid.SampledFrom([]string{"a.example.com", "b.example.com"}).Draw(r, "host")}}); err != nil {
							r.Fatal(err)
						}
					}
				case "delete":
					if want[at] != "" {
						if err := x.DeleteSecretValue(t.Context(), x.owner, name, environment); err != nil {
							r.Fatal(err)
						}
						delete(want, at)
					}
				case "rotate":
					x.rotate(t)
				case "rewrap":
					if left, err := x.Rewrap(t.Context()); err != nil || left != 0 {
						r.Fatalf("rewrap: %d left, %v", left, err)
					}
				case "restart": // for the other key
					keys[0], keys[1] = keys[1], keys[0]
					x.restart(t, keys[0], keys[1])
				}
			}
			for _, at := range slices.Collect(maps.Keys(want)) {
				if got := x.reveal(t, at[0], at[1]); got != want[at] {
					r.Fatalf("a value is %q, want %q", got, want[at])
				}
			}
		})
		x.rotate(t)
		x.finish(t)
		x.wantAllOpen(t)
		x.wantNothingOf(t, kekOf(t, keys[1]).ID())
	})
}
