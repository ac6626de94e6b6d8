package definition_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/fault"
)

func ref(key string) definition.Ref { return definition.Ref{Kind: definition.KindRoute, Key: key} }

// The hashes are stored and shown: a change of these constants would orphan every tree.
func TestHashesStayTheSame(t *testing.T) {
	content := definition.HashOf("route", []byte(`{"a":1}`))
	tests := []struct {
		what      string
		got, want definition.Hash
	}{
		{"content", content, "1fb87a19a29782784e3e978fc8a369d3269c1e0b88396c47a2ccaa3ca7ada7e3"},
		{"the empty tree", definition.Tree{}.Root(), "00ec58af4c82e5e912f0daf0365a7dc5701a50043451a3beea90bc823f3a985e"},
		{"no tree", definition.Tree(nil).Root(), "00ec58af4c82e5e912f0daf0365a7dc5701a50043451a3beea90bc823f3a985e"},
		{"a tree", definition.Tree{ref("stripe"): content}.Root(), "91b070f3d6a512ba38406a987227ed8c0af3ddf71090186abf4e6020b49e8f26"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.what, tt.got, tt.want)
		}
	}
}

// Moving a byte over the border of two fields must change the hash.
func TestHashOfKeepsBorders(t *testing.T) {
	seen := map[definition.Hash]string{}
	for _, pair := range [][2]string{{"route", "x"}, {"rout", "ex"}, {"", "routex"}, {"routex", ""}} {
		h := definition.HashOf(pair[0], []byte(pair[1]))
		if other, ok := seen[h]; ok {
			t.Errorf("got one hash for %q and %q, want two", pair, other)
		}
		seen[h] = pair[0] + "|" + pair[1]
	}
}

func TestDiffIsSorted(t *testing.T) {
	from := definition.Tree{ref("b"): "1", ref("c"): "1", ref("same"): "1"}
	to := definition.Tree{ref("a"): "2", ref("c"): "2", ref("same"): "1", {Kind: "layout", Key: "z"}: "2"}
	want := []definition.Change{
		{Ref: definition.Ref{Kind: "layout", Key: "z"}, After: "2"},
		{Ref: ref("a"), After: "2"},
		{Ref: ref("b"), Before: "1"},
		{Ref: ref("c"), Before: "1", After: "2"},
	}
	if diff := cmp.Diff(want, definition.Diff(from, to)); diff != "" {
		t.Errorf("Diff (-want +got):\n%s", diff)
	}
	if got := definition.Diff(from, maps.Clone(from)); got != nil {
		t.Errorf("Diff of equal trees: got %v, want nil", got)
	}
}

func TestApplyRefusesWhatChangedMeanwhile(t *testing.T) {
	tree := definition.Tree{ref("a"): "1"}
	tests := map[string][]definition.Change{
		"changed":       {{Ref: ref("a"), Before: "2", After: "3"}},
		"added twice":   {{Ref: ref("a"), After: "3"}},
		"removed twice": {{Ref: ref("a"), Before: "1"}, {Ref: ref("a"), Before: "1"}},
		"not there":     {{Ref: ref("b"), Before: "1", After: "2"}},
		"the last one":  {{Ref: ref("b"), After: "2"}, {Ref: ref("a"), Before: "0"}},
	}
	for name, changes := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := tree.Apply(changes)
			if !fault.Is(err, fault.Stale) || got != nil {
				t.Errorf("Apply: got %v and %v, want no tree and kind %s", got, err, fault.Stale)
			}
			if diff := cmp.Diff(definition.Tree{ref("a"): "1"}, tree); diff != "" {
				t.Errorf("the tree was modified (-want +got):\n%s", diff)
			}
		})
	}
}

var trees = rapid.Custom(func(t *rapid.T) definition.Tree {
	hash := rapid.SampledFrom([]definition.Hash{"h1", "h2", "h3"})
	refs := rapid.Custom(func(t *rapid.T) definition.Ref {
		kind := rapid.SampledFrom([]string{"route", "layout"}).Draw(t, "kind")
		return definition.Ref{Kind: kind, Key: rapid.SampledFrom([]string{"a", "b", "ab", "c"}).Draw(t, "key")}
	})
	return rapid.MapOfN(refs, hash, 0, 8).Draw(t, "tree")
})

func TestTreeLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := trees.Draw(t, "a"), trees.Draw(t, "b")
		before := maps.Clone(a)
		changes := definition.Diff(a, b)
		got, err := a.Apply(changes)
		if err != nil {
			t.Fatalf("Apply: got %v, want no error", err)
		}
		if diff := cmp.Diff(b, got); diff != "" {
			t.Errorf("a with the difference to b is not b (-want +got):\n%s", diff)
		}
		if !maps.Equal(a, before) {
			t.Errorf("Apply modified its tree: got %v, want %v", a, before)
		}
		if equal := maps.Equal(a, b); (a.Root() == b.Root()) != equal || (changes == nil) != equal {
			t.Errorf("got equal roots: %v, no changes: %v, want both %v", a.Root() == b.Root(), changes == nil, equal)
		}
	})
}

func TestCheckMessage(t *testing.T) {
	for _, message := range []string{"", "Stripe für alle", "subject\n\n\tbody", strings.Repeat("ü", 2000)} {
		if err := definition.CheckMessage(message); err != nil {
			t.Errorf("CheckMessage(%.20q): got %v, want no error", message, err)
		}
	}
	for _, message := range []string{strings.Repeat("m", 2001), "broken\xff", "bell\a", "nul\x00", "return\r\n", "\u0085"} {
		err := definition.CheckMessage(message)
		if !fault.Is(err, fault.Invalid) || !strings.HasPrefix(err.Error(), "message: ") {
			t.Errorf("CheckMessage(%.20q): got %v, want kind %s and the field message", message, err, fault.Invalid)
		}
		if err != nil && strings.Contains(err.Error(), message) {
			t.Errorf("CheckMessage(%.20q) repeats what it refused", message)
		}
	}
}
