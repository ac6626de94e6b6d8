package api

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/lockage/lockage/internal/fault"
	"github.com/lockage/lockage/internal/web"
)

// format is how huma writes and would read JSON. It reads nothing for us: see decode.
func format() huma.Format {
	return huma.Format{
		Marshal:   web.EncodeJSON,
		Unmarshal: func(data []byte, v any) error { return json.Unmarshal(data, v, json.RejectUnknownMembers(true)) },
	}
}

// checkContentType refuses a body that does not claim to be JSON in UTF-8. No claim at all is taken for one.
func checkContentType(r *http.Request, body []byte) error {
	value := r.Header.Get("Content-Type")
	if value == "" || len(body) == 0 {
		return nil
	}
	kind, parameters, err := mime.ParseMediaType(value)
	charset := parameters["charset"]
	if err != nil || kind != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return fault.Refused("Content-Type", "must be application/json")
	}
	return nil
}

// decode reads the body strictly: one JSON object in UTF-8, each name once, only names of B, all required ones, null
// only where it has a meaning, and each value of its type. An absent body is an empty object. What it refuses it names by
// place; a message never repeats what was sent. All of B's rules beyond its form are for others to check.
func decode[B any](c *call) (B, error) {
	var b B
	body := c.body
	if len(body) == 0 {
		body = []byte("{}")
	}
	if at := invalidUTF8(body); at >= 0 {
		return b, fault.Refused("body", "is not valid UTF-8, see byte %d", at)
	}
	var members map[string]jsontext.Value
	if err := json.Unmarshal(body, &members); err != nil {
		return b, unreadable(err)
	}
	if members == nil {
		return b, fault.Refused("body", "must be a JSON object")
	}
	if err := checkMembers(members, c.shape, c.schemas); err != nil {
		return b, err
	}
	if err := json.Unmarshal(body, &b, json.RejectUnknownMembers(true)); err != nil {
		return b, unreadable(err)
	}
	return b, nil
}

func invalidUTF8(b []byte) int {
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// checkMembers refuses names that are unknown or missing and nulls that have no meaning, all at once.
func checkMembers(members map[string]jsontext.Value, shape *huma.Schema, schemas huma.Registry) error {
	var refused []fault.Field
	for name, value := range members {
		property, known := shape.Properties[name]
		switch {
		case !known:
			refused = append(refused, fault.Field{Field: fieldName(name), Message: "is not a field of this body"})
		case value.Kind() == 'n' && !property.Nullable:
			refused = append(refused, fault.Field{Field: name, Message: "must not be null"})
		default:
			refused = append(refused, nullsIn(name, value, property, schemas)...)
		}
	}
	for _, name := range shape.Required {
		if _, sent := members[name]; !sent {
			refused = append(refused, fault.Field{Field: name, Message: "is required"})
		}
	}
	return fault.RefusedFields(byName(refused))
}

// nullsIn finds nulls without a meaning in the objects of ours that stand in a body: they would be taken for absent. What
// else is wrong there the reader of JSON says.
func nullsIn(path string, value jsontext.Value, shape *huma.Schema, schemas huma.Registry) (refused []fault.Field) {
	if shape.Ref != "" {
		shape = schemas.SchemaFromRef(shape.Ref)
	}
	var members map[string]jsontext.Value
	if value.Kind() != '{' || shape == nil || len(shape.Properties) == 0 || json.Unmarshal(value, &members) != nil {
		return nil
	}
	for name, value := range members {
		property, known := shape.Properties[name]
		switch {
		case !known:
		case value.Kind() == 'n' && !property.Nullable && len(property.OneOf) == 0:
			refused = append(refused, fault.Field{Field: path + "." + name, Message: "must not be null"})
		default:
			refused = append(refused, nullsIn(path+"."+name, value, property, schemas)...)
		}
	}
	return refused
}

// byName sorts fields, so that equal requests have equal answers.
func byName(fields []fault.Field) []fault.Field {
	slices.SortFunc(fields, func(x, y fault.Field) int { return strings.Compare(x.Field, y.Field) })
	return fields
}

// unreadable turns an error of the JSON library, whose text repeats what was sent, into one of ours.
func unreadable(err error) error {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		if errors.Is(err, jsontext.ErrDuplicateName) {
			return fault.Refused(pointerPath(syntax.JSONPointer), "is given twice; send it once")
		}
		return fault.Refused("body", "is not valid JSON, see byte %d", syntax.ByteOffset)
	}
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		path := pointerPath(semantic.JSONPointer)
		if errors.Is(err, json.ErrUnknownName) {
			return fault.Refused(path, "is not a field of this body")
		}
		return fault.Refused(path, "%s", expected(semantic.GoType))
	}
	return fault.Refused("body", "cannot be read")
}

// expected says what a value of t looks like in JSON.
func expected(t reflect.Type) string {
	if t == nil {
		return "is not valid"
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "must be a string"
	case reflect.Bool:
		return "must be true or false"
	case reflect.Int, reflect.Int64:
		return "must be a whole number"
	case reflect.Slice:
		return "must be an array"
	}
	if isInstant(t) {
		return "must be an RFC 3339 time, for instance 2026-01-02T15:04:05Z"
	}
	return "must be a JSON object"
}

// pointerPath writes a JSON pointer as people write paths: definitions[0].key.
func pointerPath(p jsontext.Pointer) string {
	var path strings.Builder
	for token := range p.Tokens() {
		if i, err := strconv.ParseUint(token, 10, 32); err == nil {
			fmt.Fprintf(&path, "[%d]", i)
			continue
		}
		if path.Len() > 0 {
			path.WriteByte('.')
		}
		path.WriteString(fieldName(token))
	}
	if path.Len() == 0 {
		return "body"
	}
	return path.String()
}

// fieldName is a name that was sent, as far as it may be repeated: one that is not like a name of ours stands as "?",
// for it may be something that was pasted there by mistake.
func fieldName(name string) string {
	const longest = 32 // ours have 23 characters at most; credentials have more
	fit := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
	}
	if name == "" || len(name) > longest || strings.ContainsFunc(name, func(c rune) bool { return !fit(c) }) {
		return "?"
	}
	return name
}
