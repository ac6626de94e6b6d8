package definition_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/definition"
)

// plan has every field set, and lists of two.
func plan() definition.Plan {
	step := definition.Step{
		From: definition.PlanEnvironment{ID: "1", Name: "staging", Root: "r1", Head: 4},
		To:   definition.PlanEnvironment{ID: "2", Name: "production", Root: "r2", Head: 7},
		Changes: []definition.PlannedChange{
			{
				Change:     definition.Change{Ref: ref("stripe"), Before: "b", After: "a"},
				Edits:      []definition.Edit{{Path: "timeout", Op: definition.EditReplace, Position: 1, Before: []byte(`"<1s>"`), After: []byte(`2`), Text: "t"}},
				References: []definition.Reference{{Kind: definition.ReferenceSecret, Name: "key", Type: "string", Field: "f", State: definition.ReferenceSet, Version: 3}},
			},
			{Change: definition.Change{Ref: ref("mail"), Before: "c", After: "d"}},
		},
		Blockers: []definition.Blocker{
			{Kind: definition.BlockerHold, Environment: "production", Definition: "d", Reference: "r", Message: "m"},
			{Kind: definition.BlockerSecretUnset, Environment: "production", Message: "n"},
		},
		Warnings: []definition.Warning{
			{Kind: definition.WarningSameValue, Environment: "production", Definition: "d", Reference: "r", Message: "m"},
			{Kind: definition.WarningSandboxValue, Environment: "production", Message: "n"},
		},
		Policy: definition.Policy{Protected: true, Approvals: 2},
	}
	return definition.Plan{Kind: definition.PlanPromotion, Steps: []definition.Step{step, {Policy: definition.Policy{Approvals: 1}}}}
}

// A plan's hash is kept with proposals and their approvals: a change of this constant would void them all.
func TestSealStaysTheSame(t *testing.T) {
	const want = "0d178810999afa27d0cac1080bf3816e27c4e23b82481ee88d4a2d2fbb5b32a6"
	if got := plan().Seal().Hash; got != want {
		t.Errorf("Seal: got %s, want %s", got, want)
	}
}

func TestSealIsOfEverything(t *testing.T) {
	p := plan()
	hash := p.Seal().Hash
	seen := map[string]string{hash: "the plan itself"}
	note := func(path string, changed definition.Plan) {
		t.Helper()
		got := changed.Seal().Hash
		if other, ok := seen[got]; ok {
			t.Errorf("a change of %s: got the hash of %s, want another", path, other)
		}
		seen[got] = "a change of " + path
	}
	leaves := 0
	// Each field in turn is changed in place, sealed, and put back.
	var vary func(path string, v reflect.Value)
	vary = func(path string, v reflect.Value) {
		before := reflect.New(v.Type()).Elem()
		before.Set(v)
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				vary(path+"."+v.Type().Field(i).Name, v.Field(i))
			}
			return
		case reflect.Slice:
			if v.Type().Elem().Kind() == reflect.Uint8 {
				v.SetBytes([]byte(`"changed"`))
				break
			}
			for i := range v.Len() {
				vary(path, v.Index(i))
			}
			if v.Len() == 0 {
				v.Set(reflect.MakeSlice(v.Type(), 0, 0))
				if got := p.Seal().Hash; got != hash {
					t.Errorf("an empty %s instead of none: got another hash, want the same", path)
				}
				v.Set(reflect.MakeSlice(v.Type(), 1, 1))
				break
			}
			v.Set(before.Slice(0, v.Len()-1))
			note("the length of "+path, p)
			if before.Len() < 2 {
				v.Set(before)
				return
			}
			v.Set(reflect.MakeSlice(v.Type(), 0, 2))
			v.Set(reflect.Append(v, before.Index(1), before.Index(0)))
			note("the order of "+path, p)
			v.Set(before)
			return
		case reflect.String:
			v.SetString(v.String() + "!")
		case reflect.Int, reflect.Int64:
			v.SetInt(v.Int() + 1)
		case reflect.Bool:
			v.SetBool(!v.Bool())
		default:
			t.Fatalf("%s is a %s: say here how to change it", path, v.Kind())
		}
		if path != ".Hash" {
			leaves++
			note(fmt.Sprintf("%s (%d)", path, leaves), p)
		} else if got := p.Seal().Hash; got != hash {
			t.Errorf("with a hash before: got %s, want %s", got, hash)
		}
		v.Set(before)
	}
	vary("", reflect.ValueOf(&p).Elem())
	if got := p.Seal().Hash; got != hash {
		t.Fatalf("sealed again: got %s, want %s", got, hash)
	}
	if leaves < 40 {
		t.Errorf("got %d fields, want all of them", leaves)
	}
}

