package control

import (
	"context"
	"strconv"

	"github.com/google/uuid"

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
	if err := v.checkMessage(ctx, message); err != nil {
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
	source  string            // the commit promoted from
	author  definition.Author // the zero one is who acts
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
	if err := v.place(ctx, e.ID, s); err != nil {
		return e, definition.Commit{}, err
	}
	id, err := v.nextCommit(ctx, e)
	if err != nil {
		return e, definition.Commit{}, err
	}
	if s.author == (definition.Author{}) {
		s.author = definition.Author{Kind: string(v.who.Kind), ID: v.who.ID, Name: v.who.Name}
	}
	made := definition.Commit{
		ID: id, EnvironmentID: e.ID, Number: e.Head + 1, Cause: s.cause, Message: s.message, Source: s.source,
		Author: s.author, Before: before.Root(), After: after.Root(), CreatedAt: v.Now(), Changes: s.changes,
	}
	if err := v.InsertCommit(ctx, made); err != nil {
		return e, made, err
	}
	e.Head, e.RootHash, e.UpdatedAt = made.Number, string(made.After), v.Now()
	return e, made, v.Tx.UpdateEnvironment(ctx, e)
}

// nextCommit makes an id above that of the environment's newest commit, though another process with a clock ahead of ours
// made that one: history is read by id, and a page that goes on from an id must miss nothing.
func (v *visit) nextCommit(ctx context.Context, e environment.Environment) (string, error) {
	id := newID()
	if e.Head == 0 {
		return id, nil
	}
	newest, err := v.CommitID(ctx, e.ID, e.Head)
	if err != nil || id > newest {
		return id, err
	}
	raw, err := uuid.Parse(newest)
	if err != nil {
		return "", err
	}
	for i := len(raw) - 1; i >= 0; i-- { // one more, with carry
		if raw[i]++; raw[i] != 0 {
			break
		}
	}
	return raw.String(), nil
}

// place puts changes into an environment's tree, with their references.
func (v *visit) place(ctx context.Context, environmentID string, s step) error {
	bodies, err := v.bodies(ctx, s.changes)
	if err != nil {
		return err
	}
	var entries []store.TreeEntry
	usages := map[string][]store.Usage{}
	for _, change := range s.changes {
		id := s.ids[change.Ref]
		usages[id] = nil
		if change.After == "" {
			if err := v.DropTreeEntry(ctx, environmentID, change.Ref); err != nil {
				return err
			}
			continue
		}
		entries = append(entries, store.TreeEntry{EnvironmentID: environmentID, ID: id, Ref: change.Ref, Hash: change.After})
		r, err := bodies.route(change.After)
		if err != nil {
			return err
		}
		for _, u := range r.Usages([]string{environmentID}) {
			usages[id] = append(usages[id], store.Usage{Field: u.Field, Reference: u.Reference})
		}
	}
	if err := v.PutTreeEntry(ctx, entries...); err != nil {
		return err
	}
	return v.PutUsages(ctx, environmentID, usages)
}
