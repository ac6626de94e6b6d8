package cli

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

func (p *program) audit() *cobra.Command {
	g := group("audit", "The record of every decision, and the proof that it is whole",
		p.auditList(), p.auditExport(), p.auditActions(), p.auditVerify(), p.auditCheckpoint(), p.auditKey())
	p.remote(g)
	return g
}

func (p *program) auditList() *cobra.Command {
	var f auditFlags
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: "List decisions, allowed and refused, newest first", Args: arguments(0),
		Example: `  lockage audit list --outcome refused --since 7d`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			filter, err := f.read(cmd)
			if err != nil {
				return err
			}
			if limit < 0 {
				return misused(cmd, "--limit cannot be negative; 0 is no limit")
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			list, err := collect(c.Audit(cmd.Context(), filter), limit)
			return printList(p, list, err, auditColumns())
		},
	}
	f.register(p, cmd)
	cmd.Flags().IntVar(&limit, "limit", 50, "at most this `NUMBER`; 0 is no limit")
	return cmd
}

// auditFlags are the flags that narrow the audit log.
type auditFlags struct {
	windowFlags
	filter client.AuditFilter
}

func (f *auditFlags) register(p *program, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.filter.Actor, "actor", "", "only by the member or token of this `ID`")
	flags.StringVar(&f.filter.Action, "action", "", "only this `ACTION`, one of those that \"lockage audit actions\" lists")
	flags.StringVarP(&f.filter.Environment, "environment", "e", "", "only in this `ENVIRONMENT`")
	flags.StringVar(&f.filter.Target, "target", "", "only about the thing of this `ID` or name")
	flags.StringVar(&f.filter.Outcome, "outcome", "", "only allowed, or only refused")
	f.windowFlags.register(cmd)
	for name, complete := range map[string]cobra.CompletionFunc{
		"action": p.completeAction, "outcome": cobra.FixedCompletions([]string{"allowed", "refused"}, cobra.ShellCompDirectiveNoFileComp),
	} {
		if err := cmd.RegisterFlagCompletionFunc(name, complete); err != nil {
			panic(err) // there is such a flag
		}
	}
}

func (f *auditFlags) read(cmd *cobra.Command) (filter client.AuditFilter, err error) {
	filter = f.filter
	filter.Since, filter.Until, err = f.windowFlags.read(cmd)
	return filter, err
}

// completeAction completes the name of an action as the server knows them.
func (p *program) completeAction(cmd *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	c, err := p.connect()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	list, err := c.AuditActions(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []cobra.Completion
	for _, a := range list {
		if strings.HasPrefix(a.Name, begun) {
			names = append(names, cobra.CompletionWithDesc(clean(a.Name), clean(a.Does)))
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func (p *program) auditActions() *cobra.Command {
	return &cobra.Command{
		Use: "actions", Short: "List the names of all actions, as entries have them and --action takes them", Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			list, err := c.AuditActions(cmd.Context())
			return printList(p, list, err, []column[wire.AuditAction]{
				{head: "action", cell: func(a wire.AuditAction) string { return a.Name }},
				{head: "does", cell: func(a wire.AuditAction) string { return a.Does }},
			})
		},
	}
}

func auditColumns() []column[wire.AuditEntry] {
	return []column[wire.AuditEntry]{
		{head: "no", cell: func(e wire.AuditEntry) string { return strconv.FormatInt(e.Sequence, 10) }},
		{head: "time", cell: func(e wire.AuditEntry) string { return at(e.Time, "") }},
		{head: "actor", cell: func(e wire.AuditEntry) string { return e.Actor.Kind + " " + e.Actor.Name }},
		{head: "action", cell: func(e wire.AuditEntry) string { return e.Action }},
		{head: "outcome", cell: func(e wire.AuditEntry) string { return e.Outcome }},
		{head: "environment", cell: func(e wire.AuditEntry) string { return e.Environment }},
		{head: "target", cell: func(e wire.AuditEntry) string { return e.Target.Name }},
		{head: "detail", cell: func(e wire.AuditEntry) string {
			return strings.ReplaceAll(pairs(e.Detail, "="), "\n", ", ")
		}},
	}
}
