package control

import (
	"context"
	"slices"

	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/snapshot"
	"github.com/lockage/lockage/internal/store"
)

// Feed reads from the store what the gateway must know; it implements snapshot.Feed.
type Feed struct{ Store *store.Store }

// Versions answers for each account the version of its newest change.
func (f Feed) Versions(ctx context.Context) (versions map[string]int64, err error) {
	defer fault.Wrap(&err, "control: snapshot versions")
	err = f.Store.ReadAll(ctx, func(tx *store.Tx) error {
		versions, err = tx.SnapshotVersions(ctx)
		return err
	})
	return versions, err
}

// Load reads one consistent state of an account.
func (f Feed) Load(ctx context.Context, account string) (in snapshot.Input, err error) {
	defer fault.Wrap(&err, "control: load a snapshot")
	in.Account = account
	err = f.Store.Read(ctx, account, func(tx *store.Tx) error {
		if in.Version, err = tx.SnapshotVersion(ctx); err != nil {
			return err
		}
		for _, part := range []func(context.Context, *store.Tx, *snapshot.Input) error{
			loadEnvironments, loadCredentials, loadRoutes, loadSecrets,
		} {
			if err := part(ctx, tx, &in); err != nil {
				return err
			}
		}
		return nil
	})
	return in, err
}

func loadEnvironments(ctx context.Context, tx *store.Tx, in *snapshot.Input) error {
	list, err := tx.Environments(ctx)
	for _, e := range list {
		in.Environments = append(in.Environments, snapshot.Environment{ID: e.ID, Name: e.Name, Level: e.Level, Protected: e.Protected, Record: e.Logs.Record, Cut: e.Logs.Cut})
	}
	return err
}

func loadCredentials(ctx context.Context, tx *store.Tx, in *snapshot.Input) error {
	keys, err := tx.LiveAPIKeys(ctx)
	if err != nil {
		return err
	}
	in.Keys = make([]snapshot.Key, len(keys))
	for i, k := range keys {
		in.Keys[i] = snapshot.Key{ID: k.ID, EnvironmentID: k.EnvironmentID, Kind: k.Kind, Digest: k.Digest, ExpiresAt: k.ExpiresAt, RevokedAt: k.RevokedAt}
	}
	tokens, err := tx.Tokens(ctx)
	if err != nil {
		return err
	}
	look, err := chainOf(ctx, tx, tx.Now(), tokens)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		s, err := look.standing(t)
		if fault.Is(err, fault.Unauthenticated) {
			continue // it, or who gave it what it holds, does not stand any more
		}
		if err != nil {
			return err
		}
		in.Tokens = append(in.Tokens, snapshot.Token{
			ID: t.ID, Name: t.Name, Digest: t.Digest, ExpiresAt: s.until, Grants: s.grants, Addresses: s.addresses,
		})
	}
	return nil
}

func loadRoutes(ctx context.Context, tx *store.Tx, in *snapshot.Input) error {
	entries, err := tx.Trees(ctx)
	if err != nil {
		return err
	}
	bodies, err := tx.Contents(ctx, definition.KindRoute)
	if err != nil {
		return err
	}
	recordings, err := recordings(ctx, tx)
	if err != nil {
		return err
	}
	for _, t := range entries {
		if t.Ref.Kind == definition.KindRoute {
			in.Routes = append(in.Routes, snapshot.Route{
				EnvironmentID: t.EnvironmentID, ID: t.ID, Key: t.Ref.Key, Hash: t.Hash, Content: bodies[t.Hash], Active: t.Active,
				Record: recordings[store.Recording{EnvironmentID: t.EnvironmentID, DefinitionID: t.ID}],
			})
		}
	}
	return loadDrafts(ctx, tx, in, recordings)
}

// loadDrafts adds what is saved and uncommitted, for test calls in the first environment.
func loadDrafts(ctx context.Context, tx *store.Tx, in *snapshot.Input, recordings recordingMap) error {
	drafts, err := tx.Drafts(ctx)
	if err != nil {
		return err
	}
	first := slices.MinFunc(in.Environments, func(x, y snapshot.Environment) int { return x.Level - y.Level })
	for _, d := range drafts {
		if d.Hash == "" || d.Ref.Kind != definition.KindRoute {
			continue
		}
		body, err := tx.Content(ctx, d.Ref.Kind, d.Hash)
		if err != nil {
			return err
		}
		in.Routes = append(in.Routes, snapshot.Route{
			EnvironmentID: first.ID, ID: d.ID, Key: d.Ref.Key, Hash: d.Hash, Content: body, Active: true, Draft: true,
			Record: recordings[store.Recording{EnvironmentID: first.ID, DefinitionID: d.ID}],
		})
	}
	return nil
}

func loadSecrets(ctx context.Context, tx *store.Tx, in *snapshot.Input) error {
	secrets, err := tx.AllSecrets(ctx)
	if err != nil {
		return err
	}
	for _, s := range secrets {
		in.Secrets = append(in.Secrets, snapshot.Secret{ID: s.ID, Name: s.Name, Type: s.Type})
	}
	if in.Values, err = tx.ActiveValues(ctx); err != nil {
		return err
	}
	if in.Staged, err = tx.StagedValues(ctx); err != nil {
		return err
	}
	if in.AccessTokens, err = tx.OAuth2Tokens(ctx); err != nil {
		return err
	}
	variables, err := tx.AllVariableValues(ctx)
	for _, v := range variables {
		in.Variables = append(in.Variables, snapshot.VariableValue{Key: v.Key, EnvironmentID: v.EnvironmentID, Value: v.Value})
	}
	return err
}
