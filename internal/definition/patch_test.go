package definition_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockage/lockage/internal/definition"
	"github.com/lockage/lockage/internal/fault"
)

const (
	opAdd     = definition.EditAdd
	opRemove  = definition.EditRemove
	opReplace = definition.EditReplace
	opOrder   = definition.EditOrder
)

func TestPatchIsStale(t *testing.T) {
	tests := map[string]struct {
		before string
		edits  []definition.Edit
	}{
		"there already":                {`{}`, []definition.Edit{edit(opAdd, "", "", `{}`)}},
		"there no more":                {``, []definition.Edit{edit(opRemove, "", `{}`, "")}},
		"another content":              {`{"a":1}`, []definition.Edit{edit(opReplace, "", `{}`, `[]`)}},
		"nothing to go into":           {``, []definition.Edit{edit(opReplace, "a", `1`, `2`)}},
		"member there already":         {`{"a":1}`, []definition.Edit{edit(opAdd, "a", "", `2`)}},
		"member there no more":         {`{}`, []definition.Edit{edit(opRemove, "a", `1`, "")}},
		"member changed":               {`{"a":2}`, []definition.Edit{edit(opReplace, "a", `1`, `2`)}},
		"member's member gone":         {`{}`, []definition.Edit{edit(opReplace, "a.b", `1`, `2`)}},
		"no object any more":           {`[1]`, []definition.Edit{edit(opReplace, "a", `1`, `2`)}},
		"no list any more":             {`{"a":1}`, []definition.Edit{edit(opReplace, "a[0]", `1`, `2`)}},
		"no list to order":             {`{"a":1}`, []definition.Edit{edit(opOrder, "a", `[1,2]`, `[2,1]`)}},
		"no scalar any more":           {`{"a":{}}`, []definition.Edit{edit(opReplace, "a", `1`, `2`)}},
		"list too short":               {`[1]`, []definition.Edit{edit(opReplace, "[1]", `1`, `2`)}},
		"place changed":                {`[1]`, []definition.Edit{edit(opReplace, "[0]", `2`, `1`)}},
		"item there already":           {`[{"id":1}]`, []definition.Edit{added("[id=1]", 1, `{"id":1,"a":1}`)}},
		"item there no more":           {`[]`, []definition.Edit{edit(opRemove, "[id=1]", `{"id":1}`, "")}},
		"item changed":                 {`[{"id":1,"a":1}]`, []definition.Edit{edit(opRemove, "[id=1]", `{"id":1}`, "")}},
		"item's member gone":           {`[]`, []definition.Edit{edit(opReplace, "[id=1].a", `1`, `2`)}},
		"items not identified":         {`[{"id":1},{"id":1}]`, []definition.Edit{edit(opRemove, "[id=1]", `{"id":1}`, "")}},
		"items cannot be ordered":      {`[1,1]`, []definition.Edit{edit(opOrder, "", `[1,2]`, `[2,1]`)}},
		"items in another order":       {`[2,1]`, []definition.Edit{edit(opOrder, "", `[1,2]`, `[2,1]`)}},
		"more items to order":          {`[1,2,3]`, []definition.Edit{edit(opOrder, "", `[1,2]`, `[2,1]`)}},
		"set's item there already":     {`["GET"]`, []definition.Edit{added("[=GET]", 2, `"GET"`)}},
		"set's item gone":              {`["PUT"]`, []definition.Edit{edit(opRemove, "[=GET]", `"GET"`, "")}},
		"no set any more":              {`["PUT","PUT"]`, []definition.Edit{added("[=GET]", 1, `"GET"`)}},
		"place beyond the end":         {`["PUT"]`, []definition.Edit{added("[=GET]", 3, `"GET"`)}},
		"the second edit of two":       {`{"a":1,"b":2}`, []definition.Edit{edit(opReplace, "a", `1`, `2`), edit(opReplace, "b", `1`, `2`)}},
		"below the level of the depth": {strings.Repeat(`[`, 66) + strings.Repeat(`]`, 66), []definition.Edit{added(strings.Repeat(`[0]`, 65)+"[=1]", 1, `1`)}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := definition.Patch([]byte(tt.before), tt.edits); !fault.Is(err, fault.Stale) || got != nil {
				t.Errorf("Patch: got %s and %v, want nothing and kind %s", got, err, fault.Stale)
			}
		})
	}
}

