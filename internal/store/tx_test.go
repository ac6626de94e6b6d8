package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
	"github.com/lockage/lockage/internal/testkit"
)

var errOurs = errors.New("refused by the test")

func another(name string) secret.Secret {
	s := stripe
	s.ID, s.Name = "id-of-"+name, name
	return s
}

// What fails inside Write leaves nothing behind, not even a version.
func TestWriteUndoes(t *testing.T) {
	tests := map[string]struct {
		fn   func(context.Context, *store.Tx) error
		want string
	}{
		"without an audit entry": {func(context.Context, *store.Tx) error { return nil }, "without an audit entry"},
		"with two entries": {func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(tx.AppendAudit(ctx, entry()), tx.AppendAudit(ctx, entry()))
		}, "a second one"},
		"an error after the entry": {func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(tx.AppendAudit(ctx, entry()), errOurs)
		}, errOurs.Error()},
		"a statement that fails": {func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(tx.AppendAudit(ctx, entry()), tx.InsertSecret(ctx, stripe)) // it is there already
		}, "constraint"},
	}
	onBoth(t, func(t *testing.T, x fixture) {
		before := rowsOf(t, x.db, ours)
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				err := x.Write(t.Context(), ours, func(tx *store.Tx) error {
					if err := tx.InsertSecret(t.Context(), another("fresh")); err != nil {
						t.Errorf("insert: %v", err)
					}
					return tt.fn(t.Context(), tx)
				})
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want %q", err, tt.want)
				}
				if diff := cmp.Diff(before, rowsOf(t, x.db, ours)); diff != "" {
					t.Errorf("rows (-before +after):\n%s", diff)
				}
			})
		}
	})
}

// A process that dies in the middle leaves what a panic or a cancelled context leaves: nothing.
func TestWriteUndoesWhenInterrupted(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		before := rowsOf(t, x.db, ours)
		func() {
			defer func() {
				if got := recover(); got != errOurs {
					t.Errorf("recovered %v, want the panic of the function", got)
				}
			}()
			_ = x.Write(t.Context(), ours, func(tx *store.Tx) error {
				_ = tx.InsertSecret(t.Context(), another("fresh"))
				_ = tx.AppendAudit(t.Context(), entry())
				panic(errOurs)
			})
		}()
		ctx, cancel := context.WithCancel(t.Context())
		err := x.Write(ctx, ours, func(tx *store.Tx) error {
			err := errors.Join(tx.InsertSecret(ctx, another("fresh")), tx.AppendAudit(ctx, entry()))
			cancel()
			return err
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: got %v, want %v", err, context.Canceled)
		}
		if diff := cmp.Diff(before, rowsOf(t, x.db, ours)); diff != "" {
			t.Errorf("rows (-before +after):\n%s", diff)
		}
		x.write(t, func(*store.Tx) error { return nil }) // the connection is fit for use
	})
}

func TestWriteToNoAccount(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		called := false
		err := x.Write(t.Context(), "nobody", func(*store.Tx) error { called = true; return nil })
		if err == nil || called {
			t.Errorf("got %v and called %v, want an error and no call", err, called)
		}
	})
}

func TestConcurrentWritersGetContiguousVersions(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		const writers, each = 6, 5
		var mu sync.Mutex
		var got []int64
		var wait sync.WaitGroup
		for range writers {
			wait.Go(func() {
				for range each {
					err := x.Write(t.Context(), ours, func(tx *store.Tx) error {
						mu.Lock()
						got = append(got, tx.Version())
						mu.Unlock()
						return tx.AppendAudit(t.Context(), entry())
					})
					if err != nil {
						t.Errorf("write: %v", err)
					}
				}
			})
		}
		wait.Wait()
		want := make([]int64, writers*each)
		for i := range want {
			want[i] = int64(i) + 2 // making the account was 1
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("versions (-want +got):\n%s", diff)
		}
		var v audit.Verifier
		x.read(t, func(tx *store.Tx) error {
			entries, err := tx.Audit(t.Context(), store.AuditFilter{Ascending: true, Limit: 100})
			for _, e := range entries {
				if err := v.Next(e); err != nil {
					t.Errorf("chain: %v", err)
				}
			}
			return err
		})
		if head, _ := v.Head(); head != writers*each+1 {
			t.Errorf("got a chain of %d, want %d", head, writers*each+1)
		}
	})
}

