package definition_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/fault"
)

func commit(number int64, changes ...definition.Change) definition.Commit {
	return definition.Commit{Number: number, Changes: changes}
}

func TestSelect(t *testing.T) {
	type change = definition.Change
	source := definition.Tree{ref("a"): "3", ref("b"): "2", ref("new"): "1"}
	target := definition.Tree{ref("a"): "1", ref("b"): "1", ref("old"): "1"}
	tests := map[string]struct {
		selection definition.Selection
		want      definition.Tree
	}{
		"everything": {definition.Selection{}, source},
		"one definition": {
			definition.Selection{Definitions: []definition.Ref{ref("a")}},
			definition.Tree{ref("a"): "3", ref("b"): "1", ref("old"): "1"},
		},
		"one that was added and one that was removed": {
			definition.Selection{Definitions: []definition.Ref{ref("old"), ref("new"), ref("new")}},
			definition.Tree{ref("a"): "1", ref("b"): "1", ref("new"): "1"},
		},
		"an earlier commit": {
			definition.Selection{Commits: []definition.Commit{commit(1, change{Ref: ref("a"), Before: "1", After: "2"})}},
			definition.Tree{ref("a"): "2", ref("b"): "1", ref("old"): "1"},
		},
		"the newest of some commits": {
			definition.Selection{Commits: []definition.Commit{
				commit(2, change{Ref: ref("a"), After: "3"}, change{Ref: ref("old"), Before: "1"}),
				commit(3, change{Ref: ref("b"), After: "2"}, change{Ref: ref("new"), After: "1"}),
				commit(1, change{Ref: ref("a"), After: "2"}, change{Ref: ref("old"), After: "2"}),
			}},
			source,
		},
		"commits without changes": {definition.Selection{Commits: []definition.Commit{commit(1)}}, target},
		"a definition wins over a commit": {
			definition.Selection{
				Definitions: []definition.Ref{ref("a")},
				Commits:     []definition.Commit{commit(9, change{Ref: ref("a"), After: "2"}, change{Ref: ref("b"), After: "2"})},
			},
			definition.Tree{ref("a"): "3", ref("b"): "2", ref("old"): "1"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before, after := maps.Clone(target), maps.Clone(source)
			got, err := definition.Select(source, target, tt.selection)
			if err != nil {
				t.Fatalf("Select: got %v, want no error", err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Select (-want +got):\n%s", diff)
			}
			got[ref("mine")] = "9"
			if !maps.Equal(target, before) || !maps.Equal(source, after) {
				t.Errorf("Select shares a tree: got source %v and target %v, want %v and %v", source, target, after, before)
			}
		})
	}
}

func TestSelectRefusesUnknown(t *testing.T) {
	trees := definition.Tree{ref("a"): "1"}
	for _, unknown := range []definition.Ref{ref("zebra"), {Kind: "layout", Key: "a"}} {
		got, err := definition.Select(trees, trees, definition.Selection{Definitions: []definition.Ref{ref("a"), unknown}})
		if !fault.Is(err, fault.NotFound) || got != nil {
			t.Errorf("Select(%v): got %v and %v, want no tree and kind %s", unknown, got, err, fault.NotFound)
		}
		if err != nil && strings.Contains(err.Error(), "zebra") {
			t.Errorf("Select repeats what it refused: %v", err)
		}
	}
}

func TestSelectLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// A source with a history that began with the target's tree.
		target := trees.Draw(t, "target")
		source, history := target, []definition.Commit(nil)
		for i := range rapid.IntRange(0, 4).Draw(t, "commits") {
			next := trees.Draw(t, "next")
			history = append(history, commit(int64(i+1), definition.Diff(source, next)...))
			source = next
		}
		selected := func(tree definition.Tree, s definition.Selection) definition.Tree {
			got, err := definition.Select(source, tree, s)
			if err != nil {
				t.Fatalf("Select: got %v, want no error", err)
			}
			return got
		}
		want := func(what string, got, want definition.Tree) {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", what, diff)
			}
		}
		want("everything", selected(target, definition.Selection{}), source)

		var refs []definition.Ref
		for _, c := range definition.Diff(target, source) {
			refs = append(refs, c.Ref)
		}
		if len(refs) > 0 {
			want("all that differs", selected(target, definition.Selection{Definitions: refs}), source)
			some := rapid.SliceOfN(rapid.SampledFrom(refs), 1, len(refs)).Draw(t, "some")
			got := selected(target, definition.Selection{Definitions: some})
			for _, c := range definition.Diff(target, got) {
				if !slices.Contains(some, c.Ref) || source[c.Ref] != c.After {
					t.Errorf("selecting %v: got %v, want only these, as in the source", some, c)
				}
			}
			// What was removed by it is in neither tree now, and not to be named again.
			known := func(refs []definition.Ref) []definition.Ref {
				return slices.DeleteFunc(slices.Clone(refs), func(r definition.Ref) bool { return source[r] == "" && got[r] == "" })
			}
			if again := known(some); len(again) > 0 {
				want("the same again", selected(got, definition.Selection{Definitions: again}), got)
			}
			if rest := known(refs); len(rest) > 0 {
				want("the rest", selected(got, definition.Selection{Definitions: rest}), source)
			}
		}
		if len(history) > 0 {
			shuffled := rapid.Permutation(history).Draw(t, "shuffled")
			want("the whole history", selected(target, definition.Selection{Commits: shuffled}), source)
			n := rapid.IntRange(1, len(history)).Draw(t, "n")
			replayed := target
			for _, c := range history[:n] {
				replayed, _ = replayed.Apply(c.Changes)
			}
			some := selected(target, definition.Selection{Commits: history[:n]})
			want(fmt.Sprintf("the first %d commits", n), some, replayed)
			want("them again", selected(some, definition.Selection{Commits: history[:n]}), some)
		}
	})
}
