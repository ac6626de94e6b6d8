package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

// followLogs shows calls as they come, each on a line; with --json, each as one line of JSON.
func (p *program) followLogs(cmd *cobra.Command, f *logFlags) error {
	limit := 0
	if cmd.Flags().Changed("limit") {
		limit = f.period.limit
	}
	switch {
	case cmd.Flags().Changed("since") || cmd.Flags().Changed("until"):
		return misused(cmd, "--follow shows what happens from now on; leave out --since and --until")
	case limit < 0:
		return misused(cmd, "--limit cannot be negative; 0 is no limit")
	}
	c, err := p.connect()
	if err != nil {
		return err
	}
	shown, headed := 0, false
	for e, err := range c.FollowLogs(cmd.Context(), f.filter) {
		switch {
		case errors.Is(err, context.Canceled):
			return nil // that is how it is ended
		case err != nil:
			return err
		case e.Opened:
			if !headed && !p.json {
				fmt.Fprintln(p.out, logLine("TIME", "ENVIRONMENT", "ROUTE", "STATUS", "MS", "METHOD", "PATH", "ERROR", "REQUEST"))
			}
			headed = true
		case e.Missed:
			p.note("lockage: more calls came than could be shown; some are left out")
		case e.Lost != nil:
			p.note("lockage: %s; trying again", clean(e.Lost.Error()))
		default:
			if err := p.showLog(e.Call); err != nil {
				return err
			}
			if shown++; shown == limit {
				return nil
			}
		}
	}
	return nil
}

func (p *program) showLog(r wire.LogRecord) error {
	if p.json {
		line := json.NewEncoder(p.out)
		line.SetEscapeHTML(false)
		return line.Encode(r)
	}
	var cells []string
	for _, c := range logColumns() {
		if !c.single {
			cells = append(cells, clean(c.cell(r)))
		}
	}
	_, err := fmt.Fprintln(p.out, logLine(cells...))
	return err
}

// logLine puts cells where those of most other lines are: what comes later is not known yet.
func logLine(cells ...string) string {
	widths := []int{20, 12, 16, 6, 7, 6, 32, 21, 0}
	var b strings.Builder
	for i, cell := range cells {
		fmt.Fprintf(&b, "%-*s  ", widths[i], cell)
	}
	return strings.TrimRight(b.String(), " ")
}
