package definition

import (
	"encoding/json"
	"slices"
	"strconv"
)

// identities are the members that may identify an object in a list, the surest first.
var identities = []string{"id", "key", "ref", "name"}

// matchers are what items are matched by, in the order it is tried; "" is the item itself.
var matchers = append(slices.Clone(identities), "")

// identity answers the identity of an item by a member, or, for "", by itself, as canonical JSON.
func identity(item *value, member string) (string, bool) {
	if member == "" {
		return string(item.raw), item.isScalar()
	}
	id, ok := item.members[member]
	if !ok || id.kind() != '"' && id.kind() != '0' {
		return "", false
	}
	return string(id.raw), true
}

// keyed is a list by the identities of its items.
type keyed struct {
	ids   []string // in the order of the list
	items map[string]*value
}

// keyedBy fails when an item has no such identity or shares it.
func keyedBy(list *value, member string) (keyed, bool) {
	k := keyed{items: make(map[string]*value, len(list.items))}
	for _, item := range list.items {
		id, ok := identity(item, member)
		if _, twice := k.items[id]; twice || !ok {
			return keyed{}, false
		}
		k.ids = append(k.ids, id)
		k.items[id] = item
	}
	return k, true
}

// keep returns the identities that other has too, in k's order.
func (k keyed) keep(other keyed) []string {
	return slices.DeleteFunc(slices.Clone(k.ids), func(id string) bool { return other.items[id] == nil })
}

// lists compares by the first identity that serves for both lists. One of them may be empty, not both.
func (c *comparison) lists(path []byte, a, b *value) {
	for _, member := range matchers {
		before, ok := keyedBy(a, member)
		after, ok2 := keyedBy(b, member)
		if ok && ok2 {
			c.matched(path, member, before, after)
			return
		}
	}
	if len(a.items) != len(b.items) {
		c.replace(path, a, b)
		return
	}
	for i := range a.items {
		if a.items[i].equal(b.items[i]) {
			continue
		}
		c.values(step{kind: stepIndex, text: strconv.Itoa(i)}.append(slices.Clip(path)), a.items[i], b.items[i])
	}
}

func (c *comparison) matched(path []byte, member string, before, after keyed) {
	at := func(id string) []byte { return step{kind: stepItem, name: member, text: id}.append(slices.Clip(path)) }
	if kept, now := before.keep(after), after.keep(before); !slices.Equal(kept, now) {
		c.edits = append(c.edits, Edit{Path: string(path), Op: EditOrder, Before: idList(kept), After: idList(now)})
	}
	for _, id := range before.ids {
		if before.items[id].equal(after.items[id]) {
			continue
		}
		c.values(at(id), before.items[id], after.items[id])
	}
	for i, id := range after.ids {
		if before.items[id] == nil {
			c.edits = append(c.edits, Edit{Path: string(at(id)), Op: EditAdd, Position: i + 1, After: json.RawMessage(after.items[id].raw)})
		}
	}
}

// idList is a JSON list of identities.
func idList(ids []string) json.RawMessage {
	items := make([]*value, len(ids))
	for i, id := range ids {
		items[i] = &value{raw: []byte(id)}
	}
	return json.RawMessage(listOf(items).raw)
}
