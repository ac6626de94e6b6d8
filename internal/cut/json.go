package cut

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// place is an object or a list that a text is inside of, and where in it.
type place struct {
	list  bool
	name  string // of the member, in an object
	index int    // of the element, in a list
}

// json cuts fields out of a text with JSON in it: one value, a line for each, or the data of events. It reads tokens and
// no grammar, so that a text that breaks off, or is not quite JSON, is cut as well. Once it is not JSON any more, paths
// lead nowhere certain: where there are any, the rest is left out.
func (f *Fields) json(b []byte) (out []byte, n int) {
	s := &scanner{f: f, b: b}
	s.run()
	return s.out, s.n
}

type scanner struct {
	f      *Fields
	b      []byte
	at     int
	places []place
	out    []byte
	copied int
	n      int
}

func (s *scanner) run() {
	for s.at < len(s.b) {
		switch c := s.b[s.at]; c {
		case '"':
			s.text()
		case '{', '[':
			if s.element() {
				continue
			}
			s.places = append(s.places, place{list: c == '['})
			s.at++
		case '}', ']':
			if last := len(s.places) - 1; last >= 0 && s.places[last].list == (c == ']') {
				s.places = s.places[:last]
			} else if s.broken() {
				return
			}
			s.at++
		case ',':
			if last := len(s.places) - 1; last >= 0 && s.places[last].list {
				s.places[last].index++
			}
			s.at++
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			if s.element() {
				continue
			}
			s.word()
		}
	}
	s.out = append(s.out, s.b[s.copied:]...)
}

// broken says that the rest is left out, because it cannot be told where the paths lead.
func (s *scanner) broken() bool {
	if len(s.f.paths) == 0 {
		return false
	}
	s.out = append(append(s.out, s.b[s.copied:s.at]...), Mark...)
	s.n++
	return true
}

// element cuts the value that begins here, when it is one of a list that a path leads to.
func (s *scanner) element() bool {
	if len(s.f.paths) == 0 || len(s.places) == 0 || !s.places[len(s.places)-1].list || !s.f.leads(s.places) {
		return false
	}
	s.replace(s.at)
	return true
}

// text reads a string: the name of a member, or a value.
func (s *scanner) text() {
	end, whole := stringEnd(s.b, s.at)
	colon := skipSpace(s.b, end)
	if !whole || colon >= len(s.b) || s.b[colon] != ':' {
		if !s.element() {
			s.at = end
		}
		return
	}
	name := unquote(s.b[s.at:end])
	inside := len(s.places) - 1
	if inside >= 0 && !s.places[inside].list {
		s.places[inside].name = name
	}
	s.at = skipSpace(s.b, colon+1)
	if s.f.Has(name) || inside >= 0 && len(s.f.paths) > 0 && s.f.leads(s.places) {
		s.replace(s.at)
	}
}

// replace puts the mark in place of the value that begins at a place; null stays.
func (s *scanner) replace(from int) {
	end := s.valueEnd(from)
	s.at = end
	if bytes.Equal(s.b[from:end], []byte("null")) {
		return
	}
	s.out = append(append(s.out, s.b[s.copied:from]...), '"')
	s.out = append(append(s.out, Mark...), '"')
	s.copied = end
	s.n++
}

// valueEnd is where the value that begins at a place ends; the end of the text, when it does not.
func (s *scanner) valueEnd(at int) int {
	if at >= len(s.b) {
		return at
	}
	switch s.b[at] {
	case '"', '\'':
		end, _ := stringEnd(s.b, at)
		return end
	case '{', '[':
	default: // a number, a literal, or no JSON: then to the end of the member or of the line
		for at < len(s.b) && bytes.IndexByte([]byte(",}]\r\n"), s.b[at]) < 0 {
			at++
		}
		return len(bytes.TrimRight(s.b[:at], " \t"))
	}
	depth := 0
	for at < len(s.b) {
		switch s.b[at] {
		case '"':
			at, _ = stringEnd(s.b, at)
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		at++
		if depth == 0 {
			break
		}
	}
	return at
}

// word reads a number or a literal, or the name of a member that stands without quotation marks, as in JavaScript.
func (s *scanner) word() {
	from := s.at
	for s.at < len(s.b) && bytes.IndexByte([]byte(",:}]{[\" \t\r\n"), s.b[s.at]) < 0 {
		s.at++
	}
	if s.at >= len(s.b) || s.b[s.at] != ':' {
		return
	}
	name := string(bytes.Trim(s.b[from:s.at], "'"))
	s.at = skipSpace(s.b, s.at+1)
	if s.f.Has(name) {
		s.replace(s.at)
	}
}

// stringEnd is where the string that begins at a place ends, and whether it does.
func stringEnd(b []byte, at int) (end int, whole bool) {
	quote := b[at]
	for at++; at < len(b); at++ {
		switch b[at] {
		case '\\':
			at++
		case quote:
			return at + 1, true
		}
	}
	return len(b), false
}

func skipSpace(b []byte, at int) int {
	for at < len(b) && (b[at] == ' ' || b[at] == '\t' || b[at] == '\r' || b[at] == '\n') {
		at++
	}
	return at
}

// unquote is the name that a quoted one stands for; one that is not quite JSON stands for itself.
func unquote(quoted []byte) string {
	if name, err := jsontext.AppendUnquote(nil, quoted); err == nil {
		return string(name)
	}
	return string(quoted[1 : len(quoted)-1])
}
