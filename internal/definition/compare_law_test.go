package definition_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/fault"
)

var (
	memberNames = rapid.SampledFrom([]string{"a", "b", "id", "key", "ref", "name", "a.b", "", "q\"]", "0", "ü", "l"})
	itemNames   = rapid.SampledFrom([]string{"welcome", "bye", "a.b", "5", "", "true", "[=x]", "\\", "ä\n", "<"})
	scalars     = rapid.OneOf(
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.IntRange(-3, 12).AsAny(), rapid.SampledFrom([]float64{0.5, 1e21, 5}).AsAny(),
		itemNames.AsAny(), rapid.SampledFrom([]string{"one\ntwo\nthree", "one\n2\nthree\n", "one"}).AsAny(),
	)
)

// contents are JSON values with lists of every sort: identified, sets, alike, mixed.
func contents(depth int) *rapid.Generator[any] {
	if depth == 0 {
		return scalars
	}
	inside := contents(depth - 1)
	return rapid.OneOf(
		scalars, rapid.MapOfN(memberNames, inside, 0, 4).AsAny(), rapid.SliceOfN(inside, 0, 4).AsAny(), identified(inside), sets,
	)
}

// definitions are contents of the shape that is common: an object with lists.
func definitions(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		content := rapid.MapOfN(memberNames, contents(depth), 0, 3).Draw(t, "content")
		content["steps"] = identified(contents(depth)).Draw(t, "steps")
		content["methods"] = sets.Draw(t, "methods")
		return content
	})
}

func identified(inside *rapid.Generator[any]) *rapid.Generator[any] {
	ids := rapid.SliceOfNDistinct(rapid.OneOf(itemNames.AsAny(), rapid.IntRange(0, 5).AsAny()), 1, 6, rapid.ID[any])
	return rapid.Custom(func(t *rapid.T) any {
		member := rapid.SampledFrom([]string{"id", "key", "ref", "name"}).Draw(t, "member")
		items := []any{}
		for _, id := range ids.Draw(t, "ids") {
			item := rapid.MapOfN(memberNames, inside, 0, 2).Draw(t, "item")
			item[member] = id
			items = append(items, item)
		}
		return items
	})
}

var sets = rapid.Map(rapid.SliceOfNDistinct(itemNames, 1, 6, rapid.ID[string]), func(s []string) any {
	items := make([]any, len(s))
	for i := range s {
		items[i] = s[i]
	}
	return items
})

// mutate changes a little here and there: renames, new orders, items that come and go, other values.
func mutate(t *rapid.T, v any, depth int) any {
	if rapid.IntRange(0, 19).Draw(t, "replace") == 19 {
		return contents(depth).Draw(t, "other")
	}
	switch v := v.(type) {
	case map[string]any:
		v = maps.Clone(v)
		for _, name := range slices.Sorted(maps.Keys(v)) {
			switch rapid.IntRange(0, 7).Draw(t, "member") {
			case 7:
				delete(v, name)
			case 6:
				to := memberNames.Draw(t, "rename")
				moved := v[name]
				delete(v, name)
				v[to] = moved
			case 0, 1, 2, 3:
				v[name] = mutate(t, v[name], max(depth-1, 0))
			}
		}
		return v
	case []any:
		var items []any
		for _, item := range v {
			switch rapid.IntRange(0, 7).Draw(t, "item") {
			case 7:
			case 6, 5:
				items = append(items, item, itemLike(t, item))
			case 0, 1, 2:
				items = append(items, mutate(t, item, max(depth-1, 0)))
			default:
				items = append(items, item)
			}
		}
		if items == nil {
			items = []any{}
		}
		if rapid.Bool().Draw(t, "shuffle") {
			items = rapid.Permutation(items).Draw(t, "order")
		}
		return items
	}
	return v
}

// itemLike is an item for a list that has item: of another identity, or anything.
func itemLike(t *rapid.T, item any) any {
	object, ok := item.(map[string]any)
	if !ok {
		return scalars.Draw(t, "scalar")
	}
	object = maps.Clone(object)
	for _, member := range []string{"id", "key", "ref", "name"} {
		if _, ok := object[member]; ok {
			object[member] = scalars.Draw(t, member)
		}
	}
	return object
}

func TestCompareLaws(t *testing.T) {
	seen := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(definitions(3), definitions(3), contents(4)).Draw(t, "a")
		a := marshal(t, value)
		others := []any{contents(3).Draw(t, "unrelated")}
		for range 5 {
			others = append(others, mutate(t, value, 4))
		}
		for _, other := range others {
			b := marshal(t, other)
			edits := definition.Compare(a, b)
			holds(t, a, b, edits)
			for _, e := range edits {
				seen[string(e.Op)]++
				if e.Position > 0 {
					seen["item"]++
				}
			}
		}
	})
	for _, what := range []string{"add", "remove", "replace", "order", "item"} {
		if seen[what] == 0 {
			t.Errorf("no %s edit was met: the generator misses what it is for", what)
		}
	}
}

