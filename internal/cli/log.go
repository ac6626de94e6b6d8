package cli

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

// logFlags say which calls are meant.
type logFlags struct {
	follow bool
	filter client.LogFilter
	period periodFlags
}

func (f *logFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.filter.Environment, "environment", "e", "", "only in this `ENVIRONMENT`")
	cmd.Flags().StringVar(&f.filter.Route, "route", "", "only of this `ROUTE`")
	cmd.Flags().StringVar(&f.filter.Status, "status", "", "only with this `STATUS`, like 404, or a class like 5xx")
	cmd.Flags().StringVar(&f.filter.Key, "key", "", "only with the API key of this `ID`")
	f.period.register(cmd)
	cmd.Flags().BoolVarP(&f.follow, "follow", "f", false, "show calls as they happen, until --limit of them were shown or Ctrl-C")
}

// logs lists by itself, as its command list does.
func (p *program) logs() *cobra.Command {
	var f logFlags
	cmd := &cobra.Command{
		Use:   "logs",
		Short: "Show the calls that went through the gateway, newest first",
		Example: `  lockage logs --environment production --status 5xx --since 1h
  lockage logs --route payments --limit 500 --json
  lockage logs --follow --environment staging
  lockage logs get 0198c0de-…`,
		Annotations: map[string]string{"itself": "yes"},
		Args:        noCommand,
		RunE:        func(cmd *cobra.Command, _ []string) error { return p.listLogs(cmd, &f) },
	}
	f.register(cmd)
	cmd.AddCommand(p.logsList(), p.logsGet(), p.logsReveal(), p.logsReplay())
	p.remote(cmd)
	return cmd
}

func (p *program) logsList() *cobra.Command {
	var f logFlags
	cmd := &cobra.Command{
		Use: "list", Short: "List calls, newest first", Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return p.listLogs(cmd, &f) },
	}
	f.register(cmd)
	return cmd
}

func (p *program) listLogs(cmd *cobra.Command, f *logFlags) (err error) {
	if f.follow {
		return p.followLogs(cmd, f)
	}
	if f.filter.Since, f.filter.Until, err = f.period.read(cmd); err != nil {
		return err
	}
	c, err := p.connect()
	if err != nil {
		return err
	}
	list, err := collect(c.Logs(cmd.Context(), f.filter), f.period.limit)
	return printList(p, list, err, logColumns())
}

func (p *program) logsGet() *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Show one call, with what is recorded of its content", Args: arguments(0, "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			d, err := c.GetLog(cmd.Context(), args[0])
			if err != nil || p.json {
				return p.printDone(d, err, "")
			}
			return p.printLog(d)
		},
	}
}

func logColumns() []column[wire.LogRecord] {
	return []column[wire.LogRecord]{
		{head: "time", cell: func(r wire.LogRecord) string { return at(r.Time, "") }},
		{head: "environment", cell: func(r wire.LogRecord) string { return r.Environment }},
		{head: "route", cell: func(r wire.LogRecord) string { return r.Route }},
		{head: "status", cell: func(r wire.LogRecord) string { return strconv.Itoa(r.Status) }},
		{head: "ms", cell: func(r wire.LogRecord) string { return strconv.FormatFloat(r.LatencyMS, 'f', 1, 64) }},
		{head: "method", cell: func(r wire.LogRecord) string { return r.Method }},
		{head: "path", cell: func(r wire.LogRecord) string { return clean(r.Path) }}, // on one line, whatever is in it
		{head: "error", cell: func(r wire.LogRecord) string { return r.ErrorType }},
		{head: "request", cell: func(r wire.LogRecord) string { return r.RequestID }},
		{head: "key", cell: func(r wire.LogRecord) string { return r.KeyID }, single: true},
		{head: "bytes in", cell: func(r wire.LogRecord) string { return strconv.FormatInt(r.BytesIn, 10) }, single: true},
		{head: "bytes out", cell: func(r wire.LogRecord) string { return strconv.FormatInt(r.BytesOut, 10) }, single: true},
		{head: "secrets", cell: func(r wire.LogRecord) string { return strings.Join(r.Secrets, ", ") }, single: true},
		{head: "redacted", cell: func(r wire.LogRecord) string { return strconv.FormatInt(r.Redacted, 10) }, single: true},
		{head: "replay of", cell: func(r wire.LogRecord) string { return r.ReplayOf }, single: true},
	}
}
