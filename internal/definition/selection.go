package definition

import (
	"maps"

	"github.com/lockage/lockage/internal/fault"
)

// Selection is what of an environment is promoted: some definitions, some commits of it, or, with neither, everything.
type Selection struct {
	Definitions []Ref
	Commits     []Commit // of the source environment, with their changes, in any order
}

// Select returns the target's tree after the selection was promoted from the source; both trees stay as they are. A
// definition that is named becomes what it is in the source, also when that is nothing. A commit brings each
// definition it touched as it left it, the newest of the selected commits winning; a definition that is named as well
// is taken from the source. It answers NotFound for a definition that is in neither tree.
func Select(source, target Tree, s Selection) (Tree, error) {
	if len(s.Definitions) == 0 && len(s.Commits) == 0 {
		selected := make(Tree, len(source))
		maps.Copy(selected, source)
		return selected, nil
	}
	selected := make(Tree, len(target))
	maps.Copy(selected, target)
	newest := map[Ref]int64{}
	for _, c := range s.Commits {
		for _, change := range c.Changes {
			if number, ok := newest[change.Ref]; ok && number >= c.Number {
				continue
			}
			newest[change.Ref] = c.Number
			selected.set(change.Ref, change.After)
		}
	}
	for _, ref := range s.Definitions {
		after, inSource := source[ref]
		if _, ok := target[ref]; !ok && !inSource {
			return nil, fault.New(fault.NotFound, "a selected definition is in neither environment; list the definitions to see what can be promoted")
		}
		selected.set(ref, after)
	}
	return selected, nil
}

// set makes ref what hash says; "" is nothing.
func (t Tree) set(ref Ref, hash Hash) {
	if hash == "" {
		delete(t, ref)
		return
	}
	t[ref] = hash
}
