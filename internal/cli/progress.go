package cli

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/term"

	"github.com/lockage/lockage/client"
)

// manyFiles is from how many on it is worth telling how far it is.
const manyFiles = 50

// progress tells on one line of the terminal how far something is, where there is much of it and somebody looks.
func (p *program) progress(what string) func(done, total int) {
	f, isFile := p.errOut.w.(*os.File)
	if p.json || !isFile || !term.IsTerminal(int(f.Fd())) { //nolint:gosec // a descriptor is small
		return func(int, int) {}
	}
	return func(done, total int) {
		switch {
		case total < manyFiles:
		case done == total:
			fmt.Fprint(p.errOut, "\r\x1b[K")
		case done%10 == 0:
			fmt.Fprintf(p.errOut, "\r%s %d of %d files", what, done, total)
		}
	}
}

// refusedContent gives the refusal of what files say its exit code.
func refusedContent(err error) error {
	var content *contentError
	var refused *client.Error
	if errors.As(err, &content) || errors.As(err, &refused) && refused.Type == "validation_error" {
		return &exit{code: exitBlocked, err: err}
	}
	return err
}
