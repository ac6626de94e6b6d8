package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/client"
	"github.com/lockage/lockage/wire"
)

func (p *program) whoami() *cobra.Command {
	cmd := &cobra.Command{
		Use: "whoami", Short: "Show who the token stands for, and what it holds", Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			me, err := c.WhoAmI(cmd.Context())
			return printOne(p, me, err, identityColumns(me))
		},
	}
	p.remote(cmd)
	return cmd
}

// identityColumns tell of a member's session, and when a token expires.
func identityColumns(me wire.Identity) []column[wire.Identity] {
	list := []column[wire.Identity]{
		{head: "account", cell: func(i wire.Identity) string { return i.Account.Name + " (" + i.Account.ID + ")" }},
		{head: "kind", cell: func(i wire.Identity) string { return i.Kind }},
		{head: "name", cell: func(i wire.Identity) string { return i.Name }},
		{head: "email", cell: func(i wire.Identity) string { return i.Email }},
		{head: "id", cell: func(i wire.Identity) string { return i.ID }},
		{head: "grants", cell: func(i wire.Identity) string { return wordGrants(i.Grants) }},
	}
	if me.Session == nil {
		return append(list, column[wire.Identity]{head: "expires", cell: func(i wire.Identity) string { return at(i.ExpiresAt, "never") }})
	}
	return append(
		list,
		column[wire.Identity]{head: "logged in by", cell: func(i wire.Identity) string { return strings.Join(i.Session.Methods, ", ") }},
		column[wire.Identity]{head: "logged in at", cell: func(i wire.Identity) string { return at(i.Session.CreatedAt, "") }},
		column[wire.Identity]{head: "last proof", cell: func(i wire.Identity) string { return at(i.Session.ProvedAt, "") }},
		column[wire.Identity]{head: "ends", cell: func(i wire.Identity) string { return at(i.Session.ExpiresAt, "") }},
		column[wire.Identity]{head: "ends unused", cell: func(i wire.Identity) string { return at(i.Session.IdleExpiresAt, "") }},
	)
}

func (p *program) permissions() *cobra.Command {
	var q client.PermissionQuery
	cmd := &cobra.Command{
		Use: "permissions", Short: "Show what one may do, and why", Args: arguments(0),
		Example: `  lockage permissions -e staging
  lockage permissions --member ID -e production`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			list, err := c.Permissions(cmd.Context(), q)
			return printList(p, list, err, []column[wire.Permission]{
				{head: "action", cell: func(x wire.Permission) string { return x.Action }},
				{head: "environment", cell: func(x wire.Permission) string { return x.Environment }},
				{head: "allowed", cell: func(x wire.Permission) string { return yes(x.Allowed) }},
				{head: "why", cell: func(x wire.Permission) string { return x.Why }},
			})
		},
	}
	cmd.Flags().StringVar(&q.Member, "member", "", "of the member with this `ID`, or of who is invited")
	cmd.Flags().StringVar(&q.Token, "of-token", "", "of the management token with this `ID`")
	cmd.Flags().StringVarP(&q.Environment, "environment", "e", "", "only in this `ENVIRONMENT`")
	p.remote(cmd)
	return cmd
}
