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
		p.auditList(), p.auditVerify(), p.auditCheckpoint(), p.auditKey())
	p.remote(g)
	return g
}

func (p *program) auditList() *cobra.Command {
	var f client.AuditFilter
	var period periodFlags
	cmd := &cobra.Command{
		Use: "list", Short: "List decisions, allowed and refused, newest first", Args: arguments(0),
		Example: `  lockage audit list --outcome refused --since 7d`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if f.Since, f.Until, err = period.read(cmd); err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			list, err := collect(c.Audit(cmd.Context(), f), period.limit)
			return printList(p, list, err, auditColumns())
		},
	}
	cmd.Flags().StringVar(&f.Actor, "actor", "", "only by the member or token of this `ID`")
	cmd.Flags().StringVar(&f.Action, "action", "", "only this `ACTION`, like secret.value.set")
	cmd.Flags().StringVarP(&f.Environment, "environment", "e", "", "only in this `ENVIRONMENT`")
	cmd.Flags().StringVar(&f.Target, "target", "", "only about the thing of this `ID`")
	cmd.Flags().StringVar(&f.Outcome, "outcome", "", "only allowed, or only refused")
	period.register(cmd)
	return cmd
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
