package cli

import (
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

// momentHelp is how a flag says what moment takes.
const momentHelp = "(a duration like 90m or 30d, or a date like 2026-01-31 or 2026-01-31T15:04:05Z)"

// moment reads a flag that is a point in time: a duration from now, ahead (1) or back (-1), or a date. "" is the zero
// time. A date alone is its first instant in UTC.
func moment(cmd *cobra.Command, flag string, direction time.Duration) (time.Time, error) {
	s := cmd.Flags().Lookup(flag).Value.String()
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	d, err := duration(s)
	if err != nil || d < 0 {
		return time.Time{}, misused(cmd, "--%s cannot be read %s", flag, momentHelp)
	}
	return time.Now().Add(direction * d), nil
}

// duration reads a Go duration, or whole days: "30d".
func duration(s string) (time.Duration, error) {
	days, isDays := strings.CutSuffix(s, "d")
	if !isDays {
		return time.ParseDuration(s)
	}
	n, err := strconv.ParseUint(days, 10, 16)
	return time.Duration(n) * 24 * time.Hour, err //nolint:gosec // sixteen bits fit
}

// expiry reads --expires of a change: nil where it stays as it is, the zero Time for never.
func expiry(cmd *cobra.Command) (*wire.Time, error) {
	switch f := cmd.Flags().Lookup("expires"); {
	case !f.Changed:
		return nil, nil
	case f.Value.String() == "never":
		return new(wire.Time), nil
	}
	t, err := moment(cmd, "expires", 1)
	return new(wire.Time(t)), err
}
