package mask

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lockage/lockage/internal/fault"
)

// Rules are what an account says about its own documents: the class of fields that their names do not tell, and fields
// that are shown though their names or patterns speak for masking. Both hold for everything inside them, and the longer
// path decides.
//
// A path begins with $ and goes on with names: $.customer.ref, $['a b'].ref, $.*.ref. Arrays are passed through, with or
// without [*]. $..ref is the field ref anywhere. Paths go into JSON, into forms and queries (customer[ref]=…), and into
// XML by the names of elements and attributes.
type Rules struct {
	Fields []Field  `json:"fields"`
	Keep   []string `json:"keep"`
}

// Field gives a field its class.
type Field struct {
	Path  string `json:"path"`
	Class Class  `json:"class"`
}

// Limits of an account's rules.
const (
	MaxPaths = 100 // of each list
	MaxPath  = 200 // characters of a path
	maxSteps = 16
)

// Check refuses rules that cannot be followed; the fields of its failure begin with the prefix.
func (r Rules) Check(prefix string) error {
	var refused []fault.Field
	refuse := func(field, format string, args ...any) {
		refused = append(refused, fault.Field{Field: prefix + field, Message: fmt.Sprintf(format, args...)})
	}
	if len(r.Fields) > MaxPaths {
		refuse("fields", "has too many entries; use at most %d", MaxPaths)
	}
	if len(r.Keep) > MaxPaths {
		refuse("keep", "has too many entries; use at most %d", MaxPaths)
	}
	if len(refused) > 0 {
		return fault.RefusedFields(refused)
	}
	seen := map[string]bool{}
	check := func(field, path string) {
		steps, problem := parse(path)
		id := strings.Join(steps, "\x00")
		switch {
		case problem != "":
			refuse(field, "%s", problem)
		case seen[id]:
			refuse(field, "is in the lists already; name each path once")
		default:
			seen[id] = true
		}
	}
	for i, f := range r.Fields {
		check(fmt.Sprintf("fields[%d].path", i), f.Path)
		if classOf[f.Class] == none {
			refuse(fmt.Sprintf("fields[%d].class", i), "must be one of %s", classNames())
		}
	}
	for i, path := range r.Keep {
		check(fmt.Sprintf("keep[%d]", i), path)
	}
	return fault.RefusedFields(refused)
}

func classNames() string {
	var names []string
	for _, c := range Classes() {
		names = append(names, string(c))
	}
	return strings.Join(names, ", ")
}

const (
	anyName  = "*"
	anywhere = ".." // the first step of $..name
)

// parse reads a path as its steps.
func parse(path string) (steps []string, problem string) {
	switch {
	case !utf8.ValidString(path) || strings.ContainsFunc(path, unicode.IsControl):
		return nil, "must be text without control characters"
	case utf8.RuneCountInString(path) > MaxPath:
		return nil, fmt.Sprintf("is too long; use at most %d characters", MaxPath)
	}
	rest, ok := strings.CutPrefix(path, "$")
	if !ok {
		return nil, "must begin with $, like $.customer.ref"
	}
	if name, ok := strings.CutPrefix(rest, ".."); ok {
		if name == "" || strings.ContainsAny(name, ".[]*'\"") {
			return nil, "must have one name after $.., like $..ref"
		}
		return []string{anywhere, name}, ""
	}
	for rest != "" {
		var step string
		switch {
		case strings.HasPrefix(rest, "[*]"):
			rest = rest[3:]
			continue // arrays are passed through
		case strings.HasPrefix(rest, "['") || strings.HasPrefix(rest, `["`):
			end := strings.Index(rest[2:], rest[1:2]+"]")
			if end < 0 {
				return nil, "has a bracket that is not closed; write ['name']"
			}
			step, rest = rest[2:2+end], rest[2+end+2:]
		case strings.HasPrefix(rest, "."):
			rest = rest[1:]
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			step, rest = rest[:end], rest[end:]
			if strings.ContainsAny(step, "]'\"") {
				return nil, "has a name that must stand in brackets; write ['name']"
			}
		default:
			return nil, "must be made of .name, ['name'], .* and [*]; places in arrays cannot be named"
		}
		if step == "" {
			return nil, "has an empty name"
		}
		if steps = append(steps, step); len(steps) > maxSteps {
			return nil, fmt.Sprintf("is too deep; use at most %d names", maxSteps)
		}
	}
	if len(steps) == 0 {
		return nil, "must name a field, like $.customer.ref"
	}
	return steps, ""
}

// compiled are the rules as a tree of steps.
type compiled struct {
	root     *node
	anywhere map[string]listed
}

// listed is what the account says of a field.
type listed struct {
	is   class
	keep bool
}

func (l listed) set() bool { return l.keep || l.is != none }

type node struct {
	names map[string]*node
	any   *node
	says  listed
}

func (r Rules) compile() compiled {
	c := compiled{root: &node{}, anywhere: map[string]listed{}}
	add := func(path string, says listed) {
		steps, problem := parse(path)
		if problem != "" {
			return
		}
		if steps[0] == anywhere {
			c.anywhere[steps[1]] = says
			return
		}
		at := c.root
		for _, step := range steps {
			at = at.next(step)
		}
		at.says = says
	}
	for _, path := range slices.Backward(r.Keep) {
		add(path, listed{keep: true})
	}
	for _, f := range r.Fields {
		add(f.Path, listed{is: classOf[f.Class]})
	}
	return c
}

func (n *node) next(step string) *node {
	if step == anyName {
		if n.any == nil {
			n.any = &node{}
		}
		return n.any
	}
	if n.names == nil {
		n.names = map[string]*node{}
	}
	if n.names[step] == nil {
		n.names[step] = &node{}
	}
	return n.names[step]
}
