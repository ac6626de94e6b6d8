package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
)

// PushItem is a definition to save as a whole, or to delete.
type PushItem struct {
	Ref     definition.Ref
	Content json.RawMessage // as POST takes it, without the key
	Delete  bool
}

// pushMost is how many definitions one push may carry.
const pushMost = 10_000

// Pushed is what a push changed, or would change.
type Pushed struct {
	Changes []Change
	Commit  *Commit
}

// PlanPush tells what a push would change, and changes nothing.
func (c *Control) PlanPush(ctx context.Context, who access.Principal, items []PushItem) (p Pushed, err error) {
	err = c.read(ctx, who, access.RouteSave, first, func(v *visit) error {
		changed, err := v.prepare(ctx, items)
		for _, item := range changed {
			p.Changes = append(p.Changes, item.change)
		}
		return err
	})
	return p, err
}

// Push saves definitions in one transaction, all or none, and commits them when a message is given, with those of them
// that were saved before and not committed. What is equal to what is saved already is left alone.
func (c *Control) Push(ctx context.Context, who access.Principal, items []PushItem, commit *string) (p Pushed, err error) {
	err = c.write(ctx, who, access.RouteSave, first, func(v *visit) error {
		v.target = audit.Target{Kind: "definitions", Name: fmt.Sprintf("%d definitions", len(items))}
		changed, err := v.prepare(ctx, items)
		if err != nil {
			return err
		}
		for _, item := range changed {
			if _, err := c.push(ctx, v, item); err != nil {
				return err
			}
			p.Changes = append(p.Changes, item.change)
		}
		v.target = audit.Target{Kind: "definitions", Name: fmt.Sprintf("%d definitions", len(changed))}
		if commit == nil {
			return nil
		}
		drafted, err := v.stillDrafted(ctx, items) // also what an earlier push saved and nobody committed
		if err != nil || len(drafted) == 0 {
			return err
		}
		made, err := c.commit(ctx, v, *commit, drafted)
		if err != nil {
			return err
		}
		p.Commit = &Commit{Commit: made, Environment: v.environment.Name}
		v.detail = audit.Detail("commit", made.ID, "message", *commit)
		return nil
	})
	return p, err
}

// prepared is an item that changes something.
type prepared struct {
	change  Change
	content *route.Route // nil: the deletion
}

// prepare reads every item and keeps those that differ from what is saved: the draft, or what is live in the first
// environment.
func (v *visit) prepare(ctx context.Context, items []PushItem) ([]prepared, error) {
	if len(items) > pushMost {
		return nil, fault.Refused("definitions", "must be at most %d", pushMost)
	}
	drafts, err := v.Drafts(ctx)
	if err != nil {
		return nil, err
	}
	live, err := v.treeIn(ctx, v.pipeline.First())
	if err != nil {
		return nil, err
	}
	saved := maps.Clone(live)
	for _, d := range drafts {
		saved[d.Ref] = d.Hash
	}
	var changed []prepared
	seen := map[definition.Ref]bool{}
	for i, item := range items {
		if seen[item.Ref] {
			return nil, fault.Refused(fmt.Sprintf("definitions[%d]", i), "stands twice; send each definition once")
		}
		seen[item.Ref] = true
		p, err := v.read(item)
		if err != nil {
			return nil, within(err, fmt.Sprintf("definitions[%d]", i))
		}
		if p.change.Hash == saved[item.Ref] {
			continue
		}
		if err := v.mayReplace(ctx, item.Ref, ""); fault.Is(err, fault.Conflict) {
			return nil, fault.New(fault.Conflict, "definitions[%d], route '%s', has a draft of somebody else: %s; have it committed or discarded first", i, item.Ref.Key, theirs(drafts, item.Ref))
		} else if err != nil {
			return nil, err
		}
		p.change.Base = live[item.Ref]
		if p.change.Edits, err = v.pushEdits(ctx, p); err != nil {
			return nil, err
		}
		changed = append(changed, p)
	}
	return changed, nil
}