func TestReadRefusesWrites(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		before := rowsOf(t, x.db, ours)
		for name, read := range map[string]func(context.Context, func(*store.Tx) error) error{
			"of an account": func(ctx context.Context, fn func(*store.Tx) error) error { return x.Read(ctx, ours, fn) },
			"of all":        x.ReadAll,
		} {
			for what, statement := range map[string]func(*store.Tx) error{
				"insert": func(tx *store.Tx) error { return tx.InsertSecret(t.Context(), another("fresh")) },
				"update": func(tx *store.Tx) error { return tx.UpdateSecret(t.Context(), stripe) },
				"delete": func(tx *store.Tx) error { return tx.DeleteSecret(t.Context(), stripe.ID) },
				"audit":  func(tx *store.Tx) error { return tx.AppendAudit(t.Context(), entry()) },
			} {
				if err := read(t.Context(), statement); err == nil {
					t.Errorf("%s in a reading %s: got no error, want a refusal", what, name)
				}
			}
		}
		err := x.Batch(t.Context(), func(tx *store.Tx) error { return tx.AppendAudit(t.Context(), entry()) })
		if err == nil {
			t.Error("an audit entry in a batch: got no error, want a refusal")
		}
		if diff := cmp.Diff(before, rowsOf(t, x.db, ours)); diff != "" {
			t.Errorf("rows (-before +after):\n%s", diff)
		}
	})
}

// A reading sees one state, whatever is committed meanwhile.
func TestReadSeesOneState(t *testing.T) {
	onBoth(t, func(t *testing.T, x fixture) {
		x.read(t, func(tx *store.Tx) error {
			before, err := tx.AllSecrets(t.Context())
			if err != nil {
				return err
			}
			x.write(t, func(w *store.Tx) error { return w.InsertSecret(t.Context(), another("fresh")) })
			after, err := tx.AllSecrets(t.Context())
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("secrets (-before +after):\n%s", diff)
			}
			return err
		})
	})
}

func TestTheTransactionItself(t *testing.T) {
	testkit.EngineConfigs(t, func(t *testing.T, c store.Config) {
		c.Now = func() time.Time { return start.In(time.FixedZone("", 7200)).Add(1234567) }
		s := testkit.Open(t, c)
		fill(t, s, ours)
		versions := func() (v map[string]int64) {
			if err := s.ReadAll(t.Context(), func(tx *store.Tx) (err error) {
				v, err = tx.SnapshotVersions(t.Context())
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return v
		}
		if got := versions()[ours]; got != 0 {
			t.Errorf("snapshot version: got %d, want 0: nothing was said to be served", got)
		}
		err := s.Write(t.Context(), ours, func(tx *store.Tx) error {
			if got, want := tx.Now(), start.Add(time.Millisecond); got != want {
				t.Errorf("now: got %v, want %v", got, want)
			}
			if tx.Account() != ours || tx.Version() != 2 || tx.Served() {
				t.Errorf("got account %q, version %d, served %v, want %q, 2, false", tx.Account(), tx.Version(), tx.Served(), ours)
			}
			tx.Serve()
			if !tx.Served() {
				t.Error("served: got false after Serve, want true")
			}
			return tx.AppendAudit(t.Context(), entry())
		})
		if err != nil {
			t.Fatal(err)
		}
		fixture{Store: s}.read(t, func(tx *store.Tx) error {
			one, err := tx.SnapshotVersion(t.Context())
			if got := versions()[ours]; got != 2 || one != 2 {
				t.Errorf("snapshot version: got %d and, asked alone, %d, want 2", got, one)
			}
			return err
		})
		if err := s.CreateAccount(t.Context(), ours, "again", func(*store.Tx) error { return nil }); err == nil {
			t.Error("an account twice: got no error, want a refusal")
		}
		if err := s.CreateAccount(t.Context(), "fresh", "fresh", func(*store.Tx) error { return nil }); err == nil {
			t.Error("an account without an audit entry: got no error, want a refusal")
		}
		if got := versions(); len(got) != 1 {
			t.Errorf("got accounts %v, want only the first", got)
		}
	})
}
