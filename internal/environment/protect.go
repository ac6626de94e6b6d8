package environment

import (
	"slices"

	"github.com/lockage/lockage/internal/fault"
)

// protect returns e with what is set of the two, and the refused fields; it shares no list with p.
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
