package intake

import (
	"regexp"
	"strings"
)

// nameForm is what stands before the = of a line.
var nameForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// ParseEnv reads a .env file, names in the order of the file:
//
//	# a comment
//	export NAME=value            # a comment stands behind white space; what is left is trimmed
//	NAME='as it is, # and $, of several lines'
//	NAME="with \n, \r, \t, \", \\ and \$, of several lines"
//
// Nothing is filled in and nothing is run. A name that is there twice is refused, for no one knows which was meant.
func ParseEnv(text string) ([]Entry, error) {
	r := envReader{rest: strings.ReplaceAll(strings.TrimPrefix(text, "\uFEFF"), "\r\n", "\n"), line: 1}
	var list []Entry
	seen := map[string]int{}
	for r.rest != "" {
		at := r.line
		name, is, err := r.name()
		if err != nil {
			return nil, err
		}
		if !is {
			continue
		}
		value, err := r.value()
		if err != nil {
			return nil, err
		}
		if first, twice := seen[name]; twice {
			return nil, refused(at, "%s is there already, in line %d; leave one of them out", name, first)
		}
		seen[name] = at
		list = append(list, Entry{Name: name, Line: at, Value: NewValue(value)})
	}
	return list, nil
}

type envReader struct {
	rest string
	line int
}

// take cuts what comes before an index off, and a line break there.
func (r *envReader) take(n int) string {
	s := r.rest[:n]
	r.line += strings.Count(s, "\n")
	r.rest = r.rest[n:]
	return s
}

// endLine is the rest of the line, which is left behind.
func (r *envReader) endLine() string {
	n := strings.IndexByte(r.rest, '\n')
	if n < 0 {
		return r.take(len(r.rest))
	}
	return strings.TrimSuffix(r.take(n+1), "\n")
}

// name reads up to the = of a line; false for a line that says nothing.
func (r *envReader) name() (string, bool, error) {
	end := strings.IndexByte(r.rest, '\n')
	if end < 0 {
		end = len(r.rest)
	}
	line := r.rest[:end]
	if trimmed := strings.TrimSpace(line); trimmed == "" || trimmed[0] == '#' {
		r.endLine()
		return "", false, nil
	}
	before, _, found := strings.Cut(line, "=")
	name := strings.TrimSpace(before)
	if word, rest, two := strings.Cut(strings.ReplaceAll(name, "\t", " "), " "); two && word == "export" {
		name = strings.TrimSpace(rest)
	}
	if !found || !nameForm.MatchString(name) {
		return "", false, refused(r.line, "is not NAME=value; a value of several lines stands in quotes")
	}
	r.take(len(before) + len("="))
	return name, true, nil
}

// value reads what stands behind the =, up to the next line.
func (r *envReader) value() (string, error) {
	space := r.take(len(r.rest) - len(strings.TrimLeft(r.rest, " \t")))
	if space != "" && strings.HasPrefix(r.rest, "#") {
		r.endLine()
		return "", nil
	}
	if r.rest == "" || !strings.ContainsRune("'\"`", rune(r.rest[0])) {
		return bare(r.endLine()), nil
	}
	opened := r.line
	quote := r.take(1)[0]
	n := closing(r.rest, quote)
	if n < 0 {
		return "", refused(opened, "the quote that opens here is not closed")
	}
	value := r.take(n)
	r.take(1)
	behind := strings.TrimSpace(r.endLine())
	if behind != "" && behind[0] != '#' {
		return "", refused(opened, "something stands behind the closing quote; a quote in a value is written \\\" between double quotes")
	}
	if quote == '"' {
		value = escapes.Replace(value)
	}
	return value, nil
}

var escapes = strings.NewReplacer(`\n`, "\n", `\r`, "\r", `\t`, "\t", `\"`, `"`, `\\`, `\`, `\$`, `$`)

// closing is where the quote closes; only in double quotes a backslash keeps one from it.
func closing(s string, quote byte) int {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quote == '"':
			i++
		case s[i] == quote:
			return i
		}
	}
	return -1
}

// bare is a value without quotes, without a comment behind it.
func bare(s string) string {
	for i := 1; i < len(s); i++ {
		if s[i] == '#' && (s[i-1] == ' ' || s[i-1] == '\t') {
			s = s[:i]
			break
		}
	}
	return strings.TrimSpace(s)
}
