package environment

import (
	"cmp"
	"slices"

	"github.com/lockage/lockage/internal/fault"
)

// Pipeline is the environments of an account, ordered by level. It is never modified: what changes it returns the
// environments whose level is another.
type Pipeline []Environment

// NewPipeline orders environments by level; it keeps its own copy.
func NewPipeline(environments []Environment) Pipeline {
	p := Pipeline(slices.Clone(environments))
	slices.SortStableFunc(p, func(a, b Environment) int { return cmp.Compare(a.Level, b.Level) })
	return p
}

// Find returns the environment with the id or, failing that, with exactly the name.
func (p Pipeline) Find(ref string) (Environment, bool) {
	if i := p.index(ref); i >= 0 {
		return p[i], true
	}
	return p.at(slices.IndexFunc(p, func(e Environment) bool { return e.Name == ref }))
}

// First is the environment where changes begin; the zero value of an empty pipeline.
func (p Pipeline) First() Environment {
	e, _ := p.at(0)
	return e
}

// Top is production; the zero value of an empty pipeline.
func (p Pipeline) Top() Environment {
	e, _ := p.at(len(p) - 1)
	return e
}

// Above is the environment that id promotes into; false for the top and for an unknown id.
func (p Pipeline) Above(id string) (Environment, bool) {
	i := p.index(id)
	if i < 0 {
		return Environment{}, false
	}
	return p.at(i + 1)
}

// Below is the environment that is promoted into id; false for the first and for an unknown id.
func (p Pipeline) Below(id string) (Environment, bool) { return p.at(p.index(id) - 1) }

// Insert places e directly below the top. It returns e with its level, and what had to move: the top, one level up.
// In an empty pipeline e becomes its only environment.
func (p Pipeline) Insert(e Environment) (placed Environment, moved []Environment) {
	if len(p) == 0 {
		e.Level = 0
		return e, nil
	}
	top := p.Top()
	e.Level = top.Level
	top.Level++
	return e, []Environment{top}
}

// Remove takes the environment with the id out and returns those above it, each one level down. It refuses the
// default, the first and the top, and answers NotFound for an unknown id.
func (p Pipeline) Remove(id string) (moved []Environment, err error) {
	i := p.index(id)
	switch {
	case i < 0:
		return nil, fault.New(fault.NotFound, "no such environment")
	case p[i].IsDefault:
		return nil, fault.New(fault.Invalid, "the default environment cannot be deleted; make another one the default first")
	case i == 0:
		return nil, fault.New(fault.Invalid, "the first environment cannot be deleted; changes begin there")
	case i == len(p)-1:
		return nil, fault.New(fault.Invalid, "the top environment cannot be deleted; promotions end there")
	}
	for _, e := range p[i+1:] {
		e.Level--
		moved = append(moved, e)
	}
	return moved, nil
}

// NameOf is the name of the environment with the id, "" for an unknown one.
func (p Pipeline) NameOf(id string) string {
	e, _ := p.at(p.index(id))
	return e.Name
}

// IDOf is the id of the environment with exactly the name; false for an unknown one.
func (p Pipeline) IDOf(name string) (string, bool) {
	e, ok := p.at(slices.IndexFunc(p, func(e Environment) bool { return e.Name == name }))
	return e.ID, ok
}

func (p Pipeline) index(id string) int {
	return slices.IndexFunc(p, func(e Environment) bool { return e.ID == id })
}

func (p Pipeline) at(i int) (Environment, bool) {
	if i < 0 || i >= len(p) {
		return Environment{}, false
	}
	return p[i], true
}
