package control

import (
	"context"
	"slices"

	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/store"
)

// routesNaming lists the routes that refer to a secret; see routesReferring.
func (v *visit) routesNaming(ctx context.Context, s secret.Secret) ([]fault.Route, error) {
	return v.routesReferring(ctx, func(r secret.Reference) bool {
		return r == secret.Reference{Kind: secret.SecretName, Name: s.Name} || r == secret.Reference{Kind: secret.SecretID, Name: s.ID}
	})
}

// routesReferring lists the routes that have such a reference for any environment, wherever they are live or drafted,
// each once. An overlay counts before its route is live in its environment: it is on its way there.
func (v *visit) routesReferring(ctx context.Context, such func(secret.Reference) bool) ([]fault.Route, error) {
	entries, err := v.Trees(ctx)
	if err != nil {
		return nil, err
	}
	bodies, err := v.Contents(ctx, definition.KindRoute)
	if err != nil {
		return nil, err
	}
	drafts, err := v.Drafts(ctx)
	if err != nil {
		return nil, err
	}
	for _, d := range drafts {
		if d.Hash == "" || d.Ref.Kind != definition.KindRoute {
			continue
		}
		if bodies[d.Hash], err = v.Content(ctx, d.Ref.Kind, d.Hash); err != nil {
			return nil, err
		}
		entries = append(entries, store.TreeEntry{ID: d.ID, Ref: d.Ref, Hash: d.Hash})
	}
	naming := map[definition.Hash]bool{}
	for hash, body := range bodies {
		r, err := route.FromContent(body)
		if err != nil {
			return nil, err
		}
		naming[hash] = v.refers(r, such)
	}
	var users []store.TreeEntry
	for _, t := range entries {
		if t.Ref.Kind == definition.KindRoute && naming[t.Hash] {
			users = append(users, t)
		}
	}
	return v.routeNames(ctx, users)
}

// refers says whether a route has such a reference in any environment.
func (v *visit) refers(r route.Route, such func(secret.Reference) bool) bool {
	everywhere := make([]string, len(v.pipeline))
	for i, e := range v.pipeline {
		everywhere[i] = e.ID
	}
	return slices.ContainsFunc(r.Usages(everywhere), func(u route.Usage) bool { return such(u.Reference) })
}

// routeNames answers the routes of tree entries with the names people gave them, each once.
func (v *visit) routeNames(ctx context.Context, entries []store.TreeEntry) ([]fault.Route, error) {
	found := map[string]fault.Route{}
	for _, t := range entries {
		if _, known := found[t.ID]; known {
			continue
		}
		r, err := v.route(ctx, t.Hash)
		if err != nil {
			return nil, err
		}
		found[t.ID] = fault.Route{ID: t.ID, Name: r.Name}
	}
	return sorted(found), nil
}

// usersIn keeps the entries of one environment whose switch is on.
func usersIn(users []store.TreeEntry, environmentID string) []store.TreeEntry {
	var kept []store.TreeEntry
	for _, u := range users {
		if u.EnvironmentID == environmentID && u.Active {
			kept = append(kept, u)
		}
	}
	return kept
}
