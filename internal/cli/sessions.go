package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/lockage/lockage/wire"
)

func (p *program) sessions() *cobra.Command {
	g := group("sessions", "Where you are logged in, and ending that", p.sessionsList(), p.sessionsEnd())
	p.remote(g)
	return g
}

func sessionColumns() []column[wire.Session] {
	return []column[wire.Session]{
		{head: "id", cell: func(s wire.Session) string { return s.ID }},
		{head: "this one", cell: func(s wire.Session) string { return yes(s.Current) }},
		{head: "proven by", cell: func(s wire.Session) string { return strings.Join(s.Methods, " ") }},
		{head: "from", cell: func(s wire.Session) string { return s.Address }},
		{head: "began", cell: func(s wire.Session) string { return at(s.CreatedAt, "") }},
		{head: "last used", cell: func(s wire.Session) string { return at(s.SeenAt, "") }},
		{head: "ends", cell: func(s wire.Session) string { return at(s.ExpiresAt, "") }},
		{head: "with", cell: func(s wire.Session) string { return s.UserAgent }},
	}
}

func (p *program) sessionsList() *cobra.Command {
	var member string
	cmd := &cobra.Command{
		Use: "list", Short: "List your sessions, or those of a member, newest first", Args: arguments(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := p.connect()
			if err != nil {
				return err
			}
			var list []wire.Session
			if cmd.Flags().Changed("member") {
				list, err = c.ListMemberSessions(cmd.Context(), member)
			} else {
				list, err = c.ListSessions(cmd.Context())
			}
			return printList(p, list, err, sessionColumns())
		},
	}
	cmd.Flags().StringVar(&member, "member", "", "of the member with this `ID`, in this account")
	return cmd
}

func (p *program) sessionsEnd() *cobra.Command {
	var others bool
	var member string
	cmd := &cobra.Command{
		Use: "end ID", Short: "End a session, all others of yours, or all of a member", Args: arguments(1, "ID"),
		Example: `  lockage sessions end ID
  lockage sessions end --others
  lockage sessions end --member ID`,
		RunE: func(cmd *cobra.Command, args []string) error {
			ofMember := cmd.Flags().Changed("member")
			if one := len(args) > 0; one == (others || ofMember) || others && ofMember {
				return misused(cmd, "name one session, or give --others or --member")
			}
			c, err := p.connect()
			if err != nil {
				return err
			}
			switch {
			case others:
				err = c.EndOtherSessions(cmd.Context())
			case ofMember:
				err = c.EndMemberSessions(cmd.Context(), member)
			default:
				err = c.EndSession(cmd.Context(), args[0])
			}
			return p.printDone(wire.Ended{Ended: true}, err, "ended: no request of it passes from now on")
		},
	}
	cmd.Flags().BoolVar(&others, "others", false, "all of yours but this one")
	cmd.Flags().StringVar(&member, "member", "", "all of the member with this `ID`, in this account")
	return cmd
}
