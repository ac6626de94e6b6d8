package cli

// The exit codes.
const (
	exitFailure = 1
	exitUsage   = 2
	exitChanges = 2 // of the commands made for scripts: there is something to do, or it was done
	exitBlocked = 3 // something stands in the way, also the want of a fresh proof, or the content is refused
)

// scripted marks a command whose exit code 2 means changes.
const scripted = "scripted"

// scriptCodes is how such a command tells what its exit codes mean.
const scriptCodes = `The exit code is 0 when there is nothing to do, 2 when there are changes, 3 when something stands in
the way, and 1 for every other failure.`

// exit ends the program with a code of its own; without an error there is nothing more to tell.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string {
	if e.err == nil {
		return "ended with an exit code"
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }
