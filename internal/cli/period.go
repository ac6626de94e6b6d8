package cli

import (
	"time"

	"github.com/spf13/cobra"
)

// windowFlags are the flags of what happened from when until when.
type windowFlags struct{}

func (windowFlags) register(cmd *cobra.Command) {
	cmd.Flags().String("since", "", "only from this `TIME` on "+momentHelp)
	cmd.Flags().String("until", "", "only before this `TIME`, like --since")
}

// read answers the ends of the window; the zero time is none.
func (windowFlags) read(cmd *cobra.Command) (since, until time.Time, err error) {
	if since, err = moment(cmd, "since", -1); err == nil {
		until, err = moment(cmd, "until", -1)
	}
	return since, until, err
}

// periodFlags are the flags of lists of what happened: from when until when, and how many.
type periodFlags struct {
	windowFlags
	limit int
}

func (f *periodFlags) register(cmd *cobra.Command) {
	f.windowFlags.register(cmd)
	cmd.Flags().IntVar(&f.limit, "limit", 50, "at most this `NUMBER`; 0 is no limit")
}

// read answers the ends of the period; the zero time is none.
func (f *periodFlags) read(cmd *cobra.Command) (since, until time.Time, err error) {
	if since, until, err = f.windowFlags.read(cmd); err == nil && f.limit < 0 {
		err = misused(cmd, "--limit cannot be negative; 0 is no limit")
	}
	return since, until, err
}
