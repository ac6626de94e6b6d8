package environment_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/lockage/lockage/internal/environment"
	"github.com/lockage/lockage/internal/fault"
)

func builtIn() environment.Pipeline {
	development, production := environment.BuiltIn()
	development.ID, production.ID = "dev-id", "prod-id"
	return environment.NewPipeline([]environment.Environment{production, development})
}

// replaced is what a store has after writing the moved environments, adding one and leaving one out ("": none).
func replaced(p environment.Pipeline, moved []environment.Environment, added *environment.Environment, without string) environment.Pipeline {
	byID := map[string]environment.Environment{}
	for _, e := range append(append([]environment.Environment(nil), p...), moved...) {
		byID[e.ID] = e
	}
	if added != nil {
		byID[added.ID] = *added
	}
	delete(byID, without)
	var list []environment.Environment
	for _, e := range byID {
		list = append(list, e)
	}
	return environment.NewPipeline(list)
}

func insert(p environment.Pipeline, name string) environment.Pipeline {
	placed, moved := p.Insert(environment.Environment{ID: name + "-id", Name: name})
	return replaced(p, moved, &placed, "")
}

func names(p environment.Pipeline) []string {
	var list []string
	for _, e := range p {
		list = append(list, fmt.Sprintf("%d %s", e.Level, e.Name))
	}
	return list
}

func TestInsert(t *testing.T) {
	p := insert(insert(builtIn(), "staging"), "qa")
	want := []string{"0 development", "1 staging", "2 qa", "3 production"}
	if diff := cmp.Diff(want, names(p)); diff != "" {
		t.Errorf("staging, then qa (-want +got):\n%s", diff)
	}

	placed, moved := environment.Pipeline(nil).Insert(environment.Environment{Name: "only", Level: 9})
	if placed.Level != 0 || moved != nil {
		t.Errorf("into an empty pipeline: got level %d and %d moved, want 0 and none", placed.Level, len(moved))
	}
}

func TestLookups(t *testing.T) {
	p := insert(builtIn(), "staging")
	found := func(e environment.Environment, ok bool) string { return fmt.Sprintf("%s %v", e.Name, ok) }
	idOf := func(name string) string { id, ok := p.IDOf(name); return fmt.Sprintf("%s %v", id, ok) }
	tests := []struct{ what, got, want string }{
		{"First", p.First().Name, "development"},
		{"Top", p.Top().Name, "production"},
		{"Find by id", found(p.Find("staging-id")), "staging true"},
		{"Find by name", found(p.Find("staging")), "staging true"},
		{"Find in another form", found(p.Find("Staging")), " false"},
		{"Find nothing", found(p.Find("")), " false"},
		{"Above the first", found(p.Above("dev-id")), "staging true"},
		{"Above the top", found(p.Above("prod-id")), " false"},
		{"Above unknown", found(p.Above("unknown")), " false"},
		{"Above a name", found(p.Above("development")), " false"},
		{"Below the top", found(p.Below("prod-id")), "staging true"},
		{"Below the first", found(p.Below("dev-id")), " false"},
		{"Below unknown", found(p.Below("unknown")), " false"},
		{"NameOf", p.NameOf("prod-id"), "production"},
		{"NameOf unknown", p.NameOf("unknown"), ""},
		{"IDOf", idOf("production"), "prod-id true"},
		{"IDOf unknown", idOf("prod-id"), " false"},
		{"First of none", environment.Pipeline(nil).First().Name, ""},
		{"Top of none", environment.Pipeline(nil).Top().Name, ""},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.what, tt.got, tt.want)
		}
	}
}

// An id is looked for before a name, so that no name can hide an environment.
func TestFindPrefersTheID(t *testing.T) {
	p := environment.NewPipeline([]environment.Environment{{ID: "a", Name: "b"}, {ID: "b", Name: "c", Level: 1}})
	if e, _ := p.Find("b"); e.Name != "c" {
		t.Errorf("Find: got the environment named %q, want the one with the id", e.Name)
	}
}

func TestNewPipelineKeepsItsOwn(t *testing.T) {
	list := []environment.Environment{{ID: "b", Level: 1}, {ID: "a"}}
	p := environment.NewPipeline(list)
	list[0].ID = "changed"
	if p[0].ID != "a" || p[1].ID != "b" {
		t.Errorf("got %s, %s, want a, b", p[0].ID, p[1].ID)
	}
}

func TestRemove(t *testing.T) {
	p := insert(insert(builtIn(), "staging"), "qa")
	moved, err := p.Remove("staging-id")
	if err != nil {
		t.Fatalf("Remove: got %v, want no error", err)
	}
	want := []string{"0 development", "1 qa", "2 production"}
	if diff := cmp.Diff(want, names(replaced(p, moved, nil, "staging-id"))); diff != "" {
		t.Errorf("after the removal (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"0 development", "1 staging", "2 qa", "3 production"}, names(p)); diff != "" {
		t.Errorf("the pipeline itself was modified (-want +got):\n%s", diff)
	}
}

func TestRemoveRefuses(t *testing.T) {
	p := insert(insert(builtIn(), "staging"), "qa")
	p[1].IsDefault, p[3].IsDefault = true, false
	tests := map[string]struct {
		id   string
		want fault.Kind
	}{
		"the default": {"staging-id", fault.Invalid},
		"the first":   {"dev-id", fault.Invalid},
		"the top":     {"prod-id", fault.Invalid},
		"unknown":     {"unknown", fault.NotFound},
		"a name":      {"qa", fault.NotFound},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			moved, err := p.Remove(tt.id)
			if got := fault.KindOf(err); got != tt.want || moved != nil {
				t.Errorf("Remove: got %q and %d moved, want %q and none", got, len(moved), tt.want)
			}
		})
	}
}

// Whatever is inserted and removed, changes begin in development, end in production, and no level is missing.
func TestPipelineLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := builtIn()
		for i, isInsert := range rapid.SliceOfN(rapid.Bool(), 0, 20).Draw(t, "inserts") {
			before := names(p)
			if isInsert {
				p = insert(p, fmt.Sprintf("e%d", i))
			} else {
				id := p[rapid.IntRange(0, len(p)-1).Draw(t, "victim")].ID
				moved, err := p.Remove(id)
				if inner := id != p.First().ID && id != p.Top().ID; (err == nil) != inner {
					t.Fatalf("Remove: got %v, want it refused only for the first and the top", err)
				}
				if err == nil {
					p = replaced(p, moved, nil, id)
				}
			}
			for level, e := range p {
				if e.Level != level {
					t.Fatalf("got the levels %v from %v, want them contiguous", names(p), before)
				}
			}
			if p.First().Name != "development" || p.Top().Name != "production" {
				t.Fatalf("got %v, want development first and production at the top", names(p))
			}
		}
	})
}
