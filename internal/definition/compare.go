package definition

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aymanbagabas/go-udiff"
	"github.com/go-json-experiment/json/jsontext"
)

// EditOp is what an edit does.
type EditOp string

// The operations of an edit.
const (
	EditAdd     EditOp = "add"
	EditRemove  EditOp = "remove"
	EditReplace EditOp = "replace"
	EditOrder   EditOp = "order" // items that stayed in a list stand in another order: Before and After list their identities
)

// Edit is one difference of two contents. Before and After are canonical JSON, nil where there is nothing.
type Edit struct {
	Path     string          `json:"path"` // where, as described in path.go; "": the content itself
	Op       EditOp          `json:"op"`
	Position int             `json:"position,omitempty"` // of an item added to a list: its place afterwards, from 1
	Before   json.RawMessage `json:"before,omitempty"`
	After    json.RawMessage `json:"after,omitempty"`
	Text     string          `json:"text,omitempty"` // for people: a long string's difference by lines, in the unified form
}

// Compare lists what turns one content into another, both JSON, in the order of the content: members by name, list
// items as they stand; nil for contents of one meaning. An empty content is that of a definition that is not there: then
// there is one edit, with the path "". In a list whose items are objects, items are matched by the first of id, key,
// ref and name that all have and none shares; in one of different scalars, by themselves; otherwise lists of one length
// are compared place by place and others replaced. What lies deeper than 64 levels is compared as a whole. A text that
// is not JSON is taken for a JSON string.
func Compare(before, after []byte) []Edit {
	var c comparison
	c.values(nil, read(before), read(after))
	return c.edits
}

func read(content []byte) *value {
	if len(content) == 0 {
		return nil
	}
	v, err := parse(content)
	if err != nil {
		return &value{raw: appendString(nil, string(content))}
	}
	return v
}

// comparison collects edits on its walk through two values.
type comparison struct{ edits []Edit }

// values compares what stands at path; nil is nothing.
func (c *comparison) values(path []byte, a, b *value) {
	switch {
	case a.equal(b):
	case a == nil:
		c.edits = append(c.edits, Edit{Path: string(path), Op: EditAdd, After: json.RawMessage(b.raw)})
	case b == nil:
		c.edits = append(c.edits, Edit{Path: string(path), Op: EditRemove, Before: json.RawMessage(a.raw)})
	case a.isObject() && b.isObject():
		c.objects(path, a, b)
	case a.isList() && b.isList():
		c.lists(path, a, b)
	default:
		c.replace(path, a, b)
	}
}

func (c *comparison) replace(path []byte, a, b *value) {
	c.edits = append(c.edits, Edit{
		Path: string(path), Op: EditReplace, Before: json.RawMessage(a.raw), After: json.RawMessage(b.raw), Text: textOf(a, b),
	})
}

func (c *comparison) objects(path []byte, a, b *value) {
	names := maps.Clone(a.members)
	maps.Copy(names, b.members)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if a.members[name].equal(b.members[name]) {
			continue
		}
		c.values(step{name: name}.append(slices.Clip(path)), a.members[name], b.members[name])
	}
}

// longLine is the length from which a string is hard to compare by eye, in characters.
const longLine = 120

// textOf shows how one string became another, if one of them is long or has several lines.
func textOf(a, b *value) string {
	before, ok := stringOf(a)
	after, ok2 := stringOf(b)
	long := func(s string) bool { return strings.Contains(s, "\n") || utf8.RuneCountInString(s) > longLine }
	if !ok || !ok2 || !long(before) && !long(after) {
		return ""
	}
	// Without an end of line in either, that there is none is no news.
	if !strings.HasSuffix(before, "\n") && !strings.HasSuffix(after, "\n") {
		before, after = before+"\n", after+"\n"
	}
	text, err := udiff.ToUnified("before", "after", before, udiff.Lines(before, after), udiff.DefaultContextLines)
	if err != nil {
		return "" // the values themselves are there
	}
	return text
}

func stringOf(v *value) (string, bool) {
	if v.kind() != '"' {
		return "", false
	}
	s, err := jsontext.AppendUnquote(nil, v.raw)
	return string(s), err == nil
}
