package definition

import (
	"cmp"
	"crypto/sha256"
	"maps"
	"slices"

	"github.com/lockage/lockage/internal/fault"
)

// Tree is the set of definitions live in an environment: which content each has. A nil tree is an empty one.
type Tree map[Ref]Hash

// Root is the hash of the whole tree, its version:
//
//	SHA-256( text("lockage-tree-1") { text(kind) text(key) text(content hash) } )
//
// with the entries sorted by kind and key. It does not depend on how the tree came about.
func (t Tree) Root() Hash {
	h := sha256.New()
	write(h, treeDomain)
	for _, ref := range slices.SortedFunc(maps.Keys(t), compare) {
		write(h, ref.Kind)
		write(h, ref.Key)
		write(h, string(t[ref]))
	}
	return sum(h)
}

// Change is what happens to one definition: Before is "" when it is added, After is "" when it is removed.
type Change struct {
	Ref           Ref
	Before, After Hash
}

// Diff lists what turns one tree into another, sorted by kind and key; nil for equal trees.
func Diff(from, to Tree) []Change {
	var changes []Change
	for ref, before := range from {
		if after := to[ref]; after != before {
			changes = append(changes, Change{Ref: ref, Before: before, After: after})
		}
	}
	for ref, after := range to {
		if _, ok := from[ref]; !ok {
			changes = append(changes, Change{Ref: ref, After: after})
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return compare(a.Ref, b.Ref) })
	return changes
}

// Apply returns a copy of the tree with the changes made. It answers Stale when a definition is not what its change
// says it was, and then nothing is applied.
func (t Tree) Apply(changes []Change) (Tree, error) {
	applied := make(Tree, len(t)+len(changes))
	maps.Copy(applied, t)
	for _, c := range changes {
		if applied[c.Ref] != c.Before {
			return nil, fault.New(fault.Stale, "the %s %s has changed meanwhile; look at it again and retry", c.Ref.Kind, c.Ref.Key)
		}
		if c.After == "" {
			delete(applied, c.Ref)
			continue
		}
		applied[c.Ref] = c.After
	}
	return applied, nil
}

func compare(a, b Ref) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key)) }
