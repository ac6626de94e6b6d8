package control

import (
	"cmp"
	"context"
	"reflect"
	"slices"
	"strconv"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

func environmentTarget(e environment.Environment) audit.Target {
	return audit.Target{Kind: "environment", ID: e.ID, Name: e.Name}
}

// ListEnvironments answers the environments the principal sees, in order of creation.
func (c *Control) ListEnvironments(ctx context.Context, who access.Principal) (list []environment.Environment, err error) {
	err = c.read(ctx, who, access.EnvironmentList, account, func(v *visit) error {
		list = []environment.Environment{}
		for _, e := range v.pipeline {
			if who.Sees(e.ID) {
				list = append(list, e)
			}
		}
		slices.SortFunc(list, func(a, b environment.Environment) int { return cmp.Compare(a.ID, b.ID) }) // ids are in order of creation
		return nil
	})
	return list, err
}

// GetEnvironment finds an environment by id or name.
func (c *Control) GetEnvironment(ctx context.Context, who access.Principal, ref string) (e environment.Environment, err error) {
	err = c.read(ctx, who, access.EnvironmentRead, in(ref), func(v *visit) error {
		e = v.environment
		return nil
	})
	return e, err
}

// CreateEnvironment inserts an environment one level below production. It starts with production's tree, so that
// nothing unreviewed goes live in it, every route switched off, without values, keys or data.
func (c *Control) CreateEnvironment(ctx context.Context, who access.Principal, f environment.Fields) (e environment.Environment, err error) {
	err = c.write(ctx, who, access.EnvironmentCreate, account, func(v *visit) error {
		fresh, err := environment.New(f)
		if err != nil {
			return err
		}
		v.target.Kind, v.target.Name = "environment", fresh.Name
		if _, taken := v.pipeline.IDOf(fresh.Name); taken {
			return fault.New(fault.Conflict, "an environment with this name already exists")
		}
		if c.limit > 0 && len(v.pipeline) >= c.limit {
			return fault.New(fault.PlanLimit, "this installation allows %d environments; its operator sets the number with --limit-environments", c.limit)
		}
		fresh.ID, fresh.CreatedAt, fresh.UpdatedAt = newID(), v.Now(), v.Now()
		fresh.RootHash = string(definition.Tree{}.Root())
		placed, moved := v.pipeline.Insert(fresh)
		v.environment, v.target = placed, environmentTarget(placed)
		if placed.IsDefault {
			if err := v.unsetDefault(ctx); err != nil {
				return err
			}
		}
		for _, m := range moved {
			if current, ok := v.pipeline.Find(m.ID); ok {
				current.Level = m.Level
				m = current // moved was computed before the default was unset
			}
			m.UpdatedAt = v.Now()
			if err := v.UpdateEnvironment(ctx, m); err != nil {
				return err
			}
		}
		if err := v.InsertEnvironment(ctx, placed); err != nil {
			return err
		}
		if e, err = v.plant(ctx, placed); err != nil {
			return err
		}
		v.Serve()
		return nil
	})
	return e, err
}

// plant gives a new environment production's tree as the first step of its history, every route switched off.
func (v *visit) plant(ctx context.Context, e environment.Environment) (environment.Environment, error) {
	top := v.pipeline.Top()
	entries, err := v.Tree(ctx, top.ID)
	if err != nil || len(entries) == 0 {
		return e, err
	}
	changes := definition.Diff(definition.Tree{}, treeOf(entries))
	head, err := v.Commit(ctx, top.ID, top.Head)
	if err != nil {
		return e, err
	}
	for _, t := range entries {
		if err := v.PutSwitch(ctx, e.ID, t.ID, false); err != nil {
			return e, err
		}
	}
	e, _, err = v.step(ctx, e, step{
		cause: definition.CausePromotion, source: head.ID, changes: changes,
		message: "start as " + top.Name, ids: idsOf(entries),
	})
	return e, err
}

// unsetDefault takes the mark from its holder, in the database and in the pipeline, so that it can be set elsewhere.
func (v *visit) unsetDefault(ctx context.Context) error {
	for i, holder := range v.pipeline {
		if !holder.IsDefault {
			continue
		}
		if v.allow(holder) != nil {
			return fault.New(fault.Forbidden, "the default of the account may be moved only by who may change the environment that has it; ask an owner or admin")
		}
		if err := v.demand(ctx, holder); err != nil {
			return err
		}
		holder.IsDefault, holder.UpdatedAt = false, v.Now()
		v.pipeline[i] = holder
		if err := v.Tx.UpdateEnvironment(ctx, holder); err != nil {
			return err
		}
	}
	return nil
}

// UpdateEnvironment changes an environment. Renaming is safe: everything refers to it by id. Setting is_default takes
// the mark from its holder in the same transaction.
func (c *Control) UpdateEnvironment(ctx context.Context, who access.Principal, ref string, f environment.Fields) (e environment.Environment, err error) {
	err = c.write(ctx, who, access.EnvironmentUpdate, in(ref), func(v *visit) error {
		v.target = environmentTarget(v.environment)
		changed, err := v.environment.Apply(f)
		if err != nil {
			return err
		}
		if changed.ID == v.pipeline.First().ID && (changed.Protected || changed.Protection.Approvals > 0) {
			return fault.Refused("protected", "is not for the first environment: changes begin there by commits, which nobody approves")
		}
		if f.Protected != nil || f.Protection != nil || f.DistinctValues != nil { // or a freeze would end where it is in the way
			if err := v.thawAlways(ctx, v.environment); err != nil {
				return err
			}
		}
		if changed.Name != v.environment.Name {
			// a name that is taken would tell of an environment that is out of reach, so only who reaches all may try
			if err := access.Allow(who, access.EnvironmentRename, access.Environment{}); err != nil {
				return err
			}
		}
		if id, taken := v.pipeline.IDOf(changed.Name); taken && id != changed.ID {
			return fault.New(fault.Conflict, "an environment with this name already exists")
		}
		if changed.IsDefault && !v.environment.IsDefault {
			if err := v.unsetDefault(ctx); err != nil {
				return err
			}
		}
		v.detail = environmentDetail(v.environment, changed)
		changed.UpdatedAt = v.Now()
		e = changed
		v.Serve()
		return v.Tx.UpdateEnvironment(ctx, changed)
	})
	return e, err
}

// environmentDetail tells the audit log what a change of an environment is about: its new name, and what it asks from
// now on of those who change it.
func environmentDetail(before, after environment.Environment) map[string]string {
	var pairs []string
	if after.Name != before.Name {
		pairs = append(pairs, "name", after.Name)
	}
	if after.ObfuscateCustomerData != before.ObfuscateCustomerData {
		pairs = append(pairs, "obfuscate_customer_data", strconv.FormatBool(after.ObfuscateCustomerData))
	}
	if after.ShowMessageContents != before.ShowMessageContents {
		pairs = append(pairs, "show_message_contents", strconv.FormatBool(after.ShowMessageContents))
	}
	if after.Protected != before.Protected {
		pairs = append(pairs, "protected", strconv.FormatBool(after.Protected))
	}
	if after.Protection.Approvals != before.Protection.Approvals {
		pairs = append(pairs, "approvals", strconv.Itoa(after.Protection.Approvals))
	}
	if !reflect.DeepEqual(after.Protection.Freeze, before.Protection.Freeze) {
		pairs = append(pairs, "freeze", strconv.Itoa(len(after.Protection.Freeze))+" windows")
	}
	if after.DistinctValues != before.DistinctValues {
		pairs = append(pairs, "distinct_values", string(after.DistinctValues))
	}
	if after.Logs.Retention != before.Logs.Retention {
		pairs = append(pairs, "retention", environment.FormatRetention(after.Logs.Retention))
	}
	if after.Logs.Record != before.Logs.Record {
		pairs = append(pairs, "record", strconv.FormatBool(after.Logs.Record))
	}
	if !slices.Equal(after.Logs.Cut, before.Logs.Cut) {
		pairs = append(pairs, "cut", strconv.Itoa(len(after.Logs.Cut))+" fields")
	}
	return audit.Detail(pairs...)
}

// DeleteEnvironment removes an environment with its values, keys and data. Refused for the default, the first and the
// top, and while a route is switched on there or names it.
func (c *Control) DeleteEnvironment(ctx context.Context, who access.Principal, ref string) error {
	return c.write(ctx, who, access.EnvironmentDelete, in(ref), func(v *visit) error {
		v.target = environmentTarget(v.environment)
		moved, err := v.pipeline.Remove(v.environment.ID)
		if err != nil {
			return err
		}
		routes, err := v.routesUsing(ctx, v.environment.ID)
		if err != nil {
			return err
		}
		if len(routes) > 0 {
			return &fault.Error{
				Kind: fault.InUse, Routes: routes,
				Message: "the environment is used by the following routes: " + names(routes) +
					"; switch them off there and take out their overlays for it first",
			}
		}
		for _, m := range moved {
			m.UpdatedAt = v.Now()
			if err := v.Tx.UpdateEnvironment(ctx, m); err != nil {
				return err
			}
		}
		v.Serve()
		return v.Tx.DeleteEnvironment(ctx, v.environment.ID)
	})
}

// routesUsing lists the routes that are switched on in an environment or name it in an overlay or as their active
// environment, wherever they are live or drafted.
func (v *visit) routesUsing(ctx context.Context, environmentID string) ([]fault.Route, error) {
	entries, err := v.Trees(ctx)
	if err != nil {
		return nil, err
	}
	drafts, err := v.Drafts(ctx)
	if err != nil {
		return nil, err
	}
	for _, d := range drafts {
		if d.Hash != "" {
			entries = append(entries, store.TreeEntry{ID: d.ID, Ref: d.Ref, Hash: d.Hash})
		}
	}
	found := map[string]fault.Route{}
	for _, t := range entries {
		if _, known := found[t.ID]; known || t.Ref.Kind != definition.KindRoute {
			continue
		}
		r, err := v.route(ctx, t.Hash)
		if err != nil {
			return nil, err
		}
		_, overlaid := r.Environments[environmentID]
		if overlaid || r.ActiveEnvironment == environmentID || (t.EnvironmentID == environmentID && t.Active) {
			found[t.ID] = fault.Route{ID: t.ID, Name: r.Name}
		}
	}
	return sorted(found), nil
}
