package cli

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// write gives the text of a file that says what a definition says. What is equal already stays as it was written, with
// its comments, its order and its quoting; nil: all of it is.
func (f *definitionFile) write(live content) ([]byte, error) {
	mine := tidy(f.key, f.content)
	if same(mine, live) {
		return nil, nil
	}
	for i := 0; i+1 < len(f.fields.Content); {
		name := f.fields.Content[i].Value
		_, here := mine[name]
		v, there := live[name]
		switch {
		case here && !there:
			f.fields.Content = slices.Delete(f.fields.Content, i, i+2)
			continue
		case here && !same(mine[name], v), !here && there:
			merge(f.fields.Content[i+1], v, fieldOrder(name))
		}
		i += 2
	}
	for _, name := range inOrder(live, routeFields()) {
		if member(f.fields, name) == nil {
			insert(f.fields, name, live[name], routeFields())
		}
	}
	text, err := dump(f.document)
	if err != nil {
		return nil, err
	}
	if !tells(text, f.key, live) {
		return nil, errors.New(f.path + " cannot be changed where it stands: remove it and pull again")
	}
	return text, nil
}

// tells reads a text that was made here again: a file must say what it is meant to.
func tells(text []byte, key string, live content) bool {
	f := definitionFile{key: key}
	var refused contentError
	f.parse(text, &refused)
	return len(refused.fields) == 0 && same(tidy(key, f.content), live)
}

// newFile is the text of a definition that has no file yet.
func newFile(key string, live content) ([]byte, error) {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, name := range inOrder(live, routeFields()) {
		insert(n, name, live[name], routeFields())
	}
	text, err := dump(n)
	if err == nil && !tells(text, key, live) {
		err = errors.New("its content cannot be said in YAML")
	}
	return text, err
}

func dump(n *yaml.Node) ([]byte, error) {
	indent, compact := layout(n)
	return yaml.Dump(n, yaml.WithV4Defaults(), yaml.WithIndent(indent), yaml.WithCompactSeqIndent(compact),
		yaml.WithLineWidth(-1))
}

// layout is how a file is indented, taken from the first thing in it that is.
func layout(n *yaml.Node) (indent int, compact bool) {
	indent, compact = 2, true
	var found [2]bool
	var walk func(*yaml.Node)
	walk = func(n *yaml.Node) {
		for i, child := range n.Content {
			if n.Kind == yaml.MappingNode && i%2 == 1 && len(child.Content) > 0 && child.Style&yaml.FlowStyle == 0 {
				deeper := child.Content[0].Column - n.Content[i-1].Column
				switch {
				case child.Kind == yaml.MappingNode && !found[0] && deeper >= 2 && deeper <= 9:
					indent, found[0] = deeper, true
				case child.Kind == yaml.SequenceNode && !found[1] && child.Column > 0:
					compact, found[1] = child.Column == n.Content[i-1].Column, true
				}
			}
			walk(child)
		}
	}
	walk(n)
	return indent, compact
}

// fieldOrder is the order of the names inside a field.
func fieldOrder(name string) []string {
	if name == "rate_limit" {
		return rateFields()
	}
	return overlayFields()
}

// merge makes a node say v, and leaves as it is whatever in it says so already.
func merge(n *yaml.Node, v any, order []string) {
	if fields, isMap := v.(content); isMap && n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); {
			name := n.Content[i].Value
			value, has := fields[name]
			if !has {
				n.Content = slices.Delete(n.Content, i, i+2)
				continue
			}
			if !says(n.Content[i+1], value) {
				merge(n.Content[i+1], value, fieldOrder(name))
			}
			i += 2
		}
		for _, name := range inOrder(fields, order) {
			if member(n, name) == nil {
				insert(n, name, fields[name], order)
			}
		}
		return
	}
	fresh := node(v, order)
	if n.Kind == yaml.SequenceNode && fresh.Kind == yaml.SequenceNode {
		fresh.Style = n.Style
		list, _ := v.([]any)
		old := slices.Clone(n.Content)
		for i := range list {
			if at := slices.IndexFunc(old, func(o *yaml.Node) bool { return says(o, list[i]) }); at >= 0 {
				fresh.Content[i] = old[at] // with its comments
				old = slices.Delete(old, at, at+1)
			}
		}
	}
	if n.Kind == yaml.ScalarNode && fresh.Kind == yaml.ScalarNode && fresh.Tag == "!!str" && fresh.Style == 0 {
		fresh.Style = n.Style & (yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle)
	}
	fresh.HeadComment, fresh.LineComment, fresh.FootComment = n.HeadComment, n.LineComment, n.FootComment
	fresh.Line, fresh.Column = n.Line, n.Column
	*n = *fresh
}

// says tells whether a node means a value already.
func says(n *yaml.Node, v any) bool {
	value, err := plain(n)
	if err != nil {
		return false
	}
	raw, err := json.Marshal(value)
	return err == nil && same(decoded(raw), v)
}

// insert adds a name to a mapping, behind the last of those that come before it in the order.
func insert(n *yaml.Node, name string, v any, order []string) {
	at := len(n.Content)
	if rank := slices.Index(order, name); rank >= 0 {
		at = 0
		for i := 0; i+1 < len(n.Content); i += 2 {
			if other := slices.Index(order, n.Content[i].Value); other < rank {
				at = i + 2
			}
		}
	}
	key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name}
	n.Content = slices.Insert(n.Content, at, key, node(v, fieldOrder(name)))
}

// node is a value as YAML that says the same.
func node(v any, order []string) *yaml.Node {
	switch x := v.(type) {
	case content:
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		for _, name := range inOrder(x, order) {
			insert(n, name, x[name], nil)
		}
		return n
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		for _, item := range x {
			n.Content = append(n.Content, node(item, nil))
		}
		return n
	case json.Number:
		tag := "!!int"
		if strings.ContainsAny(string(x), ".eE") {
			tag = "!!float"
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: string(x)}
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: map[bool]string{true: "true", false: "false"}[x]}
	case string:
		n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: x}
		if strings.Contains(x, "\n") {
			n.Style = yaml.LiteralStyle
		}
		return n
	default:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
	}
}
