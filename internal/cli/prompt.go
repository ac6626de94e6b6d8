package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/lockage/lockage/wire"
)

// maxInput is the most that is read of a token or a value; the server's own limits are lower.
const maxInput = 1 << 20

// terminal is standard input when a person sits at it.
func (p *program) terminal() (*os.File, bool) {
	f, isFile := p.in.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) { //nolint:gosec // a descriptor is small
		return nil, false
	}
	return f, true
}

// confidential reads what must never be an argument: from a terminal after a prompt and without showing it, otherwise
// all of standard input without the line break at its end.
func (p *program) confidential(ctx context.Context, prompt, what string) (string, error) {
	if _, isTerminal := p.terminal(); isTerminal {
		return p.hidden(ctx, prompt, what)
	}
	text, err := await(ctx, func() (string, error) {
		b, err := io.ReadAll(io.LimitReader(p.in, maxInput+1))
		return string(b), err
	})
	if err != nil {
		return "", fmt.Errorf("read %s from standard input: %w", what, err)
	}
	if len(text) > maxInput {
		return "", fmt.Errorf("%s on standard input is larger than %d KiB", what, maxInput>>10)
	}
	if line, cut := strings.CutSuffix(text, "\n"); cut && utf8.ValidString(text) { // of any other bytes it may be one
		text = strings.TrimSuffix(line, "\r")
	}
	if text == "" {
		return "", fmt.Errorf("there is no %s on standard input: pipe it in, or type it at a terminal", what)
	}
	return text, nil
}

// hidden asks at the terminal without showing what is typed.
func (p *program) hidden(ctx context.Context, prompt, what string) (string, error) {
	f, isTerminal := p.terminal()
	if !isTerminal {
		return "", errors.New("there is no terminal to ask at")
	}
	fd := int(f.Fd()) //nolint:gosec // a descriptor is small
	state, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("ask at the terminal: %w", err)
	}
	fmt.Fprint(p.errOut, prompt)
	text, err := await(ctx, func() (string, error) {
		b, err := term.ReadPassword(fd)
		return string(b), err
	})
	if ctx.Err() != nil {
		_ = term.Restore(fd, state) // or the terminal would go on hiding what is typed
	}
	fmt.Fprintln(p.errOut)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return "", err
	case text == "":
		return "", fmt.Errorf("no %s was typed", what)
	}
	return text, nil
}

// confirm asks for a name to be typed before something that cannot be undone.
func (p *program) confirm(ctx context.Context, question, name string) error {
	f, isTerminal := p.terminal()
	if !isTerminal {
		return errors.New("there is no terminal to ask at: give --yes to go on without being asked")
	}
	fmt.Fprintf(p.errOut, "%s\nType its name to go on: ", question)
	typed, err := await(ctx, func() (string, error) { return bufio.NewReader(f).ReadString('\n') })
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.TrimSpace(typed) != name {
		return errors.New("that is not its name: nothing was done")
	}
	return nil
}

// agree shows a plan and asks whether to carry it out.
func (p *program) agree(ctx context.Context, plan wire.Plan, question string) error {
	if _, isTerminal := p.terminal(); isTerminal {
		newPage(p.errOut).plan(plan)
	}
	return p.askWhether(ctx, question)
}

// askWhether asks for a yes.
func (p *program) askWhether(ctx context.Context, question string) error {
	f, isTerminal := p.terminal()
	if !isTerminal {
		return errors.New("there is no terminal to ask at: give --yes to go on without being asked")
	}
	fmt.Fprintf(p.errOut, "%s [y/N] ", question)
	typed, err := await(ctx, func() (string, error) { return bufio.NewReader(f).ReadString('\n') })
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(typed)) {
	case "y", "yes":
		return nil
	}
	return errUnwilling
}

// await reads until ctx ends. A read from a terminal or a pipe cannot be interrupted; the goroutine that is left behind
// then ends with the process, which is about to.
func await(ctx context.Context, read func() (string, error)) (string, error) {
	type result struct {
		text string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := read()
		done <- result{text, err}
	}()
	select {
	case r := <-done:
		return r.text, r.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
