package definition

import (
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// The path of an edit leads from the content to a value in it, one step after the other:
//
//	inject_headers.Authorization      a member by its name, after a point unless it comes first
//	inject_headers["a.b"]             a name other than letters, digits, "_" and "-", as a JSON string
//	steps[ref=welcome].name           an item by the member that identifies it in its list
//	methods[=POST]                    an item that is its own identity
//	pairs[3]                          an item by its place, from 0
//
// The value after "=" is JSON, or, where it could not be mistaken for that, the letters of a string.

// step is one step of a path.
type step struct {
	kind stepKind
	name string // stepMember: of the member; stepItem: of the identifying member, "" for an item that is its own
	text string // stepItem: the identity as canonical JSON; stepIndex: the place
}

type stepKind int

const (
	stepMember stepKind = iota
	stepItem
	stepIndex
)

// plain says whether a text can stand in a path as it is.
func plain(s string) bool {
	other := func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-'
	}
	return s != "" && !strings.ContainsFunc(s, other)
}

func (s step) append(path []byte) []byte {
	switch s.kind {
	case stepIndex:
		return append(append(append(path, '['), s.text...), ']')
	case stepItem:
		path = append(append(append(path, '['), s.name...), '=')
		text := []byte(s.text)
		if word, ok := wordOf(s.text); ok {
			text = []byte(word)
		}
		return append(append(path, text...), ']')
	}
	if !plain(s.name) {
		return append(appendString(append(path, '['), s.name), ']')
	}
	if len(path) > 0 {
		path = append(path, '.')
	}
	return append(path, s.name...)
}

// wordOf is the content of a JSON string if it can stand for it: if it is plain and not itself JSON.
func wordOf(text string) (string, bool) {
	if !strings.HasPrefix(text, `"`) {
		return "", false
	}
	word := text[1 : len(text)-1]
	return word, plain(word) && !jsontext.Value(word).IsValid()
}

// parsePath reads a path as append writes it, and nothing else.
func parsePath(path string) (steps []step, ok bool) {
	for rest := path; rest != ""; {
		var s step
		if s, rest, ok = nextStep(rest, len(steps) == 0); !ok {
			return nil, false
		}
		steps = append(steps, s)
	}
	var again []byte
	for _, s := range steps {
		again = s.append(again)
	}
	return steps, string(again) == path
}

func nextStep(path string, first bool) (s step, rest string, ok bool) {
	if inside, bracket := strings.CutPrefix(path, "["); bracket {
		return bracketStep(inside)
	}
	if !first {
		if path, ok = strings.CutPrefix(path, "."); !ok {
			return step{}, "", false
		}
	}
	end := strings.IndexAny(path, ".[")
	if end < 0 {
		end = len(path)
	}
	return step{name: path[:end]}, path[end:], plain(path[:end])
}

func bracketStep(path string) (s step, rest string, ok bool) {
	if strings.HasPrefix(path, `"`) {
		s.name, rest, ok = cutString(path)
		return s, rest, ok
	}
	end := strings.IndexAny(path, "=]")
	if end < 0 {
		return step{}, "", false
	}
	if path[end] == ']' {
		place, err := strconv.Atoi(path[:end])
		return step{kind: stepIndex, text: strconv.Itoa(place)}, path[end+1:], err == nil && place >= 0
	}
	s = step{kind: stepItem, name: path[:end]}
	if s.name != "" && !slices.Contains(identities, s.name) {
		return step{}, "", false
	}
	path = path[end+1:]
	if strings.HasPrefix(path, `"`) {
		word, rest, ok := cutString(path)
		s.text = string(appendString(nil, word))
		return s, rest, ok
	}
	s.text, rest, ok = strings.Cut(path, "]")
	scalar, err := parse([]byte(s.text))
	if err != nil {
		s.text = string(appendString(nil, s.text))
		return s, rest, ok
	}
	return s, rest, ok && scalar.isScalar() && string(scalar.raw) == s.text
}

// cutString cuts a JSON string and the closing bracket off a path.
func cutString(path string) (s, rest string, ok bool) {
	d := jsontext.NewDecoder(strings.NewReader(path))
	token, err := d.ReadToken()
	if err != nil {
		return "", "", false
	}
	s = token.String()
	rest, ok = strings.CutPrefix(path[d.InputOffset():], "]")
	return s, rest, ok
}
