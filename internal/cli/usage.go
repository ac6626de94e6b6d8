package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// usageError is a command line that makes no sense: exit code 2.
type usageError struct {
	message string
	command string // whose help tells more; "" for none
	code    int    // the exit code
}

func (e *usageError) Error() string { return e.message }

func misused(cmd *cobra.Command, format string, args ...any) error {
	u := &usageError{message: fmt.Sprintf(format, args...), command: cmd.CommandPath(), code: exitUsage}
	if cmd.Annotations[scripted] != "" {
		u.code = exitFailure // its 2 means something else
	}
	return u
}

// flagError words what is wrong with a flag without its value: the parser's own words repeat it, and a value may be
// what should never be printed.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		return misused(cmd, "there is no flag -%.1s", unknown.GetSpecifiedName())
	case errors.As(err, &unknown):
		return misused(cmd, "there is no flag --%s", unknown.GetSpecifiedName())
	case errors.As(err, &missing):
		return misused(cmd, "--%s needs a value", missing.GetFlag().Name)
	case errors.As(err, &invalid):
		return misused(cmd, "--%s does not take this value; it wants %s", invalid.GetFlag().Name, wants(invalid.GetFlag()))
	default:
		return misused(cmd, "a flag cannot be read; flags look like --name or --name=value")
	}
}

func wants(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "bool":
		return "true or false"
	case "int":
		return "a whole number"
	case "duration":
		return "a duration like 24h"
	default:
		return "a " + f.Value.Type()
	}
}

// group is a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{
		Use: use, Short: short,
		Args: noCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var names []string
			for _, c := range cmd.Commands() {
				names = append(names, c.Name())
			}
			return misused(cmd, "say what to do: %s", strings.Join(names, ", "))
		},
	}
	g.AddCommand(commands...)
	return g
}

// noCommand refuses an argument where a command was expected, with the nearest command in place of what was typed.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		nearest := slices.MaxFunc(near, func(a, b string) int { return common(a, args[0]) - common(b, args[0]) })
		return misused(cmd, "there is no such command; did you mean %s %s?", cmd.CommandPath(), nearest)
	}
	return misused(cmd, "there is no such command")
}

// help is cobra's own, but a command that does not exist is a mistake.
func help() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Tell more about a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil {
				return misused(cmd, "there is no such command")
			}
			if err := noCommand(about, rest); err != nil {
				return err
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

// common is how many bytes two words begin with alike.
func common(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// arguments wants one argument for each name, in order; those after the first optional ones may be left out.
func arguments(optional int, names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if least := len(names) - optional; len(args) < least {
			return misused(cmd, "%s is missing", strings.Join(names[len(args):least], " and "))
		}
		switch {
		case len(args) <= len(names):
			return nil
		case len(names) == 0:
			return misused(cmd, "it takes no arguments")
		default:
			return misused(cmd, "it takes no arguments after %s", strings.Join(names, " "))
		}
	}
}

// required refuses a command line without one of the flags.
func required(cmd *cobra.Command, flags ...string) error {
	for _, name := range flags {
		if !cmd.Flags().Changed(name) {
			return misused(cmd, "--%s is missing", name)
		}
	}
	return nil
}

// given is v when the flag is on the command line, else nil.
func given[T any](cmd *cobra.Command, flag string, v T) *T {
	if !cmd.Flags().Changed(flag) {
		return nil
	}
	return &v
}

// anyGiven refuses a command line with none of the flags.
func anyGiven(cmd *cobra.Command, flags ...string) error {
	for _, name := range flags {
		if cmd.Flags().Changed(name) {
			return nil
		}
	}
	return misused(cmd, "say what to change: --%s", strings.Join(flags, ", --"))
}
