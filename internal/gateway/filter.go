package gateway

import (
	"net/http"

	"github.com/lockage/lockage/internal/secret"
	"github.com/lockage/lockage/internal/snapshot"
)

// raw appends what a secret or a variable holds.
func (d *Decision) raw(to *buffer, p *snapshot.Part) *Refusal {
	if p.Kind == secret.Variable {
		to.addString(d.Route.Variables()[p.Value].Value)
		return nil
	}
	v := d.value(p)
	to.grow(v.Len())
	var err error
	if to.b, err = v.AppendTo(to.b); err != nil {
		return unreadable(v.Name)
	}
	return nil
}

// filtered appends what a secret or a variable holds, encoded as the template asks. Every step between lies in buffers
// that are wiped.
func (d *Decision) filtered(to *buffer, p *snapshot.Part) *Refusal {
	from, next := &d.work[0], &d.work[1]
	defer d.work[0].reset()
	defer d.work[1].reset()
	if r := d.raw(from, p); r != nil {
		return r
	}
	for _, f := range p.Filters {
		next.grow(f.Grows(len(from.b)))
		var ok bool
		if next.b, ok = f.AppendTo(next.b, from.b); !ok {
			return refuse(http.StatusInternalServerError, typeCredential,
				"secret '"+d.nameOf(p)+"' is not UTF-8 and cannot be encoded as JSON")
		}
		from.reset()
		from, next = next, from
	}
	to.add(from.b)
	return nil
}

func (d *Decision) nameOf(p *snapshot.Part) string {
	if p.Kind == secret.Variable {
		return d.Route.Variables()[p.Value].Key
	}
	return d.value(p).Name
}
