package intake

import (
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// ParseJSON reads an object of strings, in which instead of a string may stand an object of strings by environment:
//
//	{"stripe_production_key": "…", "maps_key": {"development": "…", "production": "…"}}
func ParseJSON(text string) ([]Entry, error) {
	d := jsontext.NewDecoder(strings.NewReader(text))
	if d.PeekKind() != '{' {
		return nil, refused(0, "the file is no JSON object; it wants one from names to values")
	}
	var list []Entry
	_, err := d.ReadToken()
	for err == nil && d.PeekKind() == '"' {
		list, err = member(d, list)
	}
	if err == nil {
		_, err = d.ReadToken() // }
	}
	if err == nil {
		if _, err = d.ReadToken(); errors.Is(err, io.EOF) {
			return list, nil
		}
		return nil, refused(0, "the file has something behind the JSON object")
	}
	return nil, jsonError(err, d)
}

// member reads a name with its value or its values.
func member(d *jsontext.Decoder, list []Entry) ([]Entry, error) {
	name, err := str(d)
	if err != nil {
		return nil, err
	}
	switch d.PeekKind() {
	case '"':
		value, err := str(d)
		return append(list, Entry{Name: name, Value: NewValue(value)}), err
	case '{':
		if _, err := d.ReadToken(); err != nil {
			return nil, err
		}
		for d.PeekKind() == '"' {
			environment, err := str(d)
			if err != nil {
				return nil, err
			}
			if d.PeekKind() != '"' {
				return nil, notText(d, name+"."+environment)
			}
			value, err := str(d)
			if err != nil {
				return nil, err
			}
			list = append(list, Entry{Name: name, Environment: environment, Value: NewValue(value)})
		}
		_, err := d.ReadToken() // }
		return list, err
	default:
		return nil, notText(d, name)
	}
}

func notText(d *jsontext.Decoder, name string) error {
	if _, err := d.ReadToken(); err != nil { // the syntax is wrong, which is to be told instead
		return err
	}
	return refused(0, "%s must be a string, or an object from environments to strings; a number stands in quotes", shortened(name))
}

// shortened is a name that may be repeated; what is longer than one may be a value in the wrong place.
func shortened(name string) string {
	if _, ok := Normal(strings.ReplaceAll(name, ".", "_")); !ok || len(name) > 64 {
		return "a name"
	}
	return name
}

func str(d *jsontext.Decoder) (string, error) {
	t, err := d.ReadToken()
	if err != nil {
		return "", err
	}
	return t.String(), nil
}

func jsonError(err error, d *jsontext.Decoder) error {
	var ours *Error
	if errors.As(err, &ours) {
		return err
	}
	at := d.InputOffset()
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		at = syntax.ByteOffset
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return refused(0, "the file names something twice, at byte %d; leave one of them out", at)
	}
	return refused(0, "the file is not valid JSON, see byte %d", at)
}
