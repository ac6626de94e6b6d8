package cli

import (
	"strconv"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

func (p *program) logs() *cobra.Command {
	var f client.LogFilter
	var period periodFlags
	cmd := &cobra.Command{
		Use:   "logs",
		Short: "Show the calls that went through the gateway, newest first",
		Example: `  lockage logs --environment production --status 5xx --since 1h
  lockage logs --route payments --limit 500 --json`,
		Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if f.Since, f.Until, err = period.read(cmd); err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			list, err := collect(c.Logs(cmd.Context(), f), period.limit)
			return printList(p, list, err, logColumns())
		},
	}
	cmd.Flags().StringVarP(&f.Environment, "environment", "e", "", "only in this `ENVIRONMENT`")
	cmd.Flags().StringVar(&f.Route, "route", "", "only of this `ROUTE`")
	cmd.Flags().StringVar(&f.Status, "status", "", "only with this `STATUS`, like 404, or a class like 5xx")
	cmd.Flags().StringVar(&f.Key, "key", "", "only with the API key of this `ID`")
	period.register(cmd)
	p.remote(cmd)
	return cmd
}

func logColumns() []column[wire.LogRecord] {
	return []column[wire.LogRecord]{
		{head: "time", cell: func(r wire.LogRecord) string { return at(r.Time, "") }},
		{head: "environment", cell: func(r wire.LogRecord) string { return r.Environment }},
		{head: "route", cell: func(r wire.LogRecord) string { return r.Route }},
		{head: "status", cell: func(r wire.LogRecord) string { return strconv.Itoa(r.Status) }},
		{head: "ms", cell: func(r wire.LogRecord) string { return strconv.FormatFloat(r.LatencyMS, 'f', 1, 64) }},
		{head: "method", cell: func(r wire.LogRecord) string { return r.Method }},
		{head: "path", cell: func(r wire.LogRecord) string { return r.Path }},
		{head: "error", cell: func(r wire.LogRecord) string { return r.ErrorType }},
		{head: "request", cell: func(r wire.LogRecord) string { return r.RequestID }},
	}
}
