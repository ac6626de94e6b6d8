package snapshot_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/snapshot"
)

func TestNewHolderRefusesWhatIsMissing(t *testing.T) {
	if _, err := snapshot.NewHolder(snapshot.Config{}); err == nil {
		t.Error("an empty config: got no error")
	}
}

func TestHolderIsReadyAfterTheFirstLoad(t *testing.T) {
	s := newSealer(t, 1)
	f := newFeed(newInput(t, s, 1))
	h := newHolder(t, f, s)
	f.fail(errFeed)
	if err := h.RefreshAll(t.Context()); !errors.Is(err, errFeed) || h.Ready() {
		t.Errorf("with the feed away: got error %v, ready %v, want %v, not ready", err, h.Ready(), errFeed)
	}
	f.fail(nil)
	if err := h.RefreshAll(t.Context()); err != nil || !h.Ready() {
		t.Errorf("with the feed back: got error %v, ready %v, want none, ready", err, h.Ready())
	}
	empty := newHolder(t, newFeed(), s)
	if err := empty.RefreshAll(t.Context()); err != nil || !empty.Ready() {
		t.Errorf("without accounts: got error %v, ready %v, want none, ready", err, empty.Ready())
	}
}

func TestHolderKeepsTheLastGoodState(t *testing.T) {
	s := newSealer(t, 1)
	f := newFeed(newInput(t, s, 1))
	h := newHolder(t, f, s)
	if err := h.Refresh(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	f.fail(errFeed)
	if err := h.Refresh(t.Context(), account); !errors.Is(err, errFeed) {
		t.Errorf("got %v, want %v", err, errFeed)
	}
	if _, _, ok := h.Find(digest(1)); !ok || !h.Ready() || h.Failures() != 1 {
		t.Errorf("after a failure: got key found %v, ready %v, failures %d, want true, true, 1", ok, h.Ready(), h.Failures())
	}
}

func TestHolderNeverGoesBack(t *testing.T) {
	s := newSealer(t, 1)
	later := newInput(t, s, 2)
	later.Keys = later.Keys[1:]
	f := newFeed(later)
	h := newHolder(t, f, s)
	if err := h.Refresh(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	f.set(newInput(t, s, 1)) // a stale replica
	if err := h.Refresh(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	if a, _ := h.Account(account); a.Version != 2 {
		t.Errorf("version: got %d, want 2", a.Version)
	}
	if _, _, ok := h.Find(digest(1)); ok {
		t.Error("a key revoked in version 2: found again")
	}
}

func TestRevokedKeyIsGoneAfterRefresh(t *testing.T) {
	s := newSealer(t, 1)
	f := newFeed(newInput(t, s, 1))
	h := newHolder(t, f, s)
	if err := h.RefreshAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a, c, ok := h.Find(digest(1)); !ok || a.ID != account || c.ID != "key-development" || id(c.Environment) != development {
		t.Fatalf("before: got %v, %v, %v", a, c, ok)
	}
	next := newInput(t, s, 2)
	next.Keys = next.Keys[1:]
	f.set(next)
	if err := h.Refresh(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	if _, _, ok := h.Find(digest(1)); ok {
		t.Error("revoked key: found")
	}
	if _, _, ok := h.Find(digest(2)); !ok {
		t.Error("other key: not found")
	}
	if _, c, ok := h.Find(digest(3)); !ok || c.Environment != nil || c.Principal.Account != account {
		t.Errorf("token: got %v, %v, want one of the account and no environment", c, ok)
	}
}

func TestHolderDropsWhatTheFeedDoesNotName(t *testing.T) {
	s := newSealer(t, 1)
	f := newFeed(newInput(t, s, 1))
	h := newHolder(t, f, s)
	if err := h.RefreshAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	delete(f.inputs, account)
	f.mu.Unlock()
	if err := h.RefreshAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, _, ok := h.Find(digest(1)); ok {
		t.Error("key of a dropped account: found")
	}
	if _, ok := h.Account(account); ok {
		t.Error("dropped account: found")
	}
	h.Drop(account) // again, and of nothing
	f.set(newInput(t, s, 1))
	if err := h.Refresh(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	if _, _, ok := h.Find(digest(1)); !ok {
		t.Error("key of an account that came back: not found")
	}
}

// Whoever returns from Refresh must be served by a state that is at least as new as what it committed, also when many
// refresh at once and one load answers for several.
func TestConcurrentRefresh(t *testing.T) {
	s := newSealer(t, 1)
	template := newInput(t, s, 0)
	template.Keys = nil
	f := newFeed(template)
	h := newHolder(t, f, s)
	var commit sync.Mutex
	var group sync.WaitGroup
	version := int64(0)
	for worker := range 8 {
		group.Go(func() {
			for i := range 25 {
				key := snapshot.Key{ID: fmt.Sprint(worker, i), EnvironmentID: production, Kind: apikey.Secret, Digest: digest(100 + worker*100 + i)}
				commit.Lock()
				version++
				template.Version = version
				template.Keys = append(template.Keys[:len(template.Keys):len(template.Keys)], key)
				f.set(template)
				commit.Unlock()
				if err := h.Refresh(t.Context(), account); err != nil {
					t.Error(err)
					return
				}
				if _, c, ok := h.Find(key.Digest); !ok || c.ID != key.ID {
					t.Errorf("key %s after Refresh: not found", key.ID)
					return
				}
			}
		})
	}
	stop := make(chan struct{})
	var readers sync.WaitGroup
	readers.Go(func() {
		last := int64(0)
		for {
			select {
			case <-stop:
				return
			default:
			}
			if a, ok := h.Account(account); ok {
				if a.Version < last {
					t.Errorf("version went from %d to %d", last, a.Version)
					return
				}
				last = a.Version
			}
		}
	})
	group.Wait()
	close(stop)
	readers.Wait()
	if a, _ := h.Account(account); a.Version != version {
		t.Errorf("version at the end: got %d, want %d", a.Version, version)
	}
	if f.loads > int(version) {
		t.Errorf("loads: got %d, want at most %d", f.loads, version)
	}
}

func TestRunRefreshesWhatGrew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSealer(t, 1)
		f := newFeed(newInput(t, s, 1))
		h := newHolder(t, f, s)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { h.Run(ctx, time.Second); close(done) }()
		time.Sleep(time.Second + 1)
		synctest.Wait()
		if !h.Ready() || f.loads != 1 {
			t.Errorf("after one interval: got ready %v, %d loads, want true, 1", h.Ready(), f.loads)
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if f.loads != 1 {
			t.Errorf("without a change: got %d loads, want 1", f.loads)
		}
		f.fail(errFeed)
		time.Sleep(time.Second)
		f.fail(nil)
		f.set(newInput(t, s, 2))
		time.Sleep(time.Second)
		synctest.Wait()
		if a, _ := h.Account(account); a.Version != 2 {
			t.Errorf("after a change: got version %d, want 2", a.Version)
		}
		cancel()
		<-done
	})
}

// A value that cannot be opened now, such as when the key-encryption key is away, is tried again without a change.
func TestProblemsAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSealer(t, 1)
		in := newInput(t, s, 1)
		good := in.Values[0]
		in.Values[0].Sealed.KEK = "away"
		f := newFeed(in)
		h := newHolder(t, f, s)
		if err := h.RefreshAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		in.Values[0] = good
		ctx, cancel := context.WithCancel(t.Context())
		go h.Run(ctx, time.Second)
		time.Sleep(31 * time.Second)
		synctest.Wait()
		cancel()
		a, _ := h.Account(account)
		if len(a.Problems()) != 0 || f.loads != 2 {
			t.Errorf("got problems %v after %d loads, want none after 2", a.Problems(), f.loads)
		}
	})
}

func TestFindAllocatesNothing(t *testing.T) {
	s := newSealer(t, 1)
	h := newHolder(t, newFeed(newInput(t, s, 1)), s)
	if err := h.RefreshAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	d := digest(1)
	if got := testing.AllocsPerRun(1000, func() { h.Find(d) }); got != 0 {
		t.Errorf("allocations of Find: got %v, want 0", got)
	}
}

// BenchmarkChange is one change of an account with many routes and keys.
func BenchmarkChange(b *testing.B) {
	for _, n := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprintf("routes=%d", n), func(b *testing.B) {
			s := newSealer(b, 1)
			in := newInput(b, s, 1)
			for i := range n {
				in.Routes = append(in.Routes, newRoute(production, fmt.Sprintf("r%d", i), charges))
				in.Keys = append(in.Keys, snapshot.Key{ID: fmt.Sprint(i), EnvironmentID: production, Kind: apikey.Secret, Digest: digest(1000 + i)})
			}
			f := newFeed(in)
			h := newHolder(b, f, s)
			if err := h.RefreshAll(b.Context()); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				in.Version++
				f.set(in)
				if err := h.Refresh(b.Context(), account); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
