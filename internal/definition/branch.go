package definition

import (
	"maps"
	"slices"
)

// branch holds the edits at one place and below it.
type branch struct {
	edit      *edit // add, remove or replace; nothing is below it then
	order     *edit // of a list's items
	children  map[step]*branch
	shape     step         // what the steps to the children have in common: their kind, and the identifying member
	positions map[int]bool // taken by added items
}

// edit is an Edit that was read.
type edit struct {
	op            EditOp
	position      int
	before, after *value
}

// grow adds an edit at its path below b. It answers what is wrong with it, "" for nothing.
func (b *branch) grow(e Edit) string {
	steps, ok := parsePath(e.Path)
	if !ok {
		return "has a path that leads nowhere"
	}
	read, problem := readEdit(e)
	if problem != "" {
		return problem
	}
	var last step
	parent := &branch{}
	for _, s := range steps {
		if problem := b.admit(s); problem != "" {
			return problem
		}
		if b.children[s] == nil {
			b.children[s] = &branch{}
		}
		last, parent, b = s, b, b.children[s]
	}
	if b.edit != nil || b.order != nil && read.op == EditOrder || len(b.children) > 0 && read.op != EditOrder {
		return "meets another edit at the same path"
	}
	if read.op == EditOrder {
		if len(b.children) > 0 && b.shape.kind != stepItem {
			return "orders what is not a list of identified items"
		}
		b.order = read
		return ""
	}
	if b.order != nil {
		return "meets another edit at the same path"
	}
	b.edit = read
	switch {
	case len(steps) == 0 || last.kind == stepMember:
		return ""
	case last.kind == stepIndex && read.op != EditReplace:
		return "adds or removes an item by its place"
	case last.kind == stepItem:
		return parent.item(last, read)
	}
	return ""
}

// admit makes sure that s can be a step to a child of b.
func (b *branch) admit(s step) string {
	shape := step{kind: s.kind}
	if s.kind == stepItem {
		shape.name = s.name
	}
	switch {
	case b.edit != nil:
		return "is below another edit"
	case len(b.children) > 0 && b.shape != shape, b.order != nil && s.kind != stepItem:
		return "takes for another kind of value what another edit is about"
	case b.children == nil:
		b.children = map[step]*branch{}
	}
	b.shape = shape
	return ""
}

// item makes sure that an edit of a whole item is about the item its path names, and notes where one is added.
func (b *branch) item(s step, e *edit) string {
	for _, v := range []*value{e.before, e.after} {
		if v == nil {
			continue
		}
		if id, ok := identity(v, s.name); !ok || id != s.text {
			return "is about another item than its path"
		}
	}
	if e.op != EditAdd {
		return ""
	}
	if e.position < 1 || b.positions[e.position] {
		return "adds an item without a position of its own"
	}
	if b.positions == nil {
		b.positions = map[int]bool{}
	}
	b.positions[e.position] = true
	return ""
}

// readEdit reads the values of an edit.
func readEdit(e Edit) (*edit, string) {
	read := &edit{op: e.Op, position: e.Position}
	var err error
	if len(e.Before) > 0 {
		if read.before, err = parse(e.Before); err != nil {
			return nil, "has a value before that is not JSON"
		}
	}
	if len(e.After) > 0 {
		if read.after, err = parse(e.After); err != nil {
			return nil, "has a value after that is not JSON"
		}
	}
	before, after := read.before != nil, read.after != nil
	switch e.Op {
	case EditAdd:
		before = !before
	case EditRemove:
		after = !after
	case EditReplace:
	case EditOrder:
		if before && after && !sameItems(read.before, read.after) {
			return nil, "does not order the same items"
		}
	default:
		return nil, "has an unknown operation"
	}
	if !before || !after {
		return nil, "has not the values before and after that its operation needs"
	}
	return read, ""
}

// sameItems says whether two lists of scalars differ in their order only, none standing twice.
func sameItems(a, b *value) bool {
	before, ok := keyedBy(a, "")
	after, ok2 := keyedBy(b, "")
	return ok && ok2 && a.isList() && b.isList() &&
		maps.EqualFunc(before.items, after.items, func(*value, *value) bool { return true }) &&
		!slices.Equal(before.ids, after.ids)
}
