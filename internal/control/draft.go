package control

import (
	"context"
	"slices"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
)

// CreateRoute saves a new route as a draft from a JSON body; with a commit message it is committed at once.
func (c *Control) CreateRoute(ctx context.Context, who access.Principal, body []byte, commit *string) (r Route, err error) {
	err = c.write(ctx, who, access.RouteSave, first, func(v *visit) error {
		key, content, err := route.DecodeCreate(body, v.outer())
		if err != nil {
			return err
		}
		d := definition.Identity{
			ID: newID(), Ref: definition.Ref{Kind: definition.KindRoute, Key: key}, CreatedAt: v.Now(), CreatedBy: who.Name,
		}
		switch earlier, err := v.IdentityOf(ctx, d.Ref); {
		case err == nil:
			d = earlier // deleted before: the key comes back with its id
			switch seen, err := v.view(ctx, d); {
			case err == nil && seen.Leaving:
				if err := v.mayReplace(ctx, d.Ref, ""); err != nil {
					return err
				}
			case err == nil && (seen.Draft || v.livesAt(seen)):
				v.target = routeTarget(d)
				return fault.New(fault.Conflict, "a route with this key already exists")
			case err != nil && !fault.Is(err, fault.NotFound):
				return err
			}
		case !fault.Is(err, fault.NotFound):
			return err
		default:
			if err := v.InsertIdentity(ctx, d); err != nil {
				return err
			}
		}
		r, err = c.save(ctx, v, d, &content, commit)
		return err
	})
	return r, err
}

// livesAt says whether a route is live where changes begin; it may live on above after its deletion was committed.
func (v *visit) livesAt(r Route) bool {
	first := v.pipeline.First().ID
	return slices.ContainsFunc(r.Status, func(s RouteStatus) bool { return s.Environment.ID == first && s.Committed })
}

// UpdateRoute saves a changed route as a draft from a JSON body of the fields that change. Over the draft of somebody else
// it saves only with that draft's ETag.
func (c *Control) UpdateRoute(ctx context.Context, who access.Principal, ref string, body []byte, commit *string, ifMatch string) (r Route, err error) {
	err = c.write(ctx, who, access.RouteSave, first, func(v *visit) error {
		seen, err := v.found(ctx, ref)
		if err != nil {
			return err
		}
		v.target = routeTarget(seen.Identity)
		if err := v.mayReplace(ctx, seen.Ref, ifMatch); err != nil {
			return err
		}
		if seen.Leaving {
			return fault.New(fault.Conflict, "the route's deletion is saved and waits to be committed; create it anew to keep it")
		}
		content, err := route.DecodeUpdate(body, seen.Definition, v.outer())
		if err != nil {
			return err
		}
		r, err = c.save(ctx, v, seen.Identity, &content, commit)
		return err
	})
	return r, err
}

// DeleteRoute saves the deletion of a route as a draft; it stays live until that is committed and promoted. A route
// that was never committed is gone at once.
func (c *Control) DeleteRoute(ctx context.Context, who access.Principal, ref string, commit *string, ifMatch string) error {
	return c.write(ctx, who, access.RouteDelete, first, func(v *visit) error {
		seen, err := v.found(ctx, ref)
		if err != nil {
			return err
		}
		v.target = routeTarget(seen.Identity)
		if err := v.mayReplace(ctx, seen.Ref, ifMatch); err != nil {
			return err
		}
		if !seen.Draft && !v.livesAt(seen) {
			return fault.New(fault.Conflict, "the route's deletion is committed already; promote it to the environments above")
		}
		_, err = c.save(ctx, v, seen.Identity, nil, commit)
		return err
	})
}

// canonicalRoute is a route's content in the form that is hashed and stored.
func canonicalRoute(r route.Route) ([]byte, error) {
	raw, err := r.Content()
	if err != nil {
		return nil, err
	}
	return definition.Canonical(raw)
}

// save writes a draft, nil content being the deletion, and commits it when a message is given. A draft equal to what
// is live in the first environment is no draft.
func (c *Control) save(ctx context.Context, v *visit, d definition.Identity, content *route.Route, commit *string) (r Route, err error) {
	v.target = routeTarget(d)
	draft := definition.Draft{
		ID: d.ID, Ref: d.Ref, SavedBy: v.who.Name, SavedByID: v.who.ID, SavedAt: v.Now(), Version: v.Version(),
	}
	if content != nil {
		canonical, err := canonicalRoute(*content)
		if err != nil {
			return r, err
		}
		draft.Hash = definition.HashOf(d.Ref.Kind, canonical)
		if err := v.PutContent(ctx, d.Ref.Kind, draft.Hash, canonical); err != nil {
			return r, err
		}
	}
	live, err := v.Live(ctx, d.ID)
	if err != nil {
		return r, err
	}
	for _, t := range live {
		if t.EnvironmentID == v.pipeline.First().ID {
			draft.Base = t.Hash
		}
	}
	v.Serve() // a test call runs the draft
	if draft.Hash == draft.Base {
		err = v.DropDraft(ctx, d.Ref)
	} else {
		err = v.PutDraft(ctx, draft)
	}
	if err != nil {
		return r, err
	}
	if commit != nil && draft.Hash != draft.Base {
		made, err := c.commit(ctx, v, *commit, []definition.Ref{d.Ref})
		if err != nil {
			return r, err
		}
		v.detail = audit.Detail("commit", made.ID, "message", *commit)
	}
	if content == nil {
		return r, nil
	}
	return v.view(ctx, d)
}
