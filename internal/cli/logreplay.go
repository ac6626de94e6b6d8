package cli

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

func (p *program) logsReplay() *cobra.Command {
	var environment string
	cmd := &cobra.Command{
		Use: "replay ID", Short: "Make a recorded call once more in an environment of a lower level",
		Long: `Makes a call once more as it was recorded, in an environment below the one it was made in: with the
route, the limits and the values of that environment. It needs a record with contents. What was cut out
of the record stays out, and what is masked for you is sent masked. The new call is in the log.`,
		Example: `  lockage logs replay 0198c0de-… --environment development`,
		Args:    arguments(0, "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if environment == "" {
				return misused(cmd, "--environment says where to")
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			done, err := c.ReplayLog(cmd.Context(), args[0], environment)
			return printOne(p, done, err, replayColumns())
		},
	}
	cmd.Flags().StringVarP(&environment, "environment", "e", "", "the `ENVIRONMENT` to make the call in")
	return cmd
}

func replayColumns() []column[wire.LogReplay] {
	return []column[wire.LogReplay]{
		{head: "call", cell: func(r wire.LogReplay) string { return r.ID }},
		{head: "replay of", cell: func(r wire.LogReplay) string { return r.ReplayOf }},
		{head: "environment", cell: func(r wire.LogReplay) string { return r.Environment }},
		{head: "status", cell: func(r wire.LogReplay) string { return strconv.Itoa(r.Status) }},
		{head: "error", cell: func(r wire.LogReplay) string { return r.ErrorType }},
		{head: "headers left out", cell: func(r wire.LogReplay) string { return strings.Join(r.LeftOut, ", ") }},
		{head: "sent with cuts", cell: func(r wire.LogReplay) string { return yes(r.Cut) }},
		{head: "sent masked", cell: func(r wire.LogReplay) string { return yes(r.Masked) }},
	}
}
