package api

import (
	"fmt"
	"net/http"
)

// outside registers what is answered to everyone and is no operation of the product, so that no action is decided; why
// says why nobody needs to be asked. It is the only door beside the table of operations.
func (a *API) outside(pattern, why string, h http.Handler) {
	if why == "" {
		a.problems = append(a.problems, fmt.Errorf("api: %s is answered to everyone without a reason", pattern))
	}
	a.outsiders = append(a.outsiders, pattern)
	a.mux.Handle(pattern, h)
}
