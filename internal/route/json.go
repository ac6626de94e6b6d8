package route

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/lockage/lockage/internal/fault"
)

// member is one name and value of a JSON object.
type member struct {
	name  string
	value jsontext.Value
}

// parse reads a body that must be one strict JSON object. What it refuses it names by place only.
func parse(body []byte) ([]member, error) {
	if !utf8.Valid(body) {
		return nil, fault.Refused("body", "is not valid UTF-8, see byte %d", validPrefix(body))
	}
	d := jsontext.NewDecoder(bytes.NewReader(body))
	v, err := d.ReadValue()
	if err != nil {
		return nil, syntaxFault(err)
	}
	v = v.Clone() // the decoder's buffer moves on
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, fault.Refused("body", "has something after the JSON object, see byte %d", d.InputOffset())
	}
	if v.Kind() != '{' {
		return nil, fault.Refused("body", "must be a JSON object")
	}
	return members(v), nil
}

// validPrefix is how many bytes of b come before the first that is not UTF-8.
func validPrefix(b []byte) int {
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(b)
}

func syntaxFault(err error) error {
	var syntax *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.EOF):
		return fault.Refused("body", "is empty; send a JSON object")
	case !errors.As(err, &syntax):
		return fault.Refused("body", "is not valid JSON")
	case errors.Is(err, jsontext.ErrDuplicateName):
		return fault.Refused(pointerPath(syntax.JSONPointer), "stands twice in the same object; send it once")
	}
	return fault.Refused("body", "is not valid JSON, see byte %d", syntax.ByteOffset)
}

func pointerPath(p jsontext.Pointer) string {
	path := ""
	for name := range p.Tokens() {
		path = join(path, name)
	}
	return path
}

// members splits an object that is known to be valid.
func members(object jsontext.Value) []member {
	d := jsontext.NewDecoder(bytes.NewReader(object))
	var list []member
	for _, err := d.ReadToken(); err == nil && d.PeekKind() == '"'; {
		var name jsontext.Token
		if name, err = d.ReadToken(); err != nil {
			break
		}
		m := member{name: name.String()}
		if m.value, err = d.ReadValue(); err != nil {
			break
		}
		m.value = m.value.Clone()
		list = append(list, m)
	}
	return list
}

// elements splits an array that is known to be valid.
func elements(array jsontext.Value) []jsontext.Value {
	d := jsontext.NewDecoder(bytes.NewReader(array))
	var list []jsontext.Value
	for _, err := d.ReadToken(); err == nil && d.PeekKind() != ']'; {
		var v jsontext.Value
		if v, err = d.ReadValue(); err == nil {
			list = append(list, v.Clone())
		}
	}
	return list
}

// text is the content of a JSON string.
func text(v jsontext.Value) (string, bool) {
	if v.Kind() != '"' {
		return "", false
	}
	b, err := jsontext.AppendUnquote(nil, v)
	return string(b), err == nil
}

// longestName is how long a name may be to be repeated: ours are shorter, credentials are longer.
const longestName = 32

// join extends a path by a member's name. A name that is long, or would not show as it is, stands as "?": it may be
// something that was pasted there by mistake.
func join(path, name string) string {
	fit := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
	}
	if name == "" || len(name) > longestName || strings.ContainsFunc(name, func(c rune) bool { return !fit(c) }) {
		name = "?"
	}
	return within(path, name)
}

// within is join for a name that was accepted: it is the content's own and shows as it is.
func within(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
