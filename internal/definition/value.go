package definition

import (
	"bytes"
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// deepest is how many levels of a content are looked into; what lies deeper is compared as a whole.
const deepest = 64

// value is a parsed piece of canonical JSON. Values are never modified: a changed one is a new one.
type value struct {
	raw     jsontext.Value // canonical
	members map[string]*value
	items   []*value
	opaque  bool // an object or list at the deepest level, known by its text only
}

func (v *value) kind() jsontext.Kind { return v.raw.Kind() }

func (v *value) isObject() bool { return v.kind() == '{' && !v.opaque }
func (v *value) isList() bool   { return v.kind() == '[' && !v.opaque }
func (v *value) isScalar() bool { return v.kind() != '{' && v.kind() != '[' }

func (v *value) names() []string { return slices.Sorted(maps.Keys(v.members)) }

// equal compares by meaning, which for canonical text is by bytes. Absent values are nil.
func (v *value) equal(w *value) bool {
	if v == nil || w == nil {
		return v == w
	}
	return bytes.Equal(v.raw, w.raw)
}

// parse reads one JSON value in any form.
func parse(raw []byte) (*value, error) {
	canonical, err := Canonical(raw)
	if err != nil {
		return nil, err
	}
	p := parser{text: canonical, d: jsontext.NewDecoder(bytes.NewReader(canonical))}
	return p.value(0)
}

// parser cuts canonical text, which has no white space, into values that share its bytes.
type parser struct {
	text []byte
	d    *jsontext.Decoder
}

func (p *parser) value(level int) (*value, error) {
	kind := p.d.PeekKind() // before the offset: it steps over nothing that is part of the value
	start := p.d.InputOffset()
	for p.text[start] == ',' || p.text[start] == ':' {
		start++
	}
	v := &value{}
	var err error
	switch {
	case kind == '{' && level < deepest:
		v.members = map[string]*value{}
		err = p.inside('}', func() error {
			name, err := p.d.ReadToken()
			if err != nil {
				return err
			}
			key := name.String()
			v.members[key], err = p.value(level + 1)
			return err
		})
	case kind == '[' && level < deepest:
		err = p.inside(']', func() error {
			item, err := p.value(level + 1)
			v.items = append(v.items, item)
			return err
		})
	default:
		v.opaque = kind == '{' || kind == '['
		err = p.d.SkipValue()
	}
	end := p.d.InputOffset()
	v.raw = p.text[start:end:end]
	return v, err
}

func (p *parser) inside(end jsontext.Kind, read func() error) error {
	if _, err := p.d.ReadToken(); err != nil {
		return err
	}
	for p.d.PeekKind() != end {
		if err := read(); err != nil {
			return err
		}
	}
	_, err := p.d.ReadToken()
	return err
}

// objectOf puts members together to one value.
func objectOf(members map[string]*value) *value {
	v := &value{members: members}
	v.raw = append(v.raw, '{')
	for i, name := range v.names() {
		if i > 0 {
			v.raw = append(v.raw, ',')
		}
		v.raw = append(append(appendString(v.raw, name), ':'), members[name].raw...)
	}
	v.raw = append(v.raw, '}')
	return v
}

// listOf puts items together to one value.
func listOf(items []*value) *value {
	v := &value{items: items}
	v.raw = append(v.raw, '[')
	for i, item := range items {
		if i > 0 {
			v.raw = append(v.raw, ',')
		}
		v.raw = append(v.raw, item.raw...)
	}
	v.raw = append(v.raw, ']')
	return v
}

// appendString writes a string as canonical JSON has it; bytes that are not UTF-8 become the replacement character.
func appendString(dst []byte, s string) []byte {
	quoted, err := jsontext.AppendQuote(dst, s)
	if err != nil && quoted == nil {
		return append(dst, `""`...)
	}
	return quoted
}
