package definition

import (
	"bytes"
	"errors"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/lockage/lockage/internal/fault"
)

// Canonical returns a JSON text in the form of RFC 8785: members sorted, no white space, one way to write each string
// and number. Equal meaning gives equal bytes, and canonical bytes come back as they are. It refuses what is not one
// strict JSON value: a name twice in an object, broken UTF-8, trailing data, nesting beyond 10,000 levels, a number
// beyond the range of a double.
func Canonical(raw []byte) ([]byte, error) {
	v := jsontext.Value(bytes.Clone(raw))
	if err := v.Canonicalize(); err != nil {
		return nil, refuse(err)
	}
	if err := checkRange(raw); err != nil {
		return nil, err
	}
	return v, nil
}

// checkRange refuses numbers that Canonicalize would quietly replace by the largest double.
func checkRange(raw []byte) error {
	d := jsontext.NewDecoder(bytes.NewReader(raw))
	for {
		token, err := d.ReadToken()
		if err != nil {
			return nil // the end: the text was found valid before
		}
		if token.Kind() != '0' {
			continue
		}
		if _, err := token.Float(); err != nil {
			return fault.New(fault.Invalid, "the JSON has a number beyond the range of a double at byte %d", d.InputOffset())
		}
	}
}

// refuse keeps the place of a syntax error and leaves out what stands there.
func refuse(err error) error {
	var syntax *jsontext.SyntacticError
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return fault.New(fault.Invalid, "the JSON has an object with a name twice; keep one of them")
	case errors.As(err, &syntax):
		return fault.New(fault.Invalid, "the text is not one valid JSON value; see byte %d", syntax.ByteOffset)
	}
	return fault.New(fault.Invalid, "the text is not one valid JSON value")
}
