package cut

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The limits of a list.
const (
	MaxFields = 100
	maxField  = 200 // characters
)

// Problem says what is wrong with a list of fields, "" when nothing is: each is a name, or a path in JSON such as
// $.customer.iban, $.items[*].code or $.keys[0].
func Problem(fields []string) string {
	if len(fields) > MaxFields {
		return fmt.Sprintf("has too many fields; name at most %d", MaxFields)
	}
	for i, text := range fields {
		if _, problem := parsePath(text); problem != "" {
			return fmt.Sprintf("%s, see number %d", problem, i+1)
		}
	}
	return ""
}

// path leads to values in JSON: $.a.b, $.a[*].b, $.a[0]. Names are compared as they are.
type path []step

// step is a member's name, an index, or any of either.
type step struct {
	name  string
	index int // -1: it is a name
	any   bool
}

// parsePath reads a path; nil without a problem is a plain name.
func parsePath(text string) (p path, problem string) {
	switch {
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return nil, "must be printable UTF-8"
	case utf8.RuneCountInString(text) > maxField:
		return nil, fmt.Sprintf("has a field of more than %d characters", maxField)
	case !strings.HasPrefix(text, "$"):
		if fold(text) == "" {
			return nil, "has a field without a name"
		}
		return nil, ""
	}
	const form = "has a path that is none; write it like $.customer.iban, $.items[*].code or $.keys[0]"
	for rest := text[1:]; rest != ""; {
		var s step
		switch rest[0] {
		case '.':
			end := strings.IndexAny(rest[1:], ".[")
			if end < 0 {
				end = len(rest) - 1
			}
			s, rest = step{name: rest[1 : 1+end], index: -1}, rest[1+end:]
			if s.name == "" {
				return nil, form
			}
			s.any = s.name == "*"
		case '[':
			inside, after, ok := strings.Cut(rest[1:], "]")
			if !ok {
				return nil, form
			}
			rest = after
			if s.any = inside == "*"; !s.any {
				n, err := strconv.Atoi(inside)
				if err != nil || n < 0 {
					return nil, form
				}
				s.index = n
			}
		default:
			return nil, form
		}
		p = append(p, s)
	}
	if len(p) == 0 {
		return nil, form
	}
	return p, ""
}

// leads says whether one of the paths leads to the innermost of the places.
func (f *Fields) leads(places []place) bool {
	for _, p := range f.paths {
		if len(p) != len(places) {
			continue
		}
		all := true
		for i, s := range p {
			at := &places[i]
			all = all && (s.any || at.list && s.index == at.index || !at.list && s.index < 0 && s.name == at.name)
		}
		if all {
			return true
		}
	}
	return false
}
