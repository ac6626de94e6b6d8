package control

import (
	"context"
	"maps"
	"strconv"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
)

// Promote makes an environment's tree equal to that of the one directly below it, in one step. Equal trees are left
// alone: the commit is nil then.
func (c *Control) Promote(ctx context.Context, who access.Principal, to, message string) (from, target environment.Environment, done *Commit, err error) {
	err = c.write(ctx, who, access.PromotionCreate, in(to), func(v *visit) error {
		if err := definition.CheckMessage(message); err != nil {
			return err
		}
		target = v.environment
		v.target = environmentTarget(target)
		below, ok := v.pipeline.Below(target.ID)
		if !ok {
			return fault.Refused("to", "is the first environment: changes begin there by a commit")
		}
		if !who.Sees(below.ID) {
			return fault.New(fault.Forbidden, "promoting needs a role in the environment below as well; ask an owner or admin")
		}
		from = below
		lower, err := v.Tree(ctx, below.ID)
		if err != nil {
			return err
		}
		upper, err := v.Tree(ctx, target.ID)
		if err != nil {
			return err
		}
		changes := definition.Diff(treeOf(upper), treeOf(lower))
		v.detail = audit.Detail("message", message, "changes", strconv.Itoa(len(changes)), "source", below.Name)
		if len(changes) == 0 {
			return nil
		}
		head, err := v.Tx.Commit(ctx, below.ID, below.Head)
		if err != nil {
			return err
		}
		ids := idsOf(upper)
		maps.Copy(ids, idsOf(lower))
		updated, made, err := v.step(ctx, target, step{
			cause: definition.CausePromotion, message: message, source: head.ID, changes: changes, ids: ids,
		})
		if err != nil {
			return err
		}
		v.Serve()
		target, done = updated, &Commit{Commit: made, Environment: target.Name}
		return nil
	})
	return from, target, done, err
}
