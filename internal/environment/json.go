package environment

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// unquote is the content of a JSON string.
func unquote(v jsontext.Value) (string, bool) {
	if v.Kind() != '"' {
		return "", false
	}
	b, err := jsontext.AppendUnquote(nil, v)
	return string(b), err == nil
}

// walk calls each at every member or item of a value that is known to be valid.
func walk(v jsontext.Value, end jsontext.Kind, each func(*jsontext.Decoder)) {
	d := jsontext.NewDecoder(bytes.NewReader(v))
	for _, err := d.ReadToken(); err == nil && d.PeekKind() != end; {
		each(d)
	}
}

// next is the decoder's next value, kept from being overwritten.
func next(d *jsontext.Decoder) jsontext.Value {
	v, err := d.ReadValue()
	if err != nil {
		return jsontext.Value("null") // not met: the whole text was found valid before
	}
	return v.Clone()
}
