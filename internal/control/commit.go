package control

import (
	"context"
	"strconv"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/store"
)

// Commit is a commit with the name of its environment.
type Commit struct {
	definition.Commit
	Environment string
}

// Commit makes drafts live in the first environment, in one step: those of refs, or all when refs is nil. Nothing to
// commit is a Conflict.
func (c *Control) Commit(ctx context.Context, who access.Principal, message string, refs []definition.Ref) (done Commit, err error) {
	err = c.write(ctx, who, access.DefinitionCommit, first, func(v *visit) error {
		made, err := c.commit(ctx, v, message, refs)
		if err != nil {
			return err
		}
		done = Commit{Commit: made, Environment: v.environment.Name}
		v.target = audit.Target{Kind: "commit", ID: made.ID, Name: strconv.FormatInt(made.Number, 10)}
		v.detail = audit.Detail("message", message, "changes", strconv.Itoa(len(made.Changes)))
		return nil
	})
	return done, err
}

func (c *Control) commit(ctx context.Context, v *visit, message string, refs []definition.Ref) (definition.Commit, error) {
	if err := definition.CheckMessage(message); err != nil {
		return definition.Commit{}, err
	}
	drafts, err := v.Drafts(ctx)
	if err != nil {
		return definition.Commit{}, err
	}
	if refs != nil {
		if drafts, err = v.pick(ctx, drafts, refs); err != nil {
			return definition.Commit{}, err
		}
	}
	if len(drafts) == 0 {
		return definition.Commit{}, fault.New(fault.Conflict, "there is nothing to commit: no draft is saved")
	}
	home := v.pipeline.First()
	entries, err := v.Tree(ctx, home.ID)
	if err != nil {
		return definition.Commit{}, err
	}
	tree, ids := treeOf(entries), idsOf(entries)
	s := step{cause: definition.CauseCommit, message: message, ids: ids}
	for _, d := range drafts {
		ids[d.Ref] = d.ID
		s.changes = append(s.changes, definition.Change{Ref: d.Ref, Before: tree[d.Ref], After: d.Hash})
		if err := v.DropDraft(ctx, d.Ref); err != nil {
			return definition.Commit{}, err
		}
	}
	v.Serve()
	_, made, err := v.step(ctx, home, s)
	return made, err
}

// pick keeps the drafts that are named, each of which must exist.
func (v *visit) pick(ctx context.Context, drafts []definition.Draft, refs []definition.Ref) ([]definition.Draft, error) {
	byRef := make(map[definition.Ref]definition.Draft, len(drafts))
	for _, d := range drafts {
		byRef[d.Ref] = d
	}
	var picked []definition.Draft
	for i, ref := range refs {
		d, ok := byRef[ref]
		if !ok {
			known, err := v.IdentityOf(ctx, ref)
			if err == nil {
				_, err = v.view(ctx, known)
			}
			if fault.Is(err, fault.NotFound) {
				return nil, fault.New(fault.NotFound, "definitions[%d]: no such definition", i)
			}
			if err != nil {
				return nil, err
			}
			return nil, fault.New(fault.Conflict, "definitions[%d]: nothing is saved and uncommitted of it", i)
		}
		picked = append(picked, d)
		delete(byRef, ref)
	}
	return picked, nil
}

// step is one more commit of an environment's history.
type step struct {
	cause   definition.Cause
	message string
	source  string // the commit promoted from
	changes []definition.Change
	ids     map[definition.Ref]string
}

// step applies changes to an environment's tree, keeps the reference graph with it, and appends the commit.
func (v *visit) step(ctx context.Context, e environment.Environment, s step) (environment.Environment, definition.Commit, error) {
	entries, err := v.Tree(ctx, e.ID)
	if err != nil {
		return e, definition.Commit{}, err
	}
	before := treeOf(entries)
	after, err := before.Apply(s.changes)
	if err != nil {
		return e, definition.Commit{}, err
	}
	for _, change := range s.changes {
		if err := v.place(ctx, e.ID, s.ids[change.Ref], change); err != nil {
			return e, definition.Commit{}, err
		}
	}
	made := definition.Commit{
		ID: newID(), EnvironmentID: e.ID, Number: e.Head + 1, Cause: s.cause, Message: s.message, Source: s.source,
		Author: definition.Author{Kind: string(v.who.Kind), ID: v.who.ID, Name: v.who.Name},
		Before: before.Root(), After: after.Root(), CreatedAt: v.Now(), Changes: s.changes,
	}
	if err := v.InsertCommit(ctx, made); err != nil {
		return e, made, err
	}
	e.Head, e.RootHash, e.UpdatedAt = made.Number, string(made.After), v.Now()
	return e, made, v.Tx.UpdateEnvironment(ctx, e)
}

// place puts one change into an environment's tree, with its references.
func (v *visit) place(ctx context.Context, environmentID, id string, change definition.Change) error {
	if change.After == "" {
		if err := v.PutUsages(ctx, environmentID, id, nil); err != nil {
			return err
		}
		return v.DropTreeEntry(ctx, environmentID, change.Ref)
	}
	err := v.PutTreeEntry(ctx, store.TreeEntry{EnvironmentID: environmentID, ID: id, Ref: change.Ref, Hash: change.After})
	if err != nil {
		return err
	}
	r, err := v.route(ctx, change.After)
	if err != nil {
		return err
	}
	var usages []store.Usage
	for _, u := range r.Usages([]string{environmentID}) {
		usages = append(usages, store.Usage{Field: u.Field, Reference: u.Reference})
	}
	return v.PutUsages(ctx, environmentID, id, usages)
}