func TestSealedPlanAsJSON(t *testing.T) {
	sealed := plan().Seal()
	raw, err := json.Marshal(sealed)
	if err != nil {
		t.Fatal(err)
	}
	var got definition.Plan
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if got.Seal().Hash != sealed.Hash {
		t.Error("a plan that was stored and read again has another hash")
	}
	again, err := json.Marshal(got.Seal())
	if err != nil || string(again) != string(raw) {
		t.Errorf("stored and read again: got %s and %v, want %s", again, err, raw)
	}
	if strings.Contains(string(raw), "null") {
		t.Errorf("a list is null: %s", raw)
	}
	var change struct {
		Steps []struct{ Changes []map[string]json.RawMessage }
	}
	if err := json.Unmarshal(raw, &change); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for name := range change.Steps[0].Changes[0] {
		names[name] = true
	}
	want := map[string]bool{"kind": true, "key": true, "before": true, "after": true, "edits": true, "references": true}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("members of a change (-want +got):\n%s", diff)
	}
}

func TestSealLeavesItsPlanAlone(t *testing.T) {
	p := plan()
	sealed := p.Seal()
	if diff := cmp.Diff(plan(), p); diff != "" {
		t.Errorf("the plan was modified (-want +got):\n%s", diff)
	}
	sealed.Steps[0].Changes[0].Edits[0].Path = "mine"
	sealed.Steps[0].Blockers[0].Message = "mine"
	if diff := cmp.Diff(plan(), p); diff != "" {
		t.Errorf("the sealed plan shares a list (-want +got):\n%s", diff)
	}
}

func TestUnmarshalPlannedChangeRefuses(t *testing.T) {
	var c definition.PlannedChange
	if err := json.Unmarshal([]byte(`{"kind":5}`), &c); err == nil {
		t.Error("got no error, want one for a kind that is a number")
	}
}

func TestSealPanicsOnABrokenEdit(t *testing.T) {
	for name, raw := range map[string]string{"no JSON": `{`, "a name twice": `{"a":1,"a":2}`} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("got no panic, want one: the hash would not be of what is shown")
				}
			}()
			p := plan()
			p.Steps[0].Changes[0].Edits[0].After = json.RawMessage(raw)
			p.Seal()
		})
	}
}

func TestBlockersAndEmpty(t *testing.T) {
	p := plan()
	if diff := cmp.Diff(p.Steps[0].Blockers, p.Blockers()); diff != "" {
		t.Errorf("Blockers (-want +got):\n%s", diff)
	}
	p.Steps = append(p.Steps, definition.Step{Blockers: []definition.Blocker{{Kind: definition.BlockerSecretMissing}}})
	if got := len(p.Blockers()); got != 3 {
		t.Errorf("Blockers of two steps: got %d, want 3", got)
	}
	if p.Empty() {
		t.Error("Empty: got true, want false for a plan with changes")
	}
	for _, empty := range []definition.Plan{{}, {Steps: make([]definition.Step, 2)}} {
		if !empty.Empty() || empty.Blockers() != nil {
			t.Errorf("a plan of %d steps without changes: got empty %v and blockers %v, want true and none", len(empty.Steps), empty.Empty(), empty.Blockers())
		}
	}
}
