package definition_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/definition"
)

func edit(op definition.EditOp, path, before, after string) definition.Edit {
	e := definition.Edit{Path: path, Op: op}
	if before != "" {
		e.Before = json.RawMessage(before)
	}
	if after != "" {
		e.After = json.RawMessage(after)
	}
	return e
}

func added(path string, position int, after string) definition.Edit {
	e := edit(definition.EditAdd, path, "", after)
	e.Position = position
	return e
}

func TestCompare(t *testing.T) {
	const add, remove, replace, order = definition.EditAdd, definition.EditRemove, definition.EditReplace, definition.EditOrder
	tests := map[string]struct {
		before, after string
		want          []definition.Edit
	}{
		"absent twice":          {``, ``, nil},
		"added":                 {``, `{"b":1, "a":2}`, []definition.Edit{edit(add, "", "", `{"a":2,"b":1}`)}},
		"removed":               {`{"a":2}`, ``, []definition.Edit{edit(remove, "", `{"a":2}`, "")}},
		"same meaning":          {`{"a":1.0,"b":"\u0041"}`, ` {"b":"A","a":1}`, nil},
		"another kind of value": {`{"a":1}`, `[1]`, []definition.Edit{edit(replace, "", `{"a":1}`, `[1]`)}},
		"null is a value": {`{"a":null,"b":1}`, `{"b":null,"c":null}`, []definition.Edit{
			edit(remove, "a", `null`, ""), edit(replace, "b", `1`, `null`), edit(add, "c", "", `null`),
		}},
		"members": {
			`{"inject_headers":{"Authorization":"a","X-Env":"x"},"timeout":"30s"}`,
			`{"inject_headers":{"Authorization":"b","X-New":"n"},"public":true,"timeout":"30s"}`,
			[]definition.Edit{
				edit(replace, "inject_headers.Authorization", `"a"`, `"b"`),
				edit(remove, "inject_headers.X-Env", `"x"`, ""),
				edit(add, "inject_headers.X-New", "", `"n"`),
				edit(add, "public", "", `true`),
			},
		},
		"names that are not plain": {
			`{"q":{"a.b":1,"":2,"c\"]":3,"0":4,"ü":5}}`, `{"q":{"a.b":2,"":3,"c\"]":4,"0":5,"ü":6}}`,
			[]definition.Edit{
				edit(replace, `q[""]`, `2`, `3`), edit(replace, `q.0`, `4`, `5`), edit(replace, `q["a.b"]`, `1`, `2`),
				edit(replace, `q["c\"]"]`, `3`, `4`), edit(replace, `q["ü"]`, `5`, `6`),
			},
		},
		"a first name that is not plain": {`{"a b":{"c":1}}`, `{"a b":{"c":2}}`, []definition.Edit{edit(replace, `["a b"].c`, `1`, `2`)}},
		"items by ref": {
			`{"steps":[{"ref":"welcome","name":"a"},{"ref":"bye","name":"a"}]}`,
			`{"steps":[{"ref":"welcome","name":"b"},{"ref":"wait","name":"w"},{"ref":"bye","name":"a"}]}`,
			[]definition.Edit{
				edit(replace, "steps[ref=welcome].name", `"a"`, `"b"`),
				added("steps[ref=wait]", 2, `{"name":"w","ref":"wait"}`),
			},
		},
		"items in another order": {
			`[{"id":1,"v":1},{"id":2},{"id":3}]`, `[{"id":3},{"id":1,"v":2}]`,
			[]definition.Edit{
				edit(order, "", `[1,3]`, `[3,1]`), edit(replace, "[id=1].v", `1`, `2`), edit(remove, "[id=2]", `{"id":2}`, ""),
			},
		},
		"the surest identity that serves": {
			`[{"id":1,"key":"a","name":"x"},{"id":1,"key":"b","name":"y"}]`, `[{"id":2,"key":"b","name":"x"},{"id":1,"key":"a","name":"x"}]`,
			[]definition.Edit{
				edit(order, "", `["a","b"]`, `["b","a"]`), edit(replace, "[key=b].id", `1`, `2`), edit(replace, "[key=b].name", `"y"`, `"x"`),
			},
		},
		"identities that are not plain": {
			`[{"id":"a.b"},{"id":"5"},{"id":5},{"id":""},{"id":"true"},{"id":"01f-x"}]`, `[]`,
			[]definition.Edit{
				edit(remove, `[id="a.b"]`, `{"id":"a.b"}`, ""), edit(remove, `[id="5"]`, `{"id":"5"}`, ""),
				edit(remove, `[id=5]`, `{"id":5}`, ""), edit(remove, `[id=""]`, `{"id":""}`, ""),
				edit(remove, `[id="true"]`, `{"id":"true"}`, ""), edit(remove, `[id=01f-x]`, `{"id":"01f-x"}`, ""),
			},
		},
		"an identity that is no string or number": {
			`[{"id":null},{"id":true}]`, `[{"id":null},{"id":false}]`, []definition.Edit{edit(replace, "[1].id", `true`, `false`)},
		},
		"a set": {
			`{"methods":["GET","POST"]}`, `{"methods":["DELETE","POST","PUT"]}`,
			[]definition.Edit{
				edit(remove, "methods[=GET]", `"GET"`, ""), added("methods[=DELETE]", 1, `"DELETE"`), added("methods[=PUT]", 3, `"PUT"`),
			},
		},
		"a set in another order": {`[1,"1",null]`, `[null,"1",1]`, []definition.Edit{edit(order, "", `[1,"1",null]`, `[null,"1",1]`)}},
		"a set from nothing":     {`[]`, `[1.5,true]`, []definition.Edit{added("[=1.5]", 1, `1.5`), added("[=true]", 2, `true`)}},
		"places":                 {`[1,1,{"a":1}]`, `[1,2,{"a":2}]`, []definition.Edit{edit(replace, "[1]", `1`, `2`), edit(replace, "[2].a", `1`, `2`)}},
		"a list as a whole":      {`{"l":[1,1]}`, `{"l":[1,1,1]}`, []definition.Edit{edit(replace, "l", `[1,1]`, `[1,1,1]`)}},
		"items alike":            {`[{"id":1},{"id":1}]`, `[{"id":1}]`, []definition.Edit{edit(replace, "", `[{"id":1},{"id":1}]`, `[{"id":1}]`)}},
		"not JSON":               {`zebra`, `{}`, []definition.Edit{edit(replace, "", `"zebra"`, `{}`)}},
		"not UTF-8":              {"\"\xff\"", `{}`, []definition.Edit{edit(replace, "", "\"\\\"\ufffd\\\"\"", `{}`)}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, definition.Compare([]byte(tt.before), []byte(tt.after))); diff != "" {
				t.Errorf("Compare (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCompareStopsInTheDepth(t *testing.T) {
	nested := func(levels int, inside string) string {
		return strings.Repeat(`{"a":`, levels) + inside + strings.Repeat(`}`, levels)
	}
	path := func(levels int) string { return strings.TrimSuffix(strings.Repeat("a.", levels), ".") }
	tests := []struct {
		levels        int
		path          string
		before, after string
	}{
		{64, path(64), `1`, `2`},
		{65, path(64), `{"a":1}`, `{"a":2}`},
		{9_999, path(64), nested(9_935, `1`), nested(9_935, `2`)},
	}
	for _, tt := range tests {
		a, b := []byte(nested(tt.levels, `1`)), []byte(nested(tt.levels, `2`))
		got := definition.Compare(a, b)
		want := []definition.Edit{edit(definition.EditReplace, tt.path, tt.before, tt.after)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d levels: Compare (-want +got):\n%.500s", tt.levels, diff)
		}
		if patched, err := definition.Patch(a, got); err != nil || string(patched) != string(b) {
			t.Errorf("%d levels: Patch: got %.80q and %v, want the content after", tt.levels, patched, err)
		}
	}
}

func TestTextOfLongStrings(t *testing.T) {
	long := strings.Repeat("long ", 30)
	tests := map[string]struct{ before, after, want string }{
		"short":               {"a", "b", ""},
		"not a string":        {"a\nb", "", ""},
		"lines":               {"a\nb\nc", "a\nB\nc", "--- before\n+++ after\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"},
		"lines with an end":   {"a\n", "a\nb\n", "--- before\n+++ after\n@@ -1 +1,2 @@\n a\n+b\n"},
		"lines lose the end":  {"a\nb\n", "a\nb", "--- before\n+++ after\n@@ -1,2 +1,2 @@\n a\n-b\n+b\n\\ No newline at end of file\n"},
		"long":                {long, "short", "--- before\n+++ after\n@@ -1 +1 @@\n-" + long + "\n+short\n"},
		"counts by character": {strings.Repeat("ü", 120), "b", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			content := func(text string) []byte {
				raw, err := json.Marshal(map[string]any{"a": text})
				if err != nil {
					t.Fatal(err)
				}
				return raw
			}
			after := content(tt.after)
			if name == "not a string" {
				after = []byte(`{"a":5}`)
			}
			edits := definition.Compare(content(tt.before), after)
			if len(edits) != 1 {
				t.Fatalf("Compare: got %d edits, want 1", len(edits))
			}
			if diff := cmp.Diff(tt.want, edits[0].Text); diff != "" {
				t.Errorf("Text (-want +got):\n%s", diff)
			}
		})
	}
}
