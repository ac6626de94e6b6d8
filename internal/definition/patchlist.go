package definition

import (
	"cmp"
	"slices"
	"strconv"
)

// patchPlaces changes items by their place; none comes and none goes.
func (b *branch) patchPlaces(v *value) (*value, error) {
	items := slices.Clone(v.items)
	for s, child := range b.children {
		i, err := strconv.Atoi(s.text)
		if err != nil || i >= len(items) {
			return nil, stale()
		}
		if items[i], err = child.patch(items[i]); err != nil {
			return nil, err
		}
	}
	return listOf(items), nil
}

// patchKeyed changes and removes items, puts those that stay in order, and places the added ones.
func (b *branch) patchKeyed(v *value) (*value, error) {
	member, before, ok := b.keyed(v)
	if !ok {
		return nil, stale()
	}
	var kept []string
	stay := map[string]*value{}
	for _, id := range before.ids {
		item := before.items[id]
		if child := b.children[step{stepItem, member, id}]; child != nil {
			var err error
			if item, err = child.patch(item); err != nil {
				return nil, err
			}
		}
		if item != nil {
			kept = append(kept, id)
			stay[id] = item
		}
	}
	kept, err := b.reorder(kept)
	if err != nil {
		return nil, err
	}
	items := make([]*value, len(kept))
	for i, id := range kept {
		items[i] = stay[id]
	}
	return b.place(items, before)
}

// keyed matches the items by the member that the edits name. Where items only change places, no path names one: it is
// the one Compare would take.
func (b *branch) keyed(v *value) (member string, k keyed, ok bool) {
	if len(b.children) > 0 {
		k, ok = keyedBy(v, b.shape.name)
		return b.shape.name, k, ok
	}
	for _, member := range matchers {
		if k, ok = keyedBy(v, member); ok {
			return member, k, true
		}
	}
	return "", keyed{}, false
}

// reorder answers the identities in their new order.
func (b *branch) reorder(kept []string) ([]string, error) {
	if b.order == nil {
		return kept, nil
	}
	if string(idList(kept)) != string(b.order.before.raw) {
		return nil, stale()
	}
	ids := make([]string, len(b.order.after.items))
	for i, item := range b.order.after.items {
		ids[i] = string(item.raw)
	}
	return ids, nil
}

// place adds the items that are not in the list before, each where it says it will be.
func (b *branch) place(items []*value, before keyed) (*value, error) {
	var added []*edit
	for s, child := range b.children {
		switch _, there := before.items[s.text]; {
		case there:
		case child.edit == nil || child.edit.op != EditAdd:
			return nil, stale()
		default:
			added = append(added, child.edit)
		}
	}
	slices.SortFunc(added, func(x, y *edit) int { return cmp.Compare(x.position, y.position) })
	all := make([]*value, 0, len(items)+len(added))
	for len(items) > 0 || len(added) > 0 {
		switch {
		case len(added) > 0 && added[0].position == len(all)+1:
			all, added = append(all, added[0].after), added[1:]
		case len(items) > 0:
			all, items = append(all, items[0]), items[1:]
		default:
			return nil, stale() // there are fewer items before it than it says
		}
	}
	return listOf(all), nil
}
