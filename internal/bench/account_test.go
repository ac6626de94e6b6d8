package bench_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/apikey"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/control"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/snapshot"
	"github.com/lockage/lockage/internal/store"
)

// plane is a control plane with its snapshot, in this process.
type plane struct {
	store    *store.Store
	control  *control.Control
	holder   *snapshot.Holder
	digester *apikey.Digester
}

func openPlane(tb testing.TB) plane {
	tb.Helper()
	s, err := store.Open(tb.Context(), store.Config{Path: filepath.Join(tb.TempDir(), "lockage.db")})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return newPlane(tb, s, make([]byte, 32), make([]byte, 32))
}

func newPlane(tb testing.TB, s *store.Store, kekKey, pepper []byte) plane {
	tb.Helper()
	kek, err := secret.NewLocalKEK(kekKey)
	if err != nil {
		tb.Fatal(err)
	}
	digester, err := apikey.NewDigester(pepper)
	if err != nil {
		tb.Fatal(err)
	}
	sealer := secret.NewSealer(kek)
	holder, err := snapshot.NewHolder(snapshot.Config{Feed: control.Feed{Store: s}, Sealer: sealer, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		tb.Fatal(err)
	}
	c, err := control.New(control.Config{Store: s, Sealer: sealer, Digester: digester, Holder: holder})
	if err != nil {
		tb.Fatal(err)
	}
	return plane{store: s, control: c, holder: holder, digester: digester}
}

// found makes an account with routes and keys, in one transaction: an account of this size would take minutes by the
// API, which is not what is measured.
func (p plane) found(tb testing.TB, routes, keys int) access.Principal {
	tb.Helper()
	account := fmt.Sprintf("account-%d-%d-%s", routes, keys, tb.Name())
	who := access.System(account)
	err := p.store.CreateAccount(tb.Context(), account, "measured", func(tx *store.Tx) error {
		development, production := environment.BuiltIn()
		development.ID, production.ID = account+"-development", account+"-production"
		for _, e := range []environment.Environment{development, production} {
			if err := tx.InsertEnvironment(tb.Context(), e); err != nil {
				return err
			}
		}
		if err := fill(tb.Context(), tx, p.digester, account, development.ID, routes, keys); err != nil {
			return err
		}
		tx.Serve()
		return tx.AppendAudit(tb.Context(), audit.Entry{Action: string(access.AccountCreate), Outcome: audit.Allowed})
	})
	if err != nil {
		tb.Fatal(err)
	}
	if err := p.holder.Refresh(tb.Context(), account); err != nil {
		tb.Fatal(err)
	}
	return who
}

// fill puts routes and keys into an environment.
func fill(ctx context.Context, tx *store.Tx, digester *apikey.Digester, prefix, environmentID string, routes, keys int) error {
	for i := range routes {
		content := fmt.Appendf(nil, `{"inject_headers":{"Authorization":"Bearer {{secret:stripe}}"},"name":"route %d","target_url":"https://api%d.example.com/v1"}`, i, i)
		canonical, err := definition.Canonical(content)
		if err != nil {
			return err
		}
		ref := definition.Ref{Kind: definition.KindRoute, Key: fmt.Sprintf("route-%d", i)}
		hash := definition.HashOf(ref.Kind, canonical)
		id := fmt.Sprintf("%s-route-%d", prefix, i)
		if err := tx.InsertIdentity(ctx, definition.Identity{ID: id, Ref: ref, CreatedAt: tx.Now()}); err != nil {
			return err
		}
		if err := tx.PutContent(ctx, ref.Kind, hash, canonical); err != nil {
			return err
		}
		if err := tx.PutTreeEntry(ctx, store.TreeEntry{EnvironmentID: environmentID, ID: id, Ref: ref, Hash: hash}); err != nil {
			return err
		}
	}
	for i := range keys {
		shown := apikey.Generate(apikey.Secret)
		err := tx.InsertAPIKey(ctx, apikey.APIKey{
			ID: fmt.Sprintf("%s-key-%d", prefix, i), EnvironmentID: environmentID, Kind: apikey.Secret, Prefix: shown.Prefix(),
			LastFour: shown.LastFour(), Digest: digester.Sum(shown.Reveal()), CreatedAt: tx.Now(),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkChange measures one change, from the call of the operation until the gateway serves it, in accounts of
// different size, alone in the database and beside a neighbour with 10,000 routes and 100,000 keys. The neighbour must
// not be felt.
func BenchmarkChange(b *testing.B) {
	for _, neighbour := range []bool{false, true} {
		p := openPlane(b)
		if neighbour {
			p.found(b, 10_000, 100_000)
		}
		for _, routes := range []int{1, 100, 10_000} {
			who := p.found(b, routes, 1)
			b.Run(fmt.Sprintf("routes=%d/neighbour=%t", routes, neighbour), func(b *testing.B) {
				active := true
				for b.Loop() {
					active = !active
					if _, err := p.control.SwitchRoute(b.Context(), who, "route-0", "development", active); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkColdStart measures from the start of the process until the gateway is ready: an empty installation, and one
// with 10,000 routes and 100,000 keys.
func BenchmarkColdStart(b *testing.B) {
	for _, c := range []struct {
		name         string
		routes, keys int
	}{{"empty", 0, 0}, {"10k-routes-100k-keys", 10_000, 100_000}} {
		folder := b.TempDir()
		_, stop := launch(b, folder)
		stop()
		enlarge(b, folder, c.routes, c.keys)
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				_, stop := launch(b, folder)
				b.StopTimer()
				stop()
				b.StartTimer()
			}
		})
	}
}

// enlarge adds routes and keys to the account of a data folder whose server is stopped.
func enlarge(tb testing.TB, folder string, routes, keys int) {
	tb.Helper()
	s, err := store.Open(tb.Context(), store.Config{Path: filepath.Join(folder, "lockage.db")})
	if err != nil {
		tb.Fatal(err)
	}
	defer s.Close()
	digester, err := apikey.NewDigester(make([]byte, 32)) // these keys are there to be loaded, not used
	if err != nil {
		tb.Fatal(err)
	}
	var account, environmentID string
	err = s.ReadAll(tb.Context(), func(tx *store.Tx) error {
		accounts, err := tx.Accounts(tb.Context())
		account = accounts[0]
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	err = s.Write(tb.Context(), account, func(tx *store.Tx) error {
		list, err := tx.Environments(tb.Context())
		if err != nil {
			return err
		}
		environmentID = list[0].ID
		if err := fill(tb.Context(), tx, digester, "more", environmentID, routes, keys); err != nil {
			return err
		}
		tx.Serve()
		return tx.AppendAudit(tb.Context(), audit.Entry{Action: string(access.RouteSave), Outcome: audit.Allowed})
	})
	if err != nil {
		tb.Fatal(err)
	}
}
