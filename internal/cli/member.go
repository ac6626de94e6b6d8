package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

func (p *program) members() *cobra.Command {
	g := group("members", "People of the account, and what each may do where",
		p.membersList(), p.membersInvite(), p.membersGet(), p.membersUpdate(), p.membersRemove(), p.membersResend(), p.membersResetPassword())
	p.remote(g)
	return g
}

const grantHelp = "a role in an environment, `ENVIRONMENT=ROLE`, or in all, *=ROLE; may be given several times"

// grantsFlag reads what stands behind --grant.
func grantsFlag(cmd *cobra.Command, texts []string) ([]wire.Grant, error) {
	list := []wire.Grant{}
	for _, text := range texts {
		environment, role, ok := strings.Cut(text, "=")
		if !ok || environment == "" || role == "" {
			return nil, misused(cmd, "--grant must be ENVIRONMENT=ROLE, for example staging=developer")
		}
		list = append(list, wire.Grant{Environment: environment, Role: role})
	}
	return list, nil
}

func wordGrants(list []wire.Grant) string {
	words := make([]string, len(list))
	for i, g := range list {
		words[i] = g.Environment + "=" + g.Role
	}
	return strings.Join(words, " ")
}

func memberColumns() []column[wire.Member] {
	return []column[wire.Member]{
		{head: "id", cell: func(m wire.Member) string { return m.ID }},
		{head: "email", cell: func(m wire.Member) string { return m.Email }},
		{head: "name", cell: func(m wire.Member) string { return m.Name }},
		{head: "status", cell: func(m wire.Member) string { return m.Status }},
		{head: "grants", cell: func(m wire.Member) string { return wordGrants(m.Grants) }},
		{head: "created", cell: func(m wire.Member) string { return at(m.CreatedAt, "") }, single: true},
		{head: "invited by", cell: func(m wire.Member) string { return m.InvitedBy }, single: true},
		{head: "expires", cell: func(m wire.Member) string { return at(m.ExpiresAt, "never") }, single: true},
	}
}

func (p *program) membersList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List members, and who is invited", Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			list, err := collect(c.Members(cmd.Context()), 0)
			return printList(p, list, err, memberColumns())
		},
	}
}

func (p *program) membersGet() *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Show a member", Args: arguments(0, "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			m, err := c.GetMember(cmd.Context(), args[0])
			return printOne(p, m, err, memberColumns())
		},
	}
}

func (p *program) membersInvite() *cobra.Command {
	var m wire.MemberInvite
	var grants []string
	cmd := &cobra.Command{
		Use: "invite EMAIL --grant ENVIRONMENT=ROLE", Short: "Invite somebody; the link is mailed, or shown once", Args: arguments(0, "EMAIL"),
		Example: `  lockage members invite dana@example.com --grant development=developer --grant staging=developer
  lockage members invite sam@example.com --name Sam --grant production=support`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "grant"); err != nil {
				return err
			}
			list, err := grantsFlag(cmd, grants)
			if err != nil {
				return err
			}
			m.Email, m.Grants = args[0], list
			c, err := p.connect()
			if err != nil {
				return err
			}
			out, err := c.InviteMember(cmd.Context(), m)
			return p.printInvited(out, err)
		},
	}
	cmd.Flags().StringVar(&m.Name, "name", "", "what the account is to call them")
	cmd.Flags().StringArrayVar(&grants, "grant", nil, grantHelp)
	return cmd
}

func (p *program) membersResend() *cobra.Command {
	return &cobra.Command{
		Use: "resend ID", Short: "Make a new link for who is invited; the one before is dead", Args: arguments(0, "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			out, err := c.ResendInvitation(cmd.Context(), args[0])
			return p.printInvited(out, err)
		},
	}
}

// printInvited prints the link alone on standard output, so that it can go straight to where it is needed.
func (p *program) printInvited(out wire.MemberInvited, err error) error {
	if err != nil {
		return err
	}
	if p.json {
		return encode(p.out, out)
	}
	if out.Sent {
		return p.printDone(out, nil, "invited %s (id %s): the link is on its way by mail", out.Email, out.ID)
	}
	return p.printLink(fmt.Sprintf("Invited %s (id %s).", clean(out.Email), clean(out.ID)), out.Link)
}

func (p *program) printLink(what, link string) error {
	p.note("%s This link is a credential, works once and is shown only now: send it to them, and to nobody else.", what)
	_, err := fmt.Fprintln(p.out, clean(link))
	return err
}

func (p *program) membersUpdate() *cobra.Command {
	var name string
	var grants []string
	cmd := &cobra.Command{
		Use: "update ID", Short: "Change what a member is called and may do", Args: arguments(0, "ID"),
		Example: `  lockage members update ID --grant development=developer --grant staging=viewer`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := anyGiven(cmd, "name", "grant"); err != nil {
				return err
			}
			u := wire.MemberUpdate{Name: given(cmd, "name", name)}
			if cmd.Flags().Changed("grant") {
				list, err := grantsFlag(cmd, grants)
				if err != nil {
					return err
				}
				u.Grants = &list
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			m, err := c.UpdateMember(cmd.Context(), args[0], u)
			return printOne(p, m, err, memberColumns())
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "what the account is to call them")
	cmd.Flags().StringArrayVar(&grants, "grant", nil, grantHelp+"; together they replace what the member holds")
	return cmd
}

func (p *program) membersRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove ID", Short: "Remove a member, or take an invitation back", Args: arguments(0, "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			out, err := c.RemoveMember(cmd.Context(), args[0])
			return p.printDone(out, err, "removed: nothing of theirs is accepted from now on; %s ended with them", count(out.TokensEnded, "token"))
		},
	}
}
