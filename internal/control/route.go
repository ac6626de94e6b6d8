package control

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
	"github.com/lockage/lockage/internal/store"
)

// Route is a route as its readers see it: the draft where there is one, else what is live in the lowest environment.
type Route struct {
	definition.Identity
	Definition   route.Route
	Hash         definition.Hash
	Draft        bool   // saved and uncommitted; with Leaving: its deletion is
	Tag          string // ETag of the draft; noDraft without one
	Leaving      bool
	UpdatedAt    time.Time
	Status       []RouteStatus // of each environment the reader sees, in the pipeline's order
	Environments environment.Pipeline
}

// RouteStatus says whether a route is live and switched on in an environment.
type RouteStatus struct {
	Environment environment.Environment
	Committed   bool
	Active      bool
	Hash        definition.Hash
	Record      *bool // whether the content of its calls is recorded; nil: as the environment says
}

// EffectiveRoute is a route resolved for one environment; Source is "committed" or, where it is not live yet, "draft".
type EffectiveRoute struct {
	Key         string
	Environment environment.Environment
	Source      string
	Effective   route.Effective
}

func routeTarget(d definition.Identity) audit.Target {
	return audit.Target{Kind: definition.KindRoute, ID: d.ID, Name: d.Ref.Key}
}

// names joins the names of routes as people read them.
func names(routes []fault.Route) string {
	list := make([]string, len(routes))
	for i, r := range routes {
		list[i] = r.Name
	}
	return strings.Join(list, ", ")
}

