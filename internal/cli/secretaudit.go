package cli

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

func (p *program) secretsAudit() *cobra.Command {
	var f client.SecretAuditFilter
	var period periodFlags
	cmd := &cobra.Command{
		Use: "audit NAME", Short: "List what was done with a secret, and what was refused, newest first", Args: arguments(0, "NAME"),
		Long: `Tells who did what with a secret, in which environment, with which version, when and from where;
refusals too. A secret that was deleted is found by its id.`,
		Example: `  lockage secrets audit stripe_api_key -e production --outcome refused`,
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if f.Since, f.Until, err = period.read(cmd); err != nil {
				return err
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			list, err := collect(c.SecretAudit(cmd.Context(), args[0], f), period.limit)
			return printList(p, list, err, secretAuditColumns())
		},
	}
	cmd.Flags().StringVarP(&f.Environment, "environment", "e", "", "only in this `ENVIRONMENT`")
	cmd.Flags().StringVar(&f.Outcome, "outcome", "", "only allowed, or only refused")
	period.register(cmd)
	return cmd
}

func secretAuditColumns() []column[wire.SecretAuditEntry] {
	return []column[wire.SecretAuditEntry]{
		{head: "no", cell: func(e wire.SecretAuditEntry) string { return strconv.FormatInt(e.Sequence, 10) }},
		{head: "time", cell: func(e wire.SecretAuditEntry) string { return at(e.Time, "") }},
		{head: "operation", cell: func(e wire.SecretAuditEntry) string { return e.Operation }},
		{head: "outcome", cell: func(e wire.SecretAuditEntry) string { return e.Outcome }},
		{head: "environment", cell: func(e wire.SecretAuditEntry) string { return e.Environment }},
		{head: "version", cell: func(e wire.SecretAuditEntry) string {
			if e.Version == 0 {
				return ""
			}
			return strconv.FormatInt(e.Version, 10)
		}},
		{head: "actor", cell: func(e wire.SecretAuditEntry) string { return e.Actor.Kind + " " + e.Actor.Name }},
		{head: "from", cell: func(e wire.SecretAuditEntry) string { return e.Address }},
		{head: "detail", cell: func(e wire.SecretAuditEntry) string {
			return strings.ReplaceAll(pairs(e.Detail, "="), "\n", ", ")
		}},
	}
}
