package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

// fail tells the error on standard error, in JSON in the form the API has, and gives the exit code.
func (p *program) fail(err error) int {
	code, problem, hint := exitFailure, wire.Problem{Type: "failure", Message: err.Error()}, ""
	var ended *exit
	var usage *usageError
	var content *contentError
	var refused *client.Error
	switch {
	case errors.As(err, &usage):
		code, problem.Type = usage.code, "usage"
		if usage.command != "" {
			hint = usage.command + " --help tells more"
		}
	case errors.As(err, &content):
		problem = content.problem()
	case errors.As(err, &refused):
		problem = refused.Problem()
		if problem.Type == "" {
			problem.Type = "failure"
		}
		if refused.Status == http.StatusUnauthorized && p.loggedIn {
			hint = "what login kept does not serve any more; log in again with lockage login"
		}
		if refused.StepUp {
			code, hint = exitBlocked, "at a terminal the command asks for it; elsewhere log in anew, with lockage login --email or --web"
		}
		switch problem.Type {
		case "not_ready", "on_hold", "frozen":
			code = exitBlocked
		}
	case errors.Is(err, context.Canceled):
		problem.Message = "stopped before it was done"
	}
	if errors.As(err, &ended) {
		if code = ended.code; ended.err == nil {
			return code
		}
	}
	if p.json {
		_ = encode(p.errOut, wire.Failure{Error: problem})
		return code
	}
	p.tell(problem, hint)
	return code
}

// tell prints a problem, and under it what it consists of.
func (p *program) tell(problem wire.Problem, hint string) {
	fmt.Fprintf(p.errOut, "lockage: %s\n", clean(problem.Message))
	for _, f := range problem.Fields {
		if line := f.Field + ": " + f.Message; line != problem.Message {
			fmt.Fprintf(p.errOut, "  %s\n", clean(line))
		}
	}
	for _, r := range problem.Routes {
		fmt.Fprintf(p.errOut, "  route %s (%s)\n", clean(r.Name), clean(r.ID))
	}
	if problem.Plan != nil {
		for _, b := range blockers(*problem.Plan) {
			if b.Message != problem.Message {
				fmt.Fprintf(p.errOut, "  %s\n", clean(b.Message))
			}
		}
	}
	if hint != "" {
		fmt.Fprintf(p.errOut, "  %s\n", hint)
	}
}

// warn tells what a change deserves a second look for; with --json it is part of the answer.
func (p *program) warn(warnings []string) {
	for _, w := range warnings {
		p.note("warning: %s", clean(w))
	}
}

// note tells something beside the data; with --json nothing is told.
func (p *program) note(format string, args ...any) {
	if !p.json {
		fmt.Fprintf(p.errOut, format+"\n", args...)
	}
}
