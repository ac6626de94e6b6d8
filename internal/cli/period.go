package cli

import (
	"time"

	"github.com/spf13/cobra"
)

// periodFlags are the flags of lists of what happened: from when until when, and how many.
type periodFlags struct{ limit int }

func (f *periodFlags) register(cmd *cobra.Command) {
	cmd.Flags().String("since", "", "only from this `TIME` on "+momentHelp)
	cmd.Flags().String("until", "", "only before this `TIME`, like --since")
	cmd.Flags().IntVar(&f.limit, "limit", 50, "at most this `NUMBER`; 0 is no limit")
}

// read answers the ends of the period; the zero time is none.
func (f *periodFlags) read(cmd *cobra.Command) (since, until time.Time, err error) {
	if since, err = moment(cmd, "since", -1); err != nil {
		return since, until, err
	}
	if until, err = moment(cmd, "until", -1); err != nil {
		return since, until, err
	}
	if f.limit < 0 {
		err = misused(cmd, "--limit cannot be negative; 0 is no limit")
	}
	return since, until, err
}