// theirs tells who saved the draft that stands in the way, and when.
func theirs(drafts []definition.Draft, ref definition.Ref) string {
	for _, d := range drafts {
		if d.Ref == ref {
			return "saved by " + d.SavedBy + " at " + d.SavedAt.Format(time.RFC3339)
		}
	}
	return "saved a moment ago"
}

// read decodes one item and gives it its hash.
func (v *visit) read(item PushItem) (p prepared, err error) {
	p.change.Draft = definition.Draft{Ref: item.Ref, SavedBy: v.who.Name, SavedByID: v.who.ID, SavedAt: v.Now()}
	if item.Ref.Kind != definition.KindRoute {
		return p, fault.Refused("kind", `must be "route"`)
	}
	if err := route.CheckKey(item.Ref.Key); err != nil {
		return p, err
	}
	if item.Delete {
		if len(item.Content) > 0 {
			return p, fault.Refused("content", "must be left out of a deletion")
		}
		return p, nil
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(item.Content, &fields); err != nil || fields == nil {
		return p, fault.Refused("content", "must be a JSON object")
	}
	if _, ok := fields["key"]; ok {
		return p, fault.Refused("content.key", "stands beside the content already; leave it out")
	}
	if fields["key"], err = json.Marshal(item.Ref.Key); err != nil {
		return p, err
	}
	body, err := json.Marshal(fields)
	if err != nil {
		return p, err
	}
	_, content, err := route.DecodeCreate(body, v.outer())
	if err != nil {
		return p, within(err, "content")
	}
	canonical, err := canonicalRoute(content)
	if err != nil {
		return p, err
	}
	p.content, p.change.Hash = &content, definition.HashOf(definition.KindRoute, canonical)
	return p, nil
}

// within puts where an error lies before the fields it names.
func within(err error, place string) error {
	var told *fault.Error
	if !errors.As(err, &told) || told.Kind != fault.Invalid {
		return err
	}
	fields := make([]fault.Field, len(told.Fields))
	for i, f := range told.Fields {
		fields[i] = fault.Field{Field: place + "." + f.Field, Message: f.Message}
	}
	if len(fields) == 0 {
		return fault.Refused(place, "%s", told.Message)
	}
	return fault.RefusedFields(fields)
}

// pushEdits compares an item with what is live in the first environment; its content may not be stored yet.
func (v *visit) pushEdits(ctx context.Context, p prepared) ([]definition.Edit, error) {
	var before, after []byte
	if p.change.Base != "" {
		body, err := v.Content(ctx, p.change.Ref.Kind, p.change.Base)
		if err != nil {
			return nil, err
		}
		if before, err = showRoute(body, v.outer()); err != nil {
			return nil, err
		}
	}
	if p.content != nil {
		var err error
		if after, err = p.content.Named(v.outer()).Content(); err != nil {
			return nil, err
		}
	}
	return definition.Compare(before, after), nil
}

// push saves one item.
func (c *Control) push(ctx context.Context, v *visit, p prepared) (Route, error) {
	d, err := v.IdentityOf(ctx, p.change.Ref)
	if fault.Is(err, fault.NotFound) {
		if p.content == nil {
			return Route{}, fault.New(fault.NotFound, "no such route")
		}
		d = definition.Identity{ID: newID(), Ref: p.change.Ref, CreatedAt: v.Now(), CreatedBy: v.who.Name}
		err = v.InsertIdentity(ctx, d)
	}
	if err != nil {
		return Route{}, err
	}
	return c.save(ctx, v, d, p.content, nil)
}

// stillDrafted names the items that are drafts after saving: saving back to what is live is none.
func (v *visit) stillDrafted(ctx context.Context, items []PushItem) ([]definition.Ref, error) {
	drafts, err := v.Drafts(ctx)
	if err != nil {
		return nil, err
	}
	is := map[definition.Ref]bool{}
	for _, d := range drafts {
		is[d.Ref] = true
	}
	var kept []definition.Ref
	for _, item := range items {
		if is[item.Ref] {
			kept = append(kept, item.Ref)
		}
	}
	return kept, nil
}