func marshal(t interface{ Fatal(args ...any) }, v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// holds checks the laws of Compare and Patch on two JSON contents, either of which may be absent.
func holds(t interface{ Fatalf(string, ...any) }, a, b []byte, edits []definition.Edit) {
	want := canonical(b)
	got, err := definition.Patch(a, edits)
	if err != nil || string(got) != want {
		t.Fatalf("Patch(a, Compare(a, b)): got %s and %v, want %s; a is %s and the edits %s", got, err, want, a, show(edits))
	}
	backwards := slices.Clone(edits)
	slices.Reverse(backwards)
	if got, err := definition.Patch(a, backwards); err != nil || string(got) != want {
		t.Fatalf("Patch with the edits in another order: got %s and %v, want %s; a is %s", got, err, want, a)
	}
	back, err := definition.Patch(b, definition.Compare(b, a))
	if err != nil || string(back) != canonical(a) {
		t.Fatalf("there and back: got %s and %v, want %s", back, err, canonical(a))
	}
	if same := canonical(a) == want; (len(edits) == 0) != same {
		t.Fatalf("got %d edits, want none exactly when the contents are equal, which is %v: %s and %s", len(edits), same, a, b)
	}
	paths := map[string]bool{}
	for _, e := range edits {
		if paths[e.Path] {
			t.Fatalf("got two edits at one path: %s", show(edits))
		}
		paths[e.Path] = true
	}
	for range 2 {
		if again := definition.Compare(a, b); show(again) != show(edits) {
			t.Fatalf("got other edits the second time: %s, want %s", show(again), show(edits))
		}
	}
	if got := definition.Compare(a, a); got != nil {
		t.Fatalf("Compare(a, a): got %s, want nil; a is %s", show(got), a)
	}
}

func canonical(raw []byte) string {
	if len(raw) == 0 {
		return ""
	}
	c, err := definition.Canonical(raw)
	if err != nil {
		return fmt.Sprintf("not JSON: %v", err)
	}
	return string(c)
}

func show(edits []definition.Edit) string {
	raw, err := json.MarshalIndent(edits, "", " ")
	if err != nil {
		return fmt.Sprintf("edits that are not JSON: %v", err)
	}
	return string(raw)
}

func FuzzCompare(f *testing.F) {
	for _, seed := range [][2]string{
		{``, `{}`},
		{`{"a":1}`, ``},
		{`{"a":{"b":[1,2,{"c":null}]}}`, `{"a":{"b":[2,1,{"c":0}]}}`},
		{`[{"id":1,"x":1},{"id":2}]`, `[{"id":2},{"id":3},{"id":1,"x":2}]`},
		{`["GET","POST"]`, `["PUT","GET"]`},
		{`[1,1]`, `[1,2]`},
		{`{"a.b":1,"":{"[":2}}`, `{"a.b":2,"":{"[":3}}`},
		{`{"t":"a\nb"}`, `{"t":"a\nc"}`},
		{`{"a":1,"a":2}`, `nope`},
	} {
		f.Add([]byte(seed[0]), []byte(seed[1]))
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		edits := definition.Compare(a, b)
		for _, raw := range [][]byte{a, b} {
			if len(raw) == 0 {
				continue
			}
			if _, err := definition.Canonical(raw); err != nil {
				return // what counts is that it came back
			}
		}
		holds(t, a, b, edits)
	})
}

func FuzzPatch(f *testing.F) {
	f.Add([]byte(`{"a":1}`), []byte(`[{"path":"a","op":"replace","before":1,"after":2}]`))
	f.Add([]byte(`[{"id":1},{"id":2}]`), []byte(`[{"path":"","op":"order","before":[1,2],"after":[2,1]},{"path":"[id=3]","op":"add","position":1,"after":{"id":3}}]`))
	f.Add([]byte(`["a"]`), []byte(`[{"path":"[=a]","op":"remove","before":"a"}]`))
	f.Add([]byte(`[1,1]`), []byte(`[{"path":"[1]","op":"replace","before":1,"after":[]}]`))
	f.Add([]byte(``), []byte(`[{"path":"","op":"add","after":{"x":[[]]}}]`))
	f.Add([]byte(`{"a b":{}}`), []byte(`[{"path":"[\"a b\"].c","op":"add","after":null}]`))
	f.Fuzz(func(t *testing.T, before, list []byte) {
		var edits []definition.Edit
		if json.Unmarshal(list, &edits) != nil {
			return
		}
		got, err := definition.Patch(before, edits)
		again, err2 := definition.Patch(before, edits)
		if string(got) != string(again) || (err == nil) != (err2 == nil) {
			t.Fatalf("got %s and %v, then %s and %v, want one answer", got, err, again, err2)
		}
		if err == nil {
			if string(got) != canonical(got) {
				t.Fatalf("got %s, want the canonical %s", got, canonical(got))
			}
			return
		}
		if !fault.Is(err, fault.Stale) && !fault.Is(err, fault.Invalid) {
			t.Fatalf("got %v, want kind %s or %s", err, fault.Stale, fault.Invalid)
		}
	})
}
