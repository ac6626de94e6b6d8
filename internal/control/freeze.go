package control

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// freezable are the actions a freeze refuses in its environment. Whatever reduces risk is not among them: revoking a
// key, switching a route off.
var freezable = map[access.Action]bool{
	access.PromotionCreate: true, access.PromotionApprove: true, access.RollbackCreate: true, access.RouteSwitch: true,
	access.SecretValueSet: true, access.SecretValueUpdate: true, access.SecretValueActivate: true, access.SecretValueDelete: true, access.SecretValueDuplicate: true, access.SecretDelete: true,
	access.VariableSet: true, access.VariableDelete: true,
	access.APIKeyCreate: true, access.APIKeyRotate: true,
	access.EnvironmentDelete: true, // it takes values and keys along
}

// exempt is the scope of what works in a freeze although its action does not.
func exempt(where scope) scope {
	return func(ctx context.Context, v *visit) error {
		v.exempt = true
		return where(ctx, v)
	}
}

// thaw refuses a freezable action in a frozen environment, unless an owner overrides the freeze with a reason. It is
// the only place that decides on freezes; the door asks it, and so does what touches a second environment.
func (v *visit) thaw(ctx context.Context, e environment.Environment) error {
	if !freezable[v.action] || v.exempt {
		return nil
	}
	return v.thawAlways(ctx, e)
}

// thawAlways is thaw for what loosens the protection itself.
func (v *visit) thawAlways(ctx context.Context, e environment.Environment) error {
	active := enforced(e.Protection.Frozen(v.Now()), v.action)
	if len(active) == 0 {
		return nil
	}
	if v.who.Request.Override != "" {
		return v.overrule(ctx, e)
	}
	until := active[0].Until // all that hold now end together: when the last that follows without a gap does
	refusal := &fault.Error{Kind: fault.Frozen, Message: "environment '" + e.Name + "' is frozen"}
	if !until.IsZero() {
		refusal.RetryAfter = until.Sub(v.Now())
		refusal.Message += " until " + until.UTC().Format(time.RFC3339)
	}
	if i := slices.IndexFunc(active, func(w environment.ActiveWindow) bool { return w.Reason != "" }); i >= 0 {
		refusal.Message += ": " + active[i].Reason
	}
	refusal.Message += "; wait, or have an owner override it with a reason"
	return refusal
}

// enforced are the windows that refuse an action: one may let rollbacks through.
func enforced(active []environment.ActiveWindow, action access.Action) []environment.ActiveWindow {
	return slices.DeleteFunc(slices.Clone(active), func(w environment.ActiveWindow) bool {
		return action == access.RollbackCreate && w.AllowRollback
	})
}

// overrule lets an owner go on, and keeps that they did until somebody acknowledges it.
func (v *visit) overrule(ctx context.Context, e environment.Environment) error {
	if role, ok := v.who.Role(e.ID); !ok || role != access.Owner {
		return fault.New(fault.Forbidden, "only an owner may override a freeze")
	}
	reason := v.who.Request.Override
	v.override = reason
	if v.Version() == 0 || v.overruled[e.ID] {
		return nil // only looking, or kept already: a change is asked for more than once on its way
	}
	if v.overruled == nil {
		v.overruled = map[string]bool{}
	}
	v.overruled[e.ID] = true
	return v.InsertOverride(ctx, store.Override{
		ID: newID(), EnvironmentID: e.ID, Action: string(v.action), Author: v.who.Name, AuthorID: v.who.ID, Reason: reason, CreatedAt: v.Now(),
	})
}

// Override is a change an owner made in spite of a freeze.
type Override = store.Override

// FreezeState is what blocks in an environment, until when, and which overrides nobody has acknowledged.
type FreezeState struct {
	Environment environment.Environment
	Active      []environment.ActiveWindow
	Refuses     []access.Action // what is refused now, sorted
	Overrides   []Override
}

// Freeze explains an environment's freeze.
func (c *Control) Freeze(ctx context.Context, who access.Principal, environmentRef string) (f FreezeState, err error) {
	err = c.read(ctx, who, access.FreezeRead, in(environmentRef), func(v *visit) error {
		f = FreezeState{Environment: v.environment, Active: v.environment.Protection.Frozen(v.Now())}
		f.Refuses = refused(f.Active)
		f.Overrides, err = v.Overrides(ctx, v.environment.ID)
		return err
	})
	return f, err
}

// refused lists the actions that windows refuse together.
func refused(active []environment.ActiveWindow) []access.Action {
	if len(active) == 0 {
		return nil
	}
	list := slices.Sorted(maps.Keys(freezable))
	if len(enforced(active, access.RollbackCreate)) == 0 {
		list = slices.DeleteFunc(list, func(a access.Action) bool { return a == access.RollbackCreate })
	}
	return list
}

// AcknowledgeOverride marks an override of a freeze as seen; its author may not do so.
func (c *Control) AcknowledgeOverride(ctx context.Context, who access.Principal, environmentRef, id string) error {
	return c.write(ctx, who, access.FreezeAcknowledge, in(environmentRef), func(v *visit) error {
		list, err := v.Overrides(ctx, v.environment.ID)
		if err != nil {
			return err
		}
		for _, o := range list {
			if o.ID != id {
				continue
			}
			v.target = audit.Target{Kind: "override", ID: o.ID, Name: o.Action}
			if o.AuthorID == who.ID {
				return fault.New(fault.Forbidden, "somebody else than its author acknowledges an override")
			}
			_, err := v.Tx.AcknowledgeOverride(ctx, v.environment.ID, id, who.Name)
			return err
		}
		return fault.New(fault.NotFound, "no such override")
	})
}
