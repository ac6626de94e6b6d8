package route

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	maxBody  = 64 << 10 // bytes in canonical form
	maxDepth = 64
)

// body reads an object whose strings are templates and returns it in canonical form.
func (d *decoder) body(path string, v jsontext.Value) json.RawMessage {
	if v.Kind() != '{' {
		d.refuse(path, "must be a JSON object")
		return nil
	}
	// Each level is read once more, so what can only be too long is not walked.
	if len(v) > 8*maxBody {
		d.refuse(path, "is too long; use at most %d bytes", maxBody)
		return nil
	}
	if !d.checkBody(path, v, 1) {
		return nil
	}
	canonical := v.Clone()
	if err := canonical.Canonicalize(); err != nil {
		d.refuse(path, "is not valid JSON")
		return nil
	}
	if len(canonical) > maxBody {
		d.refuse(path, "is too long; use at most %d bytes", maxBody)
		return nil
	}
	return json.RawMessage(canonical)
}

func (d *decoder) checkBody(path string, v jsontext.Value, depth int) bool {
	if depth > maxDepth {
		d.refuse(path, "is nested too deep; use at most %d levels", maxDepth)
		return false
	}
	ok := true
	switch v.Kind() {
	case '{':
		for i, m := range members(v) {
			if strings.Contains(m.name, "{{") {
				d.refuse(path, "name %d must not contain a placeholder; only values can", i+1)
				ok = false
			}
			ok = d.checkBody(join(path, m.name), m.value, depth+1) && ok
		}
	case '[':
		for i, element := range elements(v) {
			ok = d.checkBody(index(path, i), element, depth+1) && ok
		}
	case '"':
		s, _ := text(v)
		_, good := d.template(path, s)
		return good
	case '0':
		if !exact(string(v)) {
			d.refuse(path, "has more digits than a JSON number keeps; send it as a string")
			return false
		}
	}
	return ok
}

// exact says whether a JSON number is kept by the double that the canonical form makes of it.
func exact(number string) bool {
	f, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return false
	}
	digits, exponent, ok := decimal(number)
	kept, keptExponent, _ := decimal(strconv.FormatFloat(f, 'e', -1, 64))
	return ok && digits == kept && exponent == keptExponent
}

// decimal takes a number apart into its significant digits and the power of ten of the last of them; zero is "", 0.
func decimal(number string) (digits string, exponent int, ok bool) {
	number = strings.TrimPrefix(number, "-")
	mantissa := number
	if at := strings.IndexAny(number, "eE"); at >= 0 {
		var err error
		if exponent, err = strconv.Atoi(number[at+1:]); err != nil {
			return "", 0, false
		}
		mantissa = number[:at]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits = strings.TrimLeft(whole+fraction, "0")
	exponent -= len(fraction)
	trimmed := strings.TrimRight(digits, "0")
	exponent += len(digits) - len(trimmed)
	if trimmed == "" {
		return "", 0, true
	}
	return trimmed, exponent, true
}

// mergeBody lays an object over another: objects merge, null removes a member, anything else replaces.
func mergeBody(base, over jsontext.Value) jsontext.Value {
	if over.Kind() != '{' {
		return over
	}
	set := map[string]json.RawMessage{}
	if base.Kind() == '{' {
		for _, m := range members(base) {
			set[m.name] = json.RawMessage(m.value)
		}
	}
	for _, m := range members(over) {
		if m.value.Kind() == 'n' {
			delete(set, m.name)
			continue
		}
		set[m.name] = json.RawMessage(mergeBody(jsontext.Value(set[m.name]), m.value))
	}
	merged, err := canonical(set)
	if err != nil {
		panic("route: valid JSON does not merge: " + err.Error())
	}
	return jsontext.Value(merged)
}

// eachText visits the strings of a body with their paths, in order.
func eachText(path string, v jsontext.Value, visit func(path, text string)) {
	switch v.Kind() {
	case '{':
		for _, m := range members(v) {
			eachText(within(path, m.name), m.value, visit)
		}
	case '[':
		for i, element := range elements(v) {
			eachText(index(path, i), element, visit)
		}
	case '"':
		if s, ok := text(v); ok {
			visit(path, s)
		}
	}
}