// sorted lists routes by name, then id.
func sorted(byID map[string]fault.Route) []fault.Route {
	return slices.SortedFunc(maps.Values(byID), func(a, b fault.Route) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
}

// route reads a route's content by its hash.
func (v *visit) route(ctx context.Context, hash definition.Hash) (route.Route, error) {
	body, err := v.Content(ctx, definition.KindRoute, hash)
	if err != nil {
		return route.Route{}, err
	}
	return route.FromContent(body)
}

// outer turns environment names into ids and back, for the environments the principal sees.
func (v *visit) outer() route.Names {
	return route.Names{
		ID: func(name string) (string, bool) {
			id, ok := v.pipeline.IDOf(name)
			return id, ok && v.who.Sees(id)
		},
		Name: func(id string) string {
			if !v.who.Sees(id) {
				return ""
			}
			return v.pipeline.NameOf(id)
		},
	}
}

// everyName is outer for every environment: for what must not depend on who looks.
func (v *visit) everyName() route.Names {
	return route.Names{ID: v.pipeline.IDOf, Name: v.pipeline.NameOf}
}

// showRoute is a route's stored content with the names of environments in place of their ids.
func showRoute(body []byte, names route.Names) ([]byte, error) {
	r, err := route.FromContent(body)
	if err != nil {
		return nil, err
	}
	return r.Named(names).Content()
}

// view gathers what a reader sees of a definition. What is live or drafted only where they see nothing is not there for
// them: NotFound.
func (v *visit) view(ctx context.Context, d definition.Identity) (r Route, err error) {
	r = Route{Identity: d, UpdatedAt: d.CreatedAt, Tag: noDraft}
	live, err := v.Live(ctx, d.ID)
	if err != nil {
		return r, err
	}
	recordings, err := v.recordings(ctx)
	if err != nil {
		return r, err
	}
	for _, e := range v.pipeline {
		if !v.who.Sees(e.ID) {
			continue
		}
		status := RouteStatus{Environment: e, Record: recordings[store.Recording{EnvironmentID: e.ID, DefinitionID: d.ID}]}
		for _, t := range live {
			if t.EnvironmentID != e.ID {
				continue
			}
			status.Committed, status.Active, status.Hash = true, t.Active, t.Hash
			if r.Hash == "" { // the lowest
				r.Hash = t.Hash
				if r.UpdatedAt, err = v.Changed(ctx, e.ID, d.Ref); err != nil {
					return r, err
				}
			}
		}
		r.Status, r.Environments = append(r.Status, status), append(r.Environments, e)
	}
	switch draft, err := v.Draft(ctx, d.Ref); {
	case err == nil && !v.who.Sees(v.pipeline.First().ID): // drafts are of the first environment
	case err == nil:
		r.Draft, r.Leaving, r.Tag, r.UpdatedAt = true, draft.Hash == "", draftTag(draft), draft.SavedAt
		r.Hash = cmp.Or(draft.Hash, r.Hash)
	case !fault.Is(err, fault.NotFound):
		return r, err
	}
	if r.Hash == "" {
		return r, fault.New(fault.NotFound, "no such route")
	}
	r.Definition, err = v.route(ctx, r.Hash)
	return r, err
}

// found finds a route by id or key and gathers what readers see of it.
func (v *visit) found(ctx context.Context, ref string) (Route, error) {
	d, err := v.Identity(ctx, definition.KindRoute, ref)
	if err != nil {
		return Route{}, err
	}
	return v.view(ctx, d)
}

// ListRoutes lists routes by key. A page may have fewer than its limit though another follows.
func (c *Control) ListRoutes(ctx context.Context, who access.Principal, p Page) (list []Route, next string, err error) {
	limit, after, err := p.open()
	if err != nil {
		return nil, "", err
	}
	err = c.read(ctx, who, access.RouteList, account, func(v *visit) error {
		ids, err := v.Identities(ctx, definition.KindRoute, after, limit+1)
		if err != nil {
			return err
		}
		ids, next = cut(ids, limit, func(d definition.Identity) string { return d.Ref.Key })
		list = make([]Route, 0, len(ids))
		for _, d := range ids {
			switch r, err := v.view(ctx, d); {
			case err == nil:
				list = append(list, r)
			case !fault.Is(err, fault.NotFound): // such a one is not there for this reader
				return err
			}
		}
		return nil
	})
	return list, next, err
}

// GetRoute finds a route by id or key.
func (c *Control) GetRoute(ctx context.Context, who access.Principal, ref string) (r Route, err error) {
	err = c.read(ctx, who, access.RouteRead, account, func(v *visit) error {
		r, err = v.found(ctx, ref)
		return err
	})
	return r, err
}

// EffectiveRoute resolves a route for an environment, with the origin of each field. Where it is not live yet the
// draft is resolved, so that an overlay can be looked at before it is committed.
func (c *Control) EffectiveRoute(ctx context.Context, who access.Principal, ref, environmentRef string) (r EffectiveRoute, err error) {
	err = c.read(ctx, who, access.RouteEffective, in(environmentRef), func(v *visit) error {
		seen, err := v.found(ctx, ref)
		if err != nil {
			return err
		}
		r = EffectiveRoute{Key: seen.Ref.Key, Environment: v.environment, Source: "draft"}
		content := seen.Definition
		for _, status := range seen.Status {
			if status.Environment.ID == v.environment.ID && status.Committed {
				r.Source = "committed"
				if content, err = v.route(ctx, status.Hash); err != nil {
					return err
				}
			}
		}
		r.Effective = content.Effective(v.environment.ID)
		return nil
	})
	return r, err
}

// SwitchRoute switches a route on or off in an environment, at once and outside commits.
func (c *Control) SwitchRoute(ctx context.Context, who access.Principal, ref, environmentRef string, active bool) (status RouteStatus, err error) {
	where := in(environmentRef)
	if !active {
		where = exempt(where) // the kill switch works in a freeze
	}
	err = c.write(ctx, who, access.RouteSwitch, where, func(v *visit) error {
		r, err := v.found(ctx, ref)
		if err != nil {
			return err
		}
		v.target, v.detail = routeTarget(r.Identity), audit.Detail("active", map[bool]string{true: "true", false: "false"}[active])
		for _, s := range r.Status {
			if s.Environment.ID == v.environment.ID {
				status = s
			}
		}
		status.Active = active
		v.Serve()
		return v.PutSwitch(ctx, v.environment.ID, r.ID, active)
	})
	return status, err
}

// treeOf is the tree of entries of one environment.
func treeOf(entries []store.TreeEntry) definition.Tree {
	tree := make(definition.Tree, len(entries))
	for _, t := range entries {
		tree[t.Ref] = t.Hash
	}
	return tree
}

// idsOf maps each definition of the entries to its id.
func idsOf(entries []store.TreeEntry) map[definition.Ref]string {
	ids := make(map[definition.Ref]string, len(entries))
	for _, t := range entries {
		ids[t.Ref] = t.ID
	}
	return ids
}