func TestPatchRefuses(t *testing.T) {
	const content = `{"a":{"zebra":1},"l":[{"id":1},{"id":2}],"s":[1,2],"p":[1,1]}`
	tests := map[string][]definition.Edit{
		"unknown operation":      {edit("zebra", "a.zebra", `1`, `2`)},
		"add with before":        {edit(opAdd, "b", `1`, `2`)},
		"add without after":      {edit(opAdd, "b", "", "")},
		"remove with after":      {edit(opRemove, "a.zebra", `1`, `2`)},
		"remove without before":  {edit(opRemove, "a.zebra", "", "")},
		"replace without before": {edit(opReplace, "a.zebra", "", `1`)},
		"replace without after":  {edit(opReplace, "a.zebra", `1`, "")},
		"order without before":   {edit(opOrder, "s", "", `[2,1]`)},
		"before not JSON":        {edit(opRemove, "a.zebra", `zebra`, "")},
		"after not JSON":         {edit(opAdd, "b", "", `{"zebra":1,"zebra":2}`)},
		"order of other items":   {edit(opOrder, "s", `[1,2]`, `[2,3]`)},
		"order of fewer items":   {edit(opOrder, "s", `[1,2]`, `[2]`)},
		"order of items twice":   {edit(opOrder, "s", `[1,1]`, `[1,1]`)},
		"order of one order":     {edit(opOrder, "s", `[1,2]`, `[1,2]`)},
		"order of no list":       {edit(opOrder, "s", `{}`, `{}`)},
		"order of objects":       {edit(opOrder, "l", `[{},[]]`, `[[],{}]`)},
		"path twice":             {edit(opReplace, "a.zebra", `1`, `2`), edit(opReplace, "a.zebra", `1`, `3`)},
		"order twice":            {edit(opOrder, "s", `[1,2]`, `[2,1]`), edit(opOrder, "s", `[1,2]`, `[2,1]`)},
		"above another":          {edit(opReplace, "a.zebra", `1`, `2`), edit(opRemove, "a", `{"zebra":1}`, "")},
		"below another":          {edit(opRemove, "a", `{"zebra":1}`, ""), edit(opReplace, "a.zebra", `1`, `2`)},
		"order and remove":       {edit(opOrder, "s", `[1,2]`, `[2,1]`), edit(opRemove, "s", `[1,2]`, "")},
		"remove and order":       {edit(opRemove, "s", `[1,2]`, ""), edit(opOrder, "s", `[1,2]`, `[2,1]`)},
		"order and place":        {edit(opOrder, "s", `[1,2]`, `[2,1]`), edit(opReplace, "s[0]", `1`, `3`)},
		"place and order":        {edit(opReplace, "s[0]", `1`, `3`), edit(opOrder, "s", `[1,2]`, `[2,1]`)},
		"member and order":       {edit(opReplace, "a.zebra", `1`, `3`), edit(opOrder, "a", `[1,2]`, `[2,1]`)},
		"member and item":        {edit(opReplace, "l.a", `1`, `3`), edit(opRemove, "l[id=1]", `{"id":1}`, "")},
		"items by two members":   {edit(opRemove, "l[key=1]", `{"key":1}`, ""), edit(opRemove, "l[id=1]", `{"id":1}`, "")},
		"place and item":         {edit(opReplace, "s[0]", `1`, `3`), edit(opRemove, "s[=2]", `2`, "")},
		"add by place":           {edit(opAdd, "p[2]", "", `1`)},
		"remove by place":        {edit(opRemove, "p[1]", `1`, "")},
		"add another item":       {added("l[id=3]", 1, `{"id":4}`)},
		"add what is no item":    {added("l[id=3]", 1, `3`)},
		"add an object to a set": {added("s[=3]", 1, `{}`)},
		"remove another item":    {edit(opRemove, "s[=2]", `1`, "")},
		"replace by another":     {edit(opReplace, "l[id=1]", `{"id":1}`, `{"id":3}`)},
		"add without position":   {added("s[=3]", 0, `3`)},
		"add before the first":   {added("s[=3]", -1, `3`)},
		"two in one position":    {added("s[=3]", 1, `3`), added("s[=4]", 1, `4`)},
	}
	for name, edits := range tests {
		t.Run(name, func(t *testing.T) {
			refusesEdits(t, content, edits)
		})
	}
}

func refusesEdits(t *testing.T, content string, edits []definition.Edit) {
	t.Helper()
	got, err := definition.Patch([]byte(content), edits)
	if !fault.Is(err, fault.Invalid) || got != nil {
		t.Fatalf("Patch: got %s and %v, want nothing and kind %s", got, err, fault.Invalid)
	}
	if !strings.HasPrefix(err.Error(), "edits[") || strings.Contains(err.Error(), "zebra") {
		t.Errorf("Patch: got the message %q, want one that names the edit's place and not what it holds", err)
	}
}

func TestPatchRefusesPaths(t *testing.T) {
	for _, path := range []string{
		".", ".a", "a.", "a..b", "a b", "ü", "a[", "a]", "a[]", "a[-1]", "a[01]", "a[+1]", "a[x]", "a[1", "a[1]b", `a["b"]`, `a["b`, `a["b"`,
		`a["\u00e4"]`, `a["\ud800"]`, "a[ref]", "a[ref=", "a[ref=]", "a[zebra=1]", "a[ref=1.0]", "a[ref=a b]", "a[ref= 1]", `a[ref="b"]`,
		"a[ref={}]", "a[=[]]", `a[ref="b"`, "a[99999999999999999999]", "a[ref=\xff]", "a[=1]x",
	} {
		t.Run(path, func(t *testing.T) {
			refusesEdits(t, `{"a":1}`, []definition.Edit{edit(opReplace, path, `1`, `2`)})
		})
	}
}

func TestPatchRefusesContent(t *testing.T) {
	if got, err := definition.Patch([]byte(`{"zebra"`), nil); !fault.Is(err, fault.Invalid) || got != nil {
		t.Errorf("Patch: got %s and %v, want nothing and kind %s", got, err, fault.Invalid)
	}
}

// Edits go through APIs, which write JSON in their own way, and may arrive in any order.
func TestPatchTakesEditsFromJSON(t *testing.T) {
	a := []byte(`{"s":["a","<&>","c"],"steps":[{"ref":"a<b","n":1},{"ref":"c","n":null}],"t":"<\u2028"}`)
	b := []byte(`{"s":["c","x","<&>"],"steps":[{"ref":"c","n":1.50},{"ref":"a<b","n":2},{"ref":"d"}],"u":"é\n"}`)
	raw, err := json.MarshalIndent(definition.Compare(a, b), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	var edits []definition.Edit
	if err := json.Unmarshal(raw, &edits); err != nil {
		t.Fatal(err)
	}
	want, err := definition.Canonical(b)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		got, err := definition.Patch(a, edits)
		if err != nil {
			t.Fatalf("Patch: got %v, want no error", err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("Patch (-want +got):\n%s", diff)
		}
		slices.Reverse(edits)
	}
}
