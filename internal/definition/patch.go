package definition

import (
	"fmt"
	"maps"

	"github.com/lockage/lockage/internal/fault"
)

// Patch makes the edits, in any order, and returns the new content in canonical form; nil when the definition is removed.
// For any two contents, Patch(a, Compare(a, b)) is the canonical b. It answers Stale when the content is not what an
// edit says it was, and Invalid for edits that Compare does not make or a content that is not JSON.
func Patch(before []byte, edits []Edit) ([]byte, error) {
	var content *value
	if len(before) > 0 {
		var err error
		if content, err = parse(before); err != nil {
			return nil, err
		}
	}
	root := &branch{}
	for i, e := range edits {
		if problem := root.grow(e); problem != "" {
			return nil, fault.Refused(fmt.Sprintf("edits[%d]", i), "%s; send the edits as they were listed", problem)
		}
	}
	patched, err := root.patch(content)
	if err != nil || patched == nil {
		return nil, err
	}
	return Canonical(patched.raw)
}

func stale() error {
	return fault.New(fault.Stale, "the content has changed meanwhile; compare again and retry")
}

// patch returns what becomes of v; nil is nothing, before and after.
func (b *branch) patch(v *value) (*value, error) {
	switch {
	case b.edit != nil:
		if !b.edit.before.equal(v) {
			return nil, stale()
		}
		return b.edit.after, nil
	case b.order == nil && len(b.children) == 0:
		return v, nil
	case v == nil:
		return nil, stale()
	}
	switch kind := b.shape.kind; {
	case v.isObject() && kind == stepMember && b.order == nil:
		return b.patchObject(v)
	case v.isList() && (kind == stepItem || len(b.children) == 0):
		return b.patchKeyed(v)
	case v.isList() && kind == stepIndex:
		return b.patchPlaces(v)
	}
	return nil, stale()
}

func (b *branch) patchObject(v *value) (*value, error) {
	members := maps.Clone(v.members)
	for s, child := range b.children {
		member, err := child.patch(members[s.name])
		if err != nil {
			return nil, err
		}
		delete(members, s.name)
		if member != nil {
			members[s.name] = member
		}
	}
	return objectOf(members), nil
}
