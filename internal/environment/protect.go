package environment

import (
	"slices"

	"github.com/lockage/lockage/internal/fault"
)

// Protect returns e with what is set of the two: whether it is protected, and its protection. It refuses all bad fields
// at once and shares no list with p.
func (e Environment) Protect(protected *bool, p *Protection) (Environment, error) {
	e, refused := e.protect(protected, p)
	if err := fault.RefusedFields(refused); err != nil {
		return Environment{}, err
	}
	return e, nil
}

func (e Environment) protect(protected *bool, p *Protection) (Environment, []fault.Field) {
	var c checker
	if protected != nil {
		e.Protected = *protected
	}
	if p != nil {
		c.protection(*p)
		e.Protection = *p
		e.Protection.Freeze = slices.Clone(p.Freeze)
	}
	return e, c.fields
}
