package control

import (
	"context"
	"errors"
	"maps"
	"strconv"

	"github.com/lockage/lockage/internal/access"
	"github.com/lockage/lockage/internal/audit"
	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/route"
)

// Change is something saved and uncommitted, with what it would change in the first environment.
type Change struct {
	definition.Draft
	Edits []definition.Edit
}

// Kind says whether committing the change would add, change or delete the definition.
func (c Change) Kind() string {
	switch {
	case c.Hash == "":
		return "deleted"
	case c.Base == "":
		return "added"
	default:
		return "changed"
	}
}

// draftTag is the ETag of a draft: it changes with every save.
func draftTag(d definition.Draft) string { return `"` + strconv.FormatInt(d.Version, 10) + `"` }

// Tag is the ETag of the draft.
func (c Change) Tag() string { return draftTag(c.Draft) }

// ListChanges lists everything that is saved and uncommitted, by kind and key.
func (c *Control) ListChanges(ctx context.Context, who access.Principal) (list []Change, err error) {
	err = c.read(ctx, who, access.ChangeList, account, func(v *visit) error {
		list = []Change{}
		home := v.pipeline.First()
		if access.Allow(who, access.TreeRead, access.Environment{ID: home.ID, Protected: home.Protected}) != nil {
			return nil // drafts are of the first environment
		}
		drafts, err := v.Drafts(ctx)
		if err != nil {
			return err
		}
		entries, err := v.Tree(ctx, home.ID)
		if err != nil {
			return err
		}
		live := treeOf(entries)
		changes := make([]definition.Change, len(drafts))
		for i, d := range drafts {
			changes[i] = definition.Change{Ref: d.Ref, Before: live[d.Ref], After: d.Hash}
		}
		edits, err := v.edits(ctx, changes, v.outer())
		if err != nil {
			return err
		}
		list = make([]Change, len(drafts))
		for i, d := range drafts {
			d.Base = live[d.Ref]
			list[i] = Change{Draft: d, Edits: edits[i]}
		}
		return nil
	})
	return list, err
}

// bodies are contents that were read together, by hash: a plan is over thousands.
type bodies map[definition.Hash][]byte

// bodies reads the contents of changes, before and after. What the visit has read it does not read again: a content never
// changes.
func (v *visit) bodies(ctx context.Context, changes []definition.Change) (bodies, error) {
	hashes := map[string][]definition.Hash{}
	for _, c := range changes {
		for _, hash := range []definition.Hash{c.Before, c.After} {
			if _, known := v.contents[hash]; !known && hash != "" {
				hashes[c.Ref.Kind] = append(hashes[c.Ref.Kind], hash)
			}
		}
	}
	if v.contents == nil {
		v.contents = bodies{}
	}
	for kind, of := range hashes {
		found, err := v.ContentsOf(ctx, kind, of)
		if err != nil {
			return nil, err
		}
		maps.Copy(v.contents, found)
	}
	return v.contents, nil
}

func (b bodies) body(hash definition.Hash) ([]byte, error) {
	body, ok := b[hash]
	if !ok {
		return nil, errors.New("a content that a tree names is not there")
	}
	return body, nil
}

func (b bodies) route(hash definition.Hash) (route.Route, error) {
	body, err := b.body(hash)
	if err != nil {
		return route.Route{}, err
	}
	return route.FromContent(body)
}

// edits compares both contents of a change as people see them, with names.
func (b bodies) edits(c definition.Change, names route.Names) ([]definition.Edit, error) {
	var contents [2][]byte
	for i, hash := range []definition.Hash{c.Before, c.After} {
		if hash == "" {
			continue
		}
		body, err := b.body(hash)
		if err != nil {
			return nil, err
		}
		if contents[i], err = shown(c.Ref.Kind, body, names); err != nil {
			return nil, err
		}
	}
	return definition.Compare(contents[0], contents[1]), nil
}

// edits reads the contents of changes and compares them as people see them.
func (v *visit) edits(ctx context.Context, changes []definition.Change, names route.Names) ([][]definition.Edit, error) {
	read, err := v.bodies(ctx, changes)
	if err != nil {
		return nil, err
	}
	edits := make([][]definition.Edit, len(changes))
	for i, c := range changes {
		if edits[i], err = read.edits(c, names); err != nil {
			return nil, err
		}
	}
	return edits, nil
}

// shown is stored content as people see it: with the names of environments in place of their ids.
func shown(kind string, body []byte, names route.Names) ([]byte, error) {
	if kind != definition.KindRoute {
		return body, nil
	}
	return showRoute(body, names)
}

// DiscardChange drops what is saved of a definition; what is committed stays.
func (c *Control) DiscardChange(ctx context.Context, who access.Principal, ref definition.Ref) error {
	return c.write(ctx, who, access.ChangeDiscard, first, func(v *visit) error {
		d, err := v.Draft(ctx, ref)
		if err != nil {
			return err
		}
		v.target = audit.Target{Kind: ref.Kind, ID: d.ID, Name: ref.Key}
		v.Serve()
		return v.DropDraft(ctx, ref)
	})
}

// mayReplace refuses to save over the draft of somebody else, unless the saver shows by its ETag that they saw it. An
// ETag that is not the draft's is refused whoever saved it.
func (v *visit) mayReplace(ctx context.Context, ref definition.Ref, ifMatch string) error {
	d, err := v.Draft(ctx, ref)
	switch {
	case fault.Is(err, fault.NotFound) && ifMatch != "" && ifMatch != noDraft:
		return fault.New(fault.Conflict, "the draft you saw was committed or discarded meanwhile; read the definition again")
	case fault.Is(err, fault.NotFound):
		return nil
	case err != nil:
		return err
	case ifMatch == draftTag(d), ifMatch == "" && (d.SavedByID == v.who.ID || d.SavedByID == "" && d.SavedBy == v.who.Name):
		return nil
	}
	return fault.New(fault.Conflict,
		"this draft was saved by %s at %s; the version of %s was not saved over it: read it again and send its ETag as If-Match",
		d.SavedBy, d.SavedAt.Format("2006-01-02T15:04:05.000Z"), v.who.Name)
}

// noDraft is the ETag of a definition without a draft.
const noDraft = `"0"`
