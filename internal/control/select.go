package control

import (
	"slices"

	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/fault"
)

// wanted is a selection on its way up through the levels of a promotion.
type wanted struct {
	selection definition.Selection
	some      bool                    // it names something; otherwise it is everything
	missing   map[definition.Ref]bool // definitions that were named and stood in no tree so far
}

func newWanted(s definition.Selection) *wanted {
	w := &wanted{selection: s, some: len(s.Definitions)+len(s.Commits) > 0, missing: map[definition.Ref]bool{}}
	for _, ref := range s.Definitions {
		w.missing[ref] = true
	}
	return w
}

// take answers the target's tree with what is wanted of the source. From then on what commits brought goes up as it is
// below, also when that is nothing: a definition may be gone from one level and still be live in the next.
func (w *wanted) take(source, target definition.Tree) (definition.Tree, error) {
	if !w.some {
		return definition.Select(source, target, w.selection)
	}
	here := w.selection
	here.Definitions = slices.DeleteFunc(slices.Clone(here.Definitions), func(ref definition.Ref) bool {
		return source[ref] == "" && target[ref] == ""
	})
	for _, ref := range here.Definitions {
		delete(w.missing, ref)
	}
	if len(w.selection.Commits) > 0 {
		w.selection = definition.Selection{Definitions: touched(w.selection.Commits)}
	}
	if len(here.Definitions)+len(here.Commits) == 0 { // to Select that would be everything
		return target, nil
	}
	return definition.Select(source, target, here)
}

// check refuses a selection that named what is nowhere.
func (w *wanted) check() error {
	if len(w.missing) == 0 {
		return nil
	}
	return fault.New(fault.NotFound, "a selected definition is in none of the environments; list the definitions to see what can be promoted")
}

func touched(commits []definition.Commit) []definition.Ref {
	seen := map[definition.Ref]bool{}
	var refs []definition.Ref
	for _, m := range commits {
		for _, c := range m.Changes {
			if !seen[c.Ref] {
				seen[c.Ref] = true
				refs = append(refs, c.Ref)
			}
		}
	}
	return refs
}
