package api

import "github.com/lockage/lockage/internal/access"

// Undecided is what New would say of a line of the table.
func Undecided(id string, action access.Action, open bool, also ...access.Action) error {
	d := details{operation: operation{"GET", "/v1/" + id, id, action, "Look"}, open: open, also: also}
	return d.undecided()
}
